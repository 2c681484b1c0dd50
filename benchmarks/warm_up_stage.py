"""Where warm-up is measured: storage, the emulated service, one account signed in, and a kiosk with held jobs."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from azure.storage.queue.aio import QueueClient

from benchmarks.children import ROOT
from benchmarks.tap import BADGE, JOBS, SECRET, prepare, services_over
from emulator.azurite import running_azurite
from emulator.demo.sign_in import sign_in_accounts
from emulator.demo.storage import DemoStorage
from emulator.demo.system import app_settings
from emulator.demo.tenant import administrator_token, read_catalog
from emulator.functions_host.host import FunctionsHost
from emulator.universal_print import demo as tenant
from emulator.universal_print.sample_documents import write_invoice
from emulator.universal_print.seed import build_world
from emulator.universal_print.server import Emulator, running_in_thread
from emulator.universal_print.settings import Limits, Settings
from shared.names import INBOX, JOBS_QUEUE, SUBMISSIONS_QUEUE
from shared.services import Services, open_services
from shared.submission.accepting import accept
from shared.submission.job_watch import follow
from shared.submission.messages import read_message

SETTLE_SECONDS = 60.0
NEVER = "0 0 0 29 2 *"
# Nothing but what is measured may run.
DISABLED = ("accept", "print_document", "follow", "print_tasks")
TENANT = {**tenant.SEED, "usageHistory": None}


@dataclass(frozen=True, slots=True)
class Stage:
    """What the measured hosts work with. `settings` are the app's."""

    settings: Mapping[str, str]
    emulator: Emulator
    services: Services
    submissions: QueueClient
    jobs: QueueClient
    http: httpx.AsyncClient
    document: bytes
    _numbers: count[int]

    async def post_notification(self, host: FunctionsHost) -> None:
        """What Graph sends when one task has begun. Raises RuntimeError where it is not taken."""
        task = f"print/taskDefinitions/{tenant.TENANT_ID}/tasks/00000000-0000-0000-0000-{next(self._numbers):012}"
        notification = {
            "subscriptionId": "5d5d5d5d-0000-0000-0000-000000000005",
            "subscriptionExpirationDateTime": "2036-12-01T00:00:00Z",
            "clientState": self.settings["NOTIFICATION_CLIENT_STATE"],
            "changeType": "created",
            "tenantId": tenant.TENANT_ID,
            "resource": task,
            "resourceData": {"@odata.type": "#Microsoft.Graph.PrintTask", "id": task.rpartition("/")[2]},
        }
        answer = await self.http.post(f"{host.url}/api/notifications", json={"value": [notification]})
        if answer.status_code != 202:
            raise RuntimeError(f"the webhook answered {answer.status_code}")

    async def tap(self, host: FunctionsHost) -> None:
        """A badge at the kiosk. Raises RuntimeError where the held jobs are not shown."""
        headers = {"X-Kiosk-Id": "lobby", "Authorization": f"Bearer {SECRET}"}
        answer = await self.http.post(f"{host.url}/api/kiosk/session", json={"badge": BADGE}, headers=headers)
        if answer.status_code != 200 or len(answer.json()["jobs"]) != JOBS:
            raise RuntimeError(f"the kiosk answered {answer.status_code}: {answer.text}")

    async def accepted(self) -> str:
        """Drop a document and accept it; give the message that asks to print it."""
        name = f"office/{next(self._numbers)}.pdf"
        await self.services.storage.container(INBOX).upload_blob(name, self.document)
        await accept(INBOX, name, self.services.submissions)
        message = await self.submissions.receive_message()
        if message is None:
            raise RuntimeError("the document was not queued")
        await self.submissions.delete_message(message)
        return base64.b64decode(message.content).decode()

    async def print(self, host: FunctionsHost, message: str) -> None:
        """Run one message as far as a started job. Raises RuntimeError where none was started."""
        before = self._started()
        await host.run_function("print_document", message)
        if self._started() != before + 1:
            raise RuntimeError("no job was started")

    async def settle(self) -> None:
        """Follow every started job to its end: an account has few jobs at a printer at once."""
        async with asyncio.timeout(SETTLE_SECONDS):
            while [key async for key in self.services.submissions.records.open_keys()]:
                message = await self.jobs.receive_message()
                if message is None:
                    await asyncio.sleep(0.1)
                    continue
                await self.jobs.delete_message(message)
                key, sequence = read_message(base64.b64decode(message.content))
                await follow(key, sequence, f"run-{message.id}", self.services.submissions)

    def _started(self) -> int:
        return sum(entry.operation == "startShareJob" for entry in self.emulator.requests)


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    """Build it all for the length of the block."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="benchmark-", ignore_cleanup_errors=True)))
        world = await build_world(TENANT, folder / "paper")
        emulator = Emulator(world, folder, Settings(limits=Limits.off()))
        url = stack.enter_context(running_in_thread(emulator))
        azurite = await stack.enter_async_context(running_azurite())
        storage = await stack.enter_async_context(DemoStorage(azurite.connection_string))
        await storage.make_places()
        account = tenant.PRINT_ACCOUNTS[0]
        settings = app_settings(azurite, url, str(emulator.ca_bundle), 80) | {
            "PRINT_ACCOUNTS": account,
            "REPORTS_ACCOUNT": account,
            **{f"{name}_SCHEDULE": NEVER for name in ("RECONCILE", "UPKEEP", "USAGE_EXPORT")},
            **{f"AzureWebJobs.{name}.Disabled": "true" for name in DISABLED},
        }
        trust = ssl.create_default_context(cafile=str(emulator.ca_bundle))
        async with httpx.AsyncClient(verify=trust, timeout=30) as http:
            authority = f"{url}/{tenant.TENANT_ID}"
            token = await administrator_token(authority, tenant.CLIENT_ID, tenant.ADMINISTRATOR, http)
            await storage.publish_catalog(await read_catalog(f"{url}/v1.0", token, http, datetime.now(UTC)))
            await sign_in_accounts([account], settings, ROOT, folder, http)
        services = await open_services(settings, stack)
        await prepare(services_over(services.storage, settings["KIOSK_KEY"]), with_jobs=True)
        document = folder / "invoice.pdf"
        write_invoice(document)
        connection = azurite.connection_string
        submissions, jobs = [
            await stack.enter_async_context(QueueClient.from_connection_string(connection, name))
            for name in (SUBMISSIONS_QUEUE, JOBS_QUEUE)
        ]
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=60, trust_env=False))
        yield Stage(settings, emulator, services, submissions, jobs, client, document.read_bytes(), count())
