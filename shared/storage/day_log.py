"""Logs of one file a day, to which every instance appends: the audit of the kiosks and the print ledger."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from shared.errors import PrintFunctionsError
from shared.storage.error_codes import error_code

if TYPE_CHECKING:
    from azure.storage.blob.aio import ContainerClient

# Storage: an append blob takes 50,000 blocks, each append is one; so many files a day are two million lines.
FILES_OF_A_DAY = 40
ONE_DAY = timedelta(days=1)
_FULL = frozenset({"BlockCountExceedsLimit", "BlobTooLarge"})


class DayLogFull(PrintFunctionsError):
    """More lines in a day than its files take."""


class DayLog(Protocol):
    """What the core asks of a log. A line that was appended is never changed; one may be there twice."""

    async def append(self, day: date, entry: Mapping[str, Any]) -> None:
        """Add a line. It is stored when this returns."""
        ...

    def read(self, day: date) -> AsyncIterator[Mapping[str, Any]]:
        """The lines of a day, of each file in the order in which they were stored."""
        ...

    def days(self) -> AsyncIterator[date]:
        """The days that have lines, in order."""
        ...


class BlobDayLog:
    """A log below `prefix` in a container, as JSON lines in append blobs `{prefix}/{day}-{file}.jsonl`.

    A day has at most `files` of them.
    """

    def __init__(self, container: ContainerClient, prefix: str, files: int = FILES_OF_A_DAY) -> None:
        self._container = container
        self._prefix = prefix
        self._files = files
        self._file: dict[date, int] = {}

    async def append(self, day: date, entry: Mapping[str, Any]) -> None:
        """See DayLog. Raises DayLogFull."""
        from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

        line = json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode(errors="backslashreplace") + b"\n"
        for file in range(self._file.get(day, 0), self._files):
            blob = self._container.get_blob_client(self._path(day, file))
            try:
                try:
                    await blob.append_block(line)
                except ResourceNotFoundError:
                    await self._create(day, file)
                    await blob.append_block(line)
            except HttpResponseError as error:
                if error_code(error) not in _FULL:
                    raise
                continue
            self._remember(day, file)
            return
        self._remember(day, self._files)
        raise DayLogFull(f"{self._prefix} has no room left for {day}")

    async def read(self, day: date) -> AsyncIterator[Mapping[str, Any]]:
        """See DayLog. A line that is not JSON is left out."""
        for file in range(self._files):
            rest = b""
            async for piece in self._pieces(day, file):
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    entry = _entry(line)
                    if entry is not None:
                        yield entry
            if not await self._container.get_blob_client(self._path(day, file + 1)).exists():
                return

    async def days(self) -> AsyncIterator[date]:
        """See DayLog."""
        last = None
        async for name in self._container.list_blob_names(name_starts_with=f"{self._prefix}/"):
            try:
                day = date.fromisoformat(name.rpartition("/")[2][:10])
            except ValueError:
                continue
            if day != last:
                last = day
                yield day

    def _remember(self, day: date, file: int) -> None:
        """Where the day's next line goes; of other days only a run around midnight has one."""
        self._file = {known: number for known, number in self._file.items() if abs(known - day) <= ONE_DAY}
        self._file[day] = max(file, self._file.get(day, 0))

    async def _create(self, day: date, file: int) -> None:
        from azure.core import MatchConditions
        from azure.core.exceptions import ResourceExistsError, ResourceModifiedError

        try:
            await self._container.get_blob_client(self._path(day, file)).create_append_blob(
                match_condition=MatchConditions.IfMissing
            )
        except (ResourceExistsError, ResourceModifiedError):
            # Another instance made it: an append to its file is as good.
            return

    async def _pieces(self, day: date, file: int) -> AsyncIterator[bytes]:
        from azure.core.exceptions import ResourceNotFoundError

        try:
            download = await self._container.download_blob(self._path(day, file))
        except ResourceNotFoundError:
            return
        async for piece in download.chunks():
            yield piece

    def _path(self, day: date, file: int) -> str:
        return f"{self._prefix}/{day.isoformat()}-{file:02}.jsonl"


def _entry(line: bytes) -> Mapping[str, Any] | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None
