"""Usage reports and archived jobs: from what the printers did, and from invented years of history."""
