"""The emulator's time, which a test can move forward."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Clock:
    """Runs with `source`, plus what it was advanced by. Every lifetime and limit of the emulator goes by it."""

    def __init__(self, source: Callable[[], datetime] = _utc_now) -> None:
        self._source = source
        self._ahead = timedelta()

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return self._source() + self._ahead

    def advance(self, by: timedelta) -> None:
        """Move forward. Raises ValueError for a negative step: what has expired stays expired."""
        if by < timedelta():
            raise ValueError("The clock only moves forward.")
        self._ahead += by


# The zone of the example of a new job (Graph: printershare-post-jobs).
_ELSEWHERE = timezone(timedelta(hours=-7))


def graph_time_elsewhere(moment: datetime) -> str:
    """A DateTimeOffset in another zone than UTC, in whole seconds."""
    return moment.astimezone(_ELSEWHERE).isoformat(timespec="seconds")


def graph_time(moment: datetime) -> str:
    """A DateTimeOffset as Graph writes it: UTC, seven digits after the second at most."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
