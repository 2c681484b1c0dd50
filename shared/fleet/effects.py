"""What the tenant looks like after a step, so that the next one finds the ids that it needs. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from shared.fleet.steps import Kind, Step
from shared.fleet.tenant import Json, Tenant, TenantShare


def after(tenant: Tenant, step: Step, made: str | None) -> Tenant:
    """The tenant once the step is done. `made` is the id of what it made."""
    body = dict(step.body or {})
    match step.kind:
        case Kind.CHANGE_SETTINGS:
            return replace(tenant, settings={**tenant.settings, **body})
        case Kind.CREATE_DEFINITION:
            return replace(tenant, definitions=(*tenant.definitions, {**body, "id": made}))
        case Kind.CREATE_PRINTER:
            new = {**body, "id": made, "hasPhysicalDevice": False}
            return replace(tenant, printers=(*tenant.printers, new))
        case Kind.UPDATE_PRINTER | Kind.UPDATE_VIRTUAL:
            return _printer_changed(tenant, step, lambda printer: merged(printer, body))
        case Kind.DELETE_PRINTER:
            kept = tuple(printer for printer in tenant.printers if printer["id"] != step.printer_id)
            return replace(tenant, printers=kept)
        case Kind.SEND_ATTRIBUTES:
            return tenant
        case Kind.CREATE_TRIGGER:
            return replace(tenant, triggers={**tenant.triggers, str(step.printer_id): str(made)})
        case Kind.DELETE_TRIGGER:
            left = {printer: each for printer, each in tenant.triggers.items() if printer != step.printer_id}
            return replace(tenant, triggers=left)
        case Kind.PUBLISH:
            return replace(tenant, catalog=body)
        case _:
            return replace(tenant, shares=_shares_after(tenant.shares, step, made))


def _shares_after(shares: tuple[TenantShare, ...], step: Step, made: str | None) -> tuple[TenantShare, ...]:
    body = step.body or {}
    if step.kind is Kind.CREATE_SHARE:
        new = TenantShare(str(made), body["displayName"], step.printer_id, body["allowAllUsers"])
        return (*shares, new)
    if step.kind is Kind.DELETE_SHARE:
        return tuple(share for share in shares if share.id != step.share_id)
    return tuple(_share_after(share, step) if share.id == step.share_id else share for share in shares)


def _share_after(share: TenantShare, step: Step) -> TenantShare:
    body, member = step.body or {}, {str(step.other_id)}
    match step.kind:
        case Kind.UPDATE_SHARE:
            return replace(share, name=body["displayName"])
        case Kind.SWAP_PRINTER:
            return replace(share, printer_id=step.printer_id)
        case Kind.CHANGE_EVERYONE:
            return replace(share, everyone=body["allowAllUsers"])
        case Kind.ADD_USER:
            return replace(share, users=share.users | member)
        case Kind.REMOVE_USER:
            return replace(share, users=share.users - member)
        case Kind.ADD_GROUP:
            return replace(share, groups=share.groups | member)
        case _:
            return replace(share, groups=share.groups - member)


def _printer_changed(tenant: Tenant, step: Step, change: Callable[[Json], Json]) -> Tenant:
    changed = (change(printer) if printer["id"] == step.printer_id else printer for printer in tenant.printers)
    return replace(tenant, printers=tuple(changed))


def merged(old: Json, changes: Mapping[str, Any]) -> dict[str, Any]:
    """An object after a change: a complex property keeps the members that the change leaves out (OData 4.01)."""
    result = dict(old)
    for name, value in changes.items():
        before = result.get(name)
        both = isinstance(value, Mapping) and isinstance(before, Mapping)
        result[name] = {**before, **value} if both and before is not None else value
    return result
