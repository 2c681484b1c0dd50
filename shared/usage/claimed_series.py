"""One series in the hands of one run: every save is conditional, so that two runs at once never mix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from shared.bounds import Bounds
from shared.errors import StorageConflict, Superseded
from shared.storage.state import StateStore, replace_once
from shared.usage.watermark import SeriesState, decode_state, encode_state, state_path


class ClaimedSeries:
    """The state of a series, claimed by this run; made by `claim_series`."""

    def __init__(
        self, store: StateStore, name: str, state: SeriesState, etag: str, now: Callable[[], datetime], bounds: Bounds
    ) -> None:
        self._store = store
        self._name = name
        self._etag = etag
        self._now = now
        self._length = timedelta(seconds=bounds.usage_claim_seconds)
        self.state = state

    async def save(self, **changes: Any) -> None:
        """Write changes, the claim renewed with them. Raises Superseded where another run took the series over."""
        await self._write(replace(self.state, **changes, claimed_until=self._now() + self._length))

    async def renew(self) -> None:
        """Renew the claim when half of it is over. Raises Superseded."""
        until = self.state.claimed_until
        if until is None or until - self._now() < self._length / 2:
            await self.save()

    async def release(self) -> None:
        """Let the series go. Whoever took it over meanwhile keeps it."""
        try:
            await self._write(replace(self.state, claimed_by=None, claimed_until=None))
        except Superseded:
            return

    async def _write(self, state: SeriesState) -> None:
        try:
            self._etag = await replace_once(self._store, state_path(self._name), encode_state(state), self._etag)
        except StorageConflict as error:
            raise Superseded(f"another run exports {self._name}") from error
        self.state = state


async def claim_series(
    store: StateStore, name: str, by: str, now: Callable[[], datetime], bounds: Bounds
) -> ClaimedSeries | None:
    """The series in the hands of the run `by`, or None while another run has it. Raises SeriesStateUnreadable."""
    stored = await store.read(state_path(name))
    before = decode_state(stored.content) if stored else SeriesState()
    if not before.free(by, now()):
        return None
    claimed = replace(before, claimed_by=by, claimed_until=now() + timedelta(seconds=bounds.usage_claim_seconds))
    content = encode_state(claimed)
    try:
        if stored is None:
            etag = await store.create(state_path(name), content)
        else:
            etag = await replace_once(store, state_path(name), content, stored.etag)
    except StorageConflict:
        return None
    return ClaimedSeries(store, name, claimed, etag, now, bounds)
