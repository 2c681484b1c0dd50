"""`printops key`: makes a key for TOKEN_CACHE_KEY, KIOSK_KEY or USAGE_PSEUDONYM_KEY."""

from __future__ import annotations

import typer


def key() -> None:
    """Make a new key for one of the settings TOKEN_CACHE_KEY, KIOSK_KEY and USAGE_PSEUDONYM_KEY, and print it.

    To replace one of the first two, set the new key before the old one, with a comma between; docs/deploy.md says when
    the old one can go.
    """
    from cryptography.fernet import Fernet

    typer.echo(Fernet.generate_key().decode())
