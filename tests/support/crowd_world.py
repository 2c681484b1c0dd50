"""A building full of kiosks on the real parts: Azurite, the emulator's printers, the local host with Azure's worker."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from azure.storage.queue.aio import QueueServiceClient

from emulator.azurite import StorageAccount
from emulator.functions_host.host import FunctionsHost
from emulator.universal_print.jobs import Job
from emulator.universal_print.world import Printer
from shared.audit import AUDIT_PREFIX
from shared.held.store import HeldEntries
from shared.kiosk.badges import badge_hash
from shared.kiosk.devices import secret_hash
from shared.kiosk.keys import KioskKeys
from shared.kiosk.records import DeviceSecret, Kiosk, Person, badge_summary, encode_badge, encode_kiosk
from shared.ledger import LEDGER_PREFIX
from shared.names import CATALOG_PATH, CONTAINERS, EVENTS_QUEUE, STATE, badge_path, kiosk_path
from shared.settings import StorageConnection
from shared.storage.clients import Storage, open_storage
from shared.storage.day_log import BlobDayLog
from shared.times import timestamp
from tests.support.accounts import ONE
from tests.support.documents import pdf
from tests.support.emulated_service import CLIENT, SECRET, TENANT, RecordingPrinter, Service
from tests.support.emulated_tasks import Tap, running_tap, tap_tenant
from tests.support.full_stack import NEVER
from tests.support.notices import SECRET as CLIENT_STATE
from tests.support.notices import body_of
from tests.support.sign_in import KEY
from tests.support.tenant import ROOT

NOTICES_PER_POST = 100
REACHED_SECONDS, LOOK_SECONDS = 300.0, 2.0


@dataclass(frozen=True)
class Badge:
    """A person with a badge; `owns` are the documents that the person printed."""

    reading: str
    person: Person
    documents: frozenset[str]


@dataclass
class Crowd:
    """The kiosks are `kiosk-0`, `kiosk-1` …, each at the printer of its number in `devices`."""

    tap: Tap
    storage: Storage
    host: FunctionsHost
    devices: list[RecordingPrinter]
    badges: list[Badge]

    async def ask(self, http: httpx.AsyncClient, kiosk: int, name: str, body: Any, session: str = "") -> Any:
        """Send a request as this kiosk does; the body of its answer."""
        headers = {"X-Kiosk-Id": f"kiosk-{kiosk}", "Authorization": f"Bearer {secret(kiosk)}"}
        answer = await http.post(f"/api/kiosk/{name}", json=body, headers={**headers, "X-Kiosk-Session": session})
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def notify(self, task_ids: Sequence[str]) -> None:
        """Post what Graph posts when tasks begin."""
        path = f"print/taskDefinitions/{self.tap.definition.id}/tasks"
        items = [
            {
                "subscriptionId": "5d5d5d5d-0000-0000-0000-000000000005",
                "clientState": CLIENT_STATE,
                "changeType": "created",
                "tenantId": TENANT,
                "resource": f"{path}/{task_id}",
                "resourceData": {"@odata.type": "#Microsoft.Graph.PrintTask", "id": task_id},
            }
            for task_id in task_ids
        ]
        for start in range(0, len(items), NOTICES_PER_POST):
            body = body_of(*items[start : start + NOTICES_PER_POST])
            answer = await self.host.request("POST", "/api/notifications", content=body, key="")
            assert answer.status_code == 202, answer.text

    async def lines(self, prefix: str) -> list[Mapping[str, Any]]:
        """What the log below this prefix has of all days."""
        log = BlobDayLog(self.storage.container(STATE), prefix)
        return [line async for day in log.days() async for line in log.read(day)]

    async def audit(self) -> list[Mapping[str, Any]]:
        return await self.lines(AUDIT_PREFIX)

    async def ledger(self) -> list[Mapping[str, Any]]:
        return await self.lines(LEDGER_PREFIX)

    async def reaches(self, states: Mapping[str, int]) -> None:
        """Wait until so many held entries are in these states, and none in another."""
        entries = HeldEntries(self.storage.state)
        async with asyncio.timeout(REACHED_SECONDS):
            # To list thousands of entries costs as much as the work that is waited for, so it is done seldom.
            await self.host.idle(REACHED_SECONDS)
            while Counter([view.state.value async for view, _ in entries.list_all()]) != states:
                await asyncio.sleep(LOOK_SECONDS)
                await self.host.idle(REACHED_SECONDS)


def secret(kiosk: int) -> str:
    """The device's secret."""
    return f"the secret of kiosk {kiosk}"


