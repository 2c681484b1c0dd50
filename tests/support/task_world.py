"""Print tasks and held jobs on a Graph in memory, with workers that die where a test wants, and a pump of messages."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, cast

from shared.audit import Audit
from shared.bounds import Bounds
from shared.catalog import Catalog, parse_catalog
from shared.graph.task_client import PrinterStatus
from shared.held.entry import HeldEntry, HeldState
from shared.held.retention import tidy
from shared.held.store import HeldEntries
from shared.ledger import LedgerWriter
from shared.tasks.dispatching import dispatch
from shared.tasks.graph import TaskGraph
from shared.tasks.reconcile import Reconciled, reconcile
from shared.tasks.record import TaskRecords
from shared.tasks.services import TaskServices
from tests.support.clock import Clock
from tests.support.crashes import Crash, CrashingDayLog, CrashingQueue, CrashingStore, CrashPlan
from tests.support.memory_day_log import MemoryDayLog
from tests.support.memory_queue import MemoryQueue
from tests.support.memory_state import MemoryStateStore
from tests.support.task_graph import ANNA, BEN, DEFINITION, FakeGraph

VIRTUAL = "f0000000-0000-0000-0000-00000000000f"
OFFICE = "e0000000-0000-0000-0000-00000000000e"
LASER = "c0000000-0000-0000-0000-00000000000c"
VISIBILITY_SECONDS = 30.0
MOST_STEPS = 3000


def catalog_document() -> dict[str, Any]:
    return {
        "version": 1,
        "shares": [{"alias": "pull", "id": "5" * 8, "printerId": VIRTUAL}],
        "taskDefinitionId": DEFINITION,
        "printers": [
            {"id": VIRTUAL, "displayName": "Follow me", "virtual": True},
            {
                "id": OFFICE,
                "displayName": "Office colour",
                "capabilities": {
                    "contentTypes": ["application/pdf"],
                    "colorModes": ["color", "grayscale"],
                    "duplexModes": ["oneSided", "flipOnLongEdge"],
                    "copiesPerJob": {"start": 1, "end": 99},
                    "mediaSizes": ["A4", "A3"],
                },
            },
            {
                "id": LASER,
                "displayName": "Laser",
                "capabilities": {
                    "contentTypes": ["application/pdf"],
                    "colorModes": ["blackAndWhite"],
                    "duplexModes": ["oneSided"],
                    "mediaSizes": ["A4"],
                },
            },
        ],
        "printerGroups": [{"name": "floor 1", "printerIds": [LASER, OFFICE]}],
    }


@dataclass
class TaskPump:
    """Messages and timers of print tasks over state in memory. `plan` decides where workers die."""

    clock: Clock
    state: MemoryStateStore
    events: MemoryQueue
    ledger: MemoryDayLog
    audit: MemoryDayLog
    plan: CrashPlan
    services: TaskServices
    definition_id: str = DEFINITION
    deaths: int = 0
    failures: list[Exception] = field(default_factory=list)

    async def notify(self, task_id: str) -> None:
        """Queue the task as the webhook does."""
        message = {"kind": "task", "definitionId": self.definition_id, "taskId": task_id, "source": "notification"}
        await self.events.send(message)

    async def deliver_one(self) -> bool:
        """Deliver a message that is due, as the host would. False where none is."""
        body = self.events.take()
        if body is None:
            return False
        try:
            await dispatch(body.encode(), "run", self.services)
        except Crash:
            self.deaths += 1
            self.events.put_back(body, VISIBILITY_SECONDS)
        except Exception as error:  # noqa: BLE001 - the host takes every error of a function
            self.failures.append(error)
            self.events.put_back(body, VISIBILITY_SECONDS)
        return True

    async def settle(self, *, within: float = 600.0) -> None:
        """Deliver everything that falls due within so many seconds."""
        end = self.clock.now().timestamp() + within
        for _ in range(MOST_STEPS):
            if await self.deliver_one():
                continue
            due = self.events.next_due
            if due is None or due.timestamp() > end:
                return
            self.clock.advance(max(0.0, (due - self.clock.now()).total_seconds()))
        raise AssertionError("still busy")

    async def recover(self) -> None:
        """What an operator would see without doing anything: timers and messages for a while."""
        for _ in range(6):
            await self.settle()
            await self.reconcile()
            await self.settle()
            try:
                await tidy(self.services)
            except Crash:
                self.deaths += 1
            self.clock.advance(5 * 60)

    async def reconcile(self) -> Reconciled | None:
        """One run of the minute timer."""
        try:
            return await reconcile(self.services)
        except Crash:
            self.deaths += 1
            return None

    async def entries(self) -> list[HeldEntry]:
        """Every held entry."""
        paths = [path async for path in self.state.list_paths("held/")]
        loaded = [await self.services.entries.load(path) for path in paths]
        return [entry[0] for entry in loaded if entry is not None]

    @property
    def audited(self) -> list[dict[str, Any]]:
        """The lines of the audit."""
        return [dict(line) for lines in self.audit.lines.values() for line in lines]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The ledger's rows, the last of each task."""
        found = {line["id"]: dict(line) for lines in self.ledger.lines.values() for line in lines}
        return list(found.values())


