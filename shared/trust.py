"""Which certificates the clients of Graph and its authority trust."""

from __future__ import annotations

import ssl
from functools import cache
from pathlib import Path

from shared.errors import SettingsError


@cache
def trust(ca_bundle: Path | None) -> ssl.SSLContext:
    """What `new_trust` makes, once: reading the system's certificates takes 16 ms. For clients that only read it."""
    return new_trust(ca_bundle)


def new_trust(ca_bundle: Path | None) -> ssl.SSLContext:
    """What the system trusts, and the bundle beside it. Raises SettingsError where that cannot be read."""
    context = ssl.create_default_context()
    if ca_bundle is not None:
        try:
            context.load_verify_locations(cafile=str(ca_bundle))
        except OSError as error:
            why = f"which cannot be read as certificates in PEM ({error.strerror or error})."
            raise SettingsError([f"GRAPH_CA_BUNDLE names {ca_bundle}, {why}"]) from error
    return context
