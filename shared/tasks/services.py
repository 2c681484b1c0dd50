"""What the steps of a print task and of a held job work with: made from the settings, or from stand-ins by tests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from shared.audit import AUDIT_PREFIX, Audit
from shared.bounds import Bounds
from shared.catalog import Catalog
from shared.held.store import HeldEntries
from shared.ledger import LedgerWriter
from shared.names import EVENTS_QUEUE, STATE
from shared.storage.queues import MessageQueue
from shared.storage.state import StateStore
from shared.tasks.graph import TaskGraph

if TYPE_CHECKING:
    import aiohttp

    from shared.services import Services
    from shared.tasks.record import TaskRecords


@dataclass(frozen=True, slots=True)
class TaskServices:
    """Clients, bounds, and the clock, chance and sleep that the core does not take for itself.

    `audit` is where releases and discards are written down that somebody asked for; `random` gives numbers from 0
    to 1; `uploads` is an HTTP client that adds no token; `hold_hours` is how long a job is held before it expires.
    """

    state: StateStore
    tasks: TaskRecords
    entries: HeldEntries
    events: MessageQueue
    ledger: LedgerWriter
    audit: Audit
    load_catalog: Callable[[], Awaitable[Catalog]]
    graph: TaskGraph
    uploads: aiohttp.ClientSession
    bounds: Bounds
    hold_hours: float
    now: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]]
    random: Callable[[], float]


_ready: TaskServices | None = None


async def task_services() -> TaskServices:
    """The services of this worker process. Raises SettingsError, at every call until the settings are right."""
    global _ready
    if _ready is None:
        from shared.services import services

        _ready = make_task_services(await services())
    return _ready


def make_task_services(base: Services) -> TaskServices:
    """What tasks and held jobs work with, from what every function has."""
    from shared.graph.application import ApplicationAccess
    from shared.graph.task_client import TaskClient
    from shared.storage.day_log import BlobDayLog
    from shared.tasks.record import TaskRecords

    core, storage, settings = base.submissions, base.storage, base.settings
    return TaskServices(
        state=core.state,
        tasks=TaskRecords(core.state),
        entries=HeldEntries(core.state),
        events=storage.queue(EVENTS_QUEUE),
        ledger=core.ledger,
        audit=Audit(BlobDayLog(storage.container(STATE), AUDIT_PREFIX), core.now, core.bounds.audit_seconds),
        load_catalog=core.load_catalog,
        graph=TaskClient(base.calls(ApplicationAccess(settings, core.uploads))),
        uploads=core.uploads,
        bounds=core.bounds,
        hold_hours=settings.hold_retention_hours,
        now=core.now,
        sleep=core.sleep,
        random=core.random,
    )
