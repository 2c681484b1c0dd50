"""The whole system as `dev.py run` starts it, inside a test: Azurite, emulator, Microsoft's worker, real processes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulator.azurite import StorageAccount
from emulator.functions_host.events import announced_blobs
from emulator.functions_host.host import FunctionsHost
from emulator.universal_print.devices.capabilities import OFFICE_COLOR
from emulator.universal_print.devices.paper import read_slips
from emulator.universal_print.devices.virtual import VirtualPrinter
from emulator.universal_print.server import Emulator, running
from shared.names import ARCHIVE, CATALOG_PATH, CONTAINERS, FAILED, INBOX, QUEUES
from shared.settings import StorageConnection
from shared.storage.clients import Storage, open_storage
from tests.support.accounts import ONE, TWO
from tests.support.tenant import ROOT, make_emulator, printops, settings_for

# Short enough for a test, long enough that nothing lapses under a worker that lives.
QUICK = {"CLAIM_SECONDS": "4", "POLL_FIRST_SECONDS": "0.5", "SWEEP_GRACE_SECONDS": "0.1", "OVERDUE_SECONDS": "1"}
# Timers run when a test asks for it, and at no other time.
NEVER = "0 0 0 29 2 *"
DONE_SECONDS = 60.0


@dataclass
class FullStack:
    """What a test drops into and looks at."""

    emulator: Emulator
    printer: VirtualPrinter
    storage: Storage
    settings: dict[str, str]
    host: FunctionsHost

    async def drop(self, name: str, content: bytes, **options: Any) -> None:
        """Upload as any client of the storage SDK does."""
        await self.storage.container(INBOX).get_blob_client(name).upload_blob(content, **options)

    async def receipt(self, file_name: str) -> dict[str, Any]:
        """Wait for the receipt of a document."""
        suffix = f"/{file_name}.receipt.json"
        async with asyncio.timeout(DONE_SECONDS):
            while True:
                for container in (ARCHIVE, FAILED):
                    async for name in self.storage.container(container).list_blob_names():
                        if name.endswith(suffix):
                            download = await self.storage.container(container).download_blob(name)
                            receipt: dict[str, Any] = json.loads(await download.readall())
                            return receipt
                await asyncio.sleep(0.1)

    async def inbox_is_empty(self) -> bool:
        """Whether everything left the inbox within a while: the receipt comes a moment before that."""
        async with asyncio.timeout(DONE_SECONDS):
            while [name async for name in self.storage.container(INBOX).list_blob_names()]:
                await asyncio.sleep(0.05)
        return True

    @property
    def slips(self) -> list[dict[str, Any]]:
        """One slip for each time that paper came out."""
        return read_slips(self.emulator.paper)


@asynccontextmanager
async def full_stack(
    account: StorageAccount, directory: Path, *, events: bool = True, isolated: bool = False, app: Path = ROOT
) -> AsyncIterator[FullStack]:
    """Start it all with one printer, `office`, and both accounts signed in. `app` is the folder that the host runs.

    `isolated` gives each function its own process, as Flex Consumption does; one process starts faster.
    """
    emulator = make_emulator(directory)
    world = emulator.world
    printer = VirtualPrinter("Office", OFFICE_COLOR, emulator.paper)
    users = [user for user in world.users.values() if user.user_principal_name in (ONE, TWO)]
    share = world.add_share(world.add_printer(printer), "office", users=users)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(emulator))
        connection = StorageConnection(account.connection_string)
        storage = await stack.enter_async_context(open_storage(connection))
        for container in CONTAINERS:
            await storage.container(container).create_container()
        for queue in QUEUES:
            await storage.queue_client(queue).create_queue()
        entry = {
            "alias": "office",
            "id": share.id,
            "printerId": share.printer.id,
            "printerName": printer.name,
            "capabilities": printer.capabilities,
        }
        catalog = {"version": 1, "documentConversionEnabled": True, "shares": [entry]}
        await storage.state.create(CATALOG_PATH, json.dumps(catalog).encode())
        settings = settings_for(emulator, account.connection_string) | QUICK
        app_settings = settings | {
            "AzureWebJobsStorage": account.connection_string,
            "RECONCILE_SCHEDULE": NEVER,
            "UPKEEP_SCHEDULE": NEVER,
            "AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:01",
            "AzureFunctionsJobHost__extensions__queues__maxPollingInterval": "00:00:00.2",
        }
        logins = [printops(["login", name, "--device-code"], settings, emulator, name) for name in (ONE, TWO)]
        signing_in = asyncio.gather(*logins)
        host = await stack.enter_async_context(FunctionsHost(app, app_settings, isolated=isolated))
        signed_in = await signing_in
        assert [ended.code for ended in signed_in] == [0, 0], signed_in
        if events:
            await stack.enter_async_context(announced_blobs(host))
        yield FullStack(emulator, printer, storage, settings, host)
        assert emulator.violations.found == []


async def poison_depths(storage: Storage) -> list[int | None]:
    """How many messages lie on each poison queue; None where there is no such queue."""
    return [await storage.queue(f"{name}-poison").depth() for name in QUEUES]
