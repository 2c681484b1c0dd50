"""Submission records in the state store, and one of them while a worker holds it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from shared.bounds import Bounds
from shared.claimed import Claimed
from shared.errors import StorageConflict, Superseded
from shared.names import open_marker_path, submission_path
from shared.storage.state import StateStore, replace_once
from shared.submission.record import Record, decode_record, encode_record


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
        try:
            return await replace_once(self._state, submission_path(record.key), encode_record(record), etag)
        except StorageConflict as error:
            raise Superseded(f"submission {record.key} was taken over") from error

    async def forget_open(self, key: str) -> None:
        """Remove the open marker of a closed submission."""
        await self._state.delete(open_marker_path(key))

    async def open_keys(self) -> AsyncIterator[str]:
        """The keys of all submissions that are not closed."""
        prefix = open_marker_path("")
        async for path in self._state.list_paths(prefix):
            yield path.removeprefix(prefix)


class Holding(Claimed[Record]):
    """A claimed submission. `uploaded` is written with the next renewal: progress is not worth a write of its own."""

    def __init__(
        self, records: Records, record: Record, etag: str, now: Callable[[], datetime], bounds: Bounds
    ) -> None:
        super().__init__(records, record, etag, now, bounds)
        self.uploaded = record.uploaded

    def _progressed(self, record: Record) -> Record:
        return replace(record, uploaded=self.uploaded)
