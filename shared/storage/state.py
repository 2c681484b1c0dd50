"""Small documents of state with versions: every change is conditional."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from shared.errors import StorageConflict

if TYPE_CHECKING:
    from azure.storage.blob.aio import ContainerClient


@dataclass(frozen=True, slots=True)
class Stored:
    """The content of a state document and the version (ETag) that it has."""

    content: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What a listing shows of a document that was written with a summary, without reading the document.

    `values` is empty for a document that has none. `modified` is when this version was written.
    """

    path: str
    values: Mapping[str, Any]
    etag: str
    modified: datetime


class StateStore(Protocol):
    """What the core asks of a place that keeps state."""

    async def read(self, path: str) -> Stored | None:
        """The document at `path`, or None where there is none."""
        ...

    async def create(self, path: str, content: bytes, summary: Mapping[str, Any] | None = None) -> str:
        """Write a new document and return its ETag. Raises StorageConflict where one exists.

        `summary` is a small JSON object that listings show. Raises ValueError for one above SUMMARY_BYTES.
        """
        ...

    async def replace(self, path: str, content: bytes, etag: str, summary: Mapping[str, Any] | None = None) -> str:
        """Write over the version `etag` and return the new ETag. Raises StorageConflict where it is not current.

        The old summary is replaced too, by none where none is given.
        """
        ...

    async def delete(self, path: str, etag: str | None = None) -> None:
        """Remove the document; nothing happens where there is none.

        With `etag` only that version: raises StorageConflict where it is not current, or may have been removed before.
        """
        ...

    def list_paths(self, prefix: str) -> AsyncIterator[str]:
        """The paths below `prefix`, in order."""
        ...

    def list_summaries(self, prefix: str) -> AsyncIterator[Summary]:
        """The documents below `prefix`, in order of their paths, with their summaries."""
        ...


async def replace_once(
    state: StateStore, path: str, content: bytes, etag: str, summary: Mapping[str, Any] | None = None
) -> str:
    """Replace the version `etag`, and take a conflict with this very content as done. Raises StorageConflict.

    The storage SDK repeats a write whose reply was lost, and then meets its own version.
    """
    try:
        return await state.replace(path, content, etag, summary)
    except StorageConflict:
        stored = await state.read(path)
        if stored is None or stored.content != content:
            raise
        return stored.etag


# Storage: the metadata of a blob is 8 KiB at most, and base64 makes three bytes four.
SUMMARY_BYTES = 6_000
_SUMMARY = "summary"


def summary_metadata(summary: Mapping[str, Any] | None) -> dict[str, str] | None:
    """The blob metadata that holds a summary. Metadata is ASCII; names are not. Raises ValueError where too large."""
    if summary is None:
        return None
    content = json.dumps(summary, ensure_ascii=False, separators=(",", ":")).encode(errors="backslashreplace")
    if len(content) > SUMMARY_BYTES:
        raise ValueError(f"a summary of {len(content)} bytes is above the {SUMMARY_BYTES} that a listing can show")
    return {_SUMMARY: urlsafe_b64encode(content).decode()}


def read_summary(metadata: Mapping[str, str] | None) -> Mapping[str, Any]:
    """The summary in a blob's metadata; empty where there is none that this release can read."""
    # Storage keeps the letter case of metadata names, and some tools do not.
    text = next((value for name, value in (metadata or {}).items() if name.lower() == _SUMMARY), None)
    if text is None:
        return {}
    try:
        values = json.loads(urlsafe_b64decode(text))
    except (ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


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

    async def create(self, path: str, content: bytes, summary: Mapping[str, Any] | None = None) -> str:
        """See StateStore."""
        return await self._write(path, content, {"overwrite": False, "metadata": summary_metadata(summary)})

    async def replace(self, path: str, content: bytes, etag: str, summary: Mapping[str, Any] | None = None) -> str:
        """See StateStore."""
        from azure.core import MatchConditions

        condition = {"overwrite": True, "etag": etag, "match_condition": MatchConditions.IfNotModified}
        return await self._write(path, content, {**condition, "metadata": summary_metadata(summary)})

    async def delete(self, path: str, etag: str | None = None) -> None:
        """See StateStore."""
        from azure.core import MatchConditions
        from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError

        match = {"etag": etag, "match_condition": MatchConditions.IfNotModified}
        condition: dict[str, Any] = {} if etag is None else match
        try:
            await self._container.delete_blob(path, **condition)
        except ResourceNotFoundError:
            return
        except ResourceModifiedError as error:
            raise StorageConflict(f"{path} was changed by somebody else") from error

    async def list_paths(self, prefix: str) -> AsyncIterator[str]:
        """See StateStore."""
        async for name in self._container.list_blob_names(name_starts_with=prefix):
            yield name

    async def list_summaries(self, prefix: str) -> AsyncIterator[Summary]:
        """See StateStore."""
        async for blob in self._container.list_blobs(name_starts_with=prefix, include=["metadata"]):
            # Storage: a listing shows an ETag without the quotes that it has in every header.
            etag = f'"{str(blob.etag).strip('"')}"'
            yield Summary(blob.name, read_summary(blob.metadata), etag, blob.last_modified)

    async def _write(self, path: str, content: bytes, condition: dict[str, object]) -> str:
        from azure.core.exceptions import ResourceExistsError, ResourceModifiedError, ResourceNotFoundError

        try:
            answer = await self._container.get_blob_client(path).upload_blob(content, **condition)  # type: ignore[arg-type]
        except (ResourceExistsError, ResourceModifiedError, ResourceNotFoundError) as error:
            raise StorageConflict(f"{path} was changed by somebody else") from error
        return str(answer["etag"])
