"""A run of the export: every series from where it stands to yesterday, or one span again."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, timedelta

from shared.errors import GraphUnavailable, NoReply, NotNow, PrintFunctionsError, StorageConflict, Superseded
from shared.usage.claimed_series import ClaimedSeries, claim_series
from shared.usage.manifest import Run, SeriesRun, manifest
from shared.usage.partitions import list_partitions
from shared.usage.pending import begin_pending, end_pending
from shared.usage.reading import Progress, ReadingLost, SelectionRefused, SpanRead, SpanReader, no_progress
from shared.usage.series import SERIES, Series
from shared.usage.services import UsageServices
from shared.usage.spool import sweep
from shared.usage.tables import PartitionResult, Table, keys_between
from shared.usage.watermark import NEXT_SELECTION, Span, due, windows

logger = logging.getLogger(__name__)

# Tables that are filled from what this system itself knows, by a function that writes the partitions of some days.
type LocalExport = tuple[Table, Callable[[UsageServices, date, date], Awaitable[list[PartitionResult]]]]

# A claim or a file that another run took: that one does the work, and a look after this time sees it done. Graph in
# trouble is asked again as soon.
BUSY_SECONDS = 60.0
# What failed for a reason that a wait does not mend is tried again with the next day's export.
FAILED_SECONDS = 24 * 60 * 60.0


async def export_usage(
    services: UsageServices,
    *,
    span: Span | None = None,
    series: Sequence[Series] = SERIES,
    local: Sequence[LocalExport] = (),
    resumes: bool = False,
    before: Sequence[Run] = (),
    progress: Progress = no_progress,
) -> Run:
    """Export what is due, or the days of `span` again, which leaves the watermarks where they are.

    One that `resumes` leaves alone what was finished since the timer began; with a span, what the runs `before` read.
    A long wait ends the run: what was read is kept, and `Run.wait` says when to call again, as it does after trouble of
    Graph. Whatever ends one series, the others go on, but for a wait that Graph asks for.
    """
    begun = services.now()
    await _ensure_container(services)
    since = begun if span is not None else await begin_pending(services, resumes=resumes)
    exporter = _Exporter(services, begun, since, before, progress)
    for one in series:
        if exporter.waiting is None:
            await exporter.export(one, span)
    for table, write in local:
        await exporter.export_local(table, write, span)
    waiting = exporter.waiting or exporter.trouble
    run = Run(begun, services.now(), exporter.done, exporter.wait_seconds, exporter.failure, waiting)
    await services.container.upload_blob(run.path, manifest(run), overwrite=True)
    if span is None:
        await end_pending(services, since, FAILED_SECONDS if exporter.failure else run.wait, exporter.reason)
    return run


class _Exporter:
    def __init__(
        self, services: UsageServices, begun: datetime, since: datetime, before: Sequence[Run], progress: Progress
    ) -> None:
        self._services = services
        self._by = uuid.uuid4().hex
        self._stop_at = begun + timedelta(seconds=services.bounds.usage_run_seconds)
        self._since = since
        self._before = [one for run in before for one in run.series]
        self._progress = progress
        self.done: list[SeriesRun] = []
        self.waiting: NotNow | None = None
        self.trouble: NotNow | None = None
        self.busy = False
        self.failure: PrintFunctionsError | None = None

    @property
    def wait_seconds(self) -> float | None:
        """When to go on; None where nothing is left."""
        if self.waiting is not None:
            return self.waiting.delay
        return BUSY_SECONDS if self.busy or self.trouble else None

    @property
    def reason(self) -> str:
        """Why something is left."""
        stopped = self.waiting or self.trouble
        return stopped.reason if stopped else "another run is at it" if self.busy else str(self.failure or "")

    async def export(self, series: Series, asked: Span | None) -> None:
        """One series. What it ends with is noted, not raised."""
        run = SeriesRun(series.name)
        self.done.append(run)
        try:
            held = await claim_series(
                self._services.state, series.name, self._by, self._services.now, self._services.bounds
            )
            if held is None:
                raise Superseded(f"another run exports {series.name}")  # noqa: TRY301 - as when it is taken over later
            try:
                if asked is not None or not self._finished(held):
                    await self._spans(series, held, asked, run)
                    await sweep(self._services.spool, series.name)
                    if asked is None:
                        await held.save(finished=self._services.now())
            finally:
                run.selection = held.state.selection if series.report else ""
                await held.release()
        except NotNow as error:
            run.ending, run.reason, self.waiting = "waiting", error.reason, error
        except (GraphUnavailable, NoReply) as error:
            # It may be over in a minute, or touch this list alone.
            run.ending, run.reason = "waiting", str(error)
            self.trouble = NotNow("graphUnavailable", str(error), BUSY_SECONDS)
        except (Superseded, StorageConflict) as error:
            run.ending, run.reason, self.busy = "busy", str(error), True
        except PrintFunctionsError as error:
            run.ending, run.reason = "failed", str(error)
            self.failure = self.failure or error
        _log(run)

    async def export_local(
        self,
        table: Table,
        write: Callable[[UsageServices, date, date], Awaitable[list[PartitionResult]]],
        asked: Span | None,
    ) -> None:
        """One table of our own."""
        run = SeriesRun(table.name)
        self.done.append(run)
        services = self._services
        try:
            held = await claim_series(services.state, table.name, self._by, services.now, services.bounds)
            if held is None:
                raise Superseded(f"another run exports {table.name}")  # noqa: TRY301 - as when it is taken over later
            try:
                span = asked or due(table.partition, held.state.through, self._today(), services.bounds)
                if asked is not None or not self._finished(held):
                    run.partitions = await write(services, span.first, span.last)
                    run.spans, run.rows = [span], sum(result.rows for result in run.partitions)
                    finished = held.state.finished if asked else services.now()
                    await held.save(through=_through(held, span, moves=asked is None), finished=finished)
            finally:
                await held.release()
        except (Superseded, StorageConflict) as error:
            run.ending, run.reason, self.busy = "busy", str(error), True
        except PrintFunctionsError as error:
            run.ending, run.reason = "failed", str(error)
            self.failure = self.failure or error
        _log(run)

    async def _spans(self, series: Series, held: ClaimedSeries, asked: Span | None, run: SeriesRun) -> None:
        reader = SpanReader(series, held, self._services, stop_at=self._stop_at, progress=self._progress)
        kept = held.state.reading
        if kept is not None:
            try:
                await self._span(reader, series, held, kept.span, run, moves=kept.moves)
            except ReadingLost as error:
                logger.warning("%s begins %s anew: %s", series.name, kept.span, error)
        whole = asked or due(series.table.partition, held.state.through, self._today(), self._services.bounds)
        parts = windows(series.table.partition, whole, self._days(series, held))
        # What was begun by a run before, and finished just now, is not read twice.
        already = run.spans + [read for one in self._before if one.name == series.name for read in one.spans]
        left = [part for part in parts if not any(part in read for read in already)]
        while left:
            try:
                await self._span(reader, series, held, left[0], run, moves=asked is None)
                left.pop(0)
            except SelectionRefused as error:
                logger.info("%s: %s", series.name, error)
                await held.save(selection=NEXT_SELECTION[held.state.selection])
            if left and self._days(series, held) is None:
                # Every list has all rows now, so the rest is read in one go.
                left = [Span(left[0].first, left[-1].last)]

    async def _span(
        self, reader: SpanReader, series: Series, held: ClaimedSeries, span: Span, run: SeriesRun, *, moves: bool
    ) -> None:
        read: SpanRead = await reader.read(span, moves=moves)
        run.spans.append(span)
        run.rows, run.pages = run.rows + read.rows, run.pages + read.pages
        run.skipped_printers = sorted({*run.skipped_printers, *read.skipped})
        run.partitions.extend(read.results)
        run.kept.extend(await self._kept(series, span, read))
        through = _through(held, span, moves=moves)
        # A filter that lets other rows through is none: a list that has all rows need not be read once a window.
        selection = "none" if read.outside and series.report else held.state.selection
        if held.state.reading is not None:
            await reader.drop()
        await held.save(through=through, selection=selection)

    async def _kept(self, series: Series, span: Span, read: SpanRead) -> list[str]:
        silent = set(keys_between(series.table.partition, span.first, span.last)) - {one.key for one in read.results}
        return [key for key in await list_partitions(series.table, services=self._services) if key in silent]

    def _finished(self, held: ClaimedSeries) -> bool:
        return held.state.finished is not None and held.state.finished > self._since

    def _days(self, series: Series, held: ClaimedSeries) -> int | None:
        scans = series.report is not None and held.state.selection == "none"
        return None if scans else self._services.bounds.usage_window_days

    def _today(self) -> date:
        return self._services.now().astimezone(UTC).date()


def _through(held: ClaimedSeries, span: Span, *, moves: bool) -> date | None:
    before = held.state.through
    return before if not moves else max(before or span.last, span.last)


async def _ensure_container(services: UsageServices) -> None:
    from azure.core.exceptions import ResourceExistsError

    try:
        await services.container.create_container()
    except ResourceExistsError:
        return


def _log(run: SeriesRun) -> None:
    level = logging.ERROR if run.ending == "failed" else logging.INFO
    logger.log(
        level,
        "usage %s: %s, %d rows, %d partitions, %d of them changed. %s",
        run.name,
        run.ending,
        run.rows,
        len(run.partitions),
        len(run.changed),
        run.reason,
    )
