"""What a Printer Administrator does to printers and shares, delegated: objects of Graph in its own names, in and out.

Set-up deals with whole objects and passes on what it does not know, so there are no models here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from shared.errors import GraphDenied, GraphNotFound, PrintFunctionsError
from shared.graph.admin_permissions import NEEDS, PRINTER_ADMINISTRATOR, lacking
from shared.graph.application_calls import Answer, ApplicationCalls, segment
from shared.graph.printer_changes import (
    PRINTER_BIND,
    By,
    ChangeRefused,
    check_printer_changes,
    check_share_changes,
    check_share_name,
)
from shared.graph.registration import certificate_signing_request, operation_id
from shared.graph.translation import retry_after

type Object = Mapping[str, Any]

# How long a registration is waited for, in seconds, and between looks where the answer names no Retry-After.
REGISTRATION_SECONDS = 300.0
REGISTRATION_LOOK_SECONDS = 5.0
SHORTEST_LOOK_SECONDS = 0.2
_RUNS = ("notStarted", "running")
# Graph: group-list-transitivemembers. A cast is an advanced query, which takes this header and a count.
_ADVANCED = {"ConsistencyLevel": "eventual"}


class AdministratorDenied(GraphDenied):
    """Graph refused the signed-in user; `message` says which permission or role is missing."""


class RegistrationFailed(PrintFunctionsError):
    """The service did not register the printer, or not in time; the message says which."""


class AdminClient:
    """Calls Graph for a signed-in Printer Administrator.

    Raises AdministratorDenied and GraphError's other branches, NoReply and NotNow. `granted` tells the permissions of
    the token, so that a refusal can name what is missing.
    """

    def __init__(
        self,
        calls: ApplicationCalls,
        *,
        sleep: Callable[[float], Awaitable[None]],
        granted: Callable[[], Collection[str]] | None = None,
    ) -> None:
        self._calls = calls
        self._root = self._calls.base_url
        self._sleep = sleep
        self._granted = granted

    async def printers(self, *, with_shares: bool = False) -> list[dict[str, Any]]:
        """Every printer, without capabilities and defaults (Graph: print-list-printers)."""
        return await self._list("list printers", "/print/printers", {"$expand": "shares"} if with_shares else {})

    async def printer(
        self, printer_id: str, select: Sequence[str] | None = None, *, with_shares: bool = False
    ) -> dict[str, Any]:
        """One printer; `capabilities` only where it is selected (Graph: printer-get)."""
        options = {**_selected(select), **({"$expand": "shares"} if with_shares else {})}
        return await self._get("get printer", self._printer(printer_id), options)

    async def create_printer(
        self,
        display_name: str,
        manufacturer: str,
        model: str,
        *,
        has_physical_device: bool = False,
        physical_device_id: str | None = None,
        connector_id: str | None = None,
        progress: Callable[[str], None] | None = None,
    ) -> dict[str, Any]:
        """Register a printer and wait until it is there; the printer (Graph: printer-create, printoperation-get).

        `progress` is told each state. Never repeated: after NoReply the printer may be there, so look for it. Raises
        ChangeRefused before anything is sent, RegistrationFailed.
        """
        if has_physical_device != (physical_device_id is not None):
            raise ChangeRefused("A printer with a device needs the device's UUID, and one without has none.")
        for what, text in (("name", display_name), ("manufacturer", manufacturer), ("model", model)):
            if not text.strip() or not text.isprintable():
                raise ChangeRefused(f"A printer's {what} must be a text that can be read, not {text!r}.")
        body: dict[str, Any] = {
            "displayName": display_name,
            "manufacturer": manufacturer,
            "model": model,
            "hasPhysicalDevice": has_physical_device,
            "physicalDeviceId": physical_device_id,
            "certificateSigningRequest": await asyncio.to_thread(certificate_signing_request, display_name),
        }
        if connector_id is not None:
            body["connectorId"] = connector_id
        answer = await self._exchange("create printer", "POST", "/print/printers/create", body)
        operation = operation_id(answer.headers.get("operation-location"))
        if operation is None:
            raise RegistrationFailed(
                f"Graph took the registration of {display_name} and named no operation to ask. Look for the printer "
                "with `printops printer list`."
            )
        return await self._registered(display_name, operation, _wait(answer), progress or (lambda _: None))

    async def update_printer(self, printer_id: str, body: Object) -> dict[str, Any]:
        """Change displayName, location or defaults (Graph: printer-update, delegated). Raises ChangeRefused."""
        check_printer_changes(body, By.ADMINISTRATOR, printer=printer_id)
        return await self._change("update printer", self._printer(printer_id), body)

    async def restore_factory_defaults(self, printer_id: str) -> None:
        """Graph: printer-restorefactorydefaults."""
        await self._exchange(
            "restore factory defaults", "POST", f"{self._printer(printer_id)}/restoreFactoryDefaults", repeatable=True
        )

    async def delete_printer(self, printer_id: str) -> None:
        """Unregister it (Graph: printer-delete)."""
        await self._exchange("delete printer", "DELETE", self._printer(printer_id), repeatable=True)

    async def printer_shares(self, printer_id: str) -> list[dict[str, Any]]:
        """The shares of a printer, one at most (Graph: printer-list-shares)."""
        return await self._list("list printer shares", f"{self._printer(printer_id)}/shares")

    async def shares(self) -> list[dict[str, Any]]:
        """Every share that the user may see, without capabilities and defaults (Graph: print-list-shares)."""
        return await self._list("list shares", "/print/shares")

    async def share(
        self, share_id: str, select: Sequence[str] | None = None, *, with_printer: bool = False
    ) -> dict[str, Any]:
        """One share; `capabilities` only where it is selected (Graph: printershare-get)."""
        options = {**_selected(select), **({"$expand": "printer"} if with_printer else {})}
        return await self._get("get share", self._share(share_id), options)

    async def create_share(self, printer_id: str, display_name: str, allow_all_users: bool = False) -> dict[str, Any]:
        """Share a printer (Graph: print-post-shares). Never repeated. Raises ChangeRefused."""
        check_share_name(display_name)
        body = {
            "displayName": display_name,
            "allowAllUsers": allow_all_users,
            PRINTER_BIND: self._root + self._printer(printer_id),
        }
        return dict((await self._exchange("create share", "POST", "/print/shares", body)).values)

    async def update_share(self, share_id: str, body: Object) -> dict[str, Any]:
        """Change displayName, allowAllUsers or the printer (Graph: printershare-update). Raises ChangeRefused."""
        check_share_changes(body)
        return await self._change("update share", self._share(share_id), body)

    async def swap_printer(self, share_id: str, printer_id: str) -> dict[str, Any]:
        """Put another printer behind the share (Graph: printershare-update)."""
        return await self.update_share(share_id, {PRINTER_BIND: self._root + self._printer(printer_id)})

    async def delete_share(self, share_id: str) -> None:
        """Remove the share for good (Graph: printershare-delete)."""
        await self._exchange("delete share", "DELETE", self._share(share_id), repeatable=True)

    async def allowed_users(self, share_id: str) -> list[dict[str, Any]]:
        """The users who may print to it (Graph: printershare-list-allowedusers)."""
        return await self._list("list allowed users", f"{self._share(share_id)}/allowedUsers")

    async def allowed_groups(self, share_id: str) -> list[dict[str, Any]]:
        """The groups whose people may print to it (Graph: printershare-list-allowedgroups)."""
        return await self._list("list allowed groups", f"{self._share(share_id)}/allowedGroups")

    async def add_allowed_user(self, share_id: str, user_id: str) -> None:
        """Graph: printershare-post-allowedusers. GraphConflict where the user is on the list already."""
        body = {"@odata.id": f"{self._root}/users/{segment(user_id)}"}
        await self._exchange("allow user", "POST", f"{self._share(share_id)}/allowedUsers/$ref", body)

    async def add_allowed_group(self, share_id: str, group_id: str) -> None:
        """Graph: printershare-post-allowedgroups. GraphConflict where the group is on the list already."""
        body = {"@odata.id": f"{self._root}/groups/{segment(group_id)}"}
        await self._exchange("allow group", "POST", f"{self._share(share_id)}/allowedGroups/$ref", body)

    async def remove_allowed_user(self, share_id: str, user_id: str) -> None:
        """Graph: printershare-delete-alloweduser."""
        path = f"{self._share(share_id)}/allowedUsers/{segment(user_id)}/$ref"
        await self._exchange("disallow user", "DELETE", path, repeatable=True)

    async def remove_allowed_group(self, share_id: str, group_id: str) -> None:
        """Graph: printershare-delete-allowedgroup."""
        path = f"{self._share(share_id)}/allowedGroups/{segment(group_id)}/$ref"
        await self._exchange("disallow group", "DELETE", path, repeatable=True)

    async def task_triggers(self, printer_id: str, *, with_definition: bool = False) -> list[dict[str, Any]]:
        """The triggers of a printer, one at most (Graph: printer-list-tasktriggers).

        `with_definition` asks for what each starts too. The page does not rule $expand out, nor shows it.
        """
        options = {"$expand": "definition"} if with_definition else {}
        return await self._list("list task triggers", f"{self._printer(printer_id)}/taskTriggers", options)

    async def create_task_trigger(self, printer_id: str, definition_id: str) -> dict[str, Any]:
        """Start a task of the definition for each of the printer's jobs (Graph: printer-post-tasktriggers).

        Never repeated. The token must be of the app registration that made the definition.
        """
        definition = f"{self._root}/print/taskDefinitions/{segment(definition_id)}"
        body = {"event": "jobStarted", "definition@odata.bind": definition}
        path = f"{self._printer(printer_id)}/taskTriggers"
        return dict((await self._exchange("create task trigger", "POST", path, body)).values)

    async def delete_task_trigger(self, printer_id: str, trigger_id: str) -> None:
        """Graph: printer-delete-tasktrigger."""
        path = f"{self._printer(printer_id)}/taskTriggers/{segment(trigger_id)}"
        await self._exchange("delete task trigger", "DELETE", path, repeatable=True)

    async def settings(self) -> dict[str, Any]:
        """The tenant's printSettings (Graph: print-get-settings)."""
        return await self._get("get settings", "/print/settings", {})

    async def update_settings(self, body: Object) -> None:
        """Graph: print-update-settings."""
        await self._exchange("update settings", "PATCH", "/print/settings", body, repeatable=True)

    async def find_user(self, user_principal_name: str) -> dict[str, Any] | None:
        """The user with this name or id: id, displayName, userPrincipalName; None where there is none (user-get)."""
        options = {"$select": "id,displayName,userPrincipalName"}
        if "/" in user_principal_name or not user_principal_name.strip():
            return None
        try:
            return await self._get("find user", f"/users/{segment(user_principal_name)}", options)
        except GraphNotFound:
            return None

    async def user_id(self, user_principal_name: str) -> str | None:
        """The id of a user, None where there is none."""
        user = await self.find_user(user_principal_name)
        return str(user["id"]) if user else None

    async def find_groups(self, display_name: str) -> list[dict[str, Any]]:
        """All groups of this name: id and displayName. Names are not unique (Graph: group-list)."""
        escaped = display_name.replace("'", "''")
        options = {"$filter": f"displayName eq '{escaped}'", "$select": "id,displayName"}
        return await self._list("find group", "/groups", options)

    async def find_group(self, display_name: str) -> dict[str, Any] | None:
        """The one group of this name, None where there is none. Raises ChangeRefused where several have it."""
        found = await self.find_groups(display_name)
        if len(found) > 1:
            ids = ", ".join(str(group["id"]) for group in found)
            raise ChangeRefused(f"{len(found)} groups are called {display_name}. Name one by its id: {ids}.")
        return found[0] if found else None

    async def group_ids(self, display_name: str) -> list[str]:
        """The ids of all groups of this name."""
        return [str(group["id"]) for group in await self.find_groups(display_name)]

    async def group_members(self, group_id: str) -> list[str]:
        """The user principal names of a group's people, nested ones too (Graph: group-list-transitivemembers)."""
        operation = "list group members"
        path = f"/groups/{segment(group_id)}/transitiveMembers/microsoft.graph.user"
        options = {"$select": "id,userPrincipalName", "$count": "true"}
        members = await self._list(operation, path, options, _ADVANCED)
        with self._explained(operation):
            if any(member.get("userPrincipalName") is None for member in members):
                # Graph answers the ids alone to who may read groups and no users: their people would be missing here.
                raise GraphDenied(operation, 403, "limitedInformation", "Graph shows the group's people by id alone.")
        return [str(member["userPrincipalName"]) for member in members]

    async def _registered(
        self, display_name: str, operation: str, wait: float, progress: Callable[[str], None]
    ) -> dict[str, Any]:
        waited = 0.0
        while waited < REGISTRATION_SECONDS:
            await self._sleep(wait)
            waited += wait
            answer = await self._exchange("get operation", "GET", f"/print/operations/{operation}", repeatable=True)
            status = answer.values.get("status") or {}
            state, description = str(status.get("state") or ""), str(status.get("description") or "")
            progress(f"{state}: {description}" if description else state)
            if state == "succeeded" and answer.values.get("printer"):
                return dict(answer.values["printer"])
            if state not in _RUNS:
                raise RegistrationFailed(f"Graph did not register {display_name}: {description or state}")
            wait = _wait(answer)
        raise RegistrationFailed(
            f"{display_name} is not registered after {waited:.0f} s. Look for it with `printops printer list` before "
            "you register it again."
        )

    async def _list(
        self,
        operation: str,
        path: str,
        options: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> list[dict[str, Any]]:
        with self._explained(operation):
            found = self._calls.entries(operation, self._address(path, options or {}), headers)
            return [dict(entry) async for entry in found]

    async def _get(self, operation: str, path: str, options: Mapping[str, str]) -> dict[str, Any]:
        return dict((await self._exchange(operation, "GET", path, options=options, repeatable=True)).values)

    async def _change(self, operation: str, path: str, body: Object) -> dict[str, Any]:
        return dict((await self._exchange(operation, "PATCH", path, body, repeatable=True)).values)

    async def _exchange(
        self,
        operation: str,
        method: str,
        path: str,
        body: Object | None = None,
        *,
        options: Mapping[str, str] | None = None,
        repeatable: bool = False,
    ) -> Answer:
        with self._explained(operation):
            address = self._address(path, options or {})
            return await self._calls.exchange(operation, method, address, body, repeatable=repeatable)

    @contextmanager
    def _explained(self, operation: str) -> Iterator[None]:
        try:
            yield
        except GraphDenied as error:
            granted = self._granted() if self._granted else None
            reason = denial(operation, granted)
            raise AdministratorDenied(
                operation, error.status, error.code, f"{error.message} {reason}".strip(), error.request_id
            ) from error

    def _address(self, path: str, options: Mapping[str, str]) -> str:
        return f"{self._root}{path}" + (f"?{urlencode(options, quote_via=quote, safe='$,')}" if options else "")

    @staticmethod
    def _printer(printer_id: str) -> str:
        return f"/print/printers/{segment(printer_id)}"

    @staticmethod
    def _share(share_id: str) -> str:
        return f"/print/shares/{segment(share_id)}"


def denial(operation: str, granted: Collection[str] | None) -> str:
    """What is missing where Graph refused the operation to a token with these permissions (None: not known)."""
    need = NEEDS[operation]
    role = (
        f"the signed-in user needs the role {PRINTER_ADMINISTRATOR}, assigned in Entra and active now"
        if need.administrator
        else "the signed-in user may not do it"
    )
    same_app = (
        " Or another app registration made the task definition: only a sign-in with that one may use it."
        if operation == "create task trigger"
        else ""
    )
    if granted is None:
        return f"It takes {' and '.join(need.least)}; and {role}.{same_app}"
    if missing := lacking(operation, granted):
        return f"The sign-in lacks {' and '.join(missing)}."
    return f"The sign-in has {' and '.join(need.least)}, so {role}.{same_app}"


def _selected(select: Sequence[str] | None) -> dict[str, str]:
    return {"$select": ",".join(select)} if select else {}


def _wait(answer: Answer) -> float:
    asked = retry_after(answer.headers.get("retry-after"), datetime.now(UTC))
    return REGISTRATION_LOOK_SECONDS if asked is None else max(asked, SHORTEST_LOOK_SECONDS)
