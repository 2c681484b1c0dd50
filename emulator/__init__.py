"""Local stand-ins for what only exists in the cloud."""
