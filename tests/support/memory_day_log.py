"""A day log in memory."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from datetime import date
from typing import Any


class MemoryDayLog:
    """Keeps the lines of each day in a list; `lines` is open to tests."""

    def __init__(self) -> None:
        self.lines: dict[date, list[Mapping[str, Any]]] = {}

    async def append(self, day: date, entry: Mapping[str, Any]) -> None:
        self.lines.setdefault(day, []).append(json.loads(json.dumps(entry)))

    async def read(self, day: date) -> AsyncIterator[Mapping[str, Any]]:
        for entry in self.lines.get(day, []):
            yield entry

    async def days(self) -> AsyncIterator[date]:
        for day in sorted(self.lines):
            yield day
