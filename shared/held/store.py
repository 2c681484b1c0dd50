"""Held entries in the state store: one listing is all that a tap needs."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import replace

from shared.errors import StorageConflict
from shared.held.entry import (
    HeldEntry,
    HeldEntryUnreadable,
    HeldView,
    decode_entry,
    encode_entry,
    read_view,
    summary,
)
from shared.names import held_prefix
from shared.storage.state import StateStore, replace_once

logger = logging.getLogger(__name__)

_ALL = "held/"


class HeldEntries:
    """Reads and writes held entries, each write under the version that was read."""

    def __init__(self, state: StateStore) -> None:
        self._state = state

    async def hold(self, entry: HeldEntry) -> bool:
        """Write a new entry; False where the job is known already, whatever became of it."""
        try:
            await self._state.create(entry.path, encode_entry(entry), summary(entry))
        except StorageConflict:
            return False
        return True

    async def list_of(self, user_id: str) -> list[tuple[HeldView, str]]:
        """The person's entries in any state with their ETags, by one listing. What cannot be read is left out."""
        return [found async for found in self._list(held_prefix(user_id))]

    async def list_all(self) -> AsyncIterator[tuple[HeldView, str]]:
        """Every entry with its ETag, page by page."""
        async for found in self._list(_ALL):
            yield found

    async def load(self, path: str) -> tuple[HeldEntry, str] | None:
        """The entry and its ETag; None where there is none. Raises HeldEntryUnreadable."""
        stored = await self._state.read(path)
        return (decode_entry(stored.content), stored.etag) if stored else None

    async def save(self, entry: HeldEntry, etag: str) -> str:
        """Replace the version `etag`. Raises StorageConflict where somebody else wrote first."""
        return await replace_once(self._state, entry.path, encode_entry(entry), etag, summary(entry))

    async def mark_told(self, view: HeldView) -> None:
        """Note that the person was shown this outcome: upkeep removes the entry. A race leaves it to the next tap."""
        path = view.path
        loaded = await self.load(path)
        if loaded is None or loaded[0].outcome is None or view.outcome is None:
            return
        if (loaded[0].outcome.code, loaded[0].outcome.at) != (view.outcome.code, view.outcome.at):
            return
        try:
            await self.save(replace(loaded[0], told=True), loaded[1])
        except StorageConflict:
            logger.info("%s changed while its outcome was told", path)

    async def remove(self, path: str, etag: str | None = None) -> None:
        """Remove the entry, with `etag` only that version; nothing happens where there is none.

        Raises StorageConflict where somebody else wrote first.
        """
        await self._state.delete(path, etag)

    async def _list(self, prefix: str) -> AsyncIterator[tuple[HeldView, str]]:
        async for found in self._state.list_summaries(prefix):
            try:
                yield read_view(found.path, found.values), found.etag
            except HeldEntryUnreadable:
                logger.exception("a held job is not listed")
