"""Reads of a tenant what the file speaks of, over Graph and storage, and what a step looks at once more before it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace

from shared.errors import GraphNotFound
from shared.fleet.catalog_document import readable_part
from shared.fleet.initial import whole_fleet
from shared.fleet.listing import Listing
from shared.fleet.model import Fleet, Share, folded
from shared.fleet.ports import Administrator, AppSide, Object
from shared.fleet.steps import Kind, Step
from shared.fleet.tenant import Tenant, TenantShare
from shared.names import CATALOG_PATH
from shared.setting_values import GUID
from shared.storage.state import StateStore

# Calls at once: Graph throttles a tenant, and set-up is in no hurry.
_AT_ONCE = 4
_HEAVY = ("id", "displayName", "manufacturer", "model", "isAcceptingJobs", "location", "hasPhysicalDevice")
PRINTER_SELECT = (*_HEAVY, "capabilities", "defaults")


class TenantReader:
    """See Tenancy. Remembers what a step before has read, so that the calls of many steps grow with their number."""

    def __init__(self, administrator: Administrator, app: AppSide, state: StateStore) -> None:
        self._administrator = administrator
        self._app = app
        self._state = state
        self._printer_list = Listing()
        self._share_list = Listing()
        # The share of the file whose access lists were read last, for the steps that change them one by one.
        self._access_read: str | None = None
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def read(self, fleet: Fleet) -> Tenant:
        """All that the file speaks of."""
        self._forget()
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
        tenant = await self._with_triggers(await self._with_printers(tenant, named), named)
        tenant = _with_shares(tenant, await self._administrator.shares(), behind)
        tenant = await self._with_access(tenant, _share_ids(fleet.present_shares, tenant))
        return await self._with_catalog(tenant)

    async def read_whole(self) -> Tenant:
        """All printers and shares of the tenant, whatever a file says."""
        return await self.read(whole_fleet(await self._administrator.printers(), await self._administrator.shares()))

    async def refreshed(self, fleet: Fleet, tenant: Tenant, step: Step, *, unanswered: bool = False) -> Tenant:
        """`tenant` with what the step looks at read anew; `unanswered` says that nobody knows whether it was done."""
        if unanswered:
            self._forget()
        match step.kind:
            case Kind.CHANGE_SETTINGS:
                return replace(tenant, settings=await self._administrator.settings())
            case Kind.CREATE_DEFINITION:
                return replace(tenant, definitions=tuple(await self._app.task_definitions()))
            case Kind.PUBLISH:
                return await self.read(fleet)
            case Kind.CREATE_PRINTER:
                return await self._with_printer_list(tenant)
            case Kind.DELETE_PRINTER:
                return await self._with_remaining(tenant, _ids(fleet, tenant, step.subject))
            case Kind.UPDATE_PRINTER | Kind.UPDATE_VIRTUAL | Kind.SEND_ATTRIBUTES:
                return await self._with_printers(tenant, _ids(fleet, tenant, step.subject))
            case Kind.CREATE_TRIGGER | Kind.DELETE_TRIGGER:
                return await self._with_triggers(tenant, _ids(fleet, tenant, step.subject))
            case Kind.CREATE_SHARE | Kind.UPDATE_SHARE | Kind.SWAP_PRINTER | Kind.DELETE_SHARE:
                return await self._with_share(fleet, tenant, step.subject)
            case _ if self._access_read == step.subject:
                return tenant
            case _:
                tenant = await self._with_share(fleet, tenant, step.subject)
                entries = [entry for entry in fleet.present_shares if entry.name == step.subject]
                tenant = await self._with_access(tenant, _share_ids(entries, tenant))
                self._access_read = step.subject
                return tenant

    def _forget(self) -> None:
        """What was read of the tenant is old."""
        self._printer_list.forget()
        self._share_list.forget()
        self._access_read = None

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
        if not self._printer_list.is_due(len(tenant.printers)):
            return tenant
        known = {printer["id"]: printer for printer in tenant.printers}
        listed = await self._administrator.printers()
        return replace(tenant, printers=tuple({**known.get(entry["id"], {}), **entry} for entry in listed))

    async def _with_printers(self, tenant: Tenant, ids: Iterable[str]) -> Tenant:
        async def whole(printer_id: str) -> Object:
            return await self._administrator.printer(printer_id, PRINTER_SELECT)

        read = await self._all(ids, whole)
        return replace(
            tenant, printers=tuple({**printer, **read.get(printer["id"], {})} for printer in tenant.printers)
        )

    async def _with_remaining(self, tenant: Tenant, ids: Iterable[str]) -> Tenant:
        """Those of the printers that are still there, with what they are called now."""

        async def there(printer_id: str) -> Object | None:
            with suppress(GraphNotFound):
                return await self._administrator.printer(printer_id, _HEAVY)
            return None

        read = await self._all(ids, there)
        found = ((printer, read.get(printer["id"], {})) for printer in tenant.printers)
        return replace(tenant, printers=tuple({**printer, **anew} for printer, anew in found if anew is not None))

    async def _with_triggers(self, tenant: Tenant, ids: Iterable[str]) -> Tenant:
        found = await self._all(ids, self._administrator.task_triggers)
        others = {printer: trigger for printer, trigger in tenant.triggers.items() if printer not in found}
        own = {printer: str(triggers[0]["id"]) for printer, triggers in found.items() if triggers}
        return replace(tenant, triggers=others | own)

    async def _with_share(self, fleet: Fleet, tenant: Tenant, subject: str) -> Tenant:
        """The share of an entry, and those of its printers, read anew; every share where the entry's is not there.

        The list of every share is read now and then, and not for each: a share that somebody makes on the printer is
        seen without it, and one of the same name elsewhere by the next list.
        """
        entries = [entry for entry in fleet.shares if entry.name == subject]
        known = _share_ids(entries, tenant)
        printers = [each for entry in entries if entry.printer for each in _ids(fleet, tenant, entry.printer)]
        printers += [share.printer_id for share in tenant.shares if share.id in known and share.printer_id is not None]
        on_printers = await self._all(printers, self._administrator.printer_shares)
        read = {str(share["id"]): share for shares in on_printers.values() for share in shares}
        elsewhere = await self._all((share_id for share_id in known if share_id not in read), self._share_if_there)
        read |= {share_id: share for share_id, share in elsewhere.items() if share is not None}
        others = [_as_object(share) for share in tenant.shares if share.id not in read.keys() | elsewhere.keys()]
        behind = {share.id: share.printer_id for share in tenant.shares if share.printer_id not in on_printers}
        behind |= {str(share["id"]): printer for printer, shares in on_printers.items() for share in shares}
        tenant = _with_shares(tenant, [*others, *read.values()], behind)
        if _share_ids(entries, tenant) or not self._share_list.is_due(len(tenant.shares)):
            return tenant
        return _with_shares(tenant, await self._administrator.shares(), behind)

    async def _share_if_there(self, share_id: str) -> Object | None:
        with suppress(GraphNotFound):
            return await self._administrator.share(share_id)
        return None

    async def _with_access(self, tenant: Tenant, ids: Collection[str]) -> Tenant:
        """Who may use these shares, read anew."""
        users = await self._all(ids, self._administrator.allowed_users)
        groups = await self._all(ids, self._administrator.allowed_groups)
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
                if share.id in users
                else share
                for share in tenant.shares
            ),
        )

    async def _with_catalog(self, tenant: Tenant) -> Tenant:
        stored = await self._state.read(CATALOG_PATH)
        if stored is None:
            return replace(tenant, catalog=None)
        try:
            document = json.loads(stored.content)
        except (ValueError, RecursionError):
            document = None
        return replace(tenant, catalog=readable_part(document))

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


def _share_ids(entries: Iterable[Share], tenant: Tenant) -> set[str]:
    """The ids of the shares that the file's entries mean."""
    return {share.id for entry in entries for share in tenant.shares_of(entry.name, entry.id)}


def _with_shares(tenant: Tenant, listed: Iterable[Object], behind: Mapping[str, str | None]) -> Tenant:
    """The tenant with these shares and no others, on the printers in `behind`, by share id; access lists as known."""
    old = {share.id: share for share in tenant.shares}
    shares = []
    for entry in listed:
        share_id = str(entry["id"])
        before = old.get(share_id, TenantShare(share_id, ""))
        everyone = entry.get("allowAllUsers", before.everyone) is True
        name = str(entry["displayName"])
        shares.append(replace(before, name=name, everyone=everyone, printer_id=behind.get(share_id)))
    return replace(tenant, shares=tuple(shares))


def _as_object(share: TenantShare) -> Object:
    return {"id": share.id, "displayName": share.name, "allowAllUsers": share.everyone}


def _name(user_or_group: Object) -> str:
    return str(user_or_group.get("userPrincipalName") or user_or_group.get("displayName") or user_or_group["id"])
