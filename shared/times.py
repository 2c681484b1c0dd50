"""Times as this project writes them: text in UTC that sorts as the times do."""

from __future__ import annotations

from datetime import UTC, datetime


def timestamp(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds, which sorts as text. `moment` is aware."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """The time that `timestamp` wrote. Raises ValueError for a time without a zone, as for anything else."""
    read = datetime.fromisoformat(text)
    if read.tzinfo is None:
        raise ValueError(f"{text} names no time zone")
    return read
