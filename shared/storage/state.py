"""Small documents of state with versions: every change is conditional."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from shared.errors import StorageConflict

if TYPE_CHECKING:
    from azure.storage.blob.aio import ContainerClient


@dataclass(frozen=True, slots=True)
class Stored:
    """The content of a state document and the version (ETag) that it has."""

    content: bytes
    etag: str


class StateStore(Protocol):
    """What the core asks of a place that keeps state."""

    async def read(self, path: str) -> Stored | None:
        """The document at `path`, or None where there is none."""
        ...

    async def create(self, path: str, content: bytes) -> str:
        """Write a new document and return its ETag. Raises StorageConflict where one exists."""
        ...

    async def replace(self, path: str, content: bytes, etag: str) -> str:
        """Write over the version `etag` and return the new ETag. Raises StorageConflict where it is not current."""
        ...

    async def delete(self, path: str) -> None:
        """Remove the document; nothing happens where there is none."""
        ...

    def list_paths(self, prefix: str) -> AsyncIterator[str]:
        """The paths below `prefix`, in order."""
        ...


class BlobStateStore:
    """State in a blob container (Storage: conditional headers)."""

    def __init__(self, container: ContainerClient) -> None:
        self._container = container

    async def read(self, path: str) -> Stored | None:
        """See StateStore."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            download = await self._container.download_blob(path)
            content = await download.readall()
        except ResourceNotFoundError:
            return None
        return Stored(content, str(download.properties.etag))

    async def create(self, path: str, content: bytes) -> str:
        """See StateStore."""
        return await self._write(path, content, {"overwrite": False})

    async def replace(self, path: str, content: bytes, etag: str) -> str:
        """See StateStore."""
        from azure.core import MatchConditions

        condition = {"overwrite": True, "etag": etag, "match_condition": MatchConditions.IfNotModified}
        return await self._write(path, content, condition)

    async def delete(self, path: str) -> None:
        """See StateStore."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            await self._container.delete_blob(path)
        except ResourceNotFoundError:
            return

    async def list_paths(self, prefix: str) -> AsyncIterator[str]:
        """See StateStore."""
        async for name in self._container.list_blob_names(name_starts_with=prefix):
            yield name

    async def _write(self, path: str, content: bytes, condition: dict[str, object]) -> str:
        from azure.core.exceptions import ResourceExistsError, ResourceModifiedError, ResourceNotFoundError

        try:
            answer = await self._container.get_blob_client(path).upload_blob(content, **condition)  # type: ignore[arg-type]
        except (ResourceExistsError, ResourceModifiedError, ResourceNotFoundError) as error:
            raise StorageConflict(f"{path} was changed by somebody else") from error
        return str(answer["etag"])
