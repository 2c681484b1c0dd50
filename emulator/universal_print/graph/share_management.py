"""Shares: make, change, delete, and say who may use them (Graph: print-post-shares, printershare-update, -delete)."""

from __future__ import annotations

import re
import uuid
from typing import Any

from emulator.universal_print.graph.call import Call, Handler, Result
from emulator.universal_print.graph.caller import require_printer_administrator
from emulator.universal_print.graph.errors import GraphError, bad_request, conflict, not_found
from emulator.universal_print.graph.lookup import share_of
from emulator.universal_print.graph.views import HEAVY, share_view
from emulator.universal_print.world import Printer, Share

GRAPH = "https://graph.microsoft.com/v1.0"
_LONGEST_NAME = 50
_PRINTER = "printer@odata.bind"
_MEMBERS = ("displayName", "allowAllUsers", _PRINTER)


async def create_share(call: Call) -> Result:
    """POST /print/shares."""
    body = _members(call)
    if "displayName" not in body:
        raise bad_request("displayName is required.")
    if _PRINTER not in body:
        raise bad_request(f"{_PRINTER} is required.")
    name = _free_name(call, body["displayName"], None)
    printer = _unshared_printer(call, body[_PRINTER], None)
    share = Share(str(uuid.uuid4()), name, printer, call.now, body.get("allowAllUsers", False))
    call.service.world.shares[share.id] = share
    return Result(201, _shown(call, share))


async def update_share(call: Call) -> Result:
    """PATCH /print/shares/{share}: name, access for all, or another printer behind it."""
    share = share_of(call)
    body = _members(call)
    if not body:
        raise bad_request(f"The body must have at least one of {', '.join(_MEMBERS)}.")
    name = _free_name(call, body["displayName"], share) if "displayName" in body else share.display_name
    printer = _unshared_printer(call, body[_PRINTER], share) if _PRINTER in body else share.printer
    share.display_name, share.printer = name, printer
    share.allow_all_users = body.get("allowAllUsers", share.allow_all_users)
    return Result(200, _shown(call, share))


async def delete_share(call: Call) -> Result:
    """DELETE /print/shares/{share}. Jobs that were sent to it print all the same."""
    require_printer_administrator(call.caller)
    del call.service.world.shares[share_of(call).id]
    return Result(204)


async def add_allowed_user(call: Call) -> Result:
    """POST /print/shares/{share}/allowedUsers/$ref."""
    return _added(call, "users", call.service.world.users, share_of(call).users)


async def add_allowed_group(call: Call) -> Result:
    """POST /print/shares/{share}/allowedGroups/$ref."""
    require_printer_administrator(call.caller)
    return _added(call, "groups", call.service.world.groups, share_of(call).groups)


async def remove_allowed_user(call: Call) -> Result:
    """DELETE /print/shares/{share}/allowedUsers/{user}/$ref."""
    return _removed(call.parameters["user"], share_of(call).users, "The user")


async def remove_allowed_group(call: Call) -> Result:
    """DELETE /print/shares/{share}/allowedGroups/{group}/$ref."""
    return _removed(call.parameters["group"], share_of(call).groups, "The group")


def bound_id(call: Call, url: Any, collection: str, what: str) -> str:
    """The id that a reference names, such as `https://…/v1.0/users/{id}`. Raises GraphError 400."""
    for root in (call.root, GRAPH):
        if isinstance(url, str) and url.startswith(f"{root}/{collection}"):
            found = re.fullmatch(r"(?:/([^/?#()']+)|\('([^/?#()']+)'\))", url.removeprefix(f"{root}/{collection}"))
            if found is not None:
                return found[1] or found[2]
    raise bad_request(f"{what} must be the address of an entity, as in {GRAPH}/{collection}/{{id}}.")


def _added(call: Call, collection: str, known: dict[str, Any], members: set[str]) -> Result:
    member = bound_id(call, call.body_of("@odata.id").get("@odata.id"), collection, "@odata.id")
    if member not in known:
        raise not_found(f"The entity {collection}/{member}")
    if member in members:
        raise conflict("The reference exists already.")
    members.add(member)
    return Result(204)


def _removed(member: str, members: set[str], what: str) -> Result:
    if member not in members:
        raise not_found(what)
    members.discard(member)
    return Result(204)


def _members(call: Call) -> dict[str, Any]:
    body = call.body_of(*_MEMBERS)
    plain = {name: value for name, value in body.items() if name != _PRINTER}
    call.checked(plain, "printerShare", "The printer share", complete=False)
    name = body.get("displayName")
    if name is not None and not 1 <= len(name.strip()) <= len(name) <= _LONGEST_NAME:
        raise bad_request(f"displayName must have 1 to {_LONGEST_NAME} characters.")
    return body


def _free_name(call: Call, name: str, own: Share | None) -> str:
    """The name, unless another share has it. Raises GraphError 409."""
    for other in call.service.world.shares.values():
        if other is not own and other.display_name.lower() == name.lower():
            raise GraphError(409, "nameAlreadyExists", f"A printer share with the name {name} exists already.")
    return name


def _unshared_printer(call: Call, url: Any, own: Share | None) -> Printer:
    """The printer that a body names, unless another share has it. Raises GraphError 400, 409."""
    printer = call.service.world.printers.get(bound_id(call, url, "print/printers", _PRINTER))
    if printer is None:
        raise GraphError(400, "invalidRequest", f"{_PRINTER} names no printer.")
    other = call.service.world.share_of(printer)
    if other is not None and other is not own:
        raise conflict("The printer is shared already: a printer has one share at most.")
    return printer


def _shown(call: Call, share: Share) -> dict[str, Any]:
    view = {name: value for name, value in share_view(share).items() if name not in HEAVY}
    return {"@odata.context": call.context("print/shares/$entity"), **view}


HANDLERS: dict[str, Handler] = {
    "createShare": create_share,
    "updateShare": update_share,
    "deleteShare": delete_share,
    "addShareAllowedUser": add_allowed_user,
    "addShareAllowedGroup": add_allowed_group,
    "removeShareAllowedUser": remove_allowed_user,
    "removeShareAllowedGroup": remove_allowed_group,
}
