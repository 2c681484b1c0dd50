"""Reading a document from real blob storage by range, and carrying it into an upload."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import pytest
from azure.core.rest import HttpRequest
from azure.storage.blob.aio import BlobClient, BlobServiceClient

from emulator.azurite import StorageAccount
from shared.bounds import KIBIBYTE, Bounds
from shared.errors import NoReply, Superseded
from shared.upload.blob_source import BlobSource
from shared.upload.ranges import ALIGNMENT
from tests.support.upload_world import upload_world

CONTENT = random.Random(1).randbytes(9 * ALIGNMENT + 123)  # noqa: S311 - not a secret
BOUNDS = Bounds(upload_part_bytes=2 * ALIGNMENT, upload_piece_bytes=64 * KIBIBYTE)


@pytest.fixture
async def blob(storage_account: StorageAccount) -> AsyncIterator[BlobClient]:
    async with BlobServiceClient.from_connection_string(storage_account.connection_string) as service:
        container = service.get_container_client("print-inbox")
        await container.create_container()
        yield container.get_blob_client("finance/a file & more.pdf")


async def source_of(blob: BlobClient, content: bytes = CONTENT) -> BlobSource:
    answer = await blob.upload_blob(content, overwrite=True)
    return BlobSource(blob, etag=answer["etag"].strip('"'), size=len(content), bounds=BOUNDS)


@pytest.mark.parametrize(
    ("start", "end"), [(0, 0), (0, len(CONTENT) - 1), (1000, 2_000_000), (len(CONTENT) - 1, len(CONTENT) - 1)]
)
async def test_a_range_is_read_exactly_in_bounded_pieces(blob: BlobClient, start: int, end: int) -> None:
    source = await source_of(blob)
    pieces = [piece async for piece in source.read(start, end)]
    assert b"".join(pieces) == CONTENT[start : end + 1]
    assert max(map(len, pieces)) <= BOUNDS.upload_piece_bytes


async def test_a_range_costs_one_request(blob: BlobClient, monkeypatch: pytest.MonkeyPatch) -> None:
    source = await source_of(blob)
    requests: list[str] = []
    send = blob._pipeline._transport.send

    async def counted(request: HttpRequest, **options: object) -> object:
        requests.append(request.headers["x-ms-range"])
        return await send(request, **options)

    monkeypatch.setattr(blob._pipeline._transport, "send", counted)
    assert sum([len(piece) async for piece in source.read(0, 4 * ALIGNMENT - 1)]) == 4 * ALIGNMENT
    assert requests == [f"bytes=0-{4 * ALIGNMENT - 1}"]


async def test_a_blob_that_was_replaced_or_removed_supersedes(blob: BlobClient) -> None:
    source = await source_of(blob)
    await blob.upload_blob(CONTENT, overwrite=True)
    with pytest.raises(Superseded):
        await anext(source.read(0, 10))
    await blob.delete_blob()
    with pytest.raises(Superseded):
        await anext(source.read(0, 10))


async def test_storage_that_refuses_or_cannot_be_reached_is_tried_again_later(
    blob: BlobClient, storage_account: StorageAccount
) -> None:
    source = await source_of(blob)
    await blob.close()
    stranger = StorageAccount(storage_account.name, "d3Jvbmc=", storage_account.blob_url, storage_account.queue_url)
    unreachable = StorageAccount(storage_account.name, "dGVzdA==", "http://127.0.0.1:1/x", "http://127.0.0.1:1/x")
    for account in (stranger, unreachable):
        client = BlobClient.from_connection_string(account.connection_string, "print-inbox", blob.blob_name)
        async with client:
            source = BlobSource(client, etag="0x1", size=10, bounds=BOUNDS)
            with pytest.raises(NoReply):
                await anext(source.read(0, 9))


async def test_a_reader_that_stops_early_leaves_the_client_usable(blob: BlobClient) -> None:
    source = await source_of(blob)
    for _ in range(5):
        async with aclosing(source.read(0, len(CONTENT) - 1)) as pieces:
            await anext(pieces)
    assert b"".join([piece async for piece in source.read(0, 9)]) == CONTENT[:10]


async def test_a_document_goes_from_storage_into_an_upload_unchanged(blob: BlobClient) -> None:
    async with upload_world(len(CONTENT), BOUNDS) as world:
        world.source.content = CONTENT
        await world.upload(source=await source_of(blob))
        assert world.server.completed == CONTENT


async def test_a_document_replaced_in_storage_mid_way_stops_the_upload(blob: BlobClient) -> None:
    async with upload_world(len(CONTENT), BOUNDS) as world:
        inner = await source_of(blob)
        with pytest.raises(Superseded):
            await world.upload(source=ReplacedMidway(inner, blob))
        assert len(world.server.puts()) < 5
        assert world.server.completed is None


class ReplacedMidway:
    """A source whose blob is overwritten when its second half is read for the first time."""

    def __init__(self, inner: BlobSource, blob: BlobClient) -> None:
        self._inner = inner
        self._blob = blob
        self._replaced = False
        self.size = inner.size

    async def read(self, start: int, end: int) -> AsyncGenerator[bytes]:
        if start >= self.size // 2 and not self._replaced:
            self._replaced = True
            await self._blob.upload_blob(CONTENT[::-1], overwrite=True)
        async with aclosing(self._inner.read(start, end)) as pieces:
            async for piece in pieces:
                yield piece
