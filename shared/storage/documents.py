"""The documents in the inbox, the archive and the failed container: facts, ranges, moves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from shared.errors import NotNow, PrintFunctionsError, Superseded
from shared.storage.error_codes import error_code
from shared.telemetry.names import shown

if TYPE_CHECKING:
    from azure.storage.blob import BlobProperties
    from azure.storage.blob.aio import BlobClient

    from shared.storage.clients import Storage


# Storage: Copy Blob takes an address of at most 2 KiB, which fewer than 230 letters of many scripts fill.
LONGEST_COPY_SOURCE = 2048
# How much is in memory of a document that is copied here, because storage would not take its address.
COPIED_BLOCK_BYTES = 4 * 1024 * 1024
# Storage: error code of what reads a blob in the archive tier.
ARCHIVED = "BlobArchived"
# How long to stay away from a file that storage does not give, or not let go: only a person can change that.
WITHHELD_SECONDS = 300.0


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
        """The first `length` bytes of that version. Raises Superseded where it is gone, NotNow while it is archived."""
        return await self._read(container, name, 0, length, **_version(etag))

    async def read_small(self, container: str, name: str, limit: int) -> bytes | None:
        """A small blob, cut one byte past `limit`; None where there is none."""
        try:
            return await self._read(container, name, 0, limit + 1)
        except Superseded:
            return None

    async def write(self, container: str, name: str, content: bytes, content_type: str) -> None:
        """Write a small blob over whatever is there."""
        from azure.storage.blob import ContentSettings

        settings = ContentSettings(content_type=content_type)
        await self.blob(container, name).upload_blob(content, overwrite=True, content_settings=settings)

    async def copy(self, source: tuple[str, str], etag: str, target: tuple[str, str]) -> bool:
        """Copy within the account, metadata and all (Storage: Copy Blob).

        True when the copy is complete, False while storage is still at it; calling again asks. Raises Superseded
        where the source is no longer that version, CopyFailed where storage gave up.
        """
        from azure.core.exceptions import HttpResponseError

        blob = self.blob(*target)
        if len(self.blob(*source).url) > LONGEST_COPY_SOURCE:
            await self._carry(source, etag, blob)
            return True
        status = await self._copy_status(blob, source)
        if status == "success":
            return True
        if status == "pending":
            return False
        try:
            answer = await self._start_copy(source, etag, blob)
        except HttpResponseError as error:
            if error.status_code in (404, 412):
                raise Superseded(f"{shown(source[1])} is no longer the version that was accepted") from error
            raise
        if answer["copy_status"] in ("failed", "aborted"):
            raise CopyFailed(f"storage could not copy {shown(source[1])} to {target[0]}")
        return bool(answer["copy_status"] == "success")

    async def remove(self, container: str, name: str, etag: str) -> None:
        """Delete that version and its snapshots; nothing happens where it is gone or was replaced.

        Raises NotNow while storage does not let it go: a lease, a legal hold.
        """
        from azure.core.exceptions import HttpResponseError, ResourceModifiedError, ResourceNotFoundError

        try:
            await self.blob(container, name).delete_blob(delete_snapshots="include", **_version(etag))
        except (ResourceNotFoundError, ResourceModifiedError):
            return
        except HttpResponseError as error:
            if error.status_code not in (409, 412):
                raise
            raise NotNow(
                "fileWithheld",
                f"Storage does not let the file be removed from {container} ({error_code(error)}). "
                "End the lease, the legal hold or the policy that is on it.",
                WITHHELD_SECONDS,
            ) from error

    async def _start_copy(self, source: tuple[str, str], etag: str, target: BlobClient) -> Mapping[str, Any]:
        from azure.core.exceptions import HttpResponseError
        from azure.storage.blob import RehydratePriority, StandardBlobTier

        url = self.blob(*source).url
        conditions: dict[str, Any] = {"source_" + name: value for name, value in _version(etag).items()}
        try:
            return await target.start_copy_from_url(url, **conditions)
        except HttpResponseError as error:
            if error_code(error) != ARCHIVED:
                raise
        # Storage: out of the archive tier comes only a copy that names a tier, within hours.
        tier, priority = StandardBlobTier.HOT, RehydratePriority.STANDARD
        return await target.start_copy_from_url(url, standard_blob_tier=tier, rehydrate_priority=priority, **conditions)

    async def _carry(self, source: tuple[str, str], etag: str, target: BlobClient) -> None:
        """Copy through this process, block by block."""
        from azure.core.exceptions import ResourceNotFoundError
        from azure.storage.blob import BlobBlock

        try:
            properties = await self.blob(*source).get_blob_properties()
        except ResourceNotFoundError as error:
            raise Superseded(f"{shown(source[1])} is no longer the version that was accepted") from error
        blocks: list[BlobBlock] = []
        for start in range(0, properties.size, COPIED_BLOCK_BYTES):
            content = await self._read(*source, start, COPIED_BLOCK_BYTES, **_version(etag))
            block = f"{len(blocks):06}"
            await target.stage_block(block, content)
            blocks.append(BlobBlock(block))
        settings, metadata = properties.content_settings, properties.metadata
        await target.commit_block_list(blocks, content_settings=settings, metadata=metadata)

    async def _copy_status(self, blob: BlobClient, source: tuple[str, str]) -> str | None:
        """How an earlier copy of the same source stands, so that a repeated close does not copy again."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            copy = (await blob.get_blob_properties()).copy
        except ResourceNotFoundError:
            return None
        same = bool(copy.source) and str(copy.source).split("?")[0] == self.blob(*source).url.split("?")[0]
        return str(copy.status) if same else None

    async def _read(self, container: str, name: str, start: int, length: int, **condition: Any) -> bytes:
        from azure.core.exceptions import HttpResponseError

        try:
            download = await self.blob(container, name).download_blob(offset=start, length=length, **condition)
            content: bytes = await download.readall()
        except HttpResponseError as error:
            if error.status_code == 416:
                return b""
            if error.status_code in (404, 412):
                raise Superseded(f"{shown(name)} is no longer the version that was accepted") from error
            if error_code(error) == ARCHIVED:
                raise NotNow(
                    "fileArchived",
                    f"Storage keeps {shown(name)} in its archive tier, where nothing can be read. Set another tier.",
                    WITHHELD_SECONDS,
                ) from error
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
