"""Slows guessing: failed attempts are counted in state, so that every instance of the app counts the same ones.

An attempt is counted before it is judged, by a conditional write, and taken back when it was right. So attempts sent at
once cannot all be judged before the first of them counts.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.bounds import Bounds
from shared.errors import KioskRefused, StorageConflict
from shared.kiosk.keys import KioskKeys, Purpose
from shared.names import ATTEMPTS_PREFIX, kiosk_attempts_path, person_attempts_path
from shared.storage.state import StateStore, Stored, Summary
from shared.times import moment, timestamp

logger = logging.getLogger(__name__)

# How often an attempt is counted anew because another one was counted at the same time.
_TRIES = 3
_FIRST_WAIT_SECONDS = 1.0
_MOST_DOUBLINGS = 30
_REMOVED_AT_ONCE = 8
SLOW_DOWN = "Too many failed attempts. Wait a moment, then try again."


@dataclass(frozen=True, slots=True)
class Failures:
    """Failed attempts in a row: how many, since the last of them, and until when the next has to wait."""

    count: int = 0
    last: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """An attempt that was counted: where, and the version that counts it."""

    path: str
    etag: str
    count: int


def wait_left(failures: Failures, now: datetime) -> float:
    """Seconds until the next attempt is allowed; 0 where it is. Pure."""
    return max(0.0, (failures.until - now).total_seconds()) if failures.until else 0.0


def next_failures(failures: Failures, now: datetime, longest: float, bounds: Bounds) -> Failures:
    """The failures with one more, which each doubles the wait after the free ones. Pure."""
    forgotten = failures.last is None or (now - failures.last).total_seconds() > bounds.kiosk_forget_seconds
    count = (0 if forgotten else failures.count) + 1
    over = count - bounds.kiosk_free_failures
    wait = min(longest, _FIRST_WAIT_SECONDS * 2 ** min(over, _MOST_DOUBLINGS)) if over > 0 else 0.0
    return Failures(count, now, now + timedelta(seconds=wait))


def read_failures(content: bytes) -> Failures:
    """What was stored; none where it cannot be read, so that a broken record locks nobody out for ever."""
    try:
        values = json.loads(content)
        count, last, until = values["count"], moment(values["last"]), moment(values["until"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return Failures()
    return Failures(count, last, until) if type(count) is int and count >= 0 else Failures()


class Throttle:
    """Counts the attempts of kiosks and of people."""

    def __init__(self, state: StateStore, keys: KioskKeys, now: Callable[[], datetime], bounds: Bounds) -> None:
        self._state = state
        self._keys = keys
        self._now = now
        self._bounds = bounds

    def kiosk(self, kiosk_id: str) -> str:
        """Where the failures of a kiosk are kept."""
        return kiosk_attempts_path(kiosk_id)

    def person(self, user_principal_name: str) -> str:
        """Where the wrong PINs for a person are kept. Nobody has to exist by this name."""
        return person_attempts_path(self._keys.digest(Purpose.THROTTLE, user_principal_name.encode()).hex())

    async def look(self, path: str) -> Stored | None:
        """The failures so far. Raises KioskRefused (`slowDown`) where the next attempt has to wait."""
        stored = await self._state.read(path)
        self._check(stored)
        return stored

    async def count(self, path: str, stored: Stored | None, longest: float) -> Counted:
        """Count an attempt as failed, before it is judged. Raises KioskRefused (`slowDown`)."""
        for _ in range(_TRIES):
            self._check(stored)
            before = read_failures(stored.content) if stored else Failures()
            failures = next_failures(before, self._now(), longest, self._bounds)
            try:
                etag = await self._write(path, stored, failures)
            except StorageConflict:
                stored = await self._state.read(path)
                continue
            return Counted(path, etag, failures.count)
        raise KioskRefused("slowDown", SLOW_DOWN, _FIRST_WAIT_SECONDS)

    async def take_back(self, counted: Counted) -> None:
        """The attempt was right: the count begins anew, unless another attempt was counted meanwhile."""
        try:
            await self._write(counted.path, Stored(b"", counted.etag), Failures(0, self._now(), self._now()))
        except StorageConflict:
            return

    def _check(self, stored: Stored | None) -> None:
        left = wait_left(read_failures(stored.content), self._now()) if stored else 0.0
        if left > 0:
            raise KioskRefused("slowDown", SLOW_DOWN, left)

    async def _write(self, path: str, stored: Stored | None, failures: Failures) -> str:
        last, until = failures.last or self._now(), failures.until or self._now()
        content = json.dumps({"count": failures.count, "last": timestamp(last), "until": timestamp(until)}).encode()
        if stored is None:
            return await self._state.create(path, content)
        return await self._state.replace(path, content, stored.etag)


async def tidy_attempts(state: StateStore, now: datetime, bounds: Bounds) -> int:
    """Remove records that count no more, `kiosk_attempts_removed` at most; how many. The next run goes on.

    Old is what was written before both the failures are forgotten and the longest wait is over.
    """
    seconds = max(bounds.kiosk_forget_seconds, bounds.kiosk_wait_seconds, bounds.pin_wait_seconds)
    old: list[Summary] = []
    async for found in state.list_summaries(ATTEMPTS_PREFIX):
        if (now - found.modified).total_seconds() > seconds:
            old.append(found)
        if len(old) >= bounds.kiosk_attempts_removed:
            break
    gate = asyncio.Semaphore(_REMOVED_AT_ONCE)

    async def remove(found: Summary) -> bool:
        async with gate:
            try:
                await state.delete(found.path, found.etag)
            except StorageConflict:
                logger.info("a failed attempt was counted while its record was to be removed")
                return False
        return True

    return sum(await asyncio.gather(*(remove(found) for found in old)))
