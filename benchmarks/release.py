"""Ten held jobs released at a kiosk over a path of 40 ms to Graph: all at once, against one after another."""

from __future__ import annotations

import asyncio
import json
import random
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import httpx
from azure.storage.queue.aio import QueueServiceClient

from benchmarks.children import Child, child
from benchmarks.figures import Figure, Goal
from benchmarks.link import ROUND_TRIP_SECONDS
from emulator.azurite import azurite_process
from shared.audit import Audit
from shared.bounds import Bounds
from shared.catalog import Catalog, parse_catalog
from shared.errors import StorageConflict
from shared.graph.application_calls import ApplicationCalls
from shared.graph.task_client import TaskClient
from shared.held.entry import HeldEntry
from shared.held.releasing import ReleaseCode, release
from shared.held.store import HeldEntries
from shared.ledger import LedgerWriter
from shared.names import EVENTS_QUEUE, STATE
from shared.settings import StorageConnection
from shared.storage.clients import open_storage
from shared.storage.queues import MessageQueue
from shared.storage.state import StateStore, Stored, Summary
from shared.tasks.record import TaskRecords
from shared.tasks.services import TaskServices
from shared.times import timestamp
from shared.upload.http import open_upload_http

JOBS = 10
RUNS = 7
GOAL = 2.5
STORED_GOAL = 3.0


def measure(runs: int | None = None) -> list[Figure]:
    """Release ten jobs each way in turn, after ten that opened the connections, as a kiosk in use has them open.

    Twice: with state in memory, which leaves the exchange with Graph, and with state in Azurite, whose processor time
    is taken from the cores that are measured, as that of a storage account is not.
    """
    figures = []
    for stored in (False, True):
        ours, peer = asyncio.run(_measure(runs or RUNS, stored=stored))
        figures.append(
            Figure(
                name="release_with_storage" if stored else "release",
                what=f"{JOBS} held jobs released at a kiosk, Graph {ROUND_TRIP_SECONDS * 1000:.0f} ms away, "
                + ("state and queue in Azurite on the same cores" if stored else "state and queue in memory"),
                unit="round trips",
                ours=tuple(ours),
                peer_name="the same, one job after another",
                peer=tuple(peer),
                goal=Goal("ratio", STORED_GOAL) if stored else Goal("ours", GOAL),
                limit="one exchange with Graph is one round trip"
                + ("; each job has three exchanges with storage around it and a message" if stored else ""),
            )
        )
    return figures


@dataclass(frozen=True, slots=True)
class _Place:
    service: Child
    ready: dict[str, Any]
    services: TaskServices

    async def hold(self) -> list[str]:
        """Ten jobs that are held, and where their entries lie."""
        self.service.tell({"hold": JOBS})
        held = (await asyncio.to_thread(self.service.hear))["held"]
        entries = [self._entry(names["job"], names["task"]) for names in held]
        for entry in entries:
            await self.services.entries.hold(entry)
        return [entry.path for entry in entries]

    async def release(self, path: str) -> None:
        outcome = await release(
            path,
            None,
            to_printer=self.ready["kiosk"],
            kiosk_id="kiosk",
            by="anna@contoso.example",
            changes={"copies": 1},
            services=self.services,
        )
        if outcome.code is not ReleaseCode.RELEASED:
            raise RuntimeError(f"a job was not released: {outcome.reason}")

    def _entry(self, job_id: str, task_id: str) -> HeldEntry:
        now = datetime.now(UTC)
        return HeldEntry(
            user_id=self.ready["user"],
            user_principal_name="anna@contoso.example",
            user_name="Anna",
            printer_id=self.ready["virtual"],
            job_id=job_id,
            document_id=None,
            definition_id=self.ready["definition"],
            task_id=task_id,
            document_name="letter.pdf",
            content_type="application/pdf",
            size=1000,
            configuration={},
            created=timestamp(now),
            held=timestamp(now),
            expires=timestamp(now + timedelta(hours=24)),
        )


async def _measure(runs: int, *, stored: bool) -> tuple[list[float], list[float]]:
    ours: list[float] = []
    peer: list[float] = []
    async with _place(stored=stored) as here:
        await asyncio.gather(*(here.release(path) for path in await here.hold()))
        for _ in range(runs):
            paths = await here.hold()
            began = time.perf_counter()
            await asyncio.gather(*(here.release(path) for path in paths))
            ours.append((time.perf_counter() - began) / ROUND_TRIP_SECONDS)
            paths = await here.hold()
            began = time.perf_counter()
            for path in paths:
                await here.release(path)
            peer.append((time.perf_counter() - began) / ROUND_TRIP_SECONDS)
    return ours, peer


