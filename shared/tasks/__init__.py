"""Print tasks: what becomes of a job that Universal Print stopped for this app."""
