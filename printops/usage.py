"""`printops usage`: export usage for any days, and check what was exported."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Self

import typer
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from printops import usage_show
from printops.common_options import SettingsFile
from printops.session import console, run
from shared.errors import AccountLapsed, NotNow
from shared.services import Services
from shared.usage.everything import export_everything
from shared.usage.manifest import Run
from shared.usage.series import SERIES, Series
from shared.usage.services import from_services
from shared.usage.verify import Compared, compare
from shared.usage.watermark import Span

app = typer.Typer(no_args_is_help=True, help="Export usage, look at it, and check it against Graph.")

app.command("show")(usage_show.show)

DIFFERENT = 1
_MOST_LINES = 40

From = Annotated[str | None, typer.Option("--from", help="The first day, such as 2026-01-31.")]
To = Annotated[str | None, typer.Option("--to", help="The last day; yesterday without.")]


@app.command("export")
def export(first: From = None, last: To = None, settings_file: SettingsFile = None) -> None:
    """Export what is due, or the days from --from to --to again. Waits as long as Graph asks, and shows how far it is.

    Interrupted, it can be run again; what was exported stays. Exit codes: 0 done; 1 an error; 2 wrong arguments.
    """

    async def work(services: Services) -> int:
        usage = from_services(services)
        span = chosen_span(first, last, usage.now()) if first or last else None
        runs: list[Run] = []
        with shown_progress() as shown:
            while not runs or runs[-1].wait is not None:
                if runs:
                    busy = NotNow("busy", "another run is at it", runs[-1].wait or 0)
                    await _wait(shown, runs[-1].waiting or busy, usage.now)
                runs.append(
                    await export_everything(usage, span=span, resumes=bool(runs), before=runs, progress=shown.note)
                )
        _print_runs(runs)
        return 0

    run(work, settings_file)


@app.command("verify")
def verify(
    first: From = None,
    last: To = None,
    only: Annotated[
        list[str] | None, typer.Option("--series", help="A series such as daily-by-user; all without. May be repeated.")
    ] = None,
    settings_file: SettingsFile = None,
) -> None:
    """Read the last days, or those from --from to --to, from Graph again and compare rows and sums with the files.

    Nothing is written. Exit codes: 0 all agree; 1 some differ, or an error; 2 wrong arguments.
    """
    chosen = chosen_series(only or [])

    async def work(services: Services) -> int:
        usage = from_services(services)
        if first or last:
            span = chosen_span(first, last, usage.now())
        else:
            yesterday = _yesterday(usage.now())
            span = Span(yesterday - timedelta(days=usage.bounds.usage_reread_days - 1), yesterday)
        compared: list[Compared] = []
        with shown_progress() as shown:

            async def wait(error: NotNow) -> None:
                await _wait(shown, error, usage.now)

            for series in chosen:
                compared += [one async for one in compare(series, span, usage, wait=wait, progress=shown.note)]
        _print_compared(compared, span)
        return 0 if all(one.equal for one in compared) else DIFFERENT

    run(work, settings_file)


def chosen_span(first: str | None, last: str | None, now: datetime) -> Span:
    """The days of the options. Raises typer.BadParameter for what is no day, or a day that is not over in UTC."""
    if first is None:
        raise typer.BadParameter("--to needs --from")
    yesterday = _yesterday(now)
    begin, end = _day(first), _day(last) if last else yesterday
    if begin > end:
        raise typer.BadParameter(f"--from {begin} lies after {end}")
    if end > yesterday:
        raise typer.BadParameter(f"{end} is not over yet (UTC): the last day to be had is {yesterday}")
    return Span(begin, end)


def chosen_series(names: list[str]) -> list[Series]:
    """The series of these names, all for none. Raises typer.BadParameter."""
    known = {series.name: series for series in SERIES}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise typer.BadParameter(f"there is no series {', '.join(unknown)}; there are {', '.join(known)}")
    return [known[name] for name in names] or list(SERIES)


class ShownProgress:
    """A line for each series: the days, rows and pages so far; and one for a wait."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._lines: dict[str, TaskID] = {}

    def note(self, series: str, span: Span, rows: int, pages: int) -> None:
        """A page was read."""
        self.say(series, f"{span}: {rows:,} rows on {pages:,} pages")

    def say(self, name: str, text: str) -> None:
        """Show the text on the line of that name."""
        if name not in self._lines:
            self._lines[name] = self._progress.add_task(name, total=None, text="")
        self._progress.update(self._lines[name], text=text)

    def drop(self, name: str) -> None:
        """Take a line away."""
        line = self._lines.pop(name, None)
        if line is not None:
            self._progress.remove_task(line)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()


def shown_progress() -> ShownProgress:
    """Progress on the terminal."""
    columns = (SpinnerColumn(), TextColumn("{task.description:22}"), TextColumn("{task.fields[text]}"))
    return ShownProgress(Progress(*columns, TimeElapsedColumn(), console=console, transient=True))


async def _wait(shown: ShownProgress, why: NotNow, now: Callable[[], datetime]) -> None:
    if isinstance(why, AccountLapsed):
        # No wait of this command mends it: the operator has to sign in, and is told how.
        raise why
    until = (now() + timedelta(seconds=why.delay)).astimezone()
    shown.say("waiting", f"until {until:%H:%M:%S}: {why.reason}")
    await asyncio.sleep(why.delay)
    shown.drop("waiting")


def _print_runs(runs: list[Run]) -> None:
    table = Table("series", "days", *(Column(name, justify="right") for name in ("rows", "partitions", "changed")), "")
    for name in dict.fromkeys(one.name for one_run in runs for one in one_run.series):
        mine = [one for one_run in runs for one in one_run.series if one.name == name]
        spans = [span for one in mine for span in one.spans]
        days = str(Span(min(span.first for span in spans), max(span.last for span in spans))) if spans else "none due"
        written = {result.key: result for one in mine for result in one.partitions}
        skipped = sorted({printer for one in mine for printer in one.skipped_printers})
        table.add_row(
            name,
            days,
            f"{sum(result.rows for result in written.values()):,}",
            f"{len(written):,}",
            f"{sum(result.changed for result in written.values()):,}",
            f"Graph does not know {', '.join(skipped)}" if skipped else "",
        )
    console.print(table)


def _print_compared(compared: list[Compared], span: Span) -> None:
    wrong = [one for one in compared if not one.equal]
    kept = sum(one.kept and one.equal for one in compared)
    if wrong:
        table = Table(
            "series", "partition", "what", *(Column(name, justify="right") for name in ("Graph", "Parquet", "CSV"))
        )
        lines = [(one, name) for one in wrong for name in one.differences]
        for one, name in lines[:_MOST_LINES]:
            sides = ("none" if side is None else str(side.get(name)) for side in (one.graph, one.parquet, one.csv))
            table.add_row(one.series, one.key, name, *sides)
        console.print(table)
        if len(lines) > _MOST_LINES:
            console.print(f"and {len(lines) - _MOST_LINES} more")
    told = f"{span}: {len(compared)} partitions compared, {len(wrong)} of them differ."
    if kept:
        told += f" {kept} are only in the files: Graph does not report them any more."
    console.print(told, style="red" if wrong else "green", highlight=False)
    if wrong:
        again = f"`printops usage export --from {span.first} --to {span.last}`"
        console.print(f"Printers report late; {again} brings the files up to date.", highlight=False)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day; write it like 2026-01-31") from None


def _yesterday(now: datetime) -> date:
    return now.astimezone(UTC).date() - timedelta(days=1)
