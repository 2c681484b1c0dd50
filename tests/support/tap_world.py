"""Print tasks on the emulator's Graph, uploads and printers; our state and queue in memory; the test's time."""

from __future__ import annotations

import asyncio
import json
import random
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from emulator.universal_print.clock import Clock as EmulatorClock
from emulator.universal_print.jobs import Job
from shared.bounds import Bounds
from shared.catalog import Catalog, parse_catalog
from shared.graph.application_calls import ApplicationCalls
from shared.graph.task_client import TaskClient
from shared.held.entry import HeldState
from shared.upload.http import open_upload_http
from tests.support.clock import Clock
from tests.support.emulated_service import Service
from tests.support.emulated_tasks import Tap, running_tap, tap_tenant
from tests.support.task_world import TaskPump, task_pump


class EmulatedApplication:
    """The app's token from the emulator's authority, asked for once."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._token: str | None = None
        self.asked = 0

    async def access_token(self) -> str:
        if self._token is None:
            self.asked += 1
            self._token = (await self._service.app_bearer())["Authorization"].removeprefix("Bearer ")
        return self._token

    def invalidate(self) -> None:
        self._token = None


@dataclass
class TapWorld(TaskPump):
    """The pump on the emulator. `catalog` is the document in force; `office` the id of the one real printer."""

    tap: Tap = field(kw_only=True)
    catalog: dict[str, Any] = field(kw_only=True)

    @property
    def office(self) -> str:
        return self.tap.tenant.printer.id

    @property
    def anna(self) -> str:
        return self.tap.tenant.anna.id

    @property
    def papers(self) -> int:
        """How many documents came out."""
        return len(self.tap.tenant.device.documents)

    async def held_paths(self) -> list[str]:
        """Where the held jobs lie."""
        return [entry.path for entry in await self.entries() if entry.state is HeldState.HELD]

    async def finished(self, job: Job) -> None:
        """Wait until a job at a real printer has ended."""
        async with asyncio.timeout(10):
            await job.finished.wait()


@asynccontextmanager
async def tap_world(directory: Path, *, bounds: Bounds | None = None) -> AsyncIterator[TapWorld]:
    """Build it all, and take it down."""
    clock = Clock(datetime.now(UTC))
    bounds = bounds or Bounds()
    async with AsyncExitStack() as stack:
        tap = await stack.enter_async_context(running_tap(directory, tap_tenant(EmulatorClock(clock.now))))
        service = tap.service
        trust = ssl.create_default_context(cafile=str(service.emulator.ca_bundle))
        uploads: aiohttp.ClientSession = await stack.enter_async_context(open_upload_http(trust))
        client = TaskClient(
            ApplicationCalls(
                f"{service.url}/v1.0",
                service.http,
                EmulatedApplication(service),
                bounds=bounds,
                sleep=clock.sleep,
                random=random.Random(5).random,  # noqa: S311 - no secret hangs on it
            )
        )
        document = {
            "version": 1,
            "shares": [{"alias": "pull", "id": tap.share.id, "printerId": tap.follow_me.id}],
            "taskDefinitionId": tap.definition.id,
            "printers": [
                {"id": tap.follow_me.id, "displayName": "Follow Me", "virtual": True},
                {
                    "id": tap.tenant.printer.id,
                    "displayName": "Recorder",
                    "capabilities": {"contentTypes": ["application/pdf"], "colorModes": ["grayscale"]},
                },
            ],
        }

        async def load_catalog() -> Catalog:
            return parse_catalog(json.dumps(document).encode())

        fields = task_pump(clock, client, load_catalog, bounds)
        fields["services"] = replace(fields["services"], uploads=uploads)
        yield TapWorld(**fields, definition_id=tap.definition.id, tap=tap, catalog=document)
