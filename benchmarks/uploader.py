"""The process that is measured: uploads one document as we do, or as Microsoft's client and bindings do.

Run as `python -m benchmarks.uploader ROLE [--cold]`. It says that it is ready, takes one message with what to
upload, does it, and says what it took. With --cold it has loaded no more than the app before. The roles:

ours          reads the blob by range and streams the parts; what the worker does
task          msgraph_core's LargeFileUploadTask, given the document in memory
input_stream  as a function with an InputStream binding: the blob arrives whole from the host, and goes to the task
"""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import random
import ssl
import sys
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from shared.bounds import Bounds
from shared.upload.session import UploadSession

type Message = dict[str, Any]


def _content(message: Message) -> bytes:
    """The whole document, as it lies in memory before the clock starts."""
    return Path(message["file"]).read_bytes()


async def ours(message: Message) -> float:
    """Seconds from the open session to the complete document, reading the blob included."""
    from azure.storage.blob.aio import BlobClient

    from shared.upload.blob_source import BlobSource
    from shared.upload.http import open_upload_http
    from shared.upload.sender import upload_document

    async def no_renewal() -> UploadSession:
        raise RuntimeError("the session ended")

    size = message["size"]
    bounds = Bounds()
    trust = ssl.create_default_context(cafile=message["caBundle"])
    blob = BlobClient.from_connection_string(message["connection"], message["container"], message["blob"])
    started = time.perf_counter()
    async with blob, open_upload_http(trust) as http:
        await upload_document(
            BlobSource(blob, etag=message["etag"], size=size, bounds=bounds),
            UploadSession.opened(
                upload_url=message["uploadUrl"], expires=None, next_expected_ranges=[f"0-{size - 1}"], size=size
            ),
            http=http,
            renew=no_renewal,
            bounds=bounds,
            now=lambda: datetime.now(UTC),
            sleep=asyncio.sleep,
            random=random.random,
        )
    return time.perf_counter() - started


async def task(message: Message) -> float:
    """Seconds of the task alone: that it has the document in memory already is not counted."""
    return await _large_file_upload(message, BytesIO(_content(message)))


async def input_stream(message: Message) -> float:
    """What the worker library makes of the blob that the host sent, then the task."""
    from azure.functions.blob import BlobConverter, InputStream
    from azure.functions.meta import Datum

    datum = Datum(_content(message), "bytes")
    stream: InputStream = BlobConverter.decode(datum, trigger_metadata=None)
    del datum
    return await _large_file_upload(message, BytesIO(stream.read()))


async def _large_file_upload(message: Message, content: BytesIO) -> float:
    """As documented, with 5 MiB at a time (Graph: large-file-upload). No token, which the upload host refuses."""
    import httpx
    from kiota_abstractions.authentication import AnonymousAuthenticationProvider
    from kiota_http.httpx_request_adapter import HttpxRequestAdapter
    from kiota_http.kiota_client_factory import KiotaClientFactory
    from kiota_serialization_json.json_parse_node_factory import JsonParseNodeFactory
    from msgraph_core.models import LargeFileUploadSession
    from msgraph_core.tasks import LargeFileUploadTask

    trust = ssl.create_default_context(cafile=message["caBundle"])
    client = KiotaClientFactory.create_with_default_middleware(client=httpx.AsyncClient(verify=trust, timeout=100))
    adapter = HttpxRequestAdapter(
        AnonymousAuthenticationProvider(), parse_node_factory=JsonParseNodeFactory(), http_client=client
    )
    size = content.getbuffer().nbytes
    session = LargeFileUploadSession(
        upload_url=message["uploadUrl"],
        expiration_date_time=datetime.now(UTC) + timedelta(hours=1),
        next_expected_ranges=[f"0-{size - 1}"],
    )
    uploading = LargeFileUploadTask(session, adapter, content, max_chunk_size=5 * 1024 * 1024)
    # The task sends the last range once more after the document is complete, and reports the refusal as an error of
    # its own; whether the document arrived is judged by its hash.
    logging.disable(logging.ERROR)
    started = time.perf_counter()
    try:
        await uploading.upload()
    except Exception as error:  # noqa: BLE001 - see above: the peer is measured as it is
        logging.getLogger(__name__).info("the task ended with %s", type(error).__name__)
    seconds = time.perf_counter() - started
    await client.aclose()
    return seconds


ROLES: dict[str, Callable[[Message], Coroutine[Any, Any, float]]] = {
    "ours": ours,
    "task": task,
    "input_stream": input_stream,
}


# What each role has loaded before its time begins, so that no one pays for imports then.
LOADED = {
    "ours": ("aiohttp", "azure.storage.blob.aio", "shared.upload.http", "shared.upload.sender"),
    "task": ("kiota_http.kiota_client_factory", "msgraph_core.tasks"),
    "input_stream": ("azure.functions.blob", "kiota_http.kiota_client_factory", "msgraph_core.tasks"),
}
# A worker that has indexed the app and run nothing yet.
COLD = ("function_app",)


def main() -> None:
    """Serve one message."""
    role = sys.argv[1]
    for module in COLD if "--cold" in sys.argv else LOADED[role]:
        importlib.import_module(module)
    _say({"ready": role})
    message = json.loads(sys.stdin.readline())
    seconds = asyncio.run(ROLES[role](message))
    _say({"seconds": seconds})
    sys.stdin.read()


def _say(message: Message) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
