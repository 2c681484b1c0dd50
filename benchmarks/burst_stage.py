"""Where a burst is measured: a tenant with the service's ceilings in force, real storage, and the submission core.

The core runs as the host runs it: from storage queues, as many at once as host.json allows on one instance.
"""

from __future__ import annotations

import asyncio
import base64
import json
import random
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from azure.storage.queue.aio import QueueServiceClient
from cryptography.fernet import Fernet

from emulator.azurite import running_azurite
from emulator.universal_print.demo import CLIENT_ID, PRINT_ACCOUNTS, SEED
from emulator.universal_print.seed import build_world
from emulator.universal_print.server import Emulator, running_in_thread
from emulator.universal_print.tokens import signing
from shared.accounts.pool import AccountPool
from shared.bounds import Bounds
from shared.catalog import Catalog, parse_catalog
from shared.graph.print_client import PrintClient
from shared.ledger import LEDGER_PREFIX, LedgerWriter
from shared.names import CONTAINERS, JOBS_QUEUE, QUEUES, STATE, SUBMISSIONS_QUEUE
from shared.sealing import Sealer
from shared.settings import StorageConnection
from shared.storage.clients import Storage, open_storage
from shared.storage.day_log import BlobDayLog
from shared.storage.documents import Documents
from shared.submission.holding import Records
from shared.submission.job_watch import follow
from shared.submission.messages import read_message
from shared.submission.printing import print_document
from shared.submission.services import SubmissionServices
from shared.upload.http import open_upload_http

# host.json: batchSize and newBatchThreshold of one instance.
AT_ONCE = 8 + 4
SCOPES = ["PrintJob.ReadWrite", "PrinterShare.ReadBasic.All"]
ALIASES = ("laser1", "laser2", "laser3", "laser4")
_PRINTERS = [
    {"name": alias, "model": "monoLaser", "share": {"name": alias, "users": list(PRINT_ACCOUNTS)}} for alias in ALIASES
]

type Step = Callable[[str, int, str, SubmissionServices], Awaitable[None]]


class _Tokens:
    """Access tokens as the authority gives them, without the sign-in that a person did before."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    async def access_token(self, user_principal_name: str) -> str:
        world = self._emulator.world
        user = world.user_named(user_principal_name)
        lifetime = timedelta(hours=1)
        return signing.access_token(world, world.apps[CLIENT_ID], user, SCOPES, world.clock.now(), lifetime)

    def invalidate(self, user_principal_name: str) -> None:
        raise RuntimeError(f"Graph refused the token of {user_principal_name}")


@dataclass(frozen=True, slots=True)
class Stage:
    """The service, storage and what the core works with. `trust` and `base_url` are for other clients."""

    emulator: Emulator
    base_url: str
    trust: ssl.SSLContext
    storage: Storage
    services: SubmissionServices
    tokens: _Tokens
    queues: QueueServiceClient

    def share_id(self, alias: str) -> str:
        """The id of a share."""
        return next(share.id for share in self.emulator.world.shares.values() if share.display_name.lower() == alias)

    def requests(self) -> Counter[str]:
        """How many requests of each operation the service has seen."""
        return Counter(entry.operation for entry in self.emulator.requests)

    def refused(self) -> int:
        """How often the service said that a ceiling was reached."""
        return sum(entry.status == 429 for entry in self.emulator.requests)

    async def work_until(self, finished: Callable[[], Awaitable[bool]]) -> None:
        """Run the queue functions until `finished` says so."""
        workers = [
            asyncio.create_task(self._work(queue, step))
            for queue, step in ((SUBMISSIONS_QUEUE, print_document), (JOBS_QUEUE, follow))
            for _ in range(AT_ONCE)
        ]
        try:
            while not await finished():
                for worker in workers:
                    if worker.done():
                        worker.result()
                await asyncio.sleep(0.2)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self, name: str, step: Step) -> None:
        queue = self.queues.get_queue_client(name)
        while True:
            message = await queue.receive_message(visibility_timeout=300)
            if message is None:
                await asyncio.sleep(0.1)
                continue
            key, sequence = read_message(base64.b64decode(message.content))
            await step(key, sequence, f"run-{message.id}", self.services)
            await queue.delete_message(message)


@asynccontextmanager
async def stage(directory: Path) -> AsyncIterator[Stage]:
    """Build it all for the length of the block."""
    async with AsyncExitStack() as stack:
        emulator = Emulator(await build_world({**SEED, "printers": _PRINTERS}, directory / "paper"), directory)
        base_url = stack.enter_context(running_in_thread(emulator))
        azurite = await stack.enter_async_context(running_azurite())
        storage = await stack.enter_async_context(open_storage(StorageConnection(azurite.connection_string)))
        queues = await stack.enter_async_context(QueueServiceClient.from_connection_string(azurite.connection_string))
        for container in CONTAINERS:
            await storage.container(container).create_container()
        for name in QUEUES:
            await queues.create_queue(name)
        trust = ssl.create_default_context(cafile=str(emulator.ca_bundle))
        tokens = _Tokens(emulator)
        clients: list[httpx.AsyncClient] = []

        def new_http() -> httpx.AsyncClient:
            clients.append(httpx.AsyncClient(verify=trust, timeout=100))
            return clients[-1]

        bounds = Bounds()
        catalog = parse_catalog(json.dumps(_catalog(emulator)).encode())

        async def load_catalog() -> Catalog:
            return catalog

        graph = PrintClient(
            f"{base_url}/v1.0", new_http, tokens, bounds=bounds, sleep=asyncio.sleep, random=random.random
        )
        services = SubmissionServices(
            state=storage.state,
            records=Records(storage.state),
            documents=Documents(storage),
            submissions=storage.queue(SUBMISSIONS_QUEUE),
            jobs=storage.queue(JOBS_QUEUE),
            ledger=LedgerWriter(BlobDayLog(storage.container(STATE), LEDGER_PREFIX)),
            load_catalog=load_catalog,
            pool=AccountPool(
                PRINT_ACCOUNTS, storage.state, bounds=bounds, now=_now, sleep=asyncio.sleep, random=random.random
            ),
            graph=graph,
            uploads=await stack.enter_async_context(open_upload_http(trust)),
            sealer=Sealer((Fernet.generate_key().decode(),)),
            bounds=bounds,
            now=_now,
            sleep=asyncio.sleep,
            random=random.random,
        )
        yield Stage(emulator, base_url, trust, storage, services, tokens, queues)
        for client in clients:
            await client.aclose()


def _catalog(emulator: Emulator) -> dict[str, object]:
    return {
        "version": 1,
        "publishedDateTime": "2026-01-01T00:00:00Z",
        "documentConversionEnabled": True,
        "shares": [
            {
                "alias": share.display_name.lower(),
                "id": share.id,
                "displayName": share.display_name,
                "printerId": share.printer.id,
                "printerName": share.printer.display_name,
                "capabilities": share.printer.device.capabilities,
            }
            for share in emulator.world.shares.values()
        ],
    }


def _now() -> datetime:
    return datetime.now(UTC)
