"""The demo's side of storage: it drops documents and reads states and receipts, as any storage client may."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from azure.core.exceptions import ResourceExistsError

from emulator.demo.outcomes import Receipt, parse_receipt

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobServiceClient

INBOX = "print-inbox"
STATE = "print-state"
DONE = ("print-archive", "print-failed")
CONTAINERS = (INBOX, *DONE, "print-usage", STATE)
QUEUES = ("print-submissions", "print-jobs", "print-events")
RECEIPT_SUFFIX = ".receipt.json"
SUBMISSIONS = "submissions/"
UPLOAD_CONNECTIONS = 2


class DemoStorage:
    """The storage account of the demo, addressed by its connection string."""

    def __init__(self, connection_string: str) -> None:
        from azure.storage.blob.aio import BlobServiceClient

        self._connection_string = connection_string
        self._blobs: BlobServiceClient = BlobServiceClient.from_connection_string(connection_string)
        self._receipts: dict[str, Receipt] = {}
        self._states: dict[str, tuple[str, str, str]] = {}

    async def __aenter__(self) -> Self:
        await self._blobs.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._blobs.__aexit__(kind, error, trace)

    async def make_places(self) -> None:
        """Make the containers and queues, as the infrastructure does in Azure."""
        from azure.storage.queue.aio import QueueServiceClient

        for container in CONTAINERS:
            await _unless_it_exists(self._blobs.create_container, container)
        async with QueueServiceClient.from_connection_string(self._connection_string) as queues:
            for queue in QUEUES:
                await _unless_it_exists(queues.create_queue, queue)
                await _unless_it_exists(queues.create_queue, f"{queue}-poison")

    async def publish_catalog(self, catalog: Mapping[str, Any]) -> None:
        """Write `catalog.json`, which tells the functions of the tenant's shares."""
        content = json.dumps(catalog, indent=2).encode()
        await self._blobs.get_blob_client(STATE, "catalog.json").upload_blob(content, overwrite=True)

    async def drop(
        self,
        name: str,
        file: Path,
        metadata: Mapping[str, str],
        progress: Callable[[int], None] | None = None,
    ) -> None:
        """Put `file` into the inbox as `name`. `progress` is told the bytes sent so far."""

        async def sent(current: int, _total: int | None) -> None:
            if progress:
                progress(current)

        with file.open("rb") as stream:
            await self._blobs.get_blob_client(INBOX, name).upload_blob(
                stream,
                overwrite=True,
                metadata=dict(metadata) or None,
                max_concurrency=UPLOAD_CONNECTIONS,
                progress_hook=sent,
            )

    async def receipts(self) -> list[Receipt]:
        """The receipts that lie in the archive and among the failed. Each is read once."""
        for container in DONE:
            client = self._blobs.get_container_client(container)
            async for blob in client.list_blobs():
                place = f"{container}/{blob.name}"
                if blob.name.endswith(RECEIPT_SUFFIX) and place not in self._receipts:
                    content = await (await client.download_blob(blob.name)).readall()
                    self._receipts[place] = parse_receipt(content, place.removesuffix(RECEIPT_SUFFIX))
        return list(self._receipts.values())

    async def states(self) -> dict[str, str]:
        """How far each document's submission has come, by the document's name. Only changed records are read."""
        client = self._blobs.get_container_client(STATE)
        async for blob in client.list_blobs(name_starts_with=SUBMISSIONS):
            known = self._states.get(blob.name)
            if known is None or known[0] != blob.etag:
                record = json.loads(await (await client.download_blob(blob.name)).readall())
                self._states[blob.name] = (str(blob.etag), record["document"]["name"], record["state"])
        return {document: state for _, document, state in self._states.values()}


async def _unless_it_exists(make: Callable[[str], Awaitable[object]], name: str) -> None:
    try:
        await make(name)
    except ResourceExistsError:
        return
