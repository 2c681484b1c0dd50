"""Stands in for Event Grid: Azurite sends no events, so this looks for new blobs and delivers events of them."""
