"""`printops printer`: list, register, change, reset and unregister printers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Column, Table

from printops import attributes
from printops.administrator import Administered, Session, administered
from printops.common_options import Json, PrinterName, Yes
from printops.confirming import NotConfirmed, confirm
from printops.named import find_printer, is_id
from printops.printer_changes import AsWho, printer_body
from printops.printer_words import accepting_in_words, details_in_words, minutes, state_in_words
from printops.properties import properties_table
from printops.session import console, errors
from shared.graph.printer_changes import By, ChangeRefused, check_printer_changes, who_may_change

app = typer.Typer(no_args_is_help=True, help="Printers: list, register, change, reset, unregister.")
app.add_typer(attributes.app, name="attributes")


@app.command("list")
@administered
def list_printers(as_json: Json = False) -> Administered:
    """Every printer, how it stands, and as what it is shared."""

    async def work(session: Session) -> int:
        table = Table(
            *(Column(name, overflow="fold") for name in ("printer", "state", "details", "jobs", "shared as")),
            *("device", "last seen (UTC)", "id"),
        )
        for printer in await session.admin.printers(with_shares=True):
            if as_json:
                typer.echo(json.dumps(printer, ensure_ascii=False))
                continue
            table.add_row(
                *(str(printer.get("displayName")), state_in_words(printer), details_in_words(printer)),
                *(accepting_in_words(printer), _shared_as(printer)),
                *("yes" if printer.get("hasPhysicalDevice") else "virtual", minutes(printer.get("lastSeenDateTime"))),
                str(printer.get("id")),
            )
        if not as_json:
            console.print(table)
        return 0

    return Administered(("list printers",), work)


@app.command("show")
@administered
def show_printer(name: PrinterName, as_json: Json = False) -> Administered:
    """One printer: how it stands, what it can do, its defaults, its share and its trigger."""

    async def work(session: Session) -> int:
        printer = dict(await find_printer(session.admin, name, _SHOWN, with_shares=True))
        printer["taskTriggers"] = await session.admin.task_triggers(str(printer["id"]))
        if as_json:
            typer.echo(json.dumps(printer, ensure_ascii=False))
            return 0
        rows = {
            "printer": printer.get("displayName"),
            "id": printer.get("id"),
            "device": "yes" if printer.get("hasPhysicalDevice") else "virtual",
            "made by": f"{printer.get('manufacturer')} {printer.get('model')}",
            "state": state_in_words(printer),
            "details": details_in_words(printer),
            "takes jobs": accepting_in_words(printer),
            "shared as": _shared_as(printer),
            "starts tasks": "yes" if printer["taskTriggers"] else "no",
            "location": _plain(printer.get("location")),
            "registered (UTC)": minutes(printer.get("registeredDateTime")),
            "last seen (UTC)": minutes(printer.get("lastSeenDateTime")),
            **{f"can: {key}": value for key, value in _plain_members(printer.get("capabilities")).items()},
            **{f"default: {key}": value for key, value in _plain_members(printer.get("defaults")).items()},
        }
        console.print(properties_table(rows))
        return 0

    return Administered(("get printer", "list task triggers"), work)


@app.command("create")
@administered
def create_printer(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What people see.")],
    manufacturer: Annotated[str, typer.Option("--manufacturer", help="Who makes it.")],
    model: Annotated[str, typer.Option("--model", help="Which one it is.")],
    as_json: Json = False,
) -> Administered:
    """Register a virtual printer: one without a device, whose jobs are held or sent on."""

    async def work(session: Session) -> int:
        def progress(state: str) -> None:
            errors.print(state, highlight=False, markup=False)

        progress(f"making a key and registering {name}")
        printer = await session.admin.create_printer(name, manufacturer, model, progress=progress)
        if as_json:
            typer.echo(json.dumps(printer, ensure_ascii=False))
            return 0
        printer_id = printer["id"]
        console.print(
            f"{name} is registered: {printer_id}\n"
            "It takes no jobs before it has attributes. Next:\n"
            f"  printops printer attributes push FILE {printer_id}\n"
            f"  printops trigger create {printer_id}\n"
            f"  printops share create {printer_id} --name {json.dumps(name, ensure_ascii=False)}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
        return 0

    return Administered(("create printer", "get operation"), work)


@app.command("update")
@administered
def update_printer(
    name: PrinterName,
    new_name: Annotated[str | None, typer.Option("--name", help="Another name.")] = None,
    location: Annotated[list[str] | None, typer.Option("--location", metavar="PART=TEXT")] = None,
    default: Annotated[list[str] | None, typer.Option("--default", metavar="SETTING=VALUE")] = None,
    manufacturer: Annotated[str | None, typer.Option("--manufacturer", help="Virtual printers alone.")] = None,
    model: Annotated[str | None, typer.Option("--model", help="Virtual printers alone.")] = None,
    accepting: Annotated[
        bool | None, typer.Option("--accepting/--not-accepting", help="Takes jobs or not; virtual printers alone.")
    ] = None,
    body_file: Annotated[
        Path | None, typer.Option("--file", help="JSON of a printer's properties in Graph's names; options add to it.")
    ] = None,
    as_who: Annotated[
        AsWho | None, typer.Option("--as", help="Who changes it; without this, whoever may change all of it.")
    ] = None,
    as_json: Json = False,
) -> Administered:
    """Change a printer.

    An administrator changes the name, the location and the defaults of every printer. The app itself changes the name,
    the defaults, the capabilities, the maker, the model, the state and whether jobs are taken, of virtual printers.
    """
    body = printer_body(body_file, new_name, location, default, manufacturer, model, accepting)
    by = By(as_who.value) if as_who else who_may_change(body)
    check_printer_changes(body, by, printer=name)

    async def work(session: Session) -> int:
        wanted = ("id", "displayName", "hasPhysicalDevice")
        if by is By.APPLICATION and is_id(name):
            # The app reads a printer that it knows the id of: nobody has to sign in.
            printer: Mapping[str, Any] = await session.app.printer(name, wanted)
        else:
            printer = await find_printer(session.admin, name, wanted)
        printer_id = str(printer["id"])
        if by is By.ADMINISTRATOR:
            changed = await session.admin.update_printer(printer_id, body)
        elif printer.get("hasPhysicalDevice"):
            raise ChangeRefused(
                f"Nothing was sent. {printer['displayName']} has a device, and the app itself changes printers without "
                f"one alone: {', '.join(sorted(body))} of this one come from the device."
            )
        else:
            changed = await session.app.update_virtual_printer(printer_id, body)
        if as_json:
            typer.echo(json.dumps(changed, ensure_ascii=False))
        else:
            what = ", ".join(sorted(body))
            console.print(f"{printer['displayName']}: {what} changed, as {by.value}", highlight=False, markup=False)
        return 0

    return Administered(("update printer" if by is By.ADMINISTRATOR else "get printer",), work)


@app.command("restore-defaults")
@administered
def restore_defaults(name: PrinterName, as_json: Json = False) -> Administered:
    """Give a printer the defaults of its maker back."""

    async def work(session: Session) -> int:
        printer = await find_printer(session.admin, name, ("id", "displayName"))
        await session.admin.restore_factory_defaults(str(printer["id"]))
        _done(printer, "has its factory defaults again", as_json=as_json)
        return 0

    return Administered(("restore factory defaults",), work)


@app.command("delete")
@administered
def delete_printer(
    name: PrinterName,
    yes: Yes = False,
    force: Annotated[bool, typer.Option("--force", help="Also where it is shared: its share goes first.")] = False,
    as_json: Json = False,
) -> Administered:
    """Unregister a printer. Asks for its name; refuses while it is shared."""

    async def work(session: Session) -> int:
        printer = await find_printer(
            session.admin, name, ("id", "displayName", "isShared", "hasPhysicalDevice"), with_shares=True
        )
        shares = list(printer.get("shares") or ())
        loss = await _loss(session, printer, shares, detailed=force)
        if (shares or printer.get("isShared")) and not force:
            raise NotConfirmed(f"{loss} Nothing was done; --force deletes the share and the printer.")
        errors.print(loss, highlight=False, markup=False)
        confirm(str(printer["displayName"]), yes=yes)
        for share in shares:
            await session.admin.delete_share(str(share["id"]))
        await session.admin.delete_printer(str(printer["id"]))
        _done(printer, "is unregistered", as_json=as_json)
        return 0

    with_share = ("delete share", "list allowed users", "list allowed groups") if force else ()
    return Administered(("delete printer", *with_share), work)


async def _loss(session: Session, printer: Mapping[str, Any], shares: list[Any], *, detailed: bool) -> str:
    if not shares:
        again = "" if printer.get("hasPhysicalDevice") else " Its jobs that are held end with it."
        return f"{printer['displayName']} is shared with nobody.{again}"
    share = shares[0]
    who = "people"
    if detailed:
        who = "everyone"
        if not share.get("allowAllUsers"):
            users = await session.admin.allowed_users(str(share["id"]))
            groups = await session.admin.allowed_groups(str(share["id"]))
            who = f"{len(users)} users and {len(groups)} groups"
    return (
        f"{printer['displayName']} is shared as {share['displayName']}. When both go, {who} can no longer print to it, "
        "Windows users have to add a printer anew, and a share that was deleted does not come back."
    )


def _done(printer: Mapping[str, Any], what: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"id": printer["id"], "displayName": printer["displayName"]}, ensure_ascii=False))
    else:
        console.print(f"{printer['displayName']} {what}", highlight=False, markup=False)


def _shared_as(printer: Mapping[str, Any]) -> str:
    shares = [str(share.get("displayName")) for share in printer.get("shares") or ()]
    return ", ".join(shares) if shares else ("yes" if printer.get("isShared") else "not shared")


def _plain_members(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        return {}
    return {str(name): _plain(each) for name, each in value.items() if "@" not in name and each not in (None, [])}


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {text}" for name, text in _plain_members(value).items())
    return ", ".join(map(str, value)) if isinstance(value, list) else ("" if value is None else str(value))


_SHOWN = (
    *("id", "displayName", "manufacturer", "model", "status", "isAcceptingJobs", "isShared", "hasPhysicalDevice"),
    *("location", "registeredDateTime", "lastSeenDateTime", "capabilities", "defaults"),
)
