"""A small tenant on the emulator with everything that carries a file to paper, and a pump that delivers messages.

Graph, tokens' claims, uploads and printers are the emulator's; documents lie in Azurite. State and queues are in
memory, so that a test can let a worker die at every single write. Time is the test's, for the emulator too.
"""

from __future__ import annotations

import asyncio
import json
import random
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from cryptography.fernet import Fernet

from emulator.azurite import StorageAccount
from emulator.universal_print.clock import Clock as EmulatorClock
from emulator.universal_print.devices.capabilities import MONO_LASER, OFFICE_COLOR, PrinterModel
from emulator.universal_print.devices.paper import read_slips
from emulator.universal_print.devices.virtual import VirtualPrinter
from emulator.universal_print.server import Emulator, running
from emulator.universal_print.settings import Settings as EmulatorSettings
from emulator.universal_print.tokens import signing
from emulator.universal_print.world import AppRegistration, Share, World
from shared.accounts.pool import AccountPool
from shared.bounds import Bounds
from shared.catalog import Catalog, parse_catalog
from shared.errors import AccountLapsed
from shared.graph.print_client import PrintClient
from shared.ledger import LedgerRow, LedgerWriter, decode_row
from shared.names import ARCHIVE, CONTAINERS, FAILED, INBOX
from shared.sealing import Sealer
from shared.settings import StorageConnection
from shared.storage.clients import Storage, open_storage
from shared.storage.documents import Documents
from shared.submission.accepting import accept, sweep
from shared.submission.holding import Records
from shared.submission.job_watch import follow
from shared.submission.messages import read_message
from shared.submission.printing import print_document
from shared.submission.record import Record, State
from shared.submission.services import SubmissionServices
from shared.upload.http import open_upload_http
from tests.support.clock import Clock
from tests.support.crashes import Crash, CrashingDayLog, CrashingDocuments, CrashingQueue, CrashingStore, CrashPlan
from tests.support.memory_day_log import MemoryDayLog
from tests.support.memory_queue import MemoryQueue
from tests.support.memory_state import MemoryStateStore

ACCOUNTS = ("print1@contoso.example", "print2@contoso.example")
TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT = "66666666-7777-8888-9999-000000000000"
PERMISSIONS = ["PrintJob.ReadWrite", "PrinterShare.ReadBasic.All"]
# A message whose worker died is seen again after this time (host.json: visibilityTimeout).
VISIBILITY_SECONDS = 30.0
# Every test of a submission ends within so many steps, or it goes round in circles.
MOST_STEPS = 1500


class EmulatedTokens:
    """Tokens that the emulator's authority would give, without the sign-in. `lapsed` accounts get none."""

    def __init__(self, emulator: Emulator, app: AppRegistration) -> None:
        self._emulator = emulator
        self._app = app
        self.lapsed: set[str] = set()
        self.invalidated: list[str] = []

    async def access_token(self, user_principal_name: str) -> str:
        if user_principal_name in self.lapsed:
            raise AccountLapsed(user_principal_name, f"{user_principal_name} was revoked", 300)
        world = self._emulator.world
        user = next(user for user in world.users.values() if user.user_principal_name == user_principal_name)
        lifetime = timedelta(hours=1)
        return signing.access_token(world, self._app, user, PERMISSIONS, world.clock.now(), lifetime)

    def invalidate(self, user_principal_name: str) -> None:
        self.invalidated.append(user_principal_name)


