"""`printops held`: look at held jobs, and release or end one for a person who cannot."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated

import typer
from rich.table import Column, Table

from printops.common_options import JsonLines, SettingsFile
from printops.session import console, errors, run
from shared.catalog import Printer
from shared.errors import PrintFunctionsError
from shared.held.ending import ABORTED, begin_ending, finish_ending
from shared.held.entry import HeldEntry, HeldOutcome, HeldState, HeldView
from shared.held.releasing import ReleaseCode, release
from shared.kiosk.acting import DISCARD, RELEASE
from shared.kiosk.audit import AUDIT_PREFIX, Audit, entry
from shared.names import STATE
from shared.services import Services
from shared.storage.day_log import BlobDayLog
from shared.submission.record import timestamp
from shared.tasks.services import TaskServices, make_task_services

app = typer.Typer(no_args_is_help=True, help="Look at held jobs, and release or end one.")

Job = Annotated[str, typer.Argument(help="The job as `printops held list` shows it: its number, or its whole path.")]
# Who the audit says did it, and where.
OPERATOR, PLACE = "operator", "printops"


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
        outcome = await release(
            view.path, None, to_printer=destination, kiosk_id=None, by=OPERATOR, changes={}, services=tasks
        )
        await _audit(services, RELEASE, view, destination, outcome.code.value, outcome.reason)
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
        loaded = await tasks.entries.load((await _find(tasks, job)).path)
        if loaded is None or loaded[0].state is not HeldState.HELD:
            raise HeldJobUnknown(f"{job} is not held any more")
        outcome = HeldOutcome(ABORTED, reason, timestamp(tasks.now()))
        claimed = await begin_ending(*loaded, outcome, tasks, by=OPERATOR)
        ended = await finish_ending(*claimed, tasks)
        view, code = loaded[0], ReleaseCode.DISCARDED if ended else ReleaseCode.TRY_AGAIN
        await _audit(services, DISCARD, view, view.printer_id, code.value, reason)
        console.print("aborted" if ended else "the service did not answer; it is tried again", highlight=False)
        return 0 if ended else 1

    run(work, settings_file)


async def _audit(
    services: Services, event: str, job: HeldView | HeldEntry, printer: str, outcome: str, reason: str
) -> None:
    log = BlobDayLog(services.storage.container(STATE), AUDIT_PREFIX)
    _, owner, virtual, number = job.path.split("/")
    audit = Audit(log, services.submissions.now, services.settings.bounds.audit_seconds)
    line = {"job": f"{virtual}/{number}", "owner": owner, "outcome": outcome, "reason": reason}
    await audit.write(entry(event, PLACE, printer, person=OPERATOR, **line))


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
