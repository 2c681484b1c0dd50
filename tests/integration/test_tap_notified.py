"""The app on the local host subscribes at the emulator's Graph, is told of a job, and holds it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import httpx

from emulator.azurite import StorageAccount
from emulator.functions_host.host import FunctionsHost
from shared.alert_causes import raise_cause
from shared.alerts import in_force
from shared.held.store import HeldEntries
from shared.names import CATALOG_PATH, CONTAINERS, HELD_PREFIX, QUEUES
from shared.settings import StorageConnection
from shared.storage.clients import Storage, open_storage
from shared.subscriptions.record import encode_record
from shared.subscriptions.upkeep import RECORD_PATH, load_record
from tests.support.emulated_service import CLIENT, SECRET, TENANT, quick_settings
from tests.support.emulated_tasks import Tap, running_tap
from tests.support.full_stack import NEVER
from tests.support.sign_in import KEY
from tests.support.tenant import ROOT


@dataclass
class Front:
    """The public address of the app: passes bytes on to the host, once that is known."""

    url: str
    host_port: int = 0

    async def passed(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, both ways."""
        there, back = await asyncio.open_connection("127.0.0.1", self.host_port)

        async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            with contextlib.suppress(ConnectionError):
                while piece := await source.read(65536):
                    target.write(piece)
                    await target.drain()
            target.close()

        await asyncio.gather(pump(reader, back), pump(there, writer))


@asynccontextmanager
async def front() -> AsyncIterator[Front]:
    made = Front("")
    async with await asyncio.start_server(made.passed, "127.0.0.1", 0) as server:
        made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield made


@dataclass
class Notified:
    """All of it, running."""

    tap: Tap
    host: FunctionsHost
    storage: Storage

    async def held(self) -> list[str]:
        return [path async for path in self.storage.state.list_paths(HELD_PREFIX)]

    async def remember_as_old(self) -> None:
        """As if the subscription had been made a day ago: what was made just now is not renewed at once."""
        record, etag = await load_record(self.storage.state)
        assert record.changed is not None
        aged = replace(record, changed=record.changed - timedelta(days=1))
        await self.storage.state.replace(RECORD_PATH, encode_record(aged), str(etag))

    async def run(self, timer: str) -> None:
        """One run of a timer, which must end well."""
        await self.host.run_function(timer)
        await self.host.idle()
        (last,) = [run for run in self.host.invocations if run.function == timer][-1:]
        assert last.outcome == "Succeeded", last.error


@asynccontextmanager
async def notified(account: StorageAccount, directory: Path) -> AsyncIterator[Notified]:
    async with AsyncExitStack() as stack:
        tap = await stack.enter_async_context(
            running_tap(directory, settings=quick_settings(allow_http_notifications=True))
        )
        storage = await stack.enter_async_context(open_storage(StorageConnection(account.connection_string)))
        for container in CONTAINERS:
            await storage.container(container).create_container()
        for queue in QUEUES:
            await storage.queue_client(queue).create_queue()
        catalog = {
            "version": 1,
            "shares": [],
            "taskDefinitionId": tap.definition.id,
            "printers": [
                {"id": tap.follow_me.id, "displayName": "Follow Me", "virtual": True},
                {"id": tap.tenant.printer.id, "displayName": "Recorder"},
            ],
        }
        await storage.state.create(CATALOG_PATH, json.dumps(catalog).encode())
        address = await stack.enter_async_context(front())
        settings = {
            "PrintStorage": account.connection_string,
            "AzureWebJobsStorage": account.connection_string,
            "GRAPH_BASE_URL": f"{tap.service.url}/v1.0",
            "GRAPH_AUTHORITY": tap.service.url,
            "GRAPH_CA_BUNDLE": str(tap.service.emulator.ca_bundle),
            "GRAPH_TENANT_ID": TENANT,
            "GRAPH_CLIENT_ID": CLIENT,
            "GRAPH_CLIENT_SECRET": SECRET,
            "PRINT_ACCOUNTS": "print1@contoso.example",
            "TOKEN_CACHE_KEY": KEY,
            "NOTIFICATION_URL": address.url,
            "NOTIFICATION_CLIENT_STATE": "the-secret-of-the-webhook",
            "RECONCILE_SCHEDULE": NEVER,
            "UPKEEP_SCHEDULE": NEVER,
            "USAGE_EXPORT_SCHEDULE": NEVER,
        }
        host = await stack.enter_async_context(FunctionsHost(ROOT, settings, isolated=False))
        address.host_port = int(host.url.rpartition(":")[2])
        yield Notified(tap, host, storage)


async def test_a_printed_job_is_held_by_notification_alone_and_the_subscription_is_reauthorized_from_the_queue(
    storage_account: StorageAccount, tmp_path: Path
) -> None:
    async with notified(storage_account, tmp_path) as running:
        await running.run("upkeep")
        (subscription,) = list(running.tap.service.emulator.subscriptions)

        task = await running.tap.print_held()
        async with asyncio.timeout(20):
            while not await running.held():
                await asyncio.sleep(0.05)
        (path,) = await running.held()
        loaded = await HeldEntries(running.storage.state).load(path)
        assert loaded is not None
        assert (loaded[0].task_id, loaded[0].document_name) == (task.id, "letter.pdf")

        printer = running.tap.tenant.printer
        await raise_cause(running.storage.state, f"printer-stopped:{printer.id}", "the printer has stopped")
        await running.run("reconcile")
        shown = (await running.host.request("GET", "/api/status")).json()
        assert shown["alerts"] == {f"printer-stopped:{printer.id}": "the printer has stopped"}
        assert shown["subscription"]["id"] == subscription.id
        assert shown["held"] == {"count": 1, "orMore": False}

        await running.remember_as_old()
        event = {
            "subscriptionId": subscription.id,
            "subscriptionExpirationDateTime": subscription.expires.isoformat(),
            "tenantId": TENANT,
            "clientState": "the-secret-of-the-webhook",
            "lifecycleEvent": "reauthorizationRequired",
        }
        assert subscription.lifecycle_url is not None
        async with httpx.AsyncClient() as graph:
            answer = await graph.post(subscription.lifecycle_url, json={"value": [event]})
        assert answer.status_code == 202
        async with asyncio.timeout(20):
            while subscription.patched is None:
                await asyncio.sleep(0.05)
        await running.host.idle()

        running.tap.service.emulator.subscriptions.remove(subscription)
        await running.run("upkeep")
        (another,) = list(running.tap.service.emulator.subscriptions)
        assert another.client_state == "the-secret-of-the-webhook"
        await running.run("reconcile")
        assert await in_force(running.storage.state) == {}
        assert await running.storage.queue("print-events-poison").depth() in (None, 0)
