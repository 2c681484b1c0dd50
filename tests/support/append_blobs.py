"""Append blobs in memory that take no more blocks than they may, as storage does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

# Storage: scalability targets of blob storage.
MOST_BLOCKS = 50_000


def refused(kind: type[HttpResponseError], code: str) -> HttpResponseError:
    """The error of the storage client; it sets the code from a header, which no type declares."""
    error = kind(code)
    vars(error)["error_code"] = code
    return error


@dataclass
class AppendContainer:
    """A container of append blobs, by their names. A full one refuses with `code`."""

    name: str = "print-state"
    most: int = MOST_BLOCKS
    code: str = "BlockCountExceedsLimit"
    blobs: dict[str, list[bytes]] = field(default_factory=dict)
    refusals: int = 0

    def get_blob_client(self, name: str) -> AppendBlob:
        return AppendBlob(self, name)

    async def list_blob_names(self, *, name_starts_with: str) -> AsyncIterator[str]:
        for name in sorted(self.blobs):
            if name.startswith(name_starts_with):
                yield name

    async def download_blob(self, name: str) -> _Download:
        if name not in self.blobs:
            raise refused(ResourceNotFoundError, "BlobNotFound")
        return _Download(b"".join(self.blobs[name]))


@dataclass
class AppendBlob:
    """What the day log asks of a blob's client."""

    container: AppendContainer
    name: str

    async def append_block(self, data: bytes) -> None:
        await asyncio.sleep(0)
        blocks = self.container.blobs.get(self.name)
        if blocks is None:
            raise refused(ResourceNotFoundError, "BlobNotFound")
        if len(blocks) >= self.container.most:
            self.container.refusals += 1
            raise refused(HttpResponseError, self.container.code)
        blocks.append(data)

    async def create_append_blob(self, **_: Any) -> None:
        await asyncio.sleep(0)
        if self.name in self.container.blobs:
            raise refused(ResourceExistsError, "BlobAlreadyExists")
        self.container.blobs[self.name] = []

    async def exists(self) -> bool:
        return self.name in self.container.blobs


@dataclass
class _Download:
    content: bytes

    async def chunks(self) -> AsyncIterator[bytes]:
        # Lines and pieces do not end together.
        for start in range(0, len(self.content), 1000):
            yield self.content[start : start + 1000]
