"""Tools that tests start, fetched once however many processes a run has."""

from __future__ import annotations

from pathlib import Path

import dev


def uv() -> Path:
    """Where uv is, after fetching it where it is missing."""
    with dev._only_one_at_a_time():
        return dev.find_uv()
