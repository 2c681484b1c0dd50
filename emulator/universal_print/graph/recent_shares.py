"""The shares that a user printed to lately (Graph: userPrint, printerShareViewpoint)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from emulator.universal_print.clock import graph_time
from emulator.universal_print.graph.call import Call, Handler, Result
from emulator.universal_print.graph.errors import access_denied
from emulator.universal_print.graph.paging import listing
from emulator.universal_print.graph.views import HEAVY, share_view
from emulator.universal_print.world import Share, User


async def list_mine(call: Call) -> Result:
    """GET /me/print/recentPrinterShares."""
    return _recent(call, call.caller.signed_in(), "me/print/recentPrinterShares")


async def list_of_user(call: Call) -> Result:
    """GET /users/{user}/print/recentPrinterShares: nobody's but the caller's own."""
    user = call.caller.signed_in()
    if call.service.world.user_named(call.parameters["user"]) is not user:
        raise access_denied("Only the own recent printer shares can be read.")
    return _recent(call, user, f"users('{user.id}')/print/recentPrinterShares")


def _recent(call: Call, user: User, context: str) -> Result:
    used: dict[str, tuple[datetime, Share]] = {}
    for job in call.service.jobs:
        if job.created_by is user and job.share is not None and job.share.id in call.service.world.shares:
            used[job.share.id] = (job.created, job.share)
    newest_first = sorted(used.values(), key=lambda entry: entry[0], reverse=True)
    return Result(200, listing(call, context, [_view(share, moment) for moment, share in newest_first], None))


def _view(share: Share, used: datetime) -> dict[str, Any]:
    view = {name: value for name, value in share_view(share).items() if name not in HEAVY}
    return view | {"viewPoint": {"lastUsedDateTime": graph_time(used)}}


HANDLERS: dict[str, Handler] = {
    "listMyRecentPrinterShares": list_mine,
    "listUserRecentPrinterShares": list_of_user,
}
