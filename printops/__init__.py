"""The command line for set-up and operations, thin over `shared`."""
