"""Set-up against the emulator's empty tenant: an app with consent, its administrator, and state in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from emulator.universal_print.empty_tenant import ADMINISTRATOR
from shared.bounds import Bounds
from shared.fleet.applying import apply
from shared.fleet.graph_tenancy import GraphTenancy
from shared.fleet.model import Fleet
from shared.fleet.planning import plan
from shared.fleet.steps import Step
from shared.graph.application_calls import ApplicationCalls
from tests.support.empty_tenant import EmptyTenant, empty_tenant
from tests.support.managed_tenant import SET_UP_SCOPES, virtual_printer
from tests.support.memory_state import MemoryStateStore

# A sign-in asks for the least that its command needs: reading takes other permissions than changing.
READING_SCOPES = ("Printer.Read.All", "PrinterShare.Read.All", "PrintSettings.Read.All", "Printer.Create")
ADMINISTRATOR_SCOPES = (*SET_UP_SCOPES, *READING_SCOPES, "Printer.ReadWrite.All")
APP_ROLES = ("Printer.ReadWrite.All", "PrintTaskDefinition.ReadWrite.All")
SECONDS = timedelta(seconds=5)


class Stopped(Exception):
    """The process ended here."""


@dataclass(slots=True)
class KnownToken:
    """A token that was got before."""

    token: str

    async def access_token(self) -> str:
        return self.token

    def invalidate(self) -> None:
        raise AssertionError("Graph refused the token")


@dataclass(slots=True)
class WireAdministrator:
    """Administrator over plain HTTP, with the body of each call as Microsoft's pages show it."""

    calls: ApplicationCalls
    advance: Callable[[timedelta], None]

    async def _get(self, path: str) -> Mapping[str, Any]:
        return await self._run("GET", path)

    async def _run(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        return await self.calls.run(f"{method} {path}", method, f"{self.calls.base_url}{path}", body, repeatable=False)

    async def _list(self, path: str) -> list[Mapping[str, Any]]:
        return [entry async for entry in self.calls.entries(f"GET {path}", f"{self.calls.base_url}{path}")]

    async def printers(self, *, with_shares: bool = False) -> Sequence[Mapping[str, Any]]:
        return await self._list("/print/printers" + ("?$expand=shares" if with_shares else ""))

    async def printer(self, printer_id: str, select: Sequence[str] | None = None) -> Mapping[str, Any]:
        return await self._get(f"/print/printers/{printer_id}?$select={','.join(select or ())}")

    async def create_printer(self, display_name: str, manufacturer: str, model: str) -> Mapping[str, Any]:
        body = virtual_printer(displayName=display_name, manufacturer=manufacturer, model=model)
        answer = await self.calls.http.post(
            f"{self.calls.base_url}/print/printers/create",
            json=body,
            headers={"Authorization": f"Bearer {await self.calls._tokens.access_token()}"},
        )
        assert answer.status_code == 202, answer.text
        self.advance(SECONDS)
        operation = await self._get(answer.headers["operation-location"].partition("/v1.0")[2])
        printer: Mapping[str, Any] = operation["printer"]
        return printer

    async def update_printer(self, printer_id: str, body: Mapping[str, Any]) -> object:
        return await self._run("PATCH", f"/print/printers/{printer_id}", body)

    async def delete_printer(self, printer_id: str) -> None:
        await self._run("DELETE", f"/print/printers/{printer_id}")

    async def shares(self) -> Sequence[Mapping[str, Any]]:
        return await self._list("/print/shares")

    async def share(self, share_id: str) -> Mapping[str, Any]:
        return await self._get(f"/print/shares/{share_id}")

    async def printer_shares(self, printer_id: str) -> Sequence[Mapping[str, Any]]:
        return await self._list(f"/print/printers/{printer_id}/shares")

    async def create_share(self, printer_id: str, display_name: str, allow_all_users: bool) -> Mapping[str, Any]:
        body = {"displayName": display_name, "allowAllUsers": allow_all_users, **self._bind(printer_id)}
        return await self._run("POST", "/print/shares", body)

    async def update_share(self, share_id: str, body: Mapping[str, Any]) -> object:
        return await self._run("PATCH", f"/print/shares/{share_id}", body)

    async def swap_printer(self, share_id: str, printer_id: str) -> object:
        return await self.update_share(share_id, self._bind(printer_id))

    async def delete_share(self, share_id: str) -> None:
        await self._run("DELETE", f"/print/shares/{share_id}")

    async def allowed_users(self, share_id: str) -> Sequence[Mapping[str, Any]]:
        return await self._list(f"/print/shares/{share_id}/allowedUsers")

    async def allowed_groups(self, share_id: str) -> Sequence[Mapping[str, Any]]:
        return await self._list(f"/print/shares/{share_id}/allowedGroups")

    async def add_allowed_user(self, share_id: str, user_id: str) -> None:
        body = {"@odata.id": f"{self.calls.base_url}/users/{user_id}"}
        await self._run("POST", f"/print/shares/{share_id}/allowedUsers/$ref", body)

    async def add_allowed_group(self, share_id: str, group_id: str) -> None:
        body = {"@odata.id": f"{self.calls.base_url}/groups/{group_id}"}
        await self._run("POST", f"/print/shares/{share_id}/allowedGroups/$ref", body)

    async def remove_allowed_user(self, share_id: str, user_id: str) -> None:
        await self._run("DELETE", f"/print/shares/{share_id}/allowedUsers/{user_id}/$ref")

    async def remove_allowed_group(self, share_id: str, group_id: str) -> None:
        await self._run("DELETE", f"/print/shares/{share_id}/allowedGroups/{group_id}/$ref")

    async def task_triggers(self, printer_id: str) -> Sequence[Mapping[str, Any]]:
        return await self._list(f"/print/printers/{printer_id}/taskTriggers")

    async def create_task_trigger(self, printer_id: str, definition_id: str) -> Mapping[str, Any]:
        bind = f"{self.calls.base_url}/print/taskDefinitions/{definition_id}"
        body = {"event": "jobStarted", "definition@odata.bind": bind}
        return await self._run("POST", f"/print/printers/{printer_id}/taskTriggers", body)

    async def delete_task_trigger(self, printer_id: str, trigger_id: str) -> None:
        await self._run("DELETE", f"/print/printers/{printer_id}/taskTriggers/{trigger_id}")

    async def settings(self) -> Mapping[str, Any]:
        return await self._get("/print/settings")

    async def update_settings(self, body: Mapping[str, Any]) -> None:
        await self._run("PATCH", "/print/settings", body)

    async def user_id(self, user_principal_name: str) -> str | None:
        found = await self._list(f"/users?$filter=userPrincipalName eq '{user_principal_name}'")
        return str(found[0]["id"]) if found else None

    async def group_ids(self, display_name: str) -> Sequence[str]:
        return [str(one["id"]) for one in await self._list(f"/groups?$filter=displayName eq '{display_name}'")]

    async def group_members(self, group_id: str) -> Sequence[str]:
        address = f"{self.calls.base_url}/groups/{group_id}/transitiveMembers/microsoft.graph.user?$count=true"
        found = self.calls.entries("list members", address, {"ConsistencyLevel": "eventual"})
        return [str(one["userPrincipalName"]) async for one in found]

    def _bind(self, printer_id: str) -> dict[str, str]:
        return {"printer@odata.bind": f"{self.calls.base_url}/print/printers/{printer_id}"}


@dataclass(slots=True)
class WireApp:
    """AppSide over plain HTTP."""

    calls: ApplicationCalls

    async def task_definitions(self) -> Sequence[Mapping[str, Any]]:
        entries = self.calls.entries("list definitions", f"{self.calls.base_url}/print/taskDefinitions")
        return [entry async for entry in entries]

    async def create_task_definition(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        address = f"{self.calls.base_url}/print/taskDefinitions"
        return await self.calls.run("create definition", "POST", address, body, repeatable=False)

    async def update_virtual_printer(self, printer_id: str, body: Mapping[str, Any]) -> object:
        address = f"{self.calls.base_url}/print/printers/{printer_id}"
        return await self.calls.run("update printer", "PATCH", address, body, repeatable=True)

    async def send_attributes(self, printer_id: str, group: bytes) -> None:
        token = await self.calls._tokens.access_token()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/ipp"}
        address = f"{self.calls.base_url}/print/printers/{printer_id}"
        answer = await self.calls.http.patch(address, content=group, headers=headers)
        assert answer.status_code == 204, answer.text


class StoppingTenancy(GraphTenancy):
    """Ends the process after a step, by number, where `stop_after` is set."""

    stop_after: int | None = None
    done = 0

    async def do(self, step: Step) -> str | None:
        made = await super().do(step)
        self.done += 1
        if self.stop_after is not None and self.done > self.stop_after:
            raise Stopped
        return made


@dataclass(slots=True)
class FleetWorld:
    """A tenant that set-up may change."""

    tenant: EmptyTenant
    administrator: WireAdministrator
    app: WireApp
    state: MemoryStateStore = field(default_factory=MemoryStateStore)

    def tenancy(self, kind: type[StoppingTenancy] = StoppingTenancy) -> StoppingTenancy:
        """A process that begins."""
        clock = self.tenant.emulator.clock

        async def sleep(seconds: float) -> None:
            clock.advance(timedelta(seconds=seconds))
            await asyncio.sleep(0)

        return kind(self.administrator, self.app, self.state, now=clock.now, sleep=sleep)

    async def plan(self, fleet: Fleet) -> tuple[Step, ...]:
        return plan(fleet, await self.tenancy().read(fleet))

    async def apply(self, fleet: Fleet, tenancy: StoppingTenancy | None = None) -> list[str]:
        """Apply what is needed; a line for each step."""
        lines: list[str] = []
        tenancy = tenancy or self.tenancy()
        tenant = await tenancy.read(fleet)
        await apply(
            *(fleet, tenancy, tenant, plan(fleet, tenant)),
            confirmed=True,
            told=lambda step, outcome: lines.append(f"{step.sentence}: {outcome}"),
        )
        return lines


@dataclass(frozen=True, slots=True)
class Consented:
    """An app registration that may do what set-up does."""

    client_id: str
    secret: str


async def consented_app(tenant: EmptyTenant) -> Consented:
    """Make it, with the consent that set-up needs and nothing more."""
    app, principal = await tenant.new_app(isFallbackPublicClient=True)
    assert (await tenant.grant(principal, " ".join(ADMINISTRATOR_SCOPES))).status_code == 201
    for role in APP_ROLES:
        assert (await tenant.assign(principal, role)).status_code == 201
    made = (await tenant.call("POST", f"/applications/{app['id']}/addPassword", {})).json()
    return Consented(app["appId"], made["secretText"])


@asynccontextmanager
async def fleet_world(directory: Path) -> AsyncIterator[FleetWorld]:
    """The empty tenant with such an app."""
    async with empty_tenant(directory) as tenant:
        app = await consented_app(tenant)
        signed_in = await tenant.sign_in(ADMINISTRATOR, app.client_id, *SET_UP_SCOPES)
        own = await tenant.app_token(app.client_id, client_secret=app.secret)

        def calls(token: str) -> ApplicationCalls:
            return ApplicationCalls(
                *(f"{tenant.url}/v1.0", tenant.http, KnownToken(token)),
                bounds=Bounds(),
                sleep=asyncio.sleep,
                random=lambda: 0.0,
            )

        administrator = WireAdministrator(calls(signed_in.json()["access_token"]), tenant.emulator.clock.advance)
        yield FleetWorld(tenant, administrator, WireApp(calls(own.json()["access_token"])))
