"""Reads one span of a series from Graph, page by page, and writes its partitions when the last page is there."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from shared.errors import GraphError, GraphNotFound, GraphUnavailable, NoReply, NotNow, PrintFunctionsError
from shared.usage.claimed_series import ClaimedSeries
from shared.usage.partitions import new_sorter, privacy, write_sorted
from shared.usage.series import Series
from shared.usage.services import UsageServices
from shared.usage.sorting import Row, Sorter
from shared.usage.spool import forget, put_away, take_back
from shared.usage.tables import PartitionResult, keys_between
from shared.usage.watermark import Reading, Selection, Span, condition

type Progress = Callable[[str, Span, int, int], None]

# Graph: an expired or foreign continuation is refused; which of these is not documented.
_LINK_REFUSED = frozenset({400, 404, 410})


def no_progress(series: str, span: Span, rows: int, pages: int) -> None:
    """For runs that nobody watches."""


class SelectionRefused(PrintFunctionsError):
    """Graph does not take this `$filter`: the next form is to be tried."""


class ReadingLost(PrintFunctionsError):
    """What was read in part cannot be gone on with: the span begins anew."""


@dataclass(slots=True)
class SpanRead:
    """What came of a span. `rows` and `pages` were read in this run; `skipped` are printers unknown to Graph."""

    rows: int = 0
    pages: int = 0
    outside: bool = False
    skipped: list[str] = field(default_factory=list)
    results: list[PartitionResult] = field(default_factory=list)


async def addresses(series: Series, span: Span, selection: Selection, services: UsageServices) -> list[str]:
    """The first pages of everything that a span needs: one list, or the ended jobs of each printer of the catalog."""
    reports = services.reports
    if series.report is not None:
        return [reports.usage_address(series.report, condition(selection, series.table.partition, span))]
    return [reports.archived_address(printer, span.first, span.last) for printer in await _printers(services)]


async def read_pages(
    first: str,
    services: UsageServices,
    *,
    selected: bool = False,
    wait: Callable[[NotNow], Awaitable[None]] | None = None,
) -> AsyncIterator[tuple[Sequence[Mapping[str, Any]], str | None]]:
    """The rows of every page from an address on, with the link to the page after it. Raises as `ReportsClient.page`.

    Raises SelectionRefused where the first page, which has a `$filter` (`selected`), is refused as a bad request. A
    caller that can `wait` is not told NotNow, and the page is asked for again.
    """
    link: str | None = first
    seen: set[int] = set()
    while link is not None:
        if hash(link) in seen:
            raise GraphError("read report", 200, "pagesInCircle", "a nextLink leads back to a page before it")
        try:
            page = await services.reports.page(link)
        except NotNow as error:
            if wait is None:
                raise
            await wait(error)
            continue
        except GraphError as error:
            if selected and link == first and error.status == 400:
                raise SelectionRefused(str(error)) from error
            raise
        seen.add(hash(link))
        link = page.next_link
        yield page.rows, link


class SpanReader:
    """Reads a span, from its beginning or from where a run before had to stop."""

    def __init__(
        self,
        series: Series,
        held: ClaimedSeries,
        services: UsageServices,
        *,
        stop_at: datetime,
        progress: Progress,
    ) -> None:
        self._series = series
        self._held = held
        self._services = services
        self._stop_at = stop_at
        self._progress = progress

    async def read(self, span: Span, *, moves: bool) -> SpanRead:
        """Read and write the span.

        Raises NotNow, GraphUnavailable or NoReply, with what was read so far kept, where it cannot be finished now.
        """
        kept = self._held.state.reading
        done = SpanRead()
        with tempfile.TemporaryDirectory(prefix="usage-") as name:
            folder = Path(name)
            sorter = new_sorter(self._series.table, folder, self._services)
            if kept is not None:
                try:
                    sorter.runs = await take_back(self._services.spool, kept.runs, folder)
                except FileNotFoundError as error:
                    await self.drop()
                    raise ReadingLost(f"{error} is gone") from error
                done.skipped, done.outside = list(kept.skipped), kept.outside
            await self._read(span, sorter, done, kept, moves=moves)
            async for result in write_sorted(self._series.table, sorter, folder, services=self._services):
                done.results.append(result)
                await self._held.renew()
        return done

    async def drop(self) -> None:
        """Give up what was read in part."""
        kept = self._held.state.reading
        if kept is not None:
            await self._held.save(reading=None)
            await forget(self._services.spool, kept.runs)

    async def _read(self, span: Span, sorter: Sorter, done: SpanRead, kept: Reading | None, *, moves: bool) -> None:
        selection = self._held.state.selection
        found = await addresses(self._series, span, selection, self._services)
        private = privacy(self._series.table, self._services)
        wanted = frozenset(keys_between(self._series.table.partition, span.first, span.last))
        asked = hashlib.sha256("\n".join(found).encode()).hexdigest()
        if kept is not None and kept.asked != asked:
            await self.drop()
            raise ReadingLost("other printers or another selection are asked for now")
        place, link = (kept.place, kept.link) if kept else (0, None)
        while place < len(found):
            at: str | None = link or found[place]
            try:
                selected = self._series.report is not None and selection != "none" and link is None
                self._check_time()
                async for entries, following in read_pages(str(at), self._services, selected=selected):
                    at = following
                    rows = self._series.rows(entries)
                    inside: list[Row] = [(row[0], *private(row[1:])) for row in rows if row[0] in wanted]
                    done.outside = done.outside or len(inside) < len(rows)
                    done.rows += len(inside)
                    done.pages += 1
                    await asyncio.to_thread(sorter.add, inside)
                    self._progress(self._series.name, span, done.rows, done.pages)
                    await self._held.renew()
                    if at is not None:
                        self._check_time()
            except (NotNow, GraphUnavailable, NoReply):
                if at is not None and (done.pages or done.skipped):
                    reading = Reading(span, place, at, asked, (), moves, tuple(done.skipped), done.outside)
                    await self._keep(reading, sorter)
                raise
            except GraphNotFound:
                if self._series.report is not None or link is not None or at != found[place]:
                    raise
                # A printer that was removed, or never printed, is no reason to export nothing.
                done.skipped.append(_printer_of(found[place]))
            except GraphError as error:
                if kept is not None and link == kept.link and error.status in _LINK_REFUSED:
                    await self.drop()
                    raise ReadingLost(str(error)) from error
                raise
            place, link = place + 1, None

    def _check_time(self) -> None:
        if self._services.now() >= self._stop_at:
            raise NotNow("runOver", "The run has lasted long enough; the next goes on.", 0)

    async def _keep(self, reading: Reading, sorter: Sorter) -> None:
        """Note how far the reading came. The rows go first: the note must never speak of rows that are not there."""
        await asyncio.to_thread(sorter.spill)
        before = self._held.state.reading
        runs = await put_away(self._services.spool, self._series.name, sorter.runs)
        await self._held.save(reading=replace(reading, runs=runs))
        if before is not None:
            await forget(self._services.spool, before.runs)


async def _printers(services: UsageServices) -> list[str]:
    """The printers of the catalog and of its shares, each once, in an order that a later run finds again."""
    catalog = await services.load_catalog()
    ids = [printer.id for printer in catalog.printers] + [share.printer_id for share in catalog.shares]
    return sorted({printer_id.lower(): printer_id for printer_id in reversed(ids)}.values(), key=str.lower)


def _printer_of(address: str) -> str:
    return address.partition("printerId='")[2].partition("'")[0]
