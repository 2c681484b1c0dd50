"""A small document that many workers change at once, on this instance and on others.

Changes that wait at the same time are made together and written once, so that a burst on one instance costs a few
writes and not one for each change. Between instances the ETag decides: who loses reads again and starts anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.errors import NotNow, StorageConflict
from shared.storage.state import StateStore

# Writes of one round before it is given up; with the waits below that is about ten seconds of lost races.
WRITE_ATTEMPTS = 12
FIRST_WAIT_SECONDS = 0.02
LONGEST_WAIT_SECONDS = 1.5
CONTENDED_DELAY_SECONDS = 5.0


@dataclass(slots=True)
class _Pending[Value]:
    """A change that waits to be made. It returns the new value and what its caller wants to know."""

    change: Callable[[Value], tuple[Value, Any]]
    outcome: asyncio.Future[Any]


@dataclass(slots=True)
class _Held[Value]:
    """What this instance last saw: the version (None: there is no document), the value, and when it was read."""

    etag: str | None
    value: Value
    read: datetime


@dataclass(slots=True)
class SharedDocument[Value]:
    """The document at `path`. `decode` gets None where there is none yet. `random` gives numbers from 0 to 1."""

    store: StateStore
    path: str
    decode: Callable[[bytes | None], Value]
    encode: Callable[[Value], bytes]
    now: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]]
    random: Callable[[], float]
    _held: _Held[Value] | None = None
    _pending: list[_Pending[Value]] = field(default_factory=list)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def look(self, age_seconds: float) -> Value:
        """The value, at most that old. It may have changed meanwhile: only `change` is sure."""
        held = self._held
        if held is None or (self.now() - held.read).total_seconds() > age_seconds:
            async with self._turn:
                held = self._held if self._held is not held and self._held is not None else await self._read()
        return held.value

    async def change[Result](self, change: Callable[[Value], tuple[Value, Result]]) -> Result:
        """Apply a pure `change` to the current value and store it.

        An unchanged value is not written, but it is sure to be current. Raises NotNow (`contended`) after losing too
        many races.
        """
        waiting = _Pending(change, asyncio.get_running_loop().create_future())
        self._pending.append(waiting)
        try:
            async with self._turn:
                if not waiting.outcome.done():
                    await self._round()
            result: Result = await waiting.outcome
        finally:
            # A caller that was cancelled wants its change no more, whoever would have made it.
            waiting.outcome.cancel()
        return result

    async def _round(self) -> None:
        """Make every change that waits by now."""
        pending, self._pending = [waiting for waiting in self._pending if not waiting.outcome.done()], []
        try:
            results = await self._make(pending)
        except asyncio.CancelledError:
            # Only this caller was cancelled: the next in turn makes the changes of the others.
            self._pending = pending + self._pending
            raise
        except Exception as error:  # noqa: BLE001 - each caller gets it
            for waiting in pending:
                if not waiting.outcome.done():
                    waiting.outcome.set_exception(error)
            return
        for waiting, result in zip(pending, results, strict=True):
            if not waiting.outcome.done():
                waiting.outcome.set_result(result)

    async def _make(self, pending: list[_Pending[Value]]) -> list[Any]:
        held = self._held
        fresh = held is None
        held = held or await self._read()
        for attempt in range(WRITE_ATTEMPTS):
            value, results = _applied(held.value, pending)
            if value == held.value:
                if fresh:
                    return results
                held, fresh = await self._read(), True
                continue
            try:
                etag = await self._write(value, held.etag)
            except StorageConflict:
                longest = min(FIRST_WAIT_SECONDS * 2.0**attempt, LONGEST_WAIT_SECONDS)
                await self.sleep(longest * (0.5 + self.random() / 2))
                held, fresh = await self._read(), True
                continue
            self._held = _Held(etag, value, self.now())
            return results
        raise NotNow("contended", f"Too many instances changed {self.path} at once.", CONTENDED_DELAY_SECONDS)

    async def _read(self) -> _Held[Value]:
        stored = await self.store.read(self.path)
        held = _Held(stored.etag, self.decode(stored.content), self.now()) if stored else self._nothing()
        self._held = held
        return held

    def _nothing(self) -> _Held[Value]:
        return _Held(None, self.decode(None), self.now())

    async def _write(self, value: Value, etag: str | None) -> str:
        content = self.encode(value)
        if etag is None:
            return await self.store.create(self.path, content)
        return await self.store.replace(self.path, content, etag)


def _applied[Value](value: Value, pending: list[_Pending[Value]]) -> tuple[Value, list[Any]]:
    results = []
    for waiting in pending:
        value, result = waiting.change(value)
        results.append(result)
    return value, results
