"""Delivers events to a webhook by Event Grid's rules, with faults on demand (Event Grid: delivery and retry)."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from emulator.event_grid.events import validation_event

RETRY_SECONDS = (10.0, 30.0, 60.0, 300.0, 600.0, 1800.0, 3600.0, 10800.0, 21600.0, 43200.0)
"""Waits between attempts; the last one repeats."""
ATTEMPTS = 30
LIFETIME = timedelta(hours=24)
"""After this an event is given up, however often it was tried."""
ANSWER_SECONDS = 30.0
FINAL_STATUSES = frozenset({400, 401, 403, 404, 413})
"""Answers after which Event Grid gives an event up at once."""

logger = logging.getLogger(__name__)


class SubscriptionRefused(Exception):
    """The webhook did not prove that it wants the events."""


@dataclass(frozen=True, slots=True)
class Lose:
    """The event never comes."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The event comes so many times more."""

    times: int = 1


@dataclass(frozen=True, slots=True)
class Delay:
    """The event comes that many seconds late."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Reorder:
    """The event comes after the one that follows it."""


type Fault = Lose | Duplicate | Delay | Reorder


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that was given up, and the last answer: a status, or None when there was none."""

    event: dict[str, Any]
    status: int | None
    attempts: int


class Delivery:
    """One subscription's webhook. `faults` holds one entry per coming event; None or nothing delivers it as it should.

    `retry_seconds` and `sleep` let a test retry at once. `dead_letters` keeps what was given up.
    """

    def __init__(
        self,
        url: str,
        http: httpx.AsyncClient,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        retry_seconds: Sequence[float] = RETRY_SECONDS,
        attempts: int = ATTEMPTS,
    ) -> None:
        self.faults: deque[Fault | None] = deque()
        self.dead_letters: list[DeadLetter] = []
        self.delivered: list[dict[str, Any]] = []
        self._url = url
        self._http = http
        self._now = now
        self._sleep = sleep
        self._retry_seconds = retry_seconds
        self._attempts = attempts
        self._held: list[dict[str, Any]] = []
        self._under_way: set[asyncio.Task[None]] = set()

    async def validate(self, topic: str) -> None:
        """Do the handshake that creates a subscription. Raises SubscriptionRefused."""
        code = str(uuid4())
        event = validation_event(topic, code, self._now())
        try:
            answer = await self._post(event, "SubscriptionValidation")
            proof = answer.json()["validationResponse"] if answer.status_code == httpx.codes.OK else None
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise SubscriptionRefused(f"the webhook's answer to the validation is unusable: {error!r}") from error
        if proof != code:
            raise SubscriptionRefused(f"the webhook answered the validation with {answer.status_code}")

    def announce(self, event: dict[str, Any]) -> None:
        """Take an event up for delivery, as the next fault says."""
        fault = self.faults.popleft() if self.faults else None
        held, self._held = self._held, []
        match fault:
            case Lose():
                logger.info("Lost on purpose: %s", event["subject"])
            case Reorder():
                self._held = [event]
            case Delay(seconds):
                self._begin(event, seconds)
            case Duplicate(times):
                for _ in range(times + 1):
                    self._begin(event)
            case None:
                self._begin(event)
        for earlier in held:
            self._begin(earlier)

    async def settle(self) -> None:
        """Wait until nothing is under way. An event that waits for its successor is not waited for."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def stop(self) -> None:
        """Give up all deliveries."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _begin(self, event: dict[str, Any], delay: float = 0.0) -> None:
        task = asyncio.create_task(self._deliver(event, delay))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _deliver(self, event: dict[str, Any], delay: float) -> None:
        if delay:
            await self._sleep(delay)
        status: int | None = None
        ends = self._now() + LIFETIME
        tried = 0
        while tried < self._attempts:
            if tried:
                await self._sleep(self._retry_seconds[min(tried, len(self._retry_seconds)) - 1])
            if self._now() >= ends:
                break
            tried += 1
            try:
                status = (await self._post(event, "Notification", tried - 1)).status_code
            except httpx.HTTPError as error:
                status = None
                logger.info("No answer for %s: %r", event["subject"], error)
            if status is not None and httpx.codes.is_success(status):
                self.delivered.append(event)
                return
            if status in FINAL_STATUSES:
                break
        logger.warning("Given up with status %s: %s", status, event["subject"])
        self.dead_letters.append(DeadLetter(event, status, tried))

    async def _post(self, event: dict[str, Any], kind: str, delivered_before: int = 0) -> httpx.Response:
        headers = {
            "aeg-event-type": kind,
            "aeg-delivery-count": str(delivered_before),
            "aeg-metadata-version": "1",
        }
        return await self._http.post(self._url, json=[event], headers=headers, timeout=ANSWER_SECONDS)
