"""Remembers that an export is unfinished, so that another timer than its own goes on with it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from shared.errors import StorageConflict
from shared.storage.state import StateStore

if TYPE_CHECKING:
    from shared.usage.services import UsageServices

PENDING_PATH = "exports/pending.json"
# An unfinished export is told of after this time; a large tenant's first one may take a day.
ALERT_AFTER = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Pending:
    """An unfinished export: since when, when to go on, and why."""

    since: datetime
    due: datetime
    reason: str


async def read_pending(state: StateStore) -> Pending | None:
    """The unfinished export, None where there is none. One that cannot be read is due at once."""
    stored = await state.read(PENDING_PATH)
    if stored is None:
        return None
    try:
        values = json.loads(stored.content)
        since, due = (datetime.fromisoformat(values[name]) for name in ("since", "due"))
        return Pending(since, due, str(values["reason"]))
    except (ValueError, KeyError, TypeError):
        return Pending(datetime.fromtimestamp(0).astimezone(), datetime.fromtimestamp(0).astimezone(), "unreadable")


async def begin_pending(services: UsageServices, due: datetime, reason: str) -> None:
    """Note before a run that it may die, and is then due."""
    before = await read_pending(services.state)
    await _write(services.state, Pending(before.since if before else services.now(), due, reason))


async def end_pending(services: UsageServices, wait: float | None, reason: str) -> None:
    """Note after a run what is left: `wait` seconds from now it is due, None for nothing."""
    if wait is None:
        await services.state.delete(PENDING_PATH)
        return
    before = await read_pending(services.state)
    now = services.now()
    await _write(services.state, Pending(before.since if before else now, now + timedelta(seconds=wait), reason))


def export_alert(pending: Pending | None, now: datetime) -> dict[str, str]:
    """The alert in force, by its name. Pure."""
    if pending is None or now - pending.since < ALERT_AFTER:
        return {}
    return {"usage-export": f"usage is not exported since {pending.since:%Y-%m-%d %H:%M} UTC: {pending.reason}"}


async def _write(state: StateStore, pending: Pending) -> None:
    content = json.dumps(
        {"since": pending.since.isoformat(), "due": pending.due.isoformat(), "reason": pending.reason}
    ).encode()
    stored = await state.read(PENDING_PATH)
    try:
        if stored is None:
            await state.create(PENDING_PATH, content)
        else:
            await state.replace(PENDING_PATH, content, stored.etag)
    except StorageConflict:
        # Another run notes the same.
        return
