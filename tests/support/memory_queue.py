"""A queue in memory that hides messages until they are due, and can deliver them again."""

from __future__ import annotations

import heapq
import itertools
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any


class MemoryQueue:
    """Messages in order of when they are due. `sent` keeps every message that ever went in."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._order = itertools.count()
        self._waiting: list[tuple[datetime, int, str]] = []
        self.sent: list[Mapping[str, Any]] = []

    async def send(self, message: Mapping[str, Any], delay: float = 0) -> None:
        body = json.dumps(message)
        self.sent.append(json.loads(body))
        self.put_back(body, delay)

    def put_back(self, body: str, delay: float) -> None:
        heapq.heappush(self._waiting, (self._now() + timedelta(seconds=delay), next(self._order), body))

    def take(self) -> str | None:
        """The next message that is due, or None."""
        if self._waiting and self._waiting[0][0] <= self._now():
            return heapq.heappop(self._waiting)[2]
        return None

    @property
    def next_due(self) -> datetime | None:
        return self._waiting[0][0] if self._waiting else None

    def __len__(self) -> int:
        return len(self._waiting)
