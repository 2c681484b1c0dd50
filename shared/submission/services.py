"""What the steps of a submission work with. Functions make one from the settings, tests from stand-ins."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from shared.accounts.pool import AccountPool
from shared.bounds import Bounds
from shared.catalog import Catalog
from shared.graph.print_client import PrintClient
from shared.ledger import LedgerWriter
from shared.sealing import Sealer
from shared.storage.documents import Documents
from shared.storage.queues import MessageQueue
from shared.storage.state import StateStore
from shared.submission.holding import Records

if TYPE_CHECKING:
    import aiohttp


@dataclass(frozen=True, slots=True)
class SubmissionServices:
    """Clients, bounds, and the clock, chance and sleep that the core does not take for itself.

    `random` gives numbers from 0 to 1; `uploads` is an HTTP client that adds no token (Graph: upload sessions).
    """

    state: StateStore
    records: Records
    documents: Documents
    submissions: MessageQueue
    jobs: MessageQueue
    ledger: LedgerWriter
    load_catalog: Callable[[], Awaitable[Catalog]]
    pool: AccountPool
    graph: PrintClient
    uploads: aiohttp.ClientSession
    sealer: Sealer
    bounds: Bounds
    now: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]]
    random: Callable[[], float]
