"""Users, as far as print software needs them (Graph: user-get, user-list)."""

from __future__ import annotations

import re

from emulator.universal_print.graph.call import Call, Handler, Result
from emulator.universal_print.graph.errors import GraphError, access_denied
from emulator.universal_print.graph.filters import equal_filter
from emulator.universal_print.graph.paging import listing, page, select
from emulator.universal_print.graph.permissions import USER_LIST
from emulator.universal_print.graph.views import user_view
from emulator.universal_print.world import User

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# Graph: directoryobject-checkmembergroups.
_MOST_GROUPS = 20
# Graph answers these alone, unless `$select` asks for more (Graph: user-get).
NOT_BY_DEFAULT = ("accountEnabled",)


async def get_me(call: Call) -> Result:
    """GET /me."""
    return _user(call, call.caller.signed_in())


async def get_user(call: Call) -> Result:
    """GET /users/{id or user principal name}."""
    user = user_of(call)
    others = call.caller.user is not None and user is not call.caller.user
    if others and not call.caller.permissions & set(USER_LIST):
        raise access_denied("The token does not allow to read other users.")
    return _user(call, user)


async def list_users(call: Call) -> Result:
    """GET /users."""
    views = [user_view(user) for user in call.service.world.users.values()]
    shown, next_link = page(call, equal_filter(call, views, ("userPrincipalName", "displayName", "mail", "id")))
    values = [select(call, view, "user", hidden=NOT_BY_DEFAULT) for view in shown]
    return Result(200, listing(call, "users", values, next_link), complete=not call.flag("$select"))


async def check_member_groups(call: Call) -> Result:
    """POST /users/{id or user principal name}/checkMemberGroups: in which of the groups the user is, nested or not."""
    user = user_of(call)
    wanted = call.body_of("groupIds").get("groupIds")
    if not isinstance(wanted, list) or not all(isinstance(one, str) and _GUID.fullmatch(one) for one in wanted):
        raise GraphError(400, "Request_BadRequest", "groupIds must be the ids of groups.")
    if not 1 <= len(wanted) <= _MOST_GROUPS:
        raise GraphError(400, "Request_BadRequest", f"groupIds must have 1 to {_MOST_GROUPS} entries.")
    groups = call.service.world.groups_of(user)
    member = [one for one in wanted if one.lower() in groups]
    return Result(200, listing(call, "Collection(Edm.String)", [], None) | {"value": member})


def user_of(call: Call) -> User:
    """The user of the path, by id or user principal name. Raises GraphError 404."""
    user = call.service.world.user_named(call.parameters["user"])
    if user is None:
        raise resource_not_found(call.parameters["user"])
    return user


def resource_not_found(name: str) -> GraphError:
    """The directory's own words."""
    return GraphError(
        404,
        "Request_ResourceNotFound",
        f"Resource '{name}' does not exist or one of its queried reference-property objects are not present.",
    )


def _user(call: Call, user: User) -> Result:
    view = select(call, user_view(user), "user", hidden=NOT_BY_DEFAULT)
    body = {"@odata.context": call.context("users/$entity"), **view}
    return Result(200, body, complete=not call.flag("$select"))


HANDLERS: dict[str, Handler] = {
    "getMe": get_me,
    "getUser": get_user,
    "listUsers": list_users,
    "checkUserMemberGroups": check_member_groups,
}
