"""`printops key`: makes a key for TOKEN_CACHE_KEY or KIOSK_KEY."""

from __future__ import annotations

import typer


def key() -> None:
    """Make a new key for one of the settings TOKEN_CACHE_KEY and KIOSK_KEY, and print it.

    To replace a key, set the new one before the old one, with a comma between; after the next refresh of every account
    the old one can go.
    """
    from cryptography.fernet import Fernet

    typer.echo(Fernet.generate_key().decode())
