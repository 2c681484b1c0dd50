"""The calls to Graph that read and change app registrations, as the administrator who is signed in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from shared.directory.plan import Action, Step
from shared.directory.registration import GRAPH_APP_ID, Registration, Resource, resource_of
from shared.directory.wanted import DirectoryProblem, Identity
from shared.errors import GraphNotFound
from shared.graph.application_calls import ApplicationCalls, segment

_APPLICATION = (
    *("id", "appId", "createdDateTime", "displayName", "isFallbackPublicClient", "keyCredentials"),
    *("passwordCredentials", "publicClient", "requiredResourceAccess"),
)


class DirectoryClient:
    """Reads and changes app registrations. Raises DirectoryProblem, GraphError's branches, NoReply and NotNow."""

    def __init__(self, calls: ApplicationCalls) -> None:
        self._calls = calls
        self._root = calls.base_url

    async def resource(self) -> Resource:
        """Graph's own service principal (Graph: serviceprincipal-get)."""
        select = "?$select=id,appRoles,oauth2PermissionScopes"
        return resource_of(await self._get("get Graph's service principal", f"{self._by_app(GRAPH_APP_ID)}{select}"))

    async def identity(self, principal_id: str) -> Identity:
        """The managed identity with this object id. Raises DirectoryProblem where it is none."""
        select = "?$select=id,appId,displayName,servicePrincipalType"
        address = f"{self._root}/servicePrincipals/{segment(principal_id)}{select}"
        try:
            found = await self._get("get service principal", address)
        except GraphNotFound:
            found = {}
        if found.get("servicePrincipalType") != "ManagedIdentity":
            raise DirectoryProblem(
                f"The tenant has no managed identity with the object id {principal_id}. Take its principal id, not its "
                "client id: IDENTITY_PRINCIPAL_ID of `azd env get-values`, or `az identity show --query principalId`."
            )
        return Identity(str(found["id"]), str(found["appId"]), str(found.get("displayName") or "identity"))

    async def find(self, *, client_id: str | None = None, name: str = "") -> Registration | None:
        """The tenant's app registration with this client id, or else with this name; None where there is none.

        Raises DirectoryProblem where several have the name.
        """
        member, value = ("appId", client_id) if client_id else ("displayName", name)
        filtered = quote(f"{member} eq '{value.replace("'", "''")}'")
        address = f"{self._root}/applications?$filter={filtered}&$select=id,appId"
        found = [entry async for entry in self._calls.entries("list app registrations", address)]
        if len(found) > 1:
            ids = ", ".join(sorted(str(entry["appId"]) for entry in found))
            raise DirectoryProblem(
                f"The tenant has {len(found)} apps named {name!r}: name one with --app-id, of {ids}."
            )
        return await self.read(str(found[0]["id"])) if found else None

    async def read(self, object_id: str) -> Registration:
        """All of an app registration. Raises GraphNotFound."""
        address = f"{self._application(object_id)}?$select={','.join(_APPLICATION)}"
        application = await self._get("get app registration", address)
        trusts = [
            entry
            async for entry in self._calls.entries(
                "list federated credentials", f"{self._application(object_id)}/federatedIdentityCredentials"
            )
        ]
        try:
            address = f"{self._by_app(str(application['appId']))}?$select=id,tags"
            principal = await self._get("get service principal", address)
        except GraphNotFound:
            return Registration(application, trusts)
        principal_id = str(principal["id"])
        resource_id = (await self._get("get Graph's service principal", f"{self._by_app(GRAPH_APP_ID)}?$select=id"))[
            "id"
        ]
        assignments = {
            str(entry["appRoleId"]): str(entry["id"])
            async for entry in self._calls.entries(
                "list app role assignments", f"{self._principal(principal_id)}/appRoleAssignments"
            )
            if entry["resourceId"] == resource_id
        }
        filtered = quote(f"clientId eq '{principal_id}'")
        grants = [
            entry
            async for entry in self._calls.entries(
                "list consent", f"{self._root}/oauth2PermissionGrants?$filter={filtered}"
            )
            if entry["consentType"] == "AllPrincipals" and entry["resourceId"] == resource_id
        ]
        grant = grants[0] if grants else None
        return Registration(application, trusts, principal_id, assignments, grant, principal.get("tags") or ())

    async def do(self, step: Step, registration: Registration | None, resource: Resource) -> Mapping[str, Any]:
        """Do one step for the app that the steps before it have made; Graph's answer."""
        if step.action is Action.CREATE_APP or registration is None:
            return await self._post(step, f"{self._root}/applications", step.body)
        application = self._application(registration.object_id)
        trusts = f"{application}/federatedIdentityCredentials"
        principal_id = registration.principal_id or ""
        assignments = f"{self._principal(principal_id)}/appRoleAssignments"
        grants = f"{self._root}/oauth2PermissionGrants"
        body = step.body or {}
        match step.action:
            case Action.CREATE_PRINCIPAL:
                whose = {"appId": registration.client_id}
                return await self._post(step, f"{self._root}/servicePrincipals", {**whose, **body})
            case Action.LIST_PRINCIPAL:
                return await self._patch(step, self._principal(principal_id), body)
            case Action.TRUST:
                return await self._post(step, trusts, body)
            case Action.CHANGE_TRUST:
                return await self._patch(step, f"{trusts}/{segment(step.target)}", body)
            case Action.ADD_SECRET:
                return await self._post(step, f"{application}/addPassword", body)
            case Action.CONSENT_FOR_PEOPLE if not step.target:
                client = {"clientId": principal_id, "consentType": "AllPrincipals", "resourceId": resource.id}
                return await self._post(step, grants, {**client, **body})
            case Action.CONSENT_FOR_PEOPLE | Action.TAKE_BACK_FROM_PEOPLE:
                return await self._patch(step, f"{grants}/{segment(step.target)}", body)
            case Action.CONSENT_FOR_THE_APP:
                whose = {"principalId": principal_id, "resourceId": resource.id}
                return await self._post(step, assignments, {**whose, **body})
            case Action.TAKE_BACK_FROM_THE_APP:
                address = f"{assignments}/{segment(step.target)}"
                return await self._calls.run(step.action, "DELETE", address, repeatable=True)
            case _:
                return await self._patch(step, application, body)

    async def _get(self, operation: str, address: str) -> Mapping[str, Any]:
        return await self._calls.run(operation, "GET", address, repeatable=True)

    async def _post(self, step: Step, address: str, body: Mapping[str, Any] | None) -> Mapping[str, Any]:
        return await self._calls.run(step.action, "POST", address, body, repeatable=False)

    async def _patch(self, step: Step, address: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return await self._calls.run(step.action, "PATCH", address, body, repeatable=True)

    def _application(self, object_id: str) -> str:
        return f"{self._root}/applications/{segment(object_id)}"

    def _principal(self, principal_id: str) -> str:
        return f"{self._root}/servicePrincipals/{segment(principal_id)}"

    def _by_app(self, client_id: str) -> str:
        return f"{self._root}/servicePrincipals(appId='{segment(client_id)}')"
