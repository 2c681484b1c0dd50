"""A state store in memory, with the same conditions as the blob one."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

from shared.errors import StorageConflict
from shared.storage.state import Stored, Summary, read_summary, summary_metadata


class MemoryStateStore:
    """Keeps documents in a dictionary. `documents` is open to tests."""

    def __init__(self) -> None:
        self.documents: dict[str, Stored] = {}
        self.modified: dict[str, datetime] = {}
        self.listings = 0
        self._summaries: dict[str, dict[str, str] | None] = {}
        self._versions = itertools.count(1)

    async def read(self, path: str) -> Stored | None:
        return self.documents.get(path)

    async def create(self, path: str, content: bytes, summary: Mapping[str, Any] | None = None) -> str:
        if path in self.documents:
            raise StorageConflict(path)
        return self._write(path, content, summary)

    async def replace(self, path: str, content: bytes, etag: str, summary: Mapping[str, Any] | None = None) -> str:
        if path not in self.documents or self.documents[path].etag != etag:
            raise StorageConflict(path)
        return self._write(path, content, summary)

    async def delete(self, path: str, etag: str | None = None) -> None:
        if etag is not None and path in self.documents and self.documents[path].etag != etag:
            raise StorageConflict(path)
        self.documents.pop(path, None)

    async def list_paths(self, prefix: str) -> AsyncIterator[str]:
        self.listings += 1
        for path in sorted(self.documents):
            if path.startswith(prefix):
                yield path

    async def list_summaries(self, prefix: str) -> AsyncIterator[Summary]:
        self.listings += 1
        for path, stored in sorted(self.documents.items()):
            if path.startswith(prefix):
                yield Summary(path, read_summary(self._summaries.get(path)), stored.etag, self.modified[path])

    def _write(self, path: str, content: bytes, summary: Mapping[str, Any] | None = None) -> str:
        stored = Stored(content, f'"{next(self._versions)}"')
        self._summaries[path] = summary_metadata(summary)
        self.modified[path] = datetime.now(UTC)
        self.documents[path] = stored
        return stored.etag
