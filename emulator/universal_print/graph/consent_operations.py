"""Service principals, and what an administrator consents to (Graph: serviceprincipal, approleassignment, …).

Who may consent to what: Microsoft's "Grant tenant-wide admin consent to an application".
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, Literal

from emulator.universal_print.clock import graph_time
from emulator.universal_print.directory.published import GRAPH_APP_ID, Permission, named, permissions
from emulator.universal_print.graph.application_operations import MANAGERS, invalid, is_due
from emulator.universal_print.graph.call import Call, Handler, Result
from emulator.universal_print.graph.caller import require_role
from emulator.universal_print.graph.errors import GraphError
from emulator.universal_print.graph.filters import equal_filter
from emulator.universal_print.graph.paging import listing, page, select
from emulator.universal_print.graph.user_operations import resource_not_found
from emulator.universal_print.tokens import managed_identity
from emulator.universal_print.world import AppRegistration, World, stable_id

_PRIVILEGED = "Privileged Role Administrator"
MANAGED_IDENTITY_NAME = "print-functions"


@dataclass(frozen=True, slots=True)
class _Principal:
    """A service principal: of an app registration, of the managed identity, or Graph's own."""

    id: str
    app_id: str
    display_name: str
    kind: Literal["Application", "ManagedIdentity"] = "Application"
    app: AppRegistration | None = None


async def list_principals(call: Call) -> Result:
    """GET /servicePrincipals."""
    views = [_view(one) for one in _principals(call)]
    shown, next_link = page(call, equal_filter(call, views, ("appId", "displayName", "id", "servicePrincipalType")))
    values = [select(call, view, "servicePrincipal") for view in shown]
    return Result(200, listing(call, "servicePrincipals", values, next_link), complete=not call.flag("$select"))


async def create_principal(call: Call) -> Result:
    """POST /servicePrincipals, for an app registration of the tenant."""
    require_role(call.caller, *MANAGERS, "Application Developer")
    body = call.checked(call.body_of("appId", "tags"), "servicePrincipal", "The service principal", complete=False)
    app_id = body.get("appId")
    world = call.service.world
    app = world.apps.get(app_id) if isinstance(app_id, str) else None
    if app is None or not is_due(call, app.known_from):
        raise invalid(f"The appId '{app_id}' of the service principal does not reference a valid application object.")
    if app.service_principal_id:
        raise GraphError(
            409,
            "Request_MultipleObjectsWithSameKeyValue",
            f"The service principal cannot be created because the service principal name {app_id} is already in use.",
        )
    app.service_principal_id = str(uuid.uuid4())
    app.principal_tags = tuple(body.get("tags") or ())
    made = _find(call, app.service_principal_id)
    app.principal_known_from = call.now + call.service.settings.directory_delay
    return Result(201, _body(call, _view(made)))


async def get_principal(call: Call) -> Result:
    """GET /servicePrincipals/{principal}, also by appId."""
    app_id = call.parameters.get("appId", "").strip("'")
    if app_id:
        found = next((one for one in _principals(call) if one.app_id == app_id), None)
        if found is None:
            raise resource_not_found(app_id)
    else:
        found = _find(call, call.parameters["principal"])
    view = select(call, _view(found), "servicePrincipal")
    return Result(200, _body(call, view), complete=not call.flag("$select"))


async def update_principal(call: Call) -> Result:
    """PATCH /servicePrincipals/{principal}: its tags, which take the place of the former ones."""
    require_role(call.caller, *MANAGERS)
    principal = _find(call, call.parameters["principal"])
    body = call.checked(call.body_of("tags"), "servicePrincipal", "The service principal", complete=False)
    if principal.app is None:
        raise GraphError(501, "notImplemented", "The emulator changes service principals of app registrations alone.")
    principal.app.principal_tags = tuple(body.get("tags", principal.app.principal_tags))
    return Result(204)


async def list_assignments(call: Call) -> Result:
    """GET /servicePrincipals/{principal}/appRoleAssignments: the application permissions that it was given."""
    principal = _find(call, call.parameters["principal"])
    views = [_assignment_view(call, principal, role) for role in _granted(principal)]
    shown, next_link = page(call, equal_filter(call, views, ("resourceId", "appRoleId")))
    context = f"servicePrincipals('{principal.id}')/appRoleAssignments"
    return Result(200, listing(call, context, shown, next_link))


