"""Reads a document from blob storage by range: one streamed GET a part."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from shared.bounds import Bounds
from shared.errors import NoReply, Superseded

if TYPE_CHECKING:
    from azure.core.pipeline import AsyncPipeline
    from azure.core.rest import AsyncHttpResponse, HttpRequest
    from azure.storage.blob.aio import BlobClient


class BlobSource:
    """The version `etag` of a blob of `size` bytes, as a PartSource.

    The client's own `download_blob` reads its first request wholly into memory, up to 32 MB, and each chunk after it
    is a request of its own. So the GET goes through the client's pipeline, which signs it, and its body is streamed.
    """

    def __init__(self, blob: BlobClient, *, etag: str, size: int, bounds: Bounds) -> None:
        self._blob = blob
        self._etag = f'"{etag.strip('"')}"'
        self._size = size
        self._piece_bytes = bounds.upload_piece_bytes

    @property
    def size(self) -> int:
        """The size in bytes."""
        return self._size

    async def read(self, start: int, end: int) -> AsyncGenerator[bytes]:
        """See PartSource.read."""
        from azure.core.exceptions import AzureError

        try:
            response = await self._get(start, end)
            try:
                async for block in response.iter_raw():
                    for offset in range(0, len(block), self._piece_bytes):
                        yield block if len(block) <= self._piece_bytes else block[offset : offset + self._piece_bytes]
            finally:
                await response.close()
        except AzureError as error:
            raise NoReply("read document", type(error).__name__) from error

    async def _get(self, start: int, end: int) -> AsyncHttpResponse:
        """Storage: Get Blob, by range and only of this version."""
        from azure.core.rest import HttpRequest

        headers = {
            "x-ms-version": self._blob.api_version,
            "x-ms-range": f"bytes={start}-{end}",
            "If-Match": self._etag,
            "Accept": "application/xml",
        }
        request = HttpRequest("GET", self._blob.url, headers=headers)
        # The client has no public call for a streamed GET. Its retries are off: the part is what is tried again.
        pipeline: AsyncPipeline[HttpRequest, AsyncHttpResponse] = self._blob._pipeline  # type: ignore[assignment]  # noqa: SLF001
        response = (await pipeline.run(request, stream=True, retry_total=0)).http_response
        if response.status_code == 206:
            return response
        await response.close()
        if response.status_code in (404, 412):
            raise Superseded("the document is no longer the version that was accepted")
        raise NoReply("read document", f"storage answered {response.status_code}")
