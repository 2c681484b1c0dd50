"""Held jobs: what a person may collect at a kiosk."""
