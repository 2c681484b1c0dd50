"""Usage of the tenant's printers: read from Graph and the ledger, kept as files that other programs read."""
