"""What a tap costs a person with 20 held jobs, when 99,980 others are held and when none is."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import azure.functions as func
from cryptography.fernet import Fernet

from benchmarks.blob_index import VIRTUAL, held, person_id
from benchmarks.children import Child, child
from benchmarks.figures import Figure, Goal
from shared.audit import AUDIT_PREFIX, Audit
from shared.bounds import Bounds
from shared.catalog import Catalog, parse_catalog
from shared.held.store import HeldEntries
from shared.kiosk.badges import badge_hash
from shared.kiosk.devices import secret_hash
from shared.kiosk.http import answer_session, serve
from shared.kiosk.keys import KioskKeys
from shared.kiosk.records import DeviceSecret, Kiosk, Person, badge_summary, encode_badge, encode_kiosk
from shared.kiosk.services import KioskServices, make_kiosk_services
from shared.ledger import LedgerWriter
from shared.names import EVENTS_QUEUE, STATE, badge_path, kiosk_path
from shared.settings import StorageConnection
from shared.storage.clients import Storage, open_storage
from shared.storage.day_log import BlobDayLog
from shared.tasks.record import TaskRecords
from shared.tasks.services import TaskServices

RUNS, FILTER_RUNS = 60, 2
PEOPLE, JOBS = 5_000, 20
BADGE, SECRET = "04A2B3C4D5E680", "the secret of the kiosk"
PERSON = Person(person_id(2_500), "person2500@contoso.example", "Person 2500")
OFFICE = "e0000000-0000-0000-0000-00000000000e"
_CATALOG = {
    "version": 1,
    "shares": [],
    "printers": [
        {"id": VIRTUAL, "displayName": "Follow me", "virtual": True},
        {"id": OFFICE, "displayName": "Office", "capabilities": {"colorModes": ["color", "grayscale"]}},
    ],
}


def measure(runs: int | None = None) -> list[Figure]:
    """Taps at both storages in turn, so that whatever else the machine does falls on both alike."""
    return asyncio.run(_measure(runs or RUNS, min(runs or FILTER_RUNS, FILTER_RUNS)))


async def _measure(runs: int, filter_runs: int) -> list[Figure]:
    many: list[float] = []
    alone: list[float] = []
    async with AsyncExitStack() as stack:
        crowd = await stack.enter_async_context(_place(PEOPLE))
        empty = await stack.enter_async_context(_place(0))
        for _ in range(runs + 1):
            many.append(await crowd.tap())
            alone.append(await empty.tap())
        crowd.requests()
        await crowd.tap()
        requests = crowd.requests()
        filtered = [await crowd.filter_all() for _ in range(filter_runs)]
        pages = crowd.requests()["list"] / filter_runs
    jobs = f"a person's {JOBS} held jobs among {PEOPLE * JOBS:,}"
    limit = "three rounds of small requests to storage, and one audit line, for each tap"
    return [
        Figure(
            name="tap",
            what=f"badge to list of {jobs}: the whole request, storage that finds a prefix by order on this machine",
            unit="ms",
            # The first tap of each opens connections.
            ours=tuple(many[1:]),
            peer_name="the same person and jobs with nothing else held",
            peer=tuple(alone[1:]),
            goal=Goal("ratio", 0.8),
            limit=limit,
        ),
        Figure(
            name="tap_listings",
            what=f"listings for that tap, of {sum(requests.values())} storage requests in all; no call of Graph",
            unit="listings",
            ours=(float(requests["list"]),),
            peer_name="every held job listed and filtered",
            peer=(pages,),
            goal=Goal("ours", 1),
            limit="one listing, which shows 5,000 blobs",
        ),
        Figure(
            name="tap_filtered",
            what=f"badge to list of {jobs}",
            unit="ms",
            ours=tuple(many[1:]),
            peer_name="only the listing and filtering of every held job, without badge, kiosk and audit",
            peer=tuple(filtered),
            goal=Goal("ratio", 50),
            limit=limit,
        ),
    ]


@dataclass(frozen=True, slots=True)
class _Place:
    """A storage with held jobs, and the kiosk's services over it."""

    services: KioskServices
    storage: Child

    async def tap(self) -> float:
        """Milliseconds from the request to its answer."""
        body = json.dumps({"badge": BADGE}).encode()
        headers = {"X-Kiosk-Id": "lobby", "Authorization": f"Bearer {SECRET}"}
        request = func.HttpRequest("POST", "/api/kiosk/session", headers=headers, body=body)

        async def opened() -> KioskServices:
            return self.services

        started = time.perf_counter()
        answer = await serve(answer_session, request, opened)
        passed = time.perf_counter() - started
        assert answer.status_code == 200, answer.get_body()
        assert len(json.loads(answer.get_body())["jobs"]) == JOBS
        return passed * 1000

    async def filter_all(self) -> float:
        """Milliseconds to find the person's jobs by reading through everything that is held."""
        started = time.perf_counter()
        name = PERSON.user_principal_name
        found = [view async for view, _ in self.services.tasks.entries.list_all() if view.user_principal_name == name]
        passed = time.perf_counter() - started
        assert len(found) == JOBS
        return passed * 1000

    def requests(self) -> dict[str, int]:
        """Requests of each kind that storage saw since the last question."""
        self.storage.tell({})
        return self.storage.hear()


