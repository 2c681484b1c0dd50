"""Thin clients of Microsoft Graph, one for each way of signing in, and the one rule for repeating a call."""
