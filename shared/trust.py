"""Which certificates the clients of Graph and its authority trust."""

from __future__ import annotations

import ssl
from functools import cache
from pathlib import Path


@cache
def trust(ca_bundle: Path | None) -> ssl.SSLContext:
    """What `new_trust` makes, once: reading the system's certificates takes 16 ms. For clients that only read it."""
    return new_trust(ca_bundle)


def new_trust(ca_bundle: Path | None) -> ssl.SSLContext:
    """What the system trusts, and the bundle beside it. Raises OSError or ssl.SSLError where that cannot be read."""
    context = ssl.create_default_context()
    if ca_bundle is not None:
        context.load_verify_locations(cafile=str(ca_bundle))
    return context
