"""Times as Graph writes them (Graph: DateTimeOffset)."""

from __future__ import annotations

from datetime import datetime


def read_time(value: object) -> datetime | None:
    """The time with its zone, or None for what is none: an answer is taken without it rather than not at all."""
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return time if time is not None and time.tzinfo is not None else None
