"""Groups, memberships, licences and the organization (Graph: group-list, user-list-memberof, subscribedsku-list)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emulator.universal_print.directory.published import LICENCES, ROLE_TEMPLATES, Licence
from emulator.universal_print.graph import permissions as p
from emulator.universal_print.graph.call import Call, Handler, Result
from emulator.universal_print.graph.caller import insufficient_privileges
from emulator.universal_print.graph.errors import GraphError
from emulator.universal_print.graph.filters import equal_filter
from emulator.universal_print.graph.paging import listing, page, select
from emulator.universal_print.graph.user_operations import NOT_BY_DEFAULT, resource_not_found, user_of
from emulator.universal_print.graph.views import group_view, user_view
from emulator.universal_print.world import Group, User, World, stable_id

_GROUP = "#microsoft.graph.group"
_ROLE = "#microsoft.graph.directoryRole"


async def list_groups(call: Call) -> Result:
    """GET /groups."""
    views = [group_view(group) for group in call.service.world.groups.values()]
    shown, next_link = page(call, equal_filter(call, views, ("displayName", "id")))
    values = [select(call, view, "group") for view in shown]
    return Result(200, listing(call, "groups", values, next_link), complete=not call.flag("$select"))


async def get_group(call: Call) -> Result:
    """GET /groups/{group}."""
    group = _group_of(call)
    view = select(call, group_view(group), "group")
    return Result(200, {"@odata.context": call.context("groups/$entity"), **view}, complete=not call.flag("$select"))


async def list_group_transitive_users(call: Call) -> Result:
    """GET /groups/{group}/transitiveMembers/microsoft.graph.user: the people of the group and of groups in it.

    A cast is one of the directory's advanced queries, which ask for a header and a count (Graph: group-list-
    transitivemembers, aad-advanced-queries).
    """
    group = _group_of(call)
    consistency = call.request.headers.get("consistencylevel", "").lower()
    if consistency != "eventual" or call.query.get("$count", "").lower() != "true":
        raise GraphError(400, "Request_UnsupportedQuery", "Invalid search request.")
    world = call.service.world
    members = [user for user in world.users.values() if group.id in world.groups_of(user)]
    shown, next_link = page(call, _limited(call, [user_view(user) for user in members], p.USER_LIST))
    values = [select(call, view, "user", hidden=NOT_BY_DEFAULT) for view in shown]
    body = listing(call, "users", values, next_link)
    return Result(200, {**body, "@odata.count": len(members)}, complete=not call.flag("$select"))


def _memberships(*, mine: bool, transitive: bool, roles_only: bool) -> Handler:
    async def memberships(call: Call) -> Result:
        """GET …/memberOf and …/transitiveMemberOf, all of it or the directory roles."""
        user = call.caller.signed_in() if mine else _readable_user(call)
        groups = call.service.world.groups_of(user) if transitive else user.groups
        views = _roles_of(call, user) if roles_only else [*_groups(call, groups), *_roles_of(call, user)]
        shown, next_link = page(call, equal_filter(call, views, ("displayName", "roleTemplateId", "id")))
        type_name = "directoryRole" if roles_only else "directoryObject"
        if call.flag("$select") and not roles_only:
            raise GraphError(501, "notImplemented", "The emulator selects nothing of mixed memberships.")
        values = [select(call, view, type_name) for view in shown] if roles_only else shown
        return Result(200, listing(call, "directoryObjects", values, next_link), complete=False)

    return memberships


def _group_of(call: Call) -> Group:
    group = call.service.world.groups.get(call.parameters["group"])
    if group is None:
        raise resource_not_found(call.parameters["group"])
    return group


def _groups(call: Call, group_ids: set[str]) -> list[dict[str, Any]]:
    groups = [call.service.world.groups[group_id] for group_id in sorted(group_ids)]
    views = [{"@odata.type": _GROUP, **group_view(group)} for group in groups]
    return _limited(call, views, p.GROUP_LIST)


def _roles_of(call: Call, user: User) -> list[dict[str, Any]]:
    tenant = call.service.world.tenant_id
    views: list[dict[str, Any]] = [
        {
            "@odata.type": _ROLE,
            "id": stable_id(tenant, "directoryRole", role),
            "displayName": role,
            "description": None,
            "roleTemplateId": ROLE_TEMPLATES.get(role),
        }
        for role in sorted(user.roles)
    ]
    return _limited(call, views, p.ROLE_READ)


def _limited(call: Call, views: list[dict[str, Any]], wanted: tuple[str, ...]) -> list[dict[str, Any]]:
    """Without a permission for a type, its members come with their id and nothing else (Graph: permissions)."""
    if call.caller.permissions & set(wanted):
        return views
    return [{name: view[name] if name in {"@odata.type", "id"} else None for name in view} for view in views]


async def list_my_licences(call: Call) -> Result:
    """GET /me/licenseDetails."""
    return _licences(call, call.caller.signed_in(), "me/licenseDetails")


async def list_user_licences(call: Call) -> Result:
    """GET /users/{user}/licenseDetails."""
    user = _readable_user(call, p.LICENSE_APP)
    return _licences(call, user, f"users('{user.id}')/licenseDetails")


def _licences(call: Call, user: User, context: str) -> Result:
    values = [
        {
            "id": stable_id(user.id, "licence", name),
            "skuId": LICENCES[name].sku_id,
            "skuPartNumber": name,
            "servicePlans": _plans(LICENCES[name]),
        }
        for name in sorted(user.licences)
    ]
    return Result(200, listing(call, context, values, None))


async def list_subscribed_skus(call: Call) -> Result:
    """GET /subscribedSkus: the tenant's licences."""
    world = call.service.world
    values = [_sku(world, LICENCES[name], units) for name, units in world.licences.items()]
    return Result(200, listing(call, "subscribedSkus", values, None))


