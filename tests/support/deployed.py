"""The package that is deployed, and the whole system with the host running it in place of the checkout."""

from __future__ import annotations

import asyncio
import json
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueServiceClient

from emulator.demo.system import System, running_system
from tests.support.ingestion import Ingestion, ingestion
from tests.support.tenant import ROOT
from tests.support.tools import uv

WAIT_SECONDS = 40.0
# Timers run when a test asks for it, and at no other time.
NEVER = "0 0 0 29 2 *"


def make_package(directory: Path) -> Path:
    """Build the package as a release does; give its folder."""
    command = [sys.executable, "-m", "infra.package", "--uv", str(uv()), "--directory", str(directory)]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=110)
    assert made.returncode == 0, made.stdout + made.stderr
    return directory


def run_from(app: Path, code: str) -> str:
    """Run Python with nothing to import but its own library, the app's folder and the packages that it brings."""
    brought = app / ".python_packages" / "lib" / "site-packages"
    start = f"import sys; sys.path[:0] = [{str(app)!r}, {str(brought)!r}]\n"
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", start + code], cwd=app, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@dataclass
class Deployed:
    """The running system, what its telemetry sent, and a client that trusts it."""

    system: System
    telemetry: Ingestion
    http: httpx.AsyncClient
    folder: Path

    def setting(self, name: str) -> str:
        """A setting of the app."""
        return str(json.loads(self.system.settings_file.read_text("utf-8"))["Values"][name])

    async def get(self, path: str, *, key: bool = False) -> httpx.Response:
        """What the app answers at /api/{path}."""
        headers = {"x-functions-key": self.system.function_key} if key else {}
        return await self.http.get(f"{self.system.host_url}/api/{path}", headers=headers)

    async def run_timer(self, name: str) -> None:
        """Let a timer function run now (Functions: admin functions)."""
        address = f"{self.system.host_url}/admin/functions/{name}"
        headers = {"x-functions-key": self.system.function_key}
        (await self.http.post(address, json={"input": ""}, headers=headers)).raise_for_status()

    async def subscriptions(self) -> list[str]:
        """The ids of the subscriptions that Graph has."""
        answer = await self.http.get(f"{self.system.emulator_url}/emulator/subscriptions")
        return [str(entry["id"]) for entry in answer.json()["value"]]

    async def blobs(self, container: str) -> list[str]:
        """The names in a container."""
        async with BlobServiceClient.from_connection_string(self.system.connection_string) as client:
            return [name async for name in client.get_container_client(container).list_blob_names()]

    async def put_message(self, queue: str, text: str) -> None:
        """Put a message on a queue, which is made where it is missing."""
        async with QueueServiceClient.from_connection_string(self.system.connection_string) as client:
            if not [found async for found in client.list_queues(queue) if found.name == queue]:
                await client.create_queue(queue)
            await client.get_queue_client(queue).send_message(text)

    async def until[Found](self, look: Callable[[], Awaitable[Found]], what: str) -> Found:
        """Look until there is something to see."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while not (found := await look()):
                    self.system.check()
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"{what}: not within {WAIT_SECONDS:.0f} s\n{self.log()}") from None
        return found

    def log(self) -> str:
        """What the host said."""
        return "".join(path.read_text("utf-8", "replace") for path in (self.folder / "logs").glob("functions*"))


@asynccontextmanager
async def running_package(app: Path, folder: Path) -> AsyncIterator[Deployed]:
    """Start the system of the demo, with the package in `app` as what the host runs, and telemetry on."""
    with ingestion() as telemetry:
        settings = {"RECONCILE_SCHEDULE": NEVER, "UPKEEP_SCHEDULE": NEVER, "USAGE_FIRST_DAYS": "40"}
        async with running_system(
            ROOT, folder, lambda _: None, app=app, more_settings=telemetry.settings | settings
        ) as system:
            trust = ssl.create_default_context(cafile=system.ca_bundle)
            async with httpx.AsyncClient(verify=trust, timeout=30) as http:
                yield Deployed(system, telemetry, http, folder)