async def create_assignment(call: Call) -> Result:
    """POST …/appRoleAssignments of the app, or …/appRoleAssignedTo of Graph's service principal."""
    # Of Graph's own roles, other administrators of apps may give none away.
    require_role(call.caller, _PRIVILEGED)
    body = call.body_of("principalId", "resourceId", "appRoleId")
    principal = _find(call, str(body.get("principalId")))
    resource = _find(call, str(body.get("resourceId")))
    on_path = principal if call.operation.name == "createAppRoleAssignment" else resource
    if call.parameters["principal"] != on_path.id:
        raise invalid("The service principal of the address is not the one of the body.")
    role = permissions().get(("Role", str(body.get("appRoleId"))))
    if resource.app_id != GRAPH_APP_ID or role is None:
        raise invalid("Permission being assigned was not found on application.")
    if principal.app is None:
        raise GraphError(501, "notImplemented", "The emulator gives permissions to app registrations alone.")
    if role.value in principal.app.application:
        raise invalid("Permission being assigned already exists on the object.")
    principal.app.application |= {role.value}
    context = call.context("servicePrincipals('" + on_path.id + "')/appRoleAssignments/$entity")
    return Result(201, {"@odata.context": context, **_assignment_view(call, principal, role)})


async def delete_assignment(call: Call) -> Result:
    """DELETE /servicePrincipals/{principal}/appRoleAssignments/{assignment}."""
    require_role(call.caller, _PRIVILEGED)
    principal = _find(call, call.parameters["principal"])
    for role in _granted(principal):
        if principal.app is not None and _assignment_id(principal, role) == call.parameters["assignment"]:
            principal.app.application -= {role.value}
            return Result(204)
    raise resource_not_found(call.parameters["assignment"])


async def list_grants(call: Call) -> Result:
    """GET /oauth2PermissionGrants: what was consented to for all users."""
    views = [_grant_view(call, one) for one in _principals(call) if one.app and one.app.delegated]
    known = ("clientId", "consentType", "principalId", "resourceId")
    shown, next_link = page(call, equal_filter(call, views, known))
    return Result(200, listing(call, "oauth2PermissionGrants", shown, next_link))


async def create_grant(call: Call) -> Result:
    """POST /oauth2PermissionGrants, for all users."""
    require_role(call.caller, *MANAGERS, _PRIVILEGED)
    body = call.body_of("clientId", "consentType", "principalId", "resourceId", "scope")
    if body.get("consentType") != "AllPrincipals" or body.get("principalId") is not None:
        raise GraphError(501, "notImplemented", "The emulator knows consent for all users alone (AllPrincipals).")
    client, resource = (_find(call, str(body.get(name))) for name in ("clientId", "resourceId"))
    if client.app is None or resource.app_id != GRAPH_APP_ID:
        raise invalid("clientId must be an app's service principal, and resourceId that of Microsoft Graph.")
    if client.app.delegated:
        raise GraphError(
            409, "Request_MultipleObjectsWithSameKeyValue", "Permission entry already exists: change its scope."
        )
    client.app.delegated = _scopes(body.get("scope"))
    context = call.context("oauth2PermissionGrants/$entity")
    return Result(201, {"@odata.context": context, **_grant_view(call, client)})


async def update_grant(call: Call) -> Result:
    """PATCH /oauth2PermissionGrants/{grant}: the scope takes the place of the former one."""
    require_role(call.caller, *MANAGERS, _PRIVILEGED)
    app = _granted_app(call)
    app.delegated = _scopes(call.body_of("scope").get("scope"))
    return Result(204)


async def delete_grant(call: Call) -> Result:
    """DELETE /oauth2PermissionGrants/{grant}."""
    require_role(call.caller, *MANAGERS, _PRIVILEGED)
    _granted_app(call).delegated = frozenset()
    return Result(204)


def _principals(call: Call) -> list[_Principal]:
    world = call.service.world
    identity = managed_identity.principal_id(world.tenant_id)
    return [
        _Principal(_graph_id(world), GRAPH_APP_ID, "Microsoft Graph"),
        _Principal(identity, stable_id(identity, "appId"), MANAGED_IDENTITY_NAME, "ManagedIdentity"),
        *(
            _Principal(app.service_principal_id, app.client_id, app.display_name, "Application", app)
            for app in world.apps.values()
            if app.service_principal_id and is_due(call, app.principal_known_from)
        ),
    ]


def _graph_id(world: World) -> str:
    return stable_id(world.tenant_id, "servicePrincipal", GRAPH_APP_ID)