@dataclass
class DropWorld:
    """What a test sees and turns. `plan` decides where workers die."""

    emulator: Emulator
    storage: Storage
    services: SubmissionServices
    clock: Clock
    tokens: EmulatedTokens
    printers: dict[str, VirtualPrinter]
    shares: dict[str, Share]
    state: MemoryStateStore
    submissions: MemoryQueue
    jobs: MemoryQueue
    ledger: MemoryDayLog
    plan: CrashPlan
    catalog: dict[str, Any]
    deaths: int = 0
    deliveries: int = 0
    failures: list[Exception] = field(default_factory=list)

    async def put(self, name: str, content: bytes, **options: Any) -> None:
        """Upload a file to the inbox as any client would."""
        await self.storage.container(INBOX).get_blob_client(name).upload_blob(content, overwrite=True, **options)

    async def drop(self, name: str, content: bytes, **options: Any) -> str:
        """Upload a file and deliver its event."""
        await self.put(name, content, **options)
        key = await accept(INBOX, name, self.services)
        assert key is not None
        return key

    async def deliver_one(self) -> bool:
        """Deliver a message that is due, as the host would. False where none is."""
        for queue, function in ((self.submissions, print_document), (self.jobs, follow)):
            body = queue.take()
            if body is None:
                continue
            self.deliveries += 1
            key, sequence = read_message(body.encode())
            try:
                await function(key, sequence, f"run-{self.deliveries}", self.services)
            except Crash:
                self.deaths += 1
                queue.put_back(body, VISIBILITY_SECONDS)
            except Exception as error:  # noqa: BLE001 - the host takes every error of a function
                self.failures.append(error)
                queue.put_back(body, VISIBILITY_SECONDS)
            return True
        return False

    async def settle(self, *, most: int = MOST_STEPS) -> None:
        """Deliver everything, moving the time to each next message, until no message is left."""
        for _ in range(most):
            if await self.deliver_one():
                # Printers work in real time; give them a moment between two looks.
                await asyncio.sleep(0.005)
                continue
            due = [queue.next_due for queue in (self.submissions, self.jobs) if queue.next_due is not None]
            if not due:
                return
            self.clock.advance(max(0.0, (min(due) - self.clock.now()).total_seconds()))
        raise AssertionError(f"still busy after {most} steps: {await self.records()}")

    async def recover(self) -> None:
        """Let time pass and the sweep run, until nothing is open: what an operator would see without doing anything."""
        for _ in range(12):
            await self.settle()
            if not [key async for key in self.services.records.open_keys()] and not await self.names(INBOX):
                return
            self.clock.advance(20 * 60)
            try:
                await sweep(self.services)
            except Crash:
                self.deaths += 1

    async def records(self) -> list[Record]:
        """Every record."""
        paths = [path async for path in self.state.list_paths("submissions/")]
        keys = [path.removeprefix("submissions/").removesuffix(".json") for path in paths]
        loaded = [await self.services.records.load(key) for key in keys]
        return [entry[0] for entry in loaded if entry is not None]

    async def record(self, key: str) -> Record:
        """The record of one submission."""
        loaded = await self.services.records.load(key)
        assert loaded is not None
        return loaded[0]

    async def names(self, container: str) -> list[str]:
        """The blobs of a container."""
        return [name async for name in self.storage.container(container).list_blob_names()]

    async def receipt(self, key: str) -> dict[str, Any]:
        """The receipt of a closed submission."""
        record = await self.record(key)
        assert record.state is State.CLOSED
        assert record.receipt is not None
        container, _, name = record.receipt.partition("/")
        download = await self.storage.container(container).download_blob(name)
        receipt: dict[str, Any] = json.loads(await download.readall())
        return receipt

    def ledger_rows(self, key: str) -> list[LedgerRow]:
        """The rows that the ledger holds for one submission, as often as each was written."""
        return [decode_row(line) for lines in self.ledger.lines.values() for line in lines if line["id"] == key]

    @property
    def slips(self) -> list[dict[str, Any]]:
        """One slip for each time that paper came out."""
        return read_slips(self.emulator.paper)

    async def places(self, file_name: str) -> list[str]:
        """The containers in which the document itself lies, once for each copy of it."""
        found = []
        for container in (INBOX, ARCHIVE, FAILED):
            found += [container for name in await self.names(container) if name.endswith(f"/{file_name}")]
        return found