def _sku(world: World, licence: Licence, units: int) -> dict[str, Any]:
    return {
        "id": f"{world.tenant_id}_{licence.sku_id}",
        "accountId": world.tenant_id,
        "accountName": world.display_name,
        "appliesTo": "User",
        "capabilityStatus": "Enabled" if units > 0 else "Suspended",
        "consumedUnits": sum(licence.part_number in user.licences for user in world.users.values()),
        "prepaidUnits": {"enabled": units, "suspended": 0, "warning": 0, "lockedOut": 0},
        "servicePlans": _plans(licence),
        "skuId": licence.sku_id,
        "skuPartNumber": licence.part_number,
        "subscriptionIds": [stable_id(world.tenant_id, "subscription", licence.part_number)],
    }


def _plans(licence: Licence) -> list[dict[str, Any]]:
    name, plan_id = licence.plan
    return [{"servicePlanId": plan_id, "servicePlanName": name, "provisioningStatus": "Success", "appliesTo": "User"}]


async def list_organization(call: Call) -> Result:
    """GET /organization: the tenant."""
    world = call.service.world
    view = {
        "id": world.tenant_id,
        "displayName": world.display_name,
        "tenantType": "AAD",
        "verifiedDomains": [
            {"name": domain, "type": "Managed", "isDefault": at == 0, "isInitial": at == 0, "capabilities": "Email"}
            for at, domain in enumerate(world.domains)
        ],
    }
    values = [select(call, view, "organization")]
    return Result(200, listing(call, "organization", values, None), complete=not call.flag("$select"))


def _readable_user(call: Call, wanted: tuple[str, ...] = (*p.GROUP_LIST, *p.USER_LIST)) -> User:
    """The user of the path. Raises GraphError 404, and 403 where the token reaches no further than oneself."""
    user = user_of(call)
    if call.caller.user is not None and user is not call.caller.user and not call.caller.permissions & set(wanted):
        raise insufficient_privileges()
    return user


def _membership_handlers() -> dict[str, Handler]:
    make: Callable[..., Handler] = _memberships
    return {
        f"list{whose}{kind}{suffix}": make(
            mine=whose == "My", transitive=kind.startswith("Transitive"), roles_only=bool(suffix)
        )
        for whose in ("My", "User")
        for kind in ("MemberOf", "TransitiveMemberOf")
        for suffix in ("", "Roles")
    }


HANDLERS: dict[str, Handler] = {
    "listGroups": list_groups,
    "getGroup": get_group,
    "listGroupTransitiveUsers": list_group_transitive_users,
    **_membership_handlers(),
    "listMyLicenseDetails": list_my_licences,
    "listUserLicenseDetails": list_user_licences,
    "listSubscribedSkus": list_subscribed_skus,
    "listOrganization": list_organization,
}
