"""`printops trigger`: which printers start a task for each job that is sent to them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.table import Table

from printops.administrator import Administered, Session, administered
from printops.common_options import Json, PrinterName
from printops.named import find_printer, is_id, only
from printops.session import console, errors
from shared.errors import GraphDenied, GraphError, NotNow
from shared.graph.application import ApplicationUnproved
from shared.graph.printer_changes import ChangeRefused

app = typer.Typer(no_args_is_help=True, help="Task triggers: which printers hand each job to this app first.")


@app.command("list")
@administered
def list_triggers(
    name: Annotated[str | None, typer.Argument(metavar="[PRINTER]", help="One printer; without it, every one.")] = None,
    as_json: Json = False,
) -> Administered:
    """The triggers of one printer, or of all."""

    async def work(session: Session) -> int:
        printers = [await find_printer(session.admin, name, ("id", "displayName"))] if name else None
        table = Table("printer", "starts a task when", "trigger")
        for printer in printers or await session.admin.printers():
            for trigger in await session.admin.task_triggers(str(printer["id"])):
                if as_json:
                    typer.echo(json.dumps({"printer": _short(printer), **trigger}, ensure_ascii=False))
                event = {"jobStarted": "a job is started"}.get(str(trigger.get("event")), str(trigger.get("event")))
                table.add_row(str(printer["displayName"]), event, str(trigger["id"]))
        if not as_json:
            console.print(table)
        return 0

    return Administered(("list printers", "list task triggers"), work)


@app.command("create")
@administered
def create_trigger(
    name: PrinterName,
    definition: Annotated[
        str | None,
        typer.Option("--definition", help="Its name or id; without it, the only one that this app has made."),
    ] = None,
    as_json: Json = False,
) -> Administered:
    """Hand every job of a printer to this app before it prints.

    The sign-in is of the app registration of GRAPH_CLIENT_ID, and that must have made the definition.
    """

    async def work(session: Session) -> int:
        found = await _definition(session, definition)
        printer = await find_printer(session.admin, name, ("id", "displayName"))
        for trigger in await session.admin.task_triggers(str(printer["id"])):
            raise ChangeRefused(
                f"{printer['displayName']} has a trigger already ({trigger['id']}), and a printer has one at most: "
                "`printops trigger delete` removes it."
            )
        made = await session.admin.create_task_trigger(str(printer["id"]), str(found["id"]))
        if as_json:
            typer.echo(json.dumps({"printer": _short(printer), **made}, ensure_ascii=False))
        else:
            told = f"{printer['displayName']} starts {found['displayName']} for each job: trigger {made['id']}"
            console.print(told, highlight=False, markup=False)
        return 0

    return Administered(("create task trigger",), work)


@app.command("delete")
@administered
def delete_trigger(name: PrinterName, as_json: Json = False) -> Administered:
    """Stop handing a printer's jobs to this app. A real printer then prints at once; a virtual one prints nothing."""

    async def work(session: Session) -> int:
        printer = await find_printer(session.admin, name, ("id", "displayName"))
        triggers = await session.admin.task_triggers(str(printer["id"]))
        if not triggers:
            raise ChangeRefused(f"{printer['displayName']} has no trigger.")
        for trigger in triggers:
            await session.admin.delete_task_trigger(str(printer["id"]), str(trigger["id"]))
        if as_json:
            typer.echo(json.dumps({"printer": _short(printer), "deleted": [one["id"] for one in triggers]}))
        else:
            console.print(f"{printer['displayName']} starts no task any more", highlight=False, markup=False)
        return 0

    return Administered(("delete task trigger",), work)


async def _definition(session: Session, name: str | None) -> Mapping[str, Any]:
    """The definition to start, one of this app registration. Raises ChangeRefused."""
    client_id = session.services.settings.graph_client_id
    try:
        listed = await session.app.task_definitions()
    except (ApplicationUnproved, NotNow, GraphError) as error:
        passing = isinstance(error, GraphError) and not isinstance(error, GraphDenied)
        if name is None or not is_id(name) or passing:
            raise
        # An id will do: Graph itself refuses one of another app.
        errors.print(f"Its definitions are not looked at: {error}", highlight=False, markup=False)
        return {"id": name, "displayName": name}
    if name is None:
        if len(listed) != 1:
            what = "has made no task definition: run `printops definition create`" if not listed else "has made several"
            raise ChangeRefused(f"The app registration {client_id} {what}; name one with --definition.")
        return listed[0]
    if not is_id(name):
        return only(name, listed, "task definition", listed_by="printops definition list")
    by_id = [one for one in listed if str(one["id"]).lower() == name.lower()]
    if not by_id:
        known = ", ".join(f"{one['displayName']} ({one['id']})" for one in listed) or "none"
        raise ChangeRefused(
            f"Nothing was sent. The app registration {client_id} (GRAPH_CLIENT_ID) has not made the task definition "
            f"{name}, and a trigger can only be made by the app registration that made its definition. Its own are: "
            f"{known}. Use one of these, or the settings of the app that made {name}."
        )
    return by_id[0]


def _short(printer: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": printer["id"], "displayName": printer["displayName"]}
