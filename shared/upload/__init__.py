"""Sends a document into an upload session: what is missing, what to send next, and the sending."""
