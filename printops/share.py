"""`printops share`: list, make, change and remove shares, and say who may print to them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.table import Column, Table

from printops import share_swap
from printops.administrator import Administered, Session, administered
from printops.common_options import Json, PrinterName, Yes
from printops.confirming import confirm
from printops.named import find_printer, find_share, group_of, is_id, user_of
from printops.printer_words import accepting_in_words, minutes, state_in_words
from printops.properties import properties_table
from printops.session import console, errors
from shared.errors import GraphConflict, GraphNotFound
from shared.graph.printer_changes import ChangeRefused

app = typer.Typer(no_args_is_help=True, help="Shares: what people print to, and who may.")
app.command("swap")(share_swap.swap_share)

ShareName = Annotated[str, typer.Argument(metavar="SHARE", help="The share's name or id.")]
Users = Annotated[list[str] | None, typer.Option("--user", metavar="UPN", help="A user principal name; repeatable.")]
Groups = Annotated[list[str] | None, typer.Option("--group", metavar="NAME", help="A group's name or id; repeatable.")]
Everyone = Annotated[bool | None, typer.Option("--everyone/--not-everyone", help="All people of the tenant.")]


@app.command("list")
@administered
def list_shares(as_json: Json = False) -> Administered:
    """Every share that the signed-in user may see; an administrator sees all, and more of each."""

    async def work(session: Session) -> int:
        table = Table(Column("share", overflow="fold"), "state", "jobs", "open to", "printer made by", "id")
        for share in await session.admin.shares():
            if as_json:
                typer.echo(json.dumps(share, ensure_ascii=False))
                continue
            told = "status" in share
            table.add_row(
                str(share.get("displayName")),
                *((state_in_words(share), accepting_in_words(share), _open_to(share)) if told else ("", "", "")),
                f"{share.get('manufacturer')} {share.get('model')}",
                str(share.get("id")),
            )
        if not as_json:
            console.print(table)
        return 0

    return Administered(("list shares",), work)


@app.command("show")
@administered
def show_share(name: ShareName, as_json: Json = False) -> Administered:
    """One share: its printer, and who may print to it."""

    async def work(session: Session) -> int:
        share = dict(await find_share(session.admin, name, with_printer=True))
        share["allowedUsers"] = await session.admin.allowed_users(str(share["id"]))
        share["allowedGroups"] = await session.admin.allowed_groups(str(share["id"]))
        if as_json:
            typer.echo(json.dumps(share, ensure_ascii=False))
            return 0
        printer = share.get("printer") or {}
        users = [str(user.get("userPrincipalName")) for user in share["allowedUsers"]]
        rows = {
            "share": share.get("displayName"),
            "id": share.get("id"),
            "printer": f"{printer.get('displayName')} ({printer.get('id')})",
            "state": state_in_words(share),
            "takes jobs": accepting_in_words(share),
            "open to": _open_to(share),
            "users": ", ".join(users) or "none",
            "groups": ", ".join(str(group.get("displayName")) for group in share["allowedGroups"]) or "none",
            "made (UTC)": minutes(share.get("createdDateTime")),
        }
        console.print(properties_table(rows))
        return 0

    return Administered(("get share", "list allowed users", "list allowed groups"), work)


@app.command("create")
@administered
def create_share(
    printer_name: PrinterName,
    name: Annotated[str | None, typer.Option("--name", help="What people see; without it, the printer's name.")] = None,
    users: Users = None,
    groups: Groups = None,
    everyone: Annotated[bool, typer.Option("--everyone", help="All people of the tenant may print to it.")] = False,
    as_json: Json = False,
) -> Administered:
    """Share a printer. Nobody may print to it before somebody is allowed to."""

    async def work(session: Session) -> int:
        members = await _members(session, users, groups)
        printer = await find_printer(session.admin, printer_name, ("id", "displayName"), with_shares=True)
        for other in printer.get("shares") or ():
            raise ChangeRefused(
                f"{printer['displayName']} is shared as {other['displayName']} already, and a printer has one share at "
                "most. Change that with `printops share update` and `printops share allow`."
            )
        share_name = name or str(printer["displayName"])
        share = await session.admin.create_share(str(printer["id"]), share_name, everyone)
        await _allow(session, str(share["id"]), members)
        _tell(share, f"is shared, open to {_open(share, members)}", as_json=as_json)
        return 0

    return Administered(("create share", "get printer", *_lookups(users, groups)), work)


@app.command("update")
@administered
def update_share(
    name: ShareName,
    new_name: Annotated[str | None, typer.Option("--name", help="Another name.")] = None,
    everyone: Everyone = None,
    as_json: Json = False,
) -> Administered:
    """Change a share's name, or whether all people may print to it."""
    body = {
        key: value for key, value in {"displayName": new_name, "allowAllUsers": everyone}.items() if value is not None
    }

    async def work(session: Session) -> int:
        share = await find_share(session.admin, name)
        changed = await session.admin.update_share(str(share["id"]), body)
        _tell(changed, f"is open to {_open_to(changed)}", as_json=as_json)
        return 0

    return Administered(("update share",), work)