@asynccontextmanager
async def drop_world(
    account: StorageAccount,
    directory: Path,
    *,
    bounds: Bounds | None = None,
    settings: EmulatorSettings | None = None,
    models: dict[str, PrinterModel] | None = None,
) -> AsyncIterator[DropWorld]:
    """Build it all, and take it down."""
    # Storage tells when a file was written by its own clock, which is the real one.
    clock = Clock(datetime.now(UTC))
    bounds = bounds or Bounds()
    world = World(TENANT, clock=EmulatorClock(clock.now))
    app = world.add_app(
        AppRegistration(CLIENT, "Print functions", delegated=frozenset(PERMISSIONS), allow_public_client=True)
    )
    users = [world.add_user(name) for name in ACCOUNTS]
    emulator_settings = settings or EmulatorSettings(processing_seconds=0.0)
    emulator = Emulator(world, directory, emulator_settings)
    printers: dict[str, VirtualPrinter] = {}
    shares: dict[str, Share] = {}
    for alias, model in (models or {"office": OFFICE_COLOR, "laser": MONO_LASER}).items():
        printers[alias] = VirtualPrinter(alias, model, emulator.paper, now=clock.now)
        shares[alias] = world.add_share(world.add_printer(printers[alias]), alias, users=users)
    async with AsyncExitStack() as stack:
        base_url = await stack.enter_async_context(running(emulator))
        storage = await stack.enter_async_context(open_storage(StorageConnection(account.connection_string)))
        for container in CONTAINERS:
            await storage.container(container).create_container()
        trust = ssl.create_default_context(cafile=str(emulator.ca_bundle))
        # The SDK wraps the transport and does not close what it wrapped.
        transports: list[httpx.AsyncHTTPTransport] = []

        def new_http() -> httpx.AsyncClient:
            transports.append(httpx.AsyncHTTPTransport(verify=trust))
            return httpx.AsyncClient(transport=transports[-1], timeout=10)

        tokens = EmulatedTokens(emulator, app)
        chance = random.Random(7)  # noqa: S311 - no secret hangs on it
        graph = PrintClient(
            f"{base_url}/v1.0",
            new_http,
            tokens,
            bounds=bounds,
            sleep=clock.sleep,
            random=chance.random,
        )
        plan = CrashPlan()
        memory = MemoryStateStore()
        state = CrashingStore(memory, plan)
        submissions, jobs = MemoryQueue(clock.now), MemoryQueue(clock.now)
        ledger = MemoryDayLog()
        catalog = _catalog(world, shares)

        async def load_catalog() -> Catalog:
            return parse_catalog(json.dumps(catalog).encode())

        async def renewal_sleep(seconds: float) -> None:
            # The claim's renewal waits in the test's time, which does not pass by itself: it must not spin.
            del seconds
            await asyncio.sleep(3600)

        async def sleep(seconds: float) -> None:
            if seconds >= bounds.claim_seconds / 4:
                await renewal_sleep(seconds)
            await clock.sleep(seconds)

        services = SubmissionServices(
            state=state,
            records=Records(state),
            documents=CrashingDocuments(Documents(storage), plan),
            submissions=CrashingQueue(submissions, plan),
            jobs=CrashingQueue(jobs, plan),
            ledger=LedgerWriter(CrashingDayLog(ledger, plan)),
            load_catalog=load_catalog,
            pool=AccountPool(ACCOUNTS, state, bounds=bounds, now=clock.now, sleep=clock.sleep, random=chance.random),
            graph=graph,
            uploads=await stack.enter_async_context(open_upload_http(trust)),
            sealer=Sealer((Fernet.generate_key().decode(),)),
            bounds=bounds,
            now=clock.now,
            sleep=sleep,
            random=chance.random,
        )
        yield DropWorld(
            emulator,
            storage,
            services,
            clock,
            tokens,
            printers,
            shares,
            memory,
            submissions,
            jobs,
            ledger,
            plan,
            catalog,
        )
        for transport in transports:
            await transport.aclose()
        assert emulator.violations.found == [], "the emulator answered what the schema does not know"


def _catalog(world: World, shares: dict[str, Share]) -> dict[str, Any]:
    return {
        "version": 1,
        "publishedDateTime": "2026-11-20T08:00:00Z",
        "documentConversionEnabled": world.document_conversion_enabled,
        "shares": [
            {
                "alias": alias,
                "id": share.id,
                "displayName": share.display_name,
                "printerId": share.printer.id,
                "printerName": share.printer.display_name,
                "capabilities": share.printer.device.capabilities,
            }
            for alias, share in shares.items()
        ],
    }
