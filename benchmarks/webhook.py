"""What the webhook costs: one POST with 100 notifications, against an async route of the same host and worker."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from azure.storage.queue.aio import QueueClient
from cryptography.fernet import Fernet

from benchmarks.children import ROOT
from benchmarks.figures import Figure, Goal
from emulator.azurite import azurite_process
from emulator.functions_host.host import FunctionsHost

RUNS = 300
# Azurite is JavaScript: it comes to its own speed after some hundred requests.
WARM_UP = 300
ITEMS = 100
GOAL = 2.0
NEVER = "0 0 0 29 2 *"
TENANT = "3d2f6f0e-52a5-4f3e-9c0b-6a1f5e7c9b10"
CLIENT_STATE = "the-client-state-of-the-benchmark"
QUEUE = "print-events"

# The app as it is, and beside it what it is measured against: the same host, worker and process.
_APP = """
import importlib.util
import sys

import azure.functions as func

sys.path.insert(0, {root!r})
spec = importlib.util.spec_from_file_location("measured_app", {root!r} + "/function_app.py")
measured = importlib.util.module_from_spec(spec)
spec.loader.exec_module(measured)
app = measured.app

@app.route("empty", trigger_arg_name="request", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
async def empty(request: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(status_code=202)

@app.route("stores", trigger_arg_name="request", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@app.queue_output(arg_name="stored", queue_name="benchmark", connection="PrintStorage")
async def stores(request: func.HttpRequest, stored: func.Out[str]) -> func.HttpResponse:
    stored.set("x")
    return func.HttpResponse(status_code=202)
"""


def measure(runs: int | None = None) -> list[Figure]:
    """Post to both in turn, so that whatever else the machine does falls on both alike."""
    return asyncio.run(_measure(runs or RUNS))


async def _measure(runs: int) -> list[Figure]:
    body = json.dumps({"value": [_notification(number) for number in range(ITEMS)]}).encode()
    took: dict[str, list[float]] = {"ours": [], "empty": [], "stores": []}
    async with _host() as (url, queue, graph), httpx.AsyncClient(timeout=30) as http:
        routes = {"ours": f"{url}/api/notifications", "empty": f"{url}/api/empty", "stores": f"{url}/api/stores"}
        for _ in range(WARM_UP + runs):
            for name, url in routes.items():
                began = time.perf_counter()
                answer = await http.post(url, content=body)
                took[name].append((time.perf_counter() - began) * 1000)
                answer.raise_for_status()
        queued = (await queue.get_queue_properties()).approximate_message_count
        if queued != WARM_UP + runs:
            raise RuntimeError(f"{queued} messages are queued after {WARM_UP + runs} requests")
        if graph.calls:
            raise RuntimeError(f"the webhook made {graph.calls} calls to Graph or its authority")
    figures = {name: tuple(values[WARM_UP:]) for name, values in took.items()}
    limit = "the host's own way to a function and back, and one write to the queue, for an answer says that it is kept"
    return [
        Figure(
            name="webhook",
            what=f"a POST of {ITEMS} notifications, checked and queued before it is answered; 0 calls to Graph",
            unit="ms",
            ours=figures["ours"],
            peer_name="the same POST to an async route of the same host that does nothing",
            peer=figures["empty"],
            goal=Goal("ratio", round(1 / GOAL, 3)),
            limit=f"{limit}; the goal is at most {GOAL:g} times the peer",
        ),
        Figure(
            name="webhook_own",
            what="the same, without what any route pays that keeps something",
            unit="ms",
            ours=figures["ours"],
            peer_name="the same POST to an async route that queues one letter",
            peer=figures["stores"],
            goal=Goal("ratio", round(1 / GOAL, 3)),
            limit=f"{limit}: the peer does both",
        ),
    ]


class _Graph:
    """Listens where the settings say that Graph and its authority are, and counts who comes."""

    def __init__(self) -> None:
        self.calls = 0

    async def connected(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.calls += 1
        writer.close()


@asynccontextmanager
async def _host() -> AsyncIterator[tuple[str, QueueClient, _Graph]]:
    """The address of the host, the queue of the app, and who is called."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="benchmark-", ignore_cleanup_errors=True)))
        (folder / "function_app.py").write_text(_APP.format(root=str(ROOT)), encoding="utf-8")
        for name in ("host.json", "requirements.txt"):
            (folder / name).write_bytes((ROOT / name).read_bytes())
        connection = stack.enter_context(azurite_process()).connection_string
        graph = _Graph()
        listening = await stack.enter_async_context(await asyncio.start_server(graph.connected, "127.0.0.1", 0))
        settings = _settings(connection, listening.sockets[0].getsockname()[1])
        host = await stack.enter_async_context(FunctionsHost(folder, settings))
        queue = await stack.enter_async_context(QueueClient.from_connection_string(connection, QUEUE))
        yield host.url, queue, graph


def _settings(connection: str, graph_port: int) -> dict[str, str]:
    schedules = {f"{name}_SCHEDULE": NEVER for name in ("RECONCILE", "UPKEEP", "USAGE_EXPORT")}
    return schedules | {
        "AzureWebJobsStorage": connection,
        "PrintStorage": connection,
        "GRAPH_BASE_URL": f"https://127.0.0.1:{graph_port}/v1.0",
        "GRAPH_AUTHORITY": f"https://127.0.0.1:{graph_port}",
        "GRAPH_TENANT_ID": TENANT,
        "GRAPH_CLIENT_ID": TENANT,
        "PRINT_ACCOUNTS": "print1@contoso.example",
        "TOKEN_CACHE_KEY": Fernet.generate_key().decode(),
        "NOTIFICATION_URL": "https://print.contoso.example",
        "NOTIFICATION_CLIENT_STATE": CLIENT_STATE,
        # Only the answer is measured: on Flex Consumption no queue is listened to where HTTP is answered.
        **{f"AzureWebJobs.{name}.Disabled": "true" for name in ("print_tasks", "print_document", "follow")},
    }


def _notification(number: int) -> dict[str, Any]:
    """Microsoft's S2S sample of Universal Print."""
    resource = f"print/taskDefinitions/{TENANT}/tasks/00000000-0000-0000-0000-{number:012}"
    return {
        "subscriptionId": "5d5d5d5d-0000-0000-0000-000000000005",
        "subscriptionExpirationDateTime": "2026-12-01T00:00:00Z",
        "clientState": CLIENT_STATE,
        "changeType": "created",
        "tenantId": TENANT,
        "resource": resource,
        "resourceData": {
            "@odata.type": "#Microsoft.Graph.PrintTask",
            "@odata.id": resource,
            "@odata.etag": 'W/"1"',
            "id": resource.rpartition("/")[2],
            "parentUrl": f"https://graph.microsoft.com/v1.0/print/printers/{TENANT}/jobs/{number}",
        },
    }
