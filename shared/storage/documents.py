"""The documents in the inbox, the archive and the failed container: facts, ranges, moves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from shared.errors import PrintFunctionsError, Superseded
from shared.telemetry.names import shown

if TYPE_CHECKING:
    from azure.storage.blob import BlobProperties
    from azure.storage.blob.aio import BlobClient

    from shared.storage.clients import Storage


class CopyFailed(PrintFunctionsError):
    """Storage gave up a copy that it had accepted."""


@dataclass(frozen=True, slots=True)
class BlobFacts:
    """What a listing or a HEAD tells of a blob. `etag` is without quotes; `size` is in bytes.

    `copying` is true for the target of a copy that storage has not finished: its content cannot be read yet.
    """

    container: str
    name: str
    etag: str
    size: int
    created: datetime
    modified: datetime
    content_type: str | None
    metadata: Mapping[str, str]
    copying: bool = False

    @property
    def is_folder(self) -> bool:
        """Storage: with a hierarchical namespace, folders are listed as empty blobs with this mark."""
        return any(name.lower() == "hdi_isfolder" for name in self.metadata)


class Documents:
    """Reads and moves documents. Every read of content is conditional on the version that was accepted."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def blob(self, container: str, name: str) -> BlobClient:
        """The SDK's client of one blob."""
        return self._storage.container(container).get_blob_client(name)

    async def facts(self, container: str, name: str) -> BlobFacts | None:
        """What is known of the blob, or None where there is none."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            return _facts(await self.blob(container, name).get_blob_properties(), container)
        except ResourceNotFoundError:
            return None

    async def list_facts(self, container: str) -> AsyncIterator[BlobFacts]:
        """Every blob of the container, with its metadata."""
        async for properties in self._storage.container(container).list_blobs(include=["metadata", "copy"]):
            yield _facts(properties, container)

    async def read_head(self, container: str, name: str, etag: str, length: int) -> bytes:
        """The first `length` bytes of that version. Raises Superseded where it is gone."""
        return await self._read(container, name, length, **_version(etag))

    async def read_small(self, container: str, name: str, limit: int) -> bytes | None:
        """A small blob, cut one byte past `limit`; None where there is none."""
        try:
            return await self._read(container, name, limit + 1)
        except Superseded:
            return None

    async def write(self, container: str, name: str, content: bytes, content_type: str) -> None:
        """Write a small blob over whatever is there."""
        from azure.storage.blob import ContentSettings

        settings = ContentSettings(content_type=content_type)
        await self.blob(container, name).upload_blob(content, overwrite=True, content_settings=settings)

    async def copy(self, source: tuple[str, str], etag: str | None, target: tuple[str, str]) -> bool:
        """Copy within the account, metadata and all (Storage: Copy Blob).

        True when the copy is complete, False while storage is still at it; calling again asks. Raises Superseded
        where the source is no longer that version, CopyFailed where storage gave up.
        """
        from azure.core.exceptions import HttpResponseError

        blob = self.blob(*target)
        status = await self._copy_status(blob, source)
        if status == "success":
            return True
        if status == "pending":
            return False
        conditions: dict[str, Any] = {"source_" + name: value for name, value in _version(etag).items()} if etag else {}
        try:
            answer = await blob.start_copy_from_url(self.blob(*source).url, **conditions)
        except HttpResponseError as error:
            if error.status_code in (404, 412):
                raise Superseded(f"{shown(source[1])} is no longer the version that was accepted") from error
            raise
        if answer["copy_status"] in ("failed", "aborted"):
            raise CopyFailed(f"storage could not copy {shown(source[1])} to {target[0]}")
        return bool(answer["copy_status"] == "success")

    async def remove(self, container: str, name: str, etag: str | None) -> None:
        """Delete that version (None: any); nothing happens where it is gone or was replaced."""
        from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError

        try:
            await self.blob(container, name).delete_blob(**(_version(etag) if etag else {}))
        except (ResourceNotFoundError, ResourceModifiedError):
            return

    async def _copy_status(self, blob: BlobClient, source: tuple[str, str]) -> str | None:
        """How an earlier copy of the same source stands, so that a repeated close does not copy again."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            copy = (await blob.get_blob_properties()).copy
        except ResourceNotFoundError:
            return None
        same = bool(copy.source) and str(copy.source).split("?")[0] == self.blob(*source).url.split("?")[0]
        return str(copy.status) if same else None

    async def _read(self, container: str, name: str, length: int, **condition: Any) -> bytes:
        from azure.core.exceptions import HttpResponseError

        try:
            download = await self.blob(container, name).download_blob(offset=0, length=length, **condition)
            content: bytes = await download.readall()
        except HttpResponseError as error:
            if error.status_code == 416:
                return b""
            if error.status_code in (404, 412):
                raise Superseded(f"{shown(name)} is no longer the version that was accepted") from error
            raise
        return content


def _version(etag: str) -> dict[str, Any]:
    from azure.core import MatchConditions

    return {"etag": f'"{etag}"', "match_condition": MatchConditions.IfNotModified}


def _facts(properties: BlobProperties, container: str) -> BlobFacts:
    settings = properties.content_settings
    return BlobFacts(
        container=container,
        name=properties.name,
        etag=str(properties.etag).strip('"'),
        size=int(properties.size),
        created=properties.creation_time,
        modified=properties.last_modified,
        content_type=settings.content_type if settings else None,
        metadata=dict(properties.metadata or {}),
        copying=properties.copy.status == "pending",
    )
