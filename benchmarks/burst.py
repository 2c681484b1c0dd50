"""200 files of 50 KB dropped at once: what the service is asked for each, against a script over Microsoft's SDK."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import httpx

from benchmarks.burst_stage import ALIASES, Stage, stage
from benchmarks.figures import Figure, Goal
from emulator.universal_print.demo import PRINT_ACCOUNTS
from emulator.universal_print.devices.paper import read_slips
from shared.names import INBOX
from shared.submission.accepting import accept

if TYPE_CHECKING:
    from kiota_abstractions.request_adapter import RequestAdapter
    from msgraph.graph_service_client import GraphServiceClient

DOCUMENTS = 200
BYTES = 50_000
RUNS = 1
# Create the job, open the upload session, start the job: each document needs them, and no call of Graph does two.
LEAST_GRAPH_CALLS = 3
UPLOADS = ("uploadPart", "uploadStatus", "cancelUpload")
POLLING = ("getShareJob", "getPrinterJob")
PEER_POLL_SECONDS = 1.0
PEER_AT_ONCE = 4


def measure(runs: int | None = None) -> list[Figure]:
    """Drop all at once and work until every record is closed; then let the script do the same documents."""
    ours: list[_Cost] = []
    peer: list[_Cost] = []
    for _ in range(runs or RUNS):
        ours.append(asyncio.run(_cost(_drop)))
        peer.append(asyncio.run(_cost(_script)))
    name = f"script over msgraph-sdk and LargeFileUploadTask, {PEER_AT_ONCE} documents at once"
    return [
        Figure(
            name="burst",
            what=f"Graph calls for each of {DOCUMENTS} files of {BYTES // 1000} KB dropped at once, polling apart",
            unit="calls",
            ours=tuple(run.graph_calls for run in ours),
            peer_name=name,
            peer=tuple(run.graph_calls for run in peer),
            goal=Goal("ours", LEAST_GRAPH_CALLS),
            limit=f"the API needs {LEAST_GRAPH_CALLS}; ceilings overstepped: {max(run.refused for run in ours)}",
        ),
        Figure(
            name="burst_requests",
            what="requests of any kind for each of them, polls and upload parts included",
            unit="requests",
            ours=tuple(run.requests for run in ours),
            peer_name=name,
            peer=tuple(run.requests for run in peer),
            goal=Goal("ratio", 1),
            limit=f"{LEAST_GRAPH_CALLS} calls, one part and one look at the job are {LEAST_GRAPH_CALLS + 2}",
        ),
        Figure(
            name="burst_time",
            what="from the drop until the last is on paper and known to be",
            unit="s",
            ours=tuple(run.seconds for run in ours),
            peer_name=name,
            peer=tuple(run.seconds for run in peer),
            goal=Goal("ratio", 1),
            limit="4 jobs in submission for each account and printer; the first look at a job comes after 2 s",
        ),
    ]


@dataclass(frozen=True, slots=True)
class _Cost:
    """What a run cost: calls and requests for each document, refusals and seconds in all."""

    graph_calls: float
    requests: float
    refused: int
    seconds: float


async def _cost(work: Callable[[Stage, bytes], Awaitable[None]]) -> _Cost:
    content = _document()
    with TemporaryDirectory(prefix="benchmark-", ignore_cleanup_errors=True) as directory:
        async with stage(Path(directory)) as here:
            started = time.perf_counter()
            await work(here, content)
            seconds = time.perf_counter() - started
            requests = here.requests()
            if len({slip["jobId"] for slip in read_slips(here.emulator.paper)}) != DOCUMENTS:
                raise RuntimeError("not every document came out once")
            calls = sum(count for name, count in requests.items() if name not in (*UPLOADS, *POLLING))
            return _Cost(calls / DOCUMENTS, requests.total() / DOCUMENTS, here.refused(), seconds)


def _document() -> bytes:
    """A PDF of one page that weighs `BYTES`, about."""
    from pypdf import PdfWriter

    writer = PdfWriter()
    writer.add_blank_page(595, 842)
    writer.add_attachment("weight", random.Random(1).randbytes(BYTES - 1500))  # noqa: S311 - not a secret
    content = BytesIO()
    writer.write(content)
    return content.getvalue()


def _alias(number: int) -> str:
    return ALIASES[number % len(ALIASES)]


async def _drop(here: Stage, content: bytes) -> None:
    names = [f"{_alias(number)}/burst/{number}.pdf" for number in range(DOCUMENTS)]
    container = here.storage.container(INBOX)

    async def arrive(name: str) -> None:
        await container.upload_blob(name, content)
        await accept(INBOX, name, here.services)

    async def all_closed() -> bool:
        return not [key async for key in here.services.records.open_keys()]

    await asyncio.gather(*(arrive(name) for name in names))
    await here.work_until(all_closed)


async def _script(here: Stage, content: bytes) -> None:
    """What the documentation of the SDK leads to, with a look at each job every second until it has ended."""
    from kiota_abstractions.authentication import AnonymousAuthenticationProvider
    from kiota_http.httpx_request_adapter import HttpxRequestAdapter
    from kiota_serialization_json.json_parse_node_factory import JsonParseNodeFactory
    from msgraph.graph_request_adapter import GraphRequestAdapter
    from msgraph.graph_service_client import GraphServiceClient
    from msgraph_core import GraphClientFactory

    from shared.graph.adapter import AccountAuthentication

    base_url = f"{here.base_url}/v1.0"
    authentication = AccountAuthentication(base_url, PRINT_ACCOUNTS[0], here.tokens)
    logging.disable(logging.ERROR)
    async with httpx.AsyncClient(verify=here.trust, timeout=100) as http, httpx.AsyncClient(verify=here.trust) as bare:
        client = GraphClientFactory.create_with_default_middleware(client=http)
        adapter = GraphRequestAdapter(authentication, client=client)
        adapter.base_url = base_url
        graph = GraphServiceClient(request_adapter=adapter)
        uploads = HttpxRequestAdapter(
            AnonymousAuthenticationProvider(), parse_node_factory=JsonParseNodeFactory(), http_client=bare
        )
        numbers = iter(range(DOCUMENTS))

        async def work() -> None:
            for number in numbers:
                await _print_one(graph, uploads, here.share_id(_alias(number)), content)

        await asyncio.gather(*(work() for _ in range(PEER_AT_ONCE)))
    logging.disable(logging.NOTSET)


async def _print_one(graph: GraphServiceClient, uploads: RequestAdapter, share_id: str, content: bytes) -> None:
    from msgraph.generated.models.print_document_upload_properties import PrintDocumentUploadProperties
    from msgraph.generated.models.print_job import PrintJob
    from msgraph.generated.models.print_job_configuration import PrintJobConfiguration
    from msgraph.generated.models.print_job_processing_state import PrintJobProcessingState
    from msgraph.generated.print.shares.item.jobs.item.documents.item.create_upload_session import (
        create_upload_session_post_request_body as body_module,
    )
    from msgraph_core.models import LargeFileUploadSession
    from msgraph_core.tasks import LargeFileUploadTask

    jobs = graph.print.shares.by_printer_share_id(share_id).jobs
    created = await jobs.post(PrintJob(configuration=PrintJobConfiguration()))
    assert created is not None
    assert created.id
    assert created.documents
    job = jobs.by_print_job_id(created.id)
    properties = PrintDocumentUploadProperties(document_name="a.pdf", content_type="application/pdf", size=len(content))
    session = await job.documents.by_print_document_id(str(created.documents[0].id)).create_upload_session.post(
        body_module.CreateUploadSessionPostRequestBody(properties=properties)
    )
    assert session is not None
    announced = LargeFileUploadSession(
        upload_url=session.upload_url,
        expiration_date_time=datetime.now(UTC) + timedelta(hours=1),
        next_expected_ranges=session.next_expected_ranges,
    )
    # It ends with an error after the document is complete; see benchmarks.uploader.
    with suppress(Exception):
        await LargeFileUploadTask(announced, uploads, BytesIO(content)).upload()
    await job.start.post()
    while True:
        await asyncio.sleep(PEER_POLL_SECONDS)
        view = await job.get()
        if view is not None and view.status is not None and view.status.state is PrintJobProcessingState.Completed:
            return
