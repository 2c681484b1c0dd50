"""Remembers that an export is unfinished, so that another timer than its own goes on with it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from shared.errors import StorageConflict
from shared.storage.state import StateStore
from shared.times import moment

if TYPE_CHECKING:
    from shared.usage.services import UsageServices

ALERT = "usage-export"
PENDING_PATH = "exports/pending.json"
# An unfinished export is told of after this time; a large tenant's first one may take a day.
ALERT_AFTER = timedelta(days=2)
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Pending:
    """An unfinished export: since when, when to go on, and why. `begun` is when its timer last began one."""

    since: datetime
    begun: datetime
    due: datetime
    reason: str


async def read_pending(state: StateStore) -> Pending | None:
    """The unfinished export, None where there is none. One that cannot be read is due at once."""
    stored = await state.read(PENDING_PATH)
    if stored is None:
        return None
    try:
        values = json.loads(stored.content)
        since, begun, due = (moment(values[name]) for name in ("since", "begun", "due"))
        return Pending(since, begun, due, str(values["reason"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return Pending(_LONG_AGO, _LONG_AGO, _LONG_AGO, f"{PENDING_PATH} cannot be read")


async def begin_pending(services: UsageServices, *, resumes: bool) -> datetime:
    """Note before a run that it may die, and is then due. Gives when the export that it belongs to begun."""
    before = await read_pending(services.state)
    now = services.now()
    begun = before.begun if before and resumes else now
    due = now + timedelta(seconds=services.bounds.usage_claim_seconds)
    await _write(services.state, Pending(before.since if before else now, begun, due, "a run is under way, or died"))
    return begun


async def end_pending(services: UsageServices, begun: datetime, wait: float | None, reason: str) -> None:
    """Note after a run what is left: `wait` seconds from now it is due, None for nothing."""
    if wait is None:
        await services.state.delete(PENDING_PATH)
        return
    before = await read_pending(services.state)
    now = services.now()
    await _write(services.state, Pending(before.since if before else now, begun, now + timedelta(seconds=wait), reason))


def export_alert(pending: Pending | None, now: datetime) -> dict[str, str]:
    """The alert in force, by its name. Pure."""
    if pending is None or now - pending.since < ALERT_AFTER:
        return {}
    return {ALERT: f"usage is not exported since {pending.since:%Y-%m-%d %H:%M} UTC: {pending.reason}"}


async def _write(state: StateStore, pending: Pending) -> None:
    times = {name: getattr(pending, name).isoformat() for name in ("since", "begun", "due")}
    content = json.dumps({**times, "reason": pending.reason}).encode()
    stored = await state.read(PENDING_PATH)
    try:
        if stored is None:
            await state.create(PENDING_PATH, content)
        else:
            await state.replace(PENDING_PATH, content, stored.etag)
    except StorageConflict:
        # Another run notes the same.
        return