@dataclass
class TaskWorld(TaskPump):
    """The pump on a Graph in memory. `catalog` is the document in force."""

    graph: FakeGraph = field(kw_only=True)
    catalog: dict[str, Any] = field(kw_only=True)

    async def hold(self, *args: Any, **options: Any) -> HeldEntry:
        """Print a job and let it be held."""
        await self.notify(self.graph.printed(VIRTUAL, *args, **options).id)
        await self.settle(within=1)
        (entry,) = [entry for entry in await self.entries() if entry.state is HeldState.HELD][-1:]
        return entry


def task_pump(
    clock: Clock, graph: TaskGraph, load_catalog: Callable[[], Awaitable[Catalog]], bounds: Bounds | None = None
) -> dict[str, Any]:
    """The fields of a pump on this Graph, with state, queue and ledger in memory."""
    memory, plan = MemoryStateStore(), CrashPlan()
    state = CrashingStore(memory, plan)
    events, ledger, audit = MemoryQueue(clock.now), MemoryDayLog(), MemoryDayLog()
    bounds = bounds or Bounds()

    async def sleep(seconds: float) -> None:
        # Renewals of claims sleep beside the work, which is over in no time.
        await asyncio.sleep(max(3600.0, seconds))

    services = TaskServices(
        state=state,
        tasks=TaskRecords(state),
        entries=HeldEntries(state),
        events=CrashingQueue(events, plan),
        ledger=LedgerWriter(ledger),
        audit=Audit(CrashingDayLog(audit, plan), clock.now, bounds.audit_seconds),
        load_catalog=load_catalog,
        graph=graph,
        uploads=cast("Any", None),
        bounds=bounds,
        hold_hours=24,
        now=clock.now,
        sleep=sleep,
        random=random.Random(3).random,  # noqa: S311 - no secret hangs on it
    )
    return {
        "clock": clock,
        "state": memory,
        "events": events,
        "ledger": ledger,
        "audit": audit,
        "plan": plan,
        "services": services,
    }


def task_world(*, bounds: Bounds | None = None) -> TaskWorld:
    """Build it all in memory."""
    clock = Clock()
    graph = FakeGraph(clock.now)
    graph.printers = {
        OFFICE: PrinterStatus(OFFICE, "Office colour", "idle", accepting=True),
        LASER: PrinterStatus(LASER, "Laser", "idle", accepting=True),
    }
    graph.users = {person.user_principal_name: person for person in (ANNA, BEN)}
    document = catalog_document()

    async def load_catalog() -> Catalog:
        return parse_catalog(json.dumps(document).encode())

    return TaskWorld(**task_pump(clock, graph, load_catalog, bounds), graph=graph, catalog=document)
