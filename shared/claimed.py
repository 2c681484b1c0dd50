"""Keeps a record while one worker holds it: conditional saves, and a claim that is renewed until it is let go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import Field, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol, Self

from shared.bounds import Bounds
from shared.errors import Superseded
from shared.times import moment, timestamp

logger = logging.getLogger(__name__)

# A claim is renewed this many times within its life, so that one failed write does not lose it.
RENEWALS_PER_CLAIM = 3


@dataclass(frozen=True, slots=True)
class Claim:
    """Who works on the record (`by`, one run of a function) and until when (ISO 8601, UTC)."""

    by: str
    until: str


class Claimable(Protocol):
    """A record that one worker at a time works on. `deaths` counts workers that died over it."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def key(self) -> str:
        """What the log calls it."""
        ...

    @property
    def claim(self) -> Claim | None:
        """Who works on it."""
        ...

    @property
    def attempts(self) -> int:
        """How often it was claimed since something came of it."""
        ...

    @property
    def deaths(self) -> int:
        """How many workers died over it."""
        ...

    def with_event(self, at: str, text: str) -> Self:
        """The record with one more line of its story."""
        ...


class Saves[R](Protocol):
    """Where such records are kept."""

    async def save(self, record: R, etag: str) -> str:
        """Replace the version `etag`. Raises Superseded where somebody else wrote first."""
        ...


class Claimed[R: Claimable]:
    """A claimed record. Every save is conditional on the last, so a worker that lost its claim cannot go on."""

    def __init__(self, records: Saves[R], record: R, etag: str, now: Callable[[], datetime], bounds: Bounds) -> None:
        self._records = records
        self._etag = etag
        self._now = now
        self._bounds = bounds
        self._lock = asyncio.Lock()
        self.record = record

    async def claim(self, by: str) -> None:
        """Write the claim. Raises Superseded where another worker was faster."""
        record = self.record
        claimed = replace(
            record,
            claim=Claim(by, self._claim_end()),
            attempts=record.attempts + 1,
            # A claim that stands and has lapsed is one whose worker died.
            deaths=record.deaths + (record.claim is not None),
        )
        await self._write(claimed)

    async def save(self, event: str | None = None, **changes: Any) -> None:
        """Write changes of the record, the claim renewed with them. Raises Superseded."""
        async with self._lock:
            record = replace(self.record, **changes)
            if event:
                record = record.with_event(timestamp(self._now()), event)
            if record.claim is not None:
                record = replace(record, claim=Claim(record.claim.by, self._claim_end()))
            await self._write(record)

    async def release(self, event: str | None = None, **changes: Any) -> None:
        """Write changes and let the claim go. Raises Superseded."""
        await self.save(event, claim=None, **changes)

    @asynccontextmanager
    async def renewing(self, sleep: Callable[[float], Awaitable[None]]) -> AsyncIterator[None]:
        """Renew the claim while the block runs. When the claim is lost the block is cancelled with Superseded."""
        worker = asyncio.current_task()
        lost: list[Superseded] = []
        running = True

        async def renew() -> None:
            while self.record.claim is not None:
                await sleep(self._bounds.claim_seconds / RENEWALS_PER_CLAIM)
                try:
                    await self._renew()
                except Superseded as error:
                    lost.append(error)
                    if worker is not None and running:
                        worker.cancel()
                    return

        renewal = asyncio.create_task(renew())
        try:
            yield
        except (Exception, asyncio.CancelledError):
            running = False
            # The block may have made another error of the cancellation; who holds the claim now goes on.
            if lost and worker is not None and worker.uncancel() == 0:
                raise lost[0] from None
            raise
        finally:
            running = False
            # A write that is cut off may be done all the same, and leave us with an ETag that is not current.
            try:
                async with self._lock:
                    renewal.cancel()
            finally:
                renewal.cancel()
                await asyncio.gather(renewal, return_exceptions=True)

    async def _renew(self) -> None:
        """Write the claim anew. One write that fails costs nothing; Superseded where the claim lapsed meanwhile."""
        async with self._lock:
            record = self.record
            if record.claim is None:
                return
            renewed = replace(self._progressed(record), claim=Claim(record.claim.by, self._claim_end()))
            try:
                await self._write(renewed)
            except Superseded:
                raise
            except Exception as error:
                if self._now() >= moment(record.claim.until):
                    raise Superseded(f"the claim on {record.key} lapsed unrenewed") from error
                logger.warning("%s: a renewal failed: %s", record.key, type(error).__name__)

    async def _write(self, record: R) -> None:
        self._etag = await self._records.save(record, self._etag)
        self.record = record

    def _progressed(self, record: R) -> R:
        """The record with what a renewal writes besides the claim."""
        return record

    def _claim_end(self) -> str:
        return timestamp(self._now() + timedelta(seconds=self._bounds.claim_seconds))