def _find(call: Call, principal_id: str) -> _Principal:
    found = next((one for one in _principals(call) if one.id == principal_id), None)
    if found is None:
        raise resource_not_found(principal_id)
    return found


def _view(principal: _Principal) -> dict[str, Any]:
    is_graph = principal.app_id == GRAPH_APP_ID
    return {
        "id": principal.id,
        "deletedDateTime": None,
        "accountEnabled": True,
        "appId": principal.app_id,
        "appDisplayName": principal.display_name,
        "displayName": principal.display_name,
        "servicePrincipalNames": [principal.app_id],
        "servicePrincipalType": principal.kind,
        "tags": list(principal.app.principal_tags) if principal.app is not None else [],
        "appRoles": [_role_view(one) for one in permissions().values() if is_graph and one.kind == "Role"],
        "oauth2PermissionScopes": [
            _scope_view(one) for one in permissions().values() if is_graph and one.kind == "Scope"
        ],
    }


def _role_view(role: Permission) -> dict[str, Any]:
    return {
        "id": role.id,
        "value": role.value,
        "displayName": role.value,
        "description": role.value,
        "isEnabled": True,
        "origin": "Application",
        "allowedMemberTypes": ["Application"],
    }


def _scope_view(scope: Permission) -> dict[str, Any]:
    return {
        "id": scope.id,
        "value": scope.value,
        "type": "Admin" if scope.admin else "User",
        "isEnabled": True,
        "adminConsentDisplayName": scope.value,
        "adminConsentDescription": scope.value,
        "userConsentDisplayName": scope.value,
        "userConsentDescription": scope.value,
    }


def _body(call: Call, view: dict[str, Any]) -> dict[str, Any]:
    return {"@odata.context": call.context("servicePrincipals/$entity"), **view}


def _granted(principal: _Principal) -> list[Permission]:
    values = sorted(principal.app.application) if principal.app is not None else []
    return [role for role in (named("Role", value) for value in values) if role is not None]


def _assignment_id(principal: _Principal, role: Permission) -> str:
    return stable_id(principal.id, "appRoleAssignment", role.id).replace("-", "")


def _assignment_view(call: Call, principal: _Principal, role: Permission) -> dict[str, Any]:
    return {
        "id": _assignment_id(principal, role),
        "deletedDateTime": None,
        "appRoleId": role.id,
        "createdDateTime": graph_time(call.now),
        "principalDisplayName": principal.display_name,
        "principalId": principal.id,
        "principalType": "ServicePrincipal",
        "resourceDisplayName": "Microsoft Graph",
        "resourceId": _graph_id(call.service.world),
    }


def _grant_id(principal: _Principal) -> str:
    return stable_id(principal.id, "oauth2PermissionGrant").replace("-", "")


def _grant_view(call: Call, principal: _Principal) -> dict[str, Any]:
    scopes = sorted(principal.app.delegated) if principal.app is not None else []
    return {
        "id": _grant_id(principal),
        "clientId": principal.id,
        "consentType": "AllPrincipals",
        "principalId": None,
        "resourceId": _graph_id(call.service.world),
        "scope": " ".join(scopes),
    }


def _granted_app(call: Call) -> AppRegistration:
    for principal in _principals(call):
        if principal.app is not None and principal.app.delegated and _grant_id(principal) == call.parameters["grant"]:
            return principal.app
    raise resource_not_found(call.parameters["grant"])


def _scopes(text: Any) -> frozenset[str]:
    """The delegated permissions of a scope. Raises GraphError 400 for one that Graph does not have."""
    names = text.split() if isinstance(text, str) else []
    unknown = [name for name in names if named("Scope", name) is None]
    if unknown or not names:
        raise invalid(f"The scope must name delegated permissions of Microsoft Graph; not known: {unknown}.")
    return frozenset(names)


HANDLERS: dict[str, Handler] = {
    "listServicePrincipals": list_principals,
    "createServicePrincipal": create_principal,
    "getServicePrincipal": get_principal,
    "getServicePrincipalByAppId": get_principal,
    "updateServicePrincipal": update_principal,
    "listAppRoleAssignments": list_assignments,
    "createAppRoleAssignment": create_assignment,
    "createAppRoleAssignedTo": create_assignment,
    "deleteAppRoleAssignment": delete_assignment,
    "listOAuth2PermissionGrants": list_grants,
    "createOAuth2PermissionGrant": create_grant,
    "updateOAuth2PermissionGrant": update_grant,
    "deleteOAuth2PermissionGrant": delete_grant,
}
