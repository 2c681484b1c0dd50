"""Keeps a record while one worker holds it: conditional saves, and a claim that is renewed until it is let go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from shared.bounds import Bounds
from shared.errors import StorageConflict, Superseded
from shared.names import open_marker_path, submission_path
from shared.storage.state import StateStore
from shared.submission.record import Claim, Record, decode_record, encode_record, moment, timestamp

logger = logging.getLogger(__name__)

# A claim is renewed this many times within its life, so that one failed write does not lose it.
RENEWALS_PER_CLAIM = 3


class Records:
    """Submission records in the state store."""

    def __init__(self, state: StateStore) -> None:
        self._state = state

    async def load(self, key: str) -> tuple[Record, str] | None:
        """The record and its ETag, or None. Raises RecordUnreadable."""
        stored = await self._state.read(submission_path(key))
        return (decode_record(stored.content), stored.etag) if stored else None

    async def create(self, record: Record) -> bool:
        """Write a new record, then its open marker; False where the submission is known already."""
        try:
            await self._state.create(submission_path(record.key), encode_record(record))
        except StorageConflict:
            return False
        await self.mark_open(record.key)
        return True

    async def mark_open(self, key: str) -> None:
        """Write the open marker; nothing happens where it stands already."""
        with suppress(StorageConflict):
            await self._state.create(open_marker_path(key), b"")

    async def save(self, record: Record, etag: str) -> str:
        """Replace the version `etag`. Raises Superseded where somebody else wrote first."""
        path, content = submission_path(record.key), encode_record(record)
        try:
            return await self._state.replace(path, content, etag)
        except StorageConflict as error:
            # The storage SDK repeats a write whose reply was lost, and then meets its own version.
            stored = await self._state.read(path)
            if stored is not None and stored.content == content:
                return stored.etag
            raise Superseded(f"submission {record.key} was taken over") from error

    async def forget_open(self, key: str) -> None:
        """Remove the open marker of a closed submission."""
        await self._state.delete(open_marker_path(key))

    async def open_keys(self) -> AsyncIterator[str]:
        """The keys of all submissions that are not closed."""
        prefix = open_marker_path("")
        async for path in self._state.list_paths(prefix):
            yield path.removeprefix(prefix)


class Holding:
    """A claimed record. Every save is conditional on the last, so a worker that lost its claim cannot go on."""

    def __init__(
        self, records: Records, record: Record, etag: str, now: Callable[[], datetime], bounds: Bounds
    ) -> None:
        self._records = records
        self._etag = etag
        self._now = now
        self._bounds = bounds
        self._lock = asyncio.Lock()
        self.record = record
        # Written with the next renewal: progress is for people, and not worth a write of its own.
        self.uploaded = record.uploaded

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
            renewed = replace(record, uploaded=self.uploaded, claim=Claim(record.claim.by, self._claim_end()))
            try:
                await self._write(renewed)
            except Superseded:
                raise
            except Exception as error:
                if self._now() >= moment(record.claim.until):
                    raise Superseded(f"the claim on submission {record.key} lapsed unrenewed") from error
                logger.warning("submission %s: a renewal failed: %s", record.key, type(error).__name__)

    async def _write(self, record: Record) -> None:
        self._etag = await self._records.save(record, self._etag)
        self.record = record

    def _claim_end(self) -> str:
        return timestamp(self._now() + timedelta(seconds=self._bounds.claim_seconds))
