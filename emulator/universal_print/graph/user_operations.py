"""Users, as far as print software needs them (Graph: user-get, user-list)."""

from __future__ import annotations

from emulator.universal_print.graph.call import Call, Handler, Result
from emulator.universal_print.graph.errors import GraphError, access_denied
from emulator.universal_print.graph.paging import listing, page, select
from emulator.universal_print.graph.permissions import USER_LIST
from emulator.universal_print.graph.views import user_view
from emulator.universal_print.world import User

# Graph answers these alone, unless `$select` asks for more (Graph: user-get).
_NOT_BY_DEFAULT = ("accountEnabled",)


async def get_me(call: Call) -> Result:
    """GET /me."""
    return _user(call, call.caller.signed_in())


async def get_user(call: Call) -> Result:
    """GET /users/{id or user principal name}."""
    user = call.service.world.user_named(call.parameters["user"])
    if user is None:
        raise GraphError(
            404,
            "Request_ResourceNotFound",
            f"Resource '{call.parameters['user']}' does not exist or one of its queried reference-property objects "
            "are not present.",
        )
    others = call.caller.user is not None and user is not call.caller.user
    if others and not call.caller.permissions & set(USER_LIST):
        raise access_denied("The token does not allow to read other users.")
    return _user(call, user)


async def list_users(call: Call) -> Result:
    """GET /users."""
    shown, next_link = page(call, list(call.service.world.users.values()))
    values = [select(call, user_view(user), "user", hidden=_NOT_BY_DEFAULT) for user in shown]
    return Result(200, listing(call, "users", values, next_link), complete=not call.flag("$select"))


def _user(call: Call, user: User) -> Result:
    view = select(call, user_view(user), "user", hidden=_NOT_BY_DEFAULT)
    body = {"@odata.context": call.context("users/$entity"), **view}
    return Result(200, body, complete=not call.flag("$select"))


HANDLERS: dict[str, Handler] = {"getMe": get_me, "getUser": get_user, "listUsers": list_users}