@app.command("delete")
@administered
def delete_share(
    name: ShareName,
    yes: Yes = False,
    as_json: Json = False,
) -> Administered:
    """Remove a share for good. Its printer stays."""

    async def work(session: Session) -> int:
        share = await find_share(session.admin, name)
        errors.print(
            "People who printed to it no longer can, Windows users have to add a printer anew, and the share does not "
            "come back; `printops share swap` puts another printer behind it instead.",
            highlight=False,
            markup=False,
        )
        confirm(str(share["displayName"]), yes=yes)
        await session.admin.delete_share(str(share["id"]))
        _tell(share, "is no longer shared", as_json=as_json)
        return 0

    return Administered(("delete share",), work)


@app.command("allow")
@administered
def allow(
    name: ShareName,
    users: Users = None,
    groups: Groups = None,
    everyone: Annotated[bool, typer.Option("--everyone", help="All people of the tenant.")] = False,
    as_json: Json = False,
) -> Administered:
    """Let users, groups or everyone print to a share. Whoever may already stays."""
    _some(users, groups, everyone=everyone)

    async def work(session: Session) -> int:
        share = await find_share(session.admin, name)
        share_id = str(share["id"])
        members = await _members(session, users, groups)
        await _allow(session, share_id, members)
        if everyone:
            share = await session.admin.update_share(share_id, {"allowAllUsers": True})
        elif share.get("allowAllUsers"):
            errors.print(
                "The share is open to everyone, so its lists do not matter: `printops share update --not-everyone`.",
                highlight=False,
                markup=False,
            )
        _tell(share, f"is open to {_open(share, members)}", as_json=as_json)
        return 0

    return Administered(("allow user", "list shares", *_lookups(users, groups)), work)


@app.command("disallow")
@administered
def disallow(
    name: ShareName,
    users: Users = None,
    groups: Groups = None,
    everyone: Annotated[bool, typer.Option("--everyone", help="No longer everyone, but who is listed.")] = False,
    as_json: Json = False,
) -> Administered:
    """Take users or groups off a share's lists, or close it to all who are not listed."""
    _some(users, groups, everyone=everyone)

    async def work(session: Session) -> int:
        share = await find_share(session.admin, name)
        share_id = str(share["id"])
        admin = session.admin
        for kind, member in await _members(session, users, groups):
            remove = admin.remove_allowed_user if kind == "user" else admin.remove_allowed_group
            try:
                await remove(share_id, str(member["id"]))
            except GraphNotFound:
                errors.print(f"{_name(member)} was not on the list", highlight=False, markup=False)
        if everyone:
            share = await admin.update_share(share_id, {"allowAllUsers": False})
        _tell(share, f"is open to {_open_to(share)}", as_json=as_json)
        return 0

    return Administered(("disallow user", "list shares", *_lookups(users, groups)), work)


def _some(users: list[str] | None, groups: list[str] | None, *, everyone: bool) -> None:
    if not (users or groups or everyone):
        raise ChangeRefused("Name somebody: --user, --group or --everyone.")


def _lookups(users: list[str] | None, groups: list[str] | None) -> tuple[str, ...]:
    """What finding these people takes; an id of a group needs no looking up."""
    wanted = ("find user",) if users else ()
    return (*wanted, *(("find group",) if any(not is_id(group) for group in groups or ()) else ()))


async def _members(
    session: Session, users: list[str] | None, groups: list[str] | None
) -> list[tuple[str, Mapping[str, Any]]]:
    """The users and groups, all of them found before anything is changed."""
    found = [("user", await user_of(session.admin, user)) for user in users or ()]
    return found + [("group", await group_of(session.admin, group)) for group in groups or ()]


async def _allow(session: Session, share_id: str, members: list[tuple[str, Mapping[str, Any]]]) -> None:
    for kind, member in members:
        add = session.admin.add_allowed_user if kind == "user" else session.admin.add_allowed_group
        try:
            await add(share_id, str(member["id"]))
        except GraphConflict:
            errors.print(f"{_name(member)} was on the list already", highlight=False, markup=False)


def _name(member: Mapping[str, Any]) -> str:
    return str(member.get("userPrincipalName") or member.get("displayName"))


def _open(share: Mapping[str, Any], members: list[tuple[str, Mapping[str, Any]]]) -> str:
    if share.get("allowAllUsers") or not members:
        return _open_to(share)
    return ", ".join(_name(member) for _, member in members)


def _open_to(share: Mapping[str, Any]) -> str:
    return "everyone" if share.get("allowAllUsers") else "those who are listed"


def _tell(share: Mapping[str, Any], what: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(share, ensure_ascii=False))
    else:
        console.print(f"{share.get('displayName')} ({share.get('id')}) {what}", highlight=False, markup=False)
