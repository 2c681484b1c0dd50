"""Thin clients for blobs, state and queues."""
