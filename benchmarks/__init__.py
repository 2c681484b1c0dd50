"""Speed and memory, measured beside a peer in the same run: `python dev.py bench`."""
