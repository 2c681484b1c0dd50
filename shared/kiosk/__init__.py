"""Kiosks: devices at printers, badges, sessions, and what a person may do with held jobs there."""
