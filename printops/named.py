"""Finds what a command names: a printer, a share, a user, a group or a task definition, by its id or its name."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from shared.errors import GraphNotFound, PrintFunctionsError
from shared.graph.admin_client import AdminClient
from shared.setting_values import GUID

type Object = Mapping[str, Any]


class NotFound(PrintFunctionsError):
    """Nothing, or more than one thing, has the name that was given."""


def is_id(name: str) -> bool:
    """Whether the text is an id rather than a name."""
    return GUID.fullmatch(name) is not None


def only(name: str, entries: Sequence[Object], what: str, *, listed_by: str) -> Object:
    """The one entry with this display name, in any letter case. Raises NotFound with what helps."""
    found = [entry for entry in entries if str(entry.get("displayName", "")).casefold() == name.casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(str(entry["id"]) for entry in found)
        raise NotFound(f"{len(found)} {what}s are called {name}. Name one by its id: {ids}.")
    names = {str(entry.get("displayName", "")).casefold(): str(entry.get("displayName", "")) for entry in entries}
    near = difflib.get_close_matches(name.casefold(), names, n=1)
    hint = f" Did you mean {names[near[0]]}?" if near else ""
    raise NotFound(f"There is no {what} called {name}.{hint} `{listed_by}` shows them.")


async def find_printer(
    admin: AdminClient, name: str, select: Sequence[str] | None = None, *, with_shares: bool = False
) -> Object:
    """The printer with this id or name, with the properties that are named. Raises NotFound."""
    printer_id = name
    if not is_id(name):
        listed = await admin.printers(with_shares=with_shares)
        found = only(name, listed, "printer", listed_by="printops printer list")
        if select is None:
            return found
        printer_id = str(found["id"])
    try:
        return await admin.printer(printer_id, select, with_shares=with_shares)
    except GraphNotFound as error:
        raise NotFound(f"There is no printer with the id {name}. `printops printer list` shows them.") from error


async def find_share(
    admin: AdminClient, name: str, select: Sequence[str] | None = None, *, with_printer: bool = False
) -> Object:
    """The share with this id or name, with the properties that are named. Raises NotFound."""
    share_id = name
    if not is_id(name):
        found = only(name, await admin.shares(), "share", listed_by="printops share list")
        if select is None and not with_printer:
            return found
        share_id = str(found["id"])
    try:
        return await admin.share(share_id, select, with_printer=with_printer)
    except GraphNotFound as error:
        raise NotFound(f"There is no share with the id {name}. `printops share list` shows them.") from error


async def user_of(admin: AdminClient, name: str) -> Object:
    """The user with this user principal name or id. Raises NotFound."""
    user = await admin.find_user(name)
    if user is None:
        raise NotFound(f"There is no user {name}. Name users by their user principal names.")
    return user


async def group_of(admin: AdminClient, name: str) -> Object:
    """The group with this name or id; an id is taken as it is. Raises NotFound."""
    if is_id(name):
        return {"id": name, "displayName": name}
    group = await admin.find_group(name)
    if group is None:
        raise NotFound(f"There is no group called {name}.")
    return group
