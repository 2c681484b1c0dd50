"""A state store in memory, with the same conditions as the blob one."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator

from shared.errors import StorageConflict
from shared.storage.state import Stored


class MemoryStateStore:
    """Keeps documents in a dictionary. `documents` is open to tests."""

    def __init__(self) -> None:
        self.documents: dict[str, Stored] = {}
        self._versions = itertools.count(1)

    async def read(self, path: str) -> Stored | None:
        return self.documents.get(path)

    async def create(self, path: str, content: bytes) -> str:
        if path in self.documents:
            raise StorageConflict(path)
        return self._write(path, content)

    async def replace(self, path: str, content: bytes, etag: str) -> str:
        if path not in self.documents or self.documents[path].etag != etag:
            raise StorageConflict(path)
        return self._write(path, content)

    async def delete(self, path: str) -> None:
        self.documents.pop(path, None)

    async def list_paths(self, prefix: str) -> AsyncIterator[str]:
        for path in sorted(self.documents):
            if path.startswith(prefix):
                yield path

    def _write(self, path: str, content: bytes) -> str:
        stored = Stored(content, f'"{next(self._versions)}"')
        self.documents[path] = stored
        return stored.etag