@asynccontextmanager
async def crowd_world(
    account: StorageAccount, directory: Path, *, kiosks: int, people: int, jobs_each: int
) -> AsyncIterator[Crowd]:
    """Start it all, with so many kiosks at printers of their own, and people whose printed jobs the service holds."""
    tenant = tap_tenant()
    devices = [RecordingPrinter(f"Printer {number}") for number in range(kiosks)]
    printers = [tenant.world.add_printer(device) for device in devices]
    tenant.world.add_user(ONE)
    async with AsyncExitStack() as stack:
        tap = await stack.enter_async_context(running_tap(directory, tenant))
        storage = await stack.enter_async_context(open_storage(StorageConnection(account.connection_string)))
        for container in CONTAINERS:
            await storage.container(container).create_container()
        async with QueueServiceClient.from_connection_string(account.connection_string) as queues:
            await queues.create_queue(EVENTS_QUEUE)
        await storage.state.create(CATALOG_PATH, _catalog(tap, printers))
        keys = KioskKeys((KEY,))
        for number, printer in enumerate(printers):
            kept = DeviceSecret(secret_hash(f"kiosk-{number}", secret(number), keys))
            kiosk = Kiosk(f"kiosk-{number}", f"Kiosk {number}", printer.id, (kept,), timestamp(datetime.now(UTC)))
            await storage.state.create(kiosk_path(kiosk.id), encode_kiosk(kiosk))
        badges = [await _badge(number, tap, storage, keys, jobs_each) for number in range(people)]
        host = await stack.enter_async_context(FunctionsHost(ROOT, _settings(tap, account), isolated=False))
        yield Crowd(tap, storage, host, devices, badges)


async def _badge(number: int, tap: Tap, storage: Storage, keys: KioskKeys, jobs_each: int) -> Badge:
    """Somebody with a badge who has printed. How the jobs came to the service is not what is tried here."""
    emulator, content = tap.service.emulator, pdf()
    user = tap.tenant.world.add_user(f"person{number}@contoso.example")
    person = Person(user.id, user.user_principal_name, user.display_name)
    reading = f"04{number:06X}C0FFEE80"[:14]
    await storage.state.create(badge_path(badge_hash(reading, keys)), encode_badge(person), badge_summary(person))
    names = [f"{user.user_principal_name} {each}.pdf" for each in range(jobs_each)]
    for name in names:
        job: Job = emulator.jobs.create(tap.follow_me, tap.share, user, tap.tenant.app, {}, emulator.clock.now())
        job.payload.write_bytes(content)
        job.document.display_name, job.document.content_type = name, "application/pdf"
        job.document.size, job.document.uploaded = len(content), datetime.now(UTC)
        emulator.queues.submit(job)
    return Badge(reading, person, frozenset(names))


def _catalog(tap: Tap, printers: Sequence[Printer]) -> bytes:
    capabilities = {"contentTypes": ["application/pdf"], "colorModes": ["grayscale"]}
    document = {
        "version": 1,
        "shares": [{"alias": "pull", "id": tap.share.id, "printerId": tap.follow_me.id}],
        "taskDefinitionId": tap.definition.id,
        "printers": [
            {"id": tap.follow_me.id, "displayName": "Follow Me", "virtual": True},
            *({"id": each.id, "displayName": each.display_name, "capabilities": capabilities} for each in printers),
        ],
    }
    return json.dumps(document).encode()


def _settings(tap: Tap, account: StorageAccount) -> dict[str, str]:
    service: Service = tap.service
    return {
        "PrintStorage": account.connection_string,
        "AzureWebJobsStorage": account.connection_string,
        "GRAPH_BASE_URL": f"{service.url}/v1.0",
        "GRAPH_AUTHORITY": service.url,
        "GRAPH_TENANT_ID": TENANT,
        "GRAPH_CLIENT_ID": CLIENT,
        "GRAPH_CLIENT_SECRET": SECRET,
        "GRAPH_CA_BUNDLE": str(service.emulator.ca_bundle),
        "PRINT_ACCOUNTS": ONE,
        "TOKEN_CACHE_KEY": KEY,
        "KIOSK_KEY": KEY,
        "NOTIFICATION_URL": "https://print.contoso.example",
        "NOTIFICATION_CLIENT_STATE": CLIENT_STATE,
        "PRELOAD_AFTER_SECONDS": "86400",
        "RECONCILE_SCHEDULE": NEVER,
        "UPKEEP_SCHEDULE": NEVER,
        "USAGE_EXPORT_SCHEDULE": NEVER,
        "AzureFunctionsJobHost__extensions__queues__maxPollingInterval": "00:00:00.2",
    }
