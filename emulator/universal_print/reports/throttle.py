"""The ceiling over report requests (Microsoft: throttling limits of reports)."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from datetime import datetime

from emulator.universal_print.graph.errors import throttled
from emulator.universal_print.settings import Settings


class Throttle:
    """Counts the requests of each app. Those that are refused count too (Graph: throttling)."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._taken: dict[str, deque[datetime]] = defaultdict(deque)

    def take(self, client_id: str, now: datetime) -> None:
        """Count a request. Raises GraphError 429 with the seconds after which there is room again."""
        windows = self._settings.limits.report_requests
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
            raise throttled("Too many requests for reports. Please retry again later.", math.ceil(refused))
