"""Tries for real what the system needs, and says for each thing whether it works or the exact step that mends it."""
