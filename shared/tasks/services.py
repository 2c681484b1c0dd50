"""What the steps of a print task and of a held job work with: made from the settings, or from stand-ins by tests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from shared.bounds import Bounds
from shared.catalog import Catalog
from shared.held.store import HeldEntries
from shared.ledger import LedgerWriter
from shared.storage.queues import MessageQueue
from shared.storage.state import StateStore
from shared.tasks.graph import TaskGraph

if TYPE_CHECKING:
    import aiohttp

    from shared.tasks.record import TaskRecords


@dataclass(frozen=True, slots=True)
class TaskServices:
    """Clients, bounds, and the clock, chance and sleep that the core does not take for itself.

    `random` gives numbers from 0 to 1; `uploads` is an HTTP client that adds no token; `hold_hours` is how long a job
    is held before it expires.
    """

    state: StateStore
    tasks: TaskRecords
    entries: HeldEntries
    events: MessageQueue
    ledger: LedgerWriter
    load_catalog: Callable[[], Awaitable[Catalog]]
    graph: TaskGraph
    uploads: aiohttp.ClientSession
    bounds: Bounds
    hold_hours: float
    now: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]]
    random: Callable[[], float]
