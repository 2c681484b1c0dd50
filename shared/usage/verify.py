"""Compares what is in the files with what Graph answers now, partition by partition."""

from __future__ import annotations

import asyncio
import csv
import io
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import batched, groupby
from pathlib import Path

from shared.errors import GraphNotFound, NotNow
from shared.parquet.reader import ParquetUnreadable
from shared.usage.csv_file import BYTE_ORDER_MARK
from shared.usage.partition_files import Sums, Total
from shared.usage.partitions import list_partitions, new_sorter, privacy, read_partition
from shared.usage.reading import Progress, SelectionRefused, addresses, read_pages
from shared.usage.series import Series
from shared.usage.services import UsageServices
from shared.usage.sorting import Row, Sorter
from shared.usage.tables import Table, keys_between
from shared.usage.watermark import NEXT_SELECTION, Selection, Span, decode_state, state_path

ROWS = "rows"
_BATCH_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Compared:
    """One partition: rows and sums of columns in Graph, in the Parquet file and in the CSV file; None where it is not.

    A file that cannot be read has no sums. A partition that Graph has nothing of is `kept`: what was reported once is
    not thrown away.
    """

    series: str
    key: str
    graph: Mapping[str, Total] | None
    parquet: Mapping[str, Total] | None
    csv: Mapping[str, Total] | None

    @property
    def kept(self) -> bool:
        """Whether only the files have it."""
        return self.graph is None

    @property
    def equal(self) -> bool:
        """Whether all three agree, or Graph has forgotten it and the files agree."""
        return bool(self.parquet) and self.parquet == self.csv and (self.kept or self.graph == self.parquet)

    @property
    def differences(self) -> list[str]:
        """The names of what differs, `rows` among them."""
        sides = [side for side in (self.graph, self.parquet, self.csv) if side is not None]
        missing = self.parquet is None or self.csv is None
        names = dict.fromkeys(name for side in sides for name in side)
        return [name for name in names if missing or len({side.get(name) for side in sides}) > 1]


async def compare(
    series: Series,
    span: Span,
    services: UsageServices,
    *,
    wait: Callable[[NotNow], Awaitable[None]],
    progress: Progress,
) -> AsyncIterator[Compared]:
    """Read the span of a series anew and compare every partition of it, in order. Nothing is written."""
    table = series.table
    there = set(await list_partitions(table, services=services))
    with tempfile.TemporaryDirectory(prefix="usage-") as name:
        sorter = new_sorter(table, Path(name), services)
        await _collect(series, span, services, sorter, wait, progress)
        found = {key: _sums(table, group) for key, group in groupby(sorter.sorted(), lambda row: str(row[0]))}
    for key in keys_between(table.partition, span.first, span.last):
        if key in there or key in found:
            parquet = await _parquet(table, key, services) if key in there else None
            yield Compared(series.name, key, found.get(key), parquet, await _csv(table, key, services))


async def _collect(
    series: Series,
    span: Span,
    services: UsageServices,
    sorter: Sorter,
    wait: Callable[[NotNow], Awaitable[None]],
    progress: Progress,
) -> None:
    stored = await services.state.read(state_path(series.name))
    selection: Selection = decode_state(stored.content).selection if stored else "dateTime"
    private = privacy(series.table, services)
    wanted = frozenset(keys_between(series.table.partition, span.first, span.last))
    rows = pages = 0
    while True:
        selected = series.report is not None and selection != "none"
        try:
            for address in await addresses(series, span, selection, services):
                try:
                    async for entries, _ in read_pages(address, services, selected=selected, wait=wait):
                        inside = [(row[0], *private(row[1:])) for row in series.rows(entries) if row[0] in wanted]
                        rows, pages = rows + len(inside), pages + 1
                        await asyncio.to_thread(sorter.add, inside)
                        progress(series.name, span, rows, pages)
                except GraphNotFound:
                    if series.report is not None:
                        raise
        except SelectionRefused:
            selection = NEXT_SELECTION[selection]
            continue
        return


def _sums(table: Table, rows: Iterable[Row]) -> dict[str, Total]:
    sums = Sums(table)
    for batch in batched(rows, _BATCH_ROWS, strict=False):
        sums.add([row[1:] for row in batch])
    return {ROWS: sums.rows, **sums.totals}


async def _parquet(table: Table, key: str, services: UsageServices) -> dict[str, Total]:
    sums = Sums(table)
    try:
        async for row in read_partition(table, key, services=services):
            sums.add([list(row.values())])
    except ParquetUnreadable:
        return {}
    return {ROWS: sums.rows, **sums.totals}


async def _csv(table: Table, key: str, services: UsageServices) -> dict[str, Total] | None:
    from azure.core.exceptions import ResourceNotFoundError

    with tempfile.TemporaryFile() as file:
        try:
            download = await services.container.download_blob(table.csv_path(key))
        except ResourceNotFoundError:
            return None
        async for piece in download.chunks():
            file.write(piece)
        file.seek(0)
        return await asyncio.to_thread(_csv_sums, table, io.TextIOWrapper(file, encoding="utf-8", newline=""))


def _csv_sums(table: Table, file: io.TextIOWrapper) -> dict[str, Total]:
    """Nothing of a file that was saved by a program with ideas of its own, which makes it differ from the others."""
    sums = Sums(table)
    kinds = [column.kind for column in table.columns]
    try:
        reader = csv.reader(file)
        header = next(reader, [""])
        if [header[0].removeprefix(BYTE_ORDER_MARK), *header[1:]] != list(table.names):
            return {}
        for row in reader:
            cells = zip(kinds, row, strict=True)
            sums.add([[int(text) if kind == "integer" and text else None for kind, text in cells]])
    except (ValueError, csv.Error):
        return {}
    return {ROWS: sums.rows, **sums.totals}
