"""Partitions of exported tables: written whole or not at all, and read again."""

from __future__ import annotations

import asyncio
import base64
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.at_once import one_by_one
from shared.errors import StorageConflict
from shared.parquet.reader import ParquetUnreadable
from shared.storage.error_codes import error_code
from shared.storage.state import read_summary, summary_metadata
from shared.usage.parquet_file import read_parquet
from shared.usage.partition_files import FileMade, FilesMade, Total, make_files
from shared.usage.sorting import Row, Sorter, sort_key
from shared.usage.tables import Cell, PartitionResult, Table, cells

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobClient, ContainerClient

    from shared.usage.services import UsageServices

PARQUET_TYPE = "application/vnd.apache.parquet"
CSV_TYPE = "text/csv; charset=utf-8"
_BLOCK_BYTES = 4 * 1024 * 1024
_FED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Existing:
    """A file that is there: its version, what is in it and the sums of its columns of numbers."""

    etag: str
    sha256: str
    rows: int
    totals: Mapping[str, Total]


async def write_partition(
    table: Table,
    key: str,
    rows: AsyncIterator[Sequence[object]] | Iterator[Sequence[object]],
    *,
    services: UsageServices,
) -> PartitionResult:
    """Replace the partition `key` by these rows, which may come in any order; equal rows count once.

    The same rows give the same bytes. Raises RowUnfit, StorageConflict where another instance wrote it meanwhile.
    """
    with tempfile.TemporaryDirectory(prefix="usage-") as name:
        sorter = new_sorter(table, Path(name), services)
        private = privacy(table, services)
        waiting: list[Row] = []
        async for row in one_by_one(rows):
            waiting.append((key, *private(cells(table, row))))
            if len(waiting) >= _FED_AT_ONCE:
                await asyncio.to_thread(sorter.add, waiting)
                waiting = []
        sorter.add(waiting)
        async for result in write_sorted(table, sorter, Path(name), services=services):
            return result
    return PartitionResult(key, 0, "", 0, changed=False)


async def write_sorted(
    table: Table, sorter: Sorter, folder: Path, *, services: UsageServices
) -> AsyncIterator[PartitionResult]:
    """Write every partition that the sorter has rows of, one after the other. Raises StorageConflict."""
    groups = groupby(sorter.sorted(), lambda row: str(row[0]))

    def make_next() -> tuple[str, FilesMade] | None:
        found = next(groups, None)
        return (found[0], make_files(table, (row[1:] for row in found[1]), folder)) if found else None

    while made := await asyncio.to_thread(make_next):
        yield await _publish(table, *made, services.container)


def new_sorter(table: Table, folder: Path, services: UsageServices) -> Sorter:
    """A sorter for rows `(partition, *cells)` of the table, that keeps what does not fit into memory in `folder`."""
    places = [table.names.index(name) for name in table.sort_by]
    return Sorter(folder, sort_key(places), services.bounds.usage_rows_in_memory)


def privacy(table: Table, services: UsageServices) -> Callable[[Sequence[Cell]], Sequence[Cell]]:
    """What a row is as far as people may be named in it. A pseudonym stays as it is, so that this may be done twice."""
    pseudonyms = services.pseudonyms
    changed = [(place, column.privacy) for place, column in enumerate(table.columns) if column.privacy != "open"]
    if pseudonyms is None or not changed:
        return lambda row: row

    def replaced(row: Sequence[Cell]) -> Sequence[Cell]:
        values = list(row)
        for place, how in changed:
            value = values[place]
            values[place] = None if how == "omitted" or value is None else pseudonyms.of(str(value))
        return values

    return replaced


async def read_partition(table: Table, key: str, *, services: UsageServices) -> AsyncIterator[Mapping[str, Any]]:
    """The rows by column name, with dates, datetimes (UTC) and Decimals; nothing where there is no such partition.

    Raises ParquetUnreadable, which says what mends it.
    """
    from azure.core.exceptions import ResourceNotFoundError

    with tempfile.TemporaryDirectory(prefix="usage-") as name:
        path = Path(name) / "part.parquet"
        try:
            download = await services.container.download_blob(table.parquet_path(key))
        except ResourceNotFoundError:
            return
        with path.open("wb") as file:
            async for piece in download.chunks():
                file.write(piece)
        try:
            for row in read_parquet(path):
                yield row
        except ParquetUnreadable as error:
            raise ParquetUnreadable(
                f"{table.parquet_path(key)} is damaged ({error}): export it again by `printops usage export --from`"
            ) from error


