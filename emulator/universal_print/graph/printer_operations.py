"""Printers and shares: list and get (Graph: print-list-printers, printer-get, print-list-shares, printershare-get)."""

from __future__ import annotations

from typing import Any

from emulator.universal_print.graph.call import Call, Handler, Result
from emulator.universal_print.graph.errors import GraphError, not_found
from emulator.universal_print.graph.lookup import printer_of, share_of
from emulator.universal_print.graph.paging import expand, listing, page, select
from emulator.universal_print.graph.views import HEAVY, group_view, printer_view, share_view, user_view
from emulator.universal_print.world import Printer, Share

# What a user who is no administrator learns of a share from the list (Graph: print-list-shares).
_PUBLIC = ("id", "displayName", "manufacturer", "model", "location")


async def list_printers(call: Call) -> Result:
    """GET /print/printers."""
    world = call.service.world
    with_shares = "shares" in expand(call, "shares")
    shown, next_link = page(call, list(world.printers.values()))
    values = []
    for printer in shown:
        # Neither comes in a list, even when asked for.
        view = _without_heavy(printer_view(world, printer))
        values.append(select(call, view, "printer") | (_shares(world.share_of(printer)) if with_shares else {}))
    return Result(200, listing(call, "print/printers", values, next_link), complete=not call.flag("$select"))


async def get_printer(call: Call) -> Result:
    """GET /print/printers/{printer}."""
    return _printer(call, printer_of(call))


async def get_share_printer(call: Call) -> Result:
    """GET /print/shares/{share}/printer."""
    return _printer(call, share_of(call).printer)


def _printer(call: Call, printer: Printer) -> Result:
    world = call.service.world
    view = select(call, printer_view(world, printer), "printer", hidden=HEAVY)
    if "shares" in expand(call, "shares"):
        view |= _shares(world.share_of(printer))
    body = {"@odata.context": call.context("print/printers/$entity"), **view}
    return Result(200, body, complete=not call.flag("$select"))


async def list_printer_shares(call: Call) -> Result:
    """GET /print/printers/{printer}/shares: one at most."""
    printer = printer_of(call)
    share = call.service.world.share_of(printer)
    shares = [share] if share is not None and _may_see(call, share) else []
    return _share_list(call, shares, None, f"print/printers('{printer.id}')/shares")


async def list_shares(call: Call) -> Result:
    """GET /print/shares: those that the user may print to; all of them for an administrator."""
    if "$filter" in call.query:
        raise GraphError(501, "notImplemented", "The emulator does not filter shares.")
    visible = [share for share in call.service.world.shares.values() if _may_see(call, share)]
    shown, next_link = page(call, visible)
    return _share_list(call, shown, next_link, "print/shares")


def _share_list(call: Call, shares: list[Share], next_link: str | None, context: str) -> Result:
    views = [_without_heavy(share_view(share)) for share in shares]
    if not call.caller.is_administrator:
        views = [{name: view[name] for name in _PUBLIC} for view in views]
    values = [select(call, view, "printerShare") for view in views]
    complete = call.caller.is_administrator and not call.flag("$select")
    return Result(200, listing(call, context, values, next_link), complete=complete)


async def get_share(call: Call) -> Result:
    """GET /print/shares/{share}, also below its printer."""
    share = share_of(call)
    if "printer" in call.parameters and share.printer is not printer_of(call):
        raise not_found("The printer share")
    view = select(call, share_view(share), "printerShare", hidden=HEAVY)
    if "printer" in expand(call, "printer"):
        view["printer"] = _without_heavy(printer_view(call.service.world, share.printer))
    body = {"@odata.context": call.context("print/shares/$entity"), **view}
    return Result(200, body, complete=not call.flag("$select"))


async def list_allowed_users(call: Call) -> Result:
    """GET /print/shares/{share}/allowedUsers."""
    share = share_of(call)
    users = call.service.world.users
    values = [user_view(users[user_id]) for user_id in sorted(share.users)]
    return Result(200, listing(call, "users", values, None))


async def list_allowed_groups(call: Call) -> Result:
    """GET /print/shares/{share}/allowedGroups."""
    share = share_of(call)
    groups = call.service.world.groups
    values = [group_view(groups[group_id]) for group_id in sorted(share.groups)]
    return Result(200, listing(call, "groups", values, None))


def _may_see(call: Call, share: Share) -> bool:
    return call.caller.is_administrator or share.admits(call.caller.signed_in())


def _shares(share: Share | None) -> dict[str, Any]:
    return {"shares": [_without_heavy(share_view(share))] if share is not None else []}


def _without_heavy(view: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in view.items() if name not in HEAVY}


HANDLERS: dict[str, Handler] = {
    "listPrinters": list_printers,
    "getPrinter": get_printer,
    "getSharePrinter": get_share_printer,
    "listPrinterShares": list_printer_shares,
    "listShares": list_shares,
    "getShare": get_share,
    "getPrinterShare": get_share,
    "listShareAllowedUsers": list_allowed_users,
    "listShareAllowedGroups": list_allowed_groups,
}
