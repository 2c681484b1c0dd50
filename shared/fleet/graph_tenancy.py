"""A tenant over Graph and storage: reads what the file speaks of, and does the steps."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from shared.errors import GraphNotFound, PrintFunctionsError, StorageConflict
from shared.fleet.catalog_document import catalog_problems, encode_catalog
from shared.fleet.initial import whole_fleet
from shared.fleet.model import Fleet, folded
from shared.fleet.ports import Administrator, AppSide, Object
from shared.fleet.steps import Kind, Step
from shared.fleet.tenant import Tenant, TenantShare
from shared.names import CATALOG_PATH
from shared.setting_values import GUID
from shared.storage.state import StateStore, replace_once
from shared.times import moment, timestamp

# Calls at once: Graph throttles a tenant, and set-up is in no hurry.
_AT_ONCE = 4
_HEAVY = ("id", "displayName", "manufacturer", "model", "isAcceptingJobs", "location", "hasPhysicalDevice")
PRINTER_SELECT = (*_HEAVY, "capabilities", "defaults")
# A registration that was begun and lost shows in the list of printers within this time.
REGISTRATION_SECONDS = 60.0
_LOOK_SECONDS = 5.0


class CatalogConflict(PrintFunctionsError):
    """Somebody else published a catalog at the same time."""


class GraphTenancy:
    """See Tenancy. `now` and `sleep` are the clock's."""

    def __init__(
        self,
        administrator: Administrator,
        app: AppSide,
        state: StateStore,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._administrator = administrator
        self._app = app
        self._state = state
        self._now = now
        self._sleep = sleep
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def read(self, fleet: Fleet) -> Tenant:
        """All that the file speaks of."""
        listed = await self._administrator.printers(with_shares=True)
        behind = {str(share["id"]): str(one["id"]) for one in listed for share in one.get("shares") or ()}
        tenant = Tenant(
            printers=tuple(listed),
            definitions=tuple(await self._app.task_definitions()),
            settings=await self._administrator.settings(),
        )
        tenant = await self._with_directory(fleet, tenant)
        named = {
            str(printer["id"]) for entry in fleet.all_printers for printer in tenant.printers_of(entry.name, entry.id)
        }
        tenant = await self._with_printers(tenant, named)
        tenant = await self._with_shares(fleet, tenant, await self._administrator.shares(), behind)
        return await self._with_catalog(tenant)

    async def read_whole(self) -> Tenant:
        """All printers and shares of the tenant, whatever a file says."""
        return await self.read(whole_fleet(await self._administrator.printers(), await self._administrator.shares()))

    async def refreshed(self, fleet: Fleet, tenant: Tenant, step: Step) -> Tenant:
        """`tenant` with what the step looks at read anew."""
        match step.kind:
            case Kind.CHANGE_SETTINGS:
                return replace(tenant, settings=await self._administrator.settings())
            case Kind.CREATE_DEFINITION:
                return replace(tenant, definitions=tuple(await self._app.task_definitions()))
            case Kind.PUBLISH:
                return await self.read(fleet)
            case Kind.CREATE_PRINTER | Kind.DELETE_PRINTER:
                return await self._with_printer_list(tenant)
            case Kind.UPDATE_PRINTER | Kind.UPDATE_VIRTUAL | Kind.SEND_ATTRIBUTES:
                return await self._with_printers(tenant, _ids(fleet, tenant, step.subject))
            case Kind.CREATE_TRIGGER | Kind.DELETE_TRIGGER:
                return await self._with_triggers(tenant, _ids(fleet, tenant, step.subject))
            case _:
                return await self._with_share(fleet, tenant, step)

    async def do(self, step: Step) -> str | None:
        """Do it; the id of what it made."""
        admin, body = self._administrator, dict(step.body or {})
        match step.kind:
            case Kind.CHANGE_SETTINGS:
                await admin.update_settings(body)
            case Kind.CREATE_DEFINITION:
                return str((await self._app.create_task_definition(body))["id"])
            case Kind.CREATE_PRINTER:
                return await self._register(body)
            case Kind.UPDATE_PRINTER:
                await admin.update_printer(_id(step.printer_id), body)
            case Kind.SEND_ATTRIBUTES if step.attributes is not None:
                await self._app.send_attributes(_id(step.printer_id), step.attributes.body)
            case Kind.UPDATE_VIRTUAL:
                await self._app.update_virtual_printer(_id(step.printer_id), body)
            case Kind.CREATE_TRIGGER:
                return str((await admin.create_task_trigger(_id(step.printer_id), _id(step.other_id)))["id"])
            case Kind.DELETE_TRIGGER:
                await admin.delete_task_trigger(_id(step.printer_id), _id(step.other_id))
            case Kind.DELETE_PRINTER:
                await admin.delete_printer(_id(step.printer_id))
            case Kind.PUBLISH:
                await self._publish(body)
            case _:
                return await self._change_share(step, body)
        return None

    async def _change_share(self, step: Step, body: dict[str, Any]) -> str | None:
        admin = self._administrator
        match step.kind:
            case Kind.CREATE_SHARE:
                everyone = body["allowAllUsers"] is True
                made = await admin.create_share(_id(step.printer_id), body["displayName"], everyone)
                return str(made["id"])
            case Kind.UPDATE_SHARE | Kind.CHANGE_EVERYONE:
                await admin.update_share(_id(step.share_id), body)
            case Kind.SWAP_PRINTER:
                await admin.swap_printer(_id(step.share_id), _id(step.printer_id))
            case Kind.DELETE_SHARE:
                await admin.delete_share(_id(step.share_id))
            case Kind.ADD_USER:
                await admin.add_allowed_user(_id(step.share_id), _id(step.other_id))
            case Kind.REMOVE_USER:
                await admin.remove_allowed_user(_id(step.share_id), _id(step.other_id))
            case Kind.ADD_GROUP:
                await admin.add_allowed_group(_id(step.share_id), _id(step.other_id))
            case _:
                await admin.remove_allowed_group(_id(step.share_id), _id(step.other_id))
        return None

    async def _register(self, body: Object) -> str:
        """Register a virtual printer. A mark in storage keeps a run after an interrupted one from making a second."""
        name = str(body["displayName"])
        path = f"fleet/registering/{hashlib.sha256(folded(name).encode()).hexdigest()}.json"
        try:
            await self._state.create(path, json.dumps({"name": name, "begun": timestamp(self._now())}).encode())
        except StorageConflict:
            if (known := await self._awaited(path, name)) is not None:
                await self._state.delete(path)
                return known
        printer = await self._administrator.create_printer(name, body["manufacturer"], body["model"])
        await self._state.delete(path)
        return str(printer["id"])

    async def _awaited(self, path: str, name: str) -> str | None:
        """The id of the printer that an interrupted run may still be getting."""
        stored = await self._state.read(path)
        begun = moment(json.loads(stored.content)["begun"]) if stored else self._now()
        end = begun + timedelta(seconds=REGISTRATION_SECONDS)
        while True:
            for printer in await self._administrator.printers():
                if folded(printer["displayName"]) == folded(name):
                    return str(printer["id"])
            if self._now() >= end:
                return None
            await self._sleep(_LOOK_SECONDS)

    async def _publish(self, document: Object) -> None:
        content = encode_catalog(document, timestamp(self._now()))
        stored = await self._state.read(CATALOG_PATH)
        try:
            if stored is None:
                await self._state.create(CATALOG_PATH, content)
            else:
                await replace_once(self._state, CATALOG_PATH, content, stored.etag)
        except StorageConflict as error:
            raise CatalogConflict("Somebody else published a catalog at the same time. Apply again.") from error

    async def _with_directory(self, fleet: Fleet, tenant: Tenant) -> Tenant:
        users = await self._all(fleet.user_names, self._administrator.user_id)
        groups = await self._all(fleet.group_names, self._group_ids)
        bearing = [name for center in fleet.cost_centers for name in center.get("groups", ())]
        wanted = {found for name in bearing for found in groups[name][:1]}
        members = await self._all(wanted, self._administrator.group_members)
        return replace(
            tenant,
            users={name: user_id for name, user_id in users.items() if user_id is not None},
            groups=groups,
            members={group: tuple(names) for group, names in members.items()},
        )

    async def _group_ids(self, name: str) -> tuple[str, ...]:
        return (name.lower(),) if GUID.fullmatch(name) else tuple(await self._administrator.group_ids(name))

    async def _with_printer_list(self, tenant: Tenant) -> Tenant:
        known = {printer["id"]: printer for printer in tenant.printers}
        listed = await self._administrator.printers()
        return replace(tenant, printers=tuple({**known.get(entry["id"], {}), **entry} for entry in listed))

    async def _with_printers(self, tenant: Tenant, ids: Iterable[str]) -> Tenant:
        async def whole(printer_id: str) -> Object:
            return await self._administrator.printer(printer_id, PRINTER_SELECT)

        read = await self._all(ids, whole)
        printers = tuple({**printer, **read.get(printer["id"], {})} for printer in tenant.printers)
        return await self._with_triggers(replace(tenant, printers=printers), read)

    async def _with_triggers(self, tenant: Tenant, ids: Iterable[str]) -> Tenant:
        found = await self._all(ids, self._administrator.task_triggers)
        others = {printer: trigger for printer, trigger in tenant.triggers.items() if printer not in found}
        own = {printer: str(triggers[0]["id"]) for printer, triggers in found.items() if triggers}
        return replace(tenant, triggers=others | own)

    async def _with_share(self, fleet: Fleet, tenant: Tenant, step: Step) -> Tenant:
        """The share that a step is about, read anew; all of them where it is not known or no longer there."""
        behind = await self._printers_behind(fleet, tenant, step.subject)
        entries = [entry for entry in fleet.shares if entry.name == step.subject]
        known = {share.id for entry in entries for share in tenant.shares_of(entry.name, entry.id)}
        listed: Sequence[Object] = ()
        if known and step.kind is not Kind.CREATE_SHARE:
            with suppress(GraphNotFound):
                read = await self._all(known, self._administrator.share)
                others = (_as_object(share) for share in tenant.shares if share.id not in known)
                listed = (*others, *read.values())
        listed = listed or await self._administrator.shares()
        return await self._with_shares(fleet, tenant, listed, behind, step.subject)

    async def _with_shares(
        self,
        fleet: Fleet,
        tenant: Tenant,
        listed: Sequence[Object],
        behind: Mapping[str, str],
        subject: str | None = None,
    ) -> Tenant:
        """Shares with the printers behind them; access lists of `subject`, or of every share in the file."""
        old = {share.id: share for share in tenant.shares}
        shares = []
        for entry in listed:
            share_id = str(entry["id"])
            before = old.get(share_id, TenantShare(share_id, ""))
            everyone = entry.get("allowAllUsers") is True
            name = str(entry["displayName"])
            shares.append(replace(before, name=name, everyone=everyone, printer_id=behind.get(share_id)))
        tenant = replace(tenant, shares=tuple(shares))
        entries = [entry for entry in fleet.present_shares if subject is None or entry.name == subject]
        wanted = {share.id for entry in entries for share in tenant.shares_of(entry.name, entry.id)}
        users = await self._all(wanted, self._administrator.allowed_users)
        groups = await self._all(wanted, self._administrator.allowed_groups)
        people = {str(one["id"]): _name(one) for each in (*users.values(), *groups.values()) for one in each}
        return replace(
            tenant,
            names={**tenant.names, **people},
            shares=tuple(
                replace(
                    share,
                    users=frozenset(str(user["id"]) for user in users[share.id]),
                    groups=frozenset(str(group["id"]) for group in groups[share.id]),
                )
                if share.id in wanted
                else share
                for share in tenant.shares
            ),
        )

    async def _printers_behind(self, fleet: Fleet, tenant: Tenant, subject: str) -> dict[str, str]:
        """Printer ids by share id; those that the share `subject` has or gets are read anew."""
        entries = [entry for entry in fleet.shares if entry.name == subject]
        names = [entry.printer for entry in entries if entry.printer is not None]
        ids = [printer_id for name in names for printer_id in _ids(fleet, tenant, name)]
        before = [share.printer_id for entry in entries for share in tenant.shares_of(entry.name, entry.id)]
        ids += [printer_id for printer_id in before if printer_id is not None]
        found = await self._all(ids, self._administrator.printer_shares)
        kept = {share.id: share.printer_id for share in tenant.shares if share.printer_id not in found}
        read = {str(share["id"]): printer for printer, shares in found.items() for share in shares}
        return {share: printer for share, printer in kept.items() if printer is not None} | read

    async def _with_catalog(self, tenant: Tenant) -> Tenant:
        stored = await self._state.read(CATALOG_PATH)
        if stored is None:
            return replace(tenant, catalog=None)
        try:
            document = json.loads(stored.content)
        except (ValueError, RecursionError):
            document = {}
        # Of one that the functions cannot read nothing is taken over: the next one takes its place.
        readable = isinstance(document, dict) and not catalog_problems(document)
        return replace(tenant, catalog=document if readable else {})

    async def _all[T](self, keys: Iterable[str], read: Callable[[str], Awaitable[T]]) -> dict[str, T]:
        """What `read` says of each, a few at a time."""

        async def one(key: str) -> T:
            async with self._slots:
                return await read(key)

        wanted = list(dict.fromkeys(keys))
        return dict(zip(wanted, await asyncio.gather(*(one(key) for key in wanted)), strict=True))


def _ids(fleet: Fleet, tenant: Tenant, name: str) -> list[str]:
    """The ids of the printers that the file's entry of this name means."""
    entries = [entry for entry in fleet.all_printers if folded(entry.name) == folded(name)]
    return [str(printer["id"]) for entry in entries for printer in tenant.printers_of(entry.name, entry.id)]


def _as_object(share: TenantShare) -> Object:
    return {"id": share.id, "displayName": share.name, "allowAllUsers": share.everyone}


def _name(user_or_group: Object) -> str:
    return str(user_or_group.get("userPrincipalName") or user_or_group.get("displayName") or user_or_group["id"])


def _id(value: str | None) -> str:
    if value is None:
        raise PrintFunctionsError("A step needs what a step before it did not make. Apply again.")
    return value