@asynccontextmanager
async def _place(*, stored: bool) -> AsyncIterator[_Place]:
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="benchmark-", ignore_cleanup_errors=True)))
        service = stack.enter_context(child("benchmarks.release_service", [str(directory / "service")]))
        ready = service.hear()
        link = stack.enter_context(
            child(
                "benchmarks.link",
                ["--target-port", str(ready["port"]), "--round-trip-ms", str(ROUND_TRIP_SECONDS * 1000)],
            )
        )
        trust = ssl.create_default_context(cafile=ready["caBundle"])
        state: StateStore = _Memory()
        events: MessageQueue = _Discarded()
        if stored:
            azurite = stack.enter_context(azurite_process(directory / "azurite"))
            storage = await stack.enter_async_context(open_storage(StorageConnection(azurite.connection_string)))
            await storage.container(STATE).create_container()
            async with QueueServiceClient.from_connection_string(azurite.connection_string) as queues:
                await queues.create_queue(EVENTS_QUEUE)
            state, events = storage.state, storage.queue(EVENTS_QUEUE)
        http = await stack.enter_async_context(httpx.AsyncClient(verify=trust))
        uploads = await stack.enter_async_context(open_upload_http(trust))
        graph = TaskClient(
            ApplicationCalls(
                f"https://localhost:{link.hear()['port']}/v1.0",
                http,
                _Token(ready["token"]),
                bounds=Bounds(),
                sleep=asyncio.sleep,
                random=random.random,
            )
        )
        yield _Place(service, ready, _services(state, events, graph, uploads, ready))


def _services(
    state: StateStore, events: MessageQueue, graph: TaskClient, uploads: Any, ready: dict[str, Any]
) -> TaskServices:
    printers = [{"id": ready["virtual"], "virtual": True}, {"id": ready["kiosk"], "displayName": "Kiosk"}]
    catalog = parse_catalog(json.dumps({"version": 1, "shares": [], "printers": printers}).encode())

    async def load_catalog() -> Catalog:
        return catalog

    return TaskServices(
        state=state,
        tasks=TaskRecords(state),
        entries=HeldEntries(state),
        events=events,
        # Nothing ends here, so nothing is written there.
        ledger=cast("LedgerWriter", None),
        audit=cast("Audit", None),
        load_catalog=load_catalog,
        graph=graph,
        uploads=uploads,
        bounds=Bounds(),
        hold_hours=24,
        now=lambda: datetime.now(UTC),
        sleep=asyncio.sleep,
        random=random.random,
    )


class _Token:
    """The token that the service gave at its start."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def access_token(self) -> str:
        return self._token

    def invalidate(self) -> None:
        raise RuntimeError("the service refuses its own token")


class _Memory:
    """State without storage."""

    def __init__(self) -> None:
        self._stored: dict[str, Stored] = {}

    async def read(self, path: str) -> Stored | None:
        return self._stored.get(path)

    # The summary is in the signature of the protocol; no benchmark lists entries.
    async def create(self, path: str, content: bytes, summary: Mapping[str, Any] | None = None) -> str:  # noqa: ARG002
        self._stored[path] = Stored(content, "1")
        return "1"

    async def replace(
        self,
        path: str,
        content: bytes,
        etag: str,
        summary: Mapping[str, Any] | None = None,  # noqa: ARG002 - the signature of the protocol
    ) -> str:
        if self._stored[path].etag != etag:
            raise StorageConflict(path)
        self._stored[path] = Stored(content, etag + "1")
        return etag + "1"

    async def delete(self, path: str, etag: str | None = None) -> None:  # noqa: ARG002 - as above
        self._stored.pop(path, None)

    async def list_paths(self, prefix: str) -> AsyncIterator[str]:
        for path in self._stored:
            if path.startswith(prefix):
                yield path

    async def list_summaries(self, prefix: str) -> AsyncIterator[Summary]:
        async for path in self.list_paths(prefix):
            yield Summary(path, {}, self._stored[path].etag, datetime.now(UTC))


class _Discarded:
    """A queue that nobody reads."""

    async def send(self, message: Mapping[str, Any], delay: float = 0) -> None:
        pass
