"""`printops held`: look at held jobs, and release or end one for a person who cannot."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated

import typer
from rich.table import Column, Table

from printops.common_options import JsonLines, SettingsFile
from printops.session import console, errors, run
from shared.audit import DISCARD, OPERATOR, OPERATOR_PLACE, RELEASE, entry
from shared.catalog import Printer
from shared.errors import PrintFunctionsError
from shared.held.ending import ABORTED, Finish, begin_ending, finish_ending
from shared.held.entry import HeldOutcome, HeldState, HeldView
from shared.held.releasing import ReleaseCode, ReleaseOutcome, release
from shared.services import Services
from shared.tasks.services import TaskServices, make_task_services
from shared.times import timestamp

app = typer.Typer(no_args_is_help=True, help="Look at held jobs, and release or end one.")

Job = Annotated[str, typer.Argument(help="The job as `printops held list` shows it: its number, or its whole path.")]


_NOT_ABORTED = {
    Finish.LATER: (ReleaseCode.TRY_AGAIN, "the service did not answer; it is tried again"),
    Finish.GONE: (ReleaseCode.ALREADY_GONE, "the job was sent to a printer before, or has ended elsewhere"),
    Finish.REFUSED: (ReleaseCode.REFUSED, "the service refuses to end the job: the log has its words"),
}


class HeldJobUnknown(PrintFunctionsError):
    """No held job, or more than one, has the name that was given."""


@app.command("list")
def list_held(
    user: Annotated[str, typer.Option("--user", help="Only those of this user principal name.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many to show.")] = 50,
    as_json: JsonLines = False,
    settings_file: SettingsFile = None,
) -> None:
    """The jobs that are held, are on their way, or whose end has not been told."""

    async def work(services: Services) -> int:
        table = Table("job", "for", Column("document", overflow="fold"), "held", "expires", "state", "outcome")
        shown = 0
        async for view in _views(make_task_services(services), user):
            if shown == limit:
                break
            shown += 1
            if as_json:
                typer.echo(json.dumps(_public(view)))
                continue
            outcome = view.outcome.reason if view.outcome else ""
            times = (view.held[:16], view.expires[:16])
            table.add_row(_number(view), view.user_principal_name, view.document_name, *times, view.state, outcome)
        if not as_json:
            console.print(table)
        return 0

    run(work, settings_file)


@app.command("release")
def release_held(
    job: Job,
    printer: Annotated[str, typer.Option("--printer", help="The printer's id or display name in the catalog.")],
    settings_file: SettingsFile = None,
) -> None:
    """Send a held job to a printer, for a person who cannot collect it."""

    async def work(services: Services) -> int:
        tasks = make_task_services(services)
        view = await _find(tasks, job)
        destination = _printer((await tasks.load_catalog()).printers, printer)

        async def note(outcome: ReleaseOutcome) -> None:
            await _audit(tasks, RELEASE, view, destination, outcome.code, outcome.reason, outcome.run)

        outcome = await release(
            view.path, None, to_printer=destination, kiosk_id=None, by=OPERATOR, changes={}, services=tasks, note=note
        )
        shown = console if outcome.code is ReleaseCode.RELEASED else errors
        shown.print(f"{outcome.code}: {outcome.reason}", highlight=False, markup=False)
        return 0 if outcome.code is ReleaseCode.RELEASED else 1

    run(work, settings_file)


@app.command("abort")
def abort_held(
    job: Job,
    reason: Annotated[str, typer.Option("--reason", help="What the person reads at the next tap.")],
    settings_file: SettingsFile = None,
) -> None:
    """End a held job. Its owner is told at the next tap."""

    async def work(services: Services) -> int:
        tasks = make_task_services(services)
        view = await _find(tasks, job)
        loaded = await tasks.entries.load(view.path)
        if loaded is None or loaded[0].state is not HeldState.HELD:
            raise HeldJobUnknown(f"{job} is not held any more")
        outcome = HeldOutcome(ABORTED, reason, timestamp(tasks.now()))
        held, etag = await begin_ending(*loaded, outcome, tasks, by=OPERATOR)

        async def note(code: ReleaseCode = ReleaseCode.DISCARDED) -> None:
            await _audit(tasks, DISCARD, view, held.printer_id, code, reason, held.run)

        finish = await finish_ending(held, etag, tasks, note=note)
        if finish is not Finish.ENDED:
            await note(_NOT_ABORTED[finish][0])
        console.print("aborted" if finish is Finish.ENDED else _NOT_ABORTED[finish][1], highlight=False)
        return 0 if finish is Finish.ENDED else 1

    run(work, settings_file)


async def _audit(
    tasks: TaskServices, event: str, job: HeldView, printer: str, code: ReleaseCode, reason: str, claim: str | None
) -> None:
    _, owner, virtual, number = job.path.split("/")
    line = {"job": f"{virtual}/{number}", "owner": owner, "outcome": code.value, "reason": reason, "run": claim}
    await tasks.audit.write(entry(event, OPERATOR_PLACE, printer, person=OPERATOR, **line))


async def _views(services: TaskServices, user: str) -> AsyncIterator[HeldView]:
    async for view, _ in services.entries.list_all():
        if not user or view.user_principal_name.lower() == user.lower():
            yield view


async def _find(services: TaskServices, job: str) -> HeldView:
    found = [view async for view in _views(services, "") if job in (view.path, _number(view))]
    if len(found) != 1:
        raise HeldJobUnknown(f"{len(found)} held jobs are named {job}; `printops held list --json` shows their paths")
    return found[0]


def _printer(printers: tuple[Printer, ...], name: str) -> str:
    found = [
        printer.id for printer in printers if name.casefold() in (printer.id.lower(), printer.display_name.casefold())
    ]
    if len(found) != 1:
        raise HeldJobUnknown(f"the catalog has {len(found)} printers named {name}")
    return found[0]


def _number(view: HeldView) -> str:
    return view.path.rpartition("/")[2]


def _public(view: HeldView) -> dict[str, object]:
    return {
        "path": view.path,
        "user": view.user_principal_name,
        "document": view.document_name,
        "held": view.held,
        "expires": view.expires,
        "state": view.state,
        "outcome": view.outcome.reason if view.outcome else None,
    }