async def list_partitions(table: Table, *, services: UsageServices) -> list[str]:
    """The keys of the partitions that there are, in order."""
    names = services.container.list_blob_names(name_starts_with=table.folder)
    return sorted([key async for name in names if (key := table.key_of_path(name))])


async def existing(container: ContainerClient, path: str) -> Existing | None:
    """What is known of a partition's file without reading it; None where there is none."""
    from azure.core.exceptions import ResourceNotFoundError

    try:
        properties = await container.get_blob_client(path).get_blob_properties()
    except ResourceNotFoundError:
        return None
    values = read_summary(properties.metadata)
    totals = values.get("totals")
    return Existing(
        etag=str(properties.etag),
        sha256=str(values.get("sha256") or ""),
        rows=int(values.get("rows") or 0),
        totals=totals if isinstance(totals, dict) else {},
    )


async def _publish(table: Table, key: str, made: FilesMade, container: ContainerClient) -> PartitionResult:
    """Put both files where they belong. The Parquet file goes last: what it says of itself is what was there before."""
    before, csv_before = await asyncio.gather(
        existing(container, table.parquet_path(key)), existing(container, table.csv_path(key))
    )
    csv_changed = await _replace(container, table.csv_path(key), made.csv, made, csv_before, CSV_TYPE)
    changed = await _replace(container, table.parquet_path(key), made.parquet, made, before, PARQUET_TYPE)
    return PartitionResult(
        key=key,
        rows=made.rows,
        sha256=made.parquet.sha256,
        bytes=made.parquet.bytes,
        changed=changed or csv_changed,
        csv_sha256=made.csv.sha256,
        totals=made.totals,
        rows_before=before.rows if before else None,
        before=before.totals if before else None,
    )


async def _replace(
    container: ContainerClient, path: str, file: FileMade, made: FilesMade, before: Existing | None, content_type: str
) -> bool:
    """Replace the version `before` by the file in one step. False where that has this content already."""
    from azure.core import MatchConditions
    from azure.core.exceptions import HttpResponseError
    from azure.storage.blob import BlobBlock, ContentSettings

    if before is not None and before.sha256 == file.sha256:
        return False
    condition: dict[str, Any] = (
        {"match_condition": MatchConditions.IfMissing}
        if before is None
        else {"etag": before.etag, "match_condition": MatchConditions.IfNotModified}
    )
    summary = {"rows": made.rows, "sha256": file.sha256, "totals": dict(made.totals)}
    blob = container.get_blob_client(path)
    properties: dict[str, Any] = {
        "content_settings": ContentSettings(content_type=content_type),
        "metadata": summary_metadata(summary),
    }
    try:
        if file.bytes <= _BLOCK_BYTES:
            content = await asyncio.to_thread(file.path.read_bytes)
            await blob.upload_blob(content, overwrite=True, **properties, **condition)
        else:
            # Storage: staged blocks are no part of the blob until the list of them is committed, which is one step.
            blocks = [BlobBlock(block) for block in await stage_file(blob, file.path)]
            await blob.commit_block_list(blocks, **properties, **condition)
    except HttpResponseError as error:
        # Another writer's commit discards blocks that were staged meanwhile: 400.
        if error.status_code in (404, 409, 412) or error_code(error) == "InvalidBlockList":
            written = await existing(container, path)
            if written is not None and written.sha256 == file.sha256:
                # The storage SDK repeats a commit whose reply was lost, and then meets its own version.
                return True
            raise StorageConflict(f"{path} was written by another instance") from error
        raise
    return True


async def stage_file(blob: BlobClient, path: Path) -> list[str]:
    """Upload the file in blocks, a block in memory at a time. Their names are this writer's own."""
    mine = uuid.uuid4().hex
    blocks: list[str] = []
    with path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, _BLOCK_BYTES):
            block = base64.b64encode(f"{mine}-{len(blocks):06}".encode()).decode()
            await blob.stage_block(block, piece, length=len(piece))
            blocks.append(block)
    return blocks