@asynccontextmanager
async def _place(people: int) -> AsyncIterator[_Place]:
    """A storage where so many people hold jobs (0: only this one)."""
    async with AsyncExitStack() as stack:
        running = stack.enter_context(child("benchmarks.blob_index", [str(people), str(JOBS)]))
        address = f"http://127.0.0.1:{running.hear()['port']}/account"
        connection = (
            "DefaultEndpointsProtocol=http;AccountName=account;AccountKey=dGVzdA==;"
            f"BlobEndpoint={address};QueueEndpoint={address};"
        )
        storage = await stack.enter_async_context(open_storage(StorageConnection(connection)))
        services = services_over(storage, Fernet.generate_key().decode())
        await prepare(services, with_jobs=not people)
        yield _Place(services, running)


def services_over(storage: Storage, key: str) -> KioskServices:
    """The kiosk's services over a storage, under a key in Fernet's format."""
    bounds, state = Bounds(), storage.state
    catalog = parse_catalog(json.dumps(_CATALOG).encode())

    async def load_catalog() -> Catalog:
        return catalog

    def now() -> datetime:
        return datetime.now(UTC)

    tasks = TaskServices(
        state=state,
        tasks=TaskRecords(state),
        entries=HeldEntries(state),
        events=storage.queue(EVENTS_QUEUE),
        ledger=LedgerWriter(BlobDayLog(storage.container(STATE), "ledger")),
        audit=Audit(BlobDayLog(storage.container(STATE), AUDIT_PREFIX), now, bounds.audit_seconds),
        load_catalog=load_catalog,
        # A tap that asked Graph for anything would fail here.
        graph=cast("Any", None),
        uploads=cast("Any", None),
        bounds=bounds,
        hold_hours=24,
        now=now,
        sleep=asyncio.sleep,
        random=lambda: 0.5,
    )
    return make_kiosk_services(KioskKeys((key,)), tasks)


async def prepare(services: KioskServices, *, with_jobs: bool) -> None:
    """Add the kiosk, the badge and, `with_jobs`, the person's held jobs."""
    kept = DeviceSecret(secret_hash("lobby", SECRET, services.keys))
    kiosk = Kiosk("lobby", "Lobby", OFFICE, (kept,), "2026-03-02T08:00:00.000Z")
    await services.state.create(kiosk_path("lobby"), encode_kiosk(kiosk))
    path = badge_path(badge_hash(BADGE, services.keys))
    await services.state.create(path, encode_badge(PERSON), badge_summary(PERSON))
    for job in range(JOBS if with_jobs else 0):
        await services.tasks.entries.hold(held(2_500, job))
