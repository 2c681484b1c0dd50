"""A ceiling over requests (Microsoft: throttling limits)."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Callable
from datetime import datetime, timedelta

from emulator.universal_print.graph.errors import throttled


class Throttle:
    """Counts the requests of each app. Those that are refused count too (Graph: throttling).

    `windows` gives the ceilings in force: how many requests in what time.
    """

    def __init__(self, windows: Callable[[], list[tuple[int, timedelta]]]) -> None:
        self._windows = windows
        self._taken: dict[str, deque[datetime]] = defaultdict(deque)

    def take(self, client_id: str, now: datetime) -> None:
        """Count a request. Raises GraphError 429 with the seconds after which there is room again."""
        windows = self._windows()
        taken = self._taken[client_id]
        longest = max((window for _, window in windows), default=None)
        while taken and (longest is None or taken[0] + longest <= now):
            taken.popleft()
        refused = 0.0
        for most, window in windows:
            inside = [moment for moment in taken if moment + window > now]
            if len(inside) >= most:
                # The refused request takes a place as well: this many have to leave before one fits.
                last_to_leave = [*inside, now][len(inside) + 1 - most]
                refused = max(refused, (last_to_leave + window - now).total_seconds())
        taken.append(now)
        if refused:
            raise throttled("Too many requests. Please retry again later.", math.ceil(refused))
