"""The emulator's tenant before set-up, running, and its administrator with Microsoft's own public client."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from emulator.universal_print.directory.published import COMMAND_LINE_TOOLS, GRAPH_APP_ID
from emulator.universal_print.empty_tenant import ADMINISTRATOR, SEED, TENANT_ID
from emulator.universal_print.seed import build_world
from emulator.universal_print.server import Emulator, running
from emulator.universal_print.tokens import managed_identity
from tests.support.emulated_service import quick_settings

BOOTSTRAP_SCOPES = (
    *("Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All"),
    *("Directory.Read.All", "User.Read"),
)


@dataclass(slots=True)
class EmptyTenant:
    """A running emulator; paths of `call` lie below `/v1.0`."""

    emulator: Emulator
    http: httpx.AsyncClient
    url: str
    _tokens: dict[tuple[str, str, tuple[str, ...]], str] = field(default_factory=dict)

    @property
    def token_url(self) -> str:
        return f"{self.url}/{TENANT_ID}/oauth2/v2.0/token"

    async def sign_in(self, name: str, client_id: str, *scopes: str) -> httpx.Response:
        """The token endpoint's answer to a person's sign-in by device code, or the refusal before it."""
        form = {"client_id": client_id, "scope": " ".join((*scopes, "offline_access"))}
        begun = await self.http.post(f"{self.url}/{TENANT_ID}/oauth2/v2.0/devicecode", data=form)
        if begun.status_code != 200:
            return begun
        page = {"otc": begun.json()["user_code"], "userPrincipalName": name}
        (await self.http.post(begun.json()["verification_uri"], data=page)).raise_for_status()
        grant = "urn:ietf:params:oauth:grant-type:device_code"
        form = {"client_id": client_id, "grant_type": grant, "device_code": begun.json()["device_code"]}
        return await self.http.post(self.token_url, data=form)

    async def call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        name: str = ADMINISTRATOR,
        client_id: str = COMMAND_LINE_TOOLS,
        scopes: tuple[str, ...] = BOOTSTRAP_SCOPES,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """A Graph request as a person (the administrator unless named), through an app."""
        key = (name, client_id, scopes)
        if key not in self._tokens:
            self._tokens[key] = (await self.sign_in(name, client_id, *scopes)).json()["access_token"]
        sent = {**(headers or {}), "Authorization": f"Bearer {self._tokens[key]}"}
        return await self.http.request(method, f"/v1.0{path}", headers=sent, json=body)

    async def graph_principal(self) -> dict[str, Any]:
        """Microsoft Graph's service principal with the permissions that it offers."""
        path = f"/servicePrincipals?$filter=appId eq '{GRAPH_APP_ID}'"
        principal: dict[str, Any] = (await self.call("GET", path)).json()["value"][0]
        return principal

    async def new_app(self, **members: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """A new app registration and its service principal."""
        app = await self.call("POST", "/applications", {"displayName": "Universal Print Functions", **members})
        assert app.status_code == 201, app.text
        principal = await self.call("POST", "/servicePrincipals", {"appId": app.json()["appId"]})
        assert principal.status_code == 201, principal.text
        return app.json(), principal.json()

    async def grant(self, principal: dict[str, Any], scope: str) -> httpx.Response:
        """Consent to delegated permissions for all users."""
        body = {
            "clientId": principal["id"],
            "consentType": "AllPrincipals",
            "resourceId": (await self.graph_principal())["id"],
            "scope": scope,
        }
        return await self.call("POST", "/oauth2PermissionGrants", body)

    async def assign(self, principal: dict[str, Any], value: str, **more: Any) -> httpx.Response:
        """Consent to an application permission."""
        graph = await self.graph_principal()
        role = next(role["id"] for role in graph["appRoles"] if role["value"] == value)
        body = {"principalId": principal["id"], "resourceId": graph["id"], "appRoleId": role}
        return await self.call("POST", f"/servicePrincipals/{principal['id']}/appRoleAssignments", body, **more)

    async def managed_identity_assertion(self) -> str:
        """What the managed identity shows for the app."""
        query = {"resource": "api://AzureADTokenExchange", "api-version": "2019-08-01"}
        return str((await self.http.get("/emulator/managed-identity/token", params=query)).json()["access_token"])

    async def app_token(self, client_id: str, **proof: str) -> httpx.Response:
        """The token endpoint's answer to the app on its own."""
        form = {"client_id": client_id, "grant_type": "client_credentials", **proof}
        return await self.http.post(self.token_url, data={**form, "scope": "https://graph.microsoft.com/.default"})


TRUST = {
    "name": "print-functions",
    "issuer": managed_identity.issuer(TENANT_ID),
    "subject": managed_identity.principal_id(TENANT_ID),
    "audiences": ["api://AzureADTokenExchange"],
}


@asynccontextmanager
async def empty_tenant(directory: Path) -> AsyncIterator[EmptyTenant]:
    """Run it; fails when it made an answer that the schema does not allow."""
    emulator = Emulator(await build_world(SEED, directory / "paper"), directory, quick_settings())
    async with running(emulator) as url:
        trust = ssl.create_default_context(cafile=str(emulator.ca_bundle))
        async with httpx.AsyncClient(verify=trust, base_url=url) as http:
            yield EmptyTenant(emulator, http, url)
    assert emulator.violations.found == []
