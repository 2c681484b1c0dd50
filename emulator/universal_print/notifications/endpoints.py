"""What an endpoint gets that answers late (Graph: change-notifications-delivery-webhooks, throttling of endpoints)."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import Literal

from emulator.universal_print.settings import Settings

type Mode = Literal["normal", "slow", "drop"]

WINDOW = timedelta(minutes=10)
SLOW_SHARE = 0.10
DROP_SHARE = 0.15


class Endpoint:
    """How one host has answered during the last ten minutes of the emulator's time.

    Over 10 % of answers late: new notifications wait ten minutes. Over 15 % of them later than a retry may take: new
    ones are dropped for ten minutes. Both are looked at again every ten minutes. A refused connection is quick.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._answers: deque[tuple[datetime, float]] = deque()
        self._mode: Mode = "normal"
        self._review: datetime | None = None
        self.under_way = 0

    def record(self, now: datetime, seconds: float) -> None:
        """Note how long an answer took, or how long one was waited for in vain."""
        self._answers.append((now, seconds))

    def mode(self, now: datetime) -> Mode:
        """What new notifications get at present."""
        if self._review is None or now >= self._review:
            self._mode = self._judge(now)
            self._review = now + WINDOW if self._mode != "normal" else None
        return self._mode

    def _judge(self, now: datetime) -> Mode:
        while self._answers and self._answers[0][0] + WINDOW <= now:
            self._answers.popleft()
        total = len(self._answers)
        if total < self._settings.endpoint_sample:
            return "normal"
        late = sum(seconds >= self._settings.notification_seconds for _, seconds in self._answers)
        too_late = sum(seconds >= self._settings.notification_retry_seconds for _, seconds in self._answers)
        if too_late > DROP_SHARE * total:
            return "drop"
        return "slow" if late > SLOW_SHARE * total else "normal"
