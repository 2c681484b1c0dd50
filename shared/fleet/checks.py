"""What the tenant must have before a plan can be made: every lack is told at once. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from shared.fleet.model import Device, Fleet, VirtualPrinter, hint
from shared.fleet.planning_shares import moving, share_of
from shared.fleet.tenant import Json, Tenant, printer_id_of
from shared.replacement import refused_settings


def tenant_problems(fleet: Fleet, tenant: Tenant) -> list[str]:
    """One sentence for each name or id in the file that the tenant does not have, or has twice."""
    problems = [*_directory(fleet, tenant), *_printers(fleet, tenant), *_shares(fleet, tenant)]
    return problems or [*_sharing(fleet, tenant), *_profiles(fleet, tenant)] or [*_rings(fleet, tenant)]


def _directory(fleet: Fleet, tenant: Tenant) -> Iterator[str]:
    for name in fleet.user_names:
        if name not in tenant.users:
            yield f"the tenant has no user {name}"
    for name in fleet.group_names:
        found = tenant.groups.get(name, ())
        if not found:
            yield f"the tenant has no group {name!r}"
        elif len(found) > 1:
            yield f"the tenant has {len(found)} groups {name!r}: name the one by its id ({', '.join(found)})"


def _printers(fleet: Fleet, tenant: Tenant) -> Iterator[str]:
    names = [str(printer["displayName"]) for printer in tenant.printers]
    for entry in fleet.all_printers:
        found = tenant.printers_of(entry.name, entry.id)
        place = f"{'virtual_printers' if isinstance(entry, VirtualPrinter) else 'printers'} {entry.name!r}"
        if len(found) > 1:
            yield f"{place}: the tenant has {len(found)} printers of this name: give id ({_ids(found)})"
        elif not found and isinstance(entry, VirtualPrinter) and entry.absent:
            continue
        elif not found and entry.id is not None:
            yield f"{place}: the tenant has no printer with the id {entry.id}"
        elif not found and isinstance(entry, Device):
            yield f"{place} is not registered in the tenant{hint(entry.name, names)}"
        elif found and isinstance(entry, VirtualPrinter) is (found[0].get("hasPhysicalDevice") is not False):
            other = "[[printers]]" if isinstance(entry, VirtualPrinter) else "[[virtual_printers]]"
            kind = "has a device" if isinstance(entry, VirtualPrinter) else "has no device"
            yield f"{place} {kind}: it belongs under {other}"


def _shares(fleet: Fleet, tenant: Tenant) -> Iterator[str]:
    for entry in fleet.shares:
        found = tenant.shares_of(entry.name, entry.id)
        if not found and entry.id is not None and not entry.absent:
            yield f"shares {entry.name!r}: the tenant has no share with the id {entry.id}"
        if len(found) > 1:
            ids = ", ".join(share.id for share in found)
            yield f"shares {entry.name!r}: the tenant has {len(found)} shares of this name: give id ({ids})"


def _sharing(fleet: Fleet, tenant: Tenant) -> Iterator[str]:
    """What Graph would refuse because of shares of which the file says nothing."""
    own = {share.id: entry for entry in fleet.shares for share in tenant.shares_of(entry.name, entry.id)}
    for entry in fleet.present_shares:
        printer_id = printer_id_of(fleet, tenant, entry.printer or "")
        on_it = tenant.share_on(printer_id) if printer_id else None
        if on_it is not None and on_it.id not in own:
            yield (
                f"shares {entry.name!r}: {entry.printer!r} is shared as {on_it.name!r} already, and a printer has one "
                f'share at most. Give id = "{on_it.id}" to rename that share, or remove it with state = "absent"'
            )
        share = share_of(entry, tenant)
        same = [each for each in tenant.shares_of(entry.name, None) if each != share]
        if share is not None and same and not all(each.id in own and own[each.id].absent for each in same):
            yield f"shares {entry.name!r}: another share has this name ({same[0].id})"
    for printer in fleet.virtual_printers:
        for found in tenant.printers_of(printer.name, printer.id) if printer.absent else ():
            on_it = tenant.share_on(str(found["id"]))
            leaving = {share.id for _, share in moving(fleet, tenant)[0]}
            if on_it is not None and on_it.id not in leaving and not (on_it.id in own and own[on_it.id].absent):
                yield (
                    f"virtual_printers {printer.name!r} cannot be deleted while it is shared as {on_it.name!r}: write "
                    'that share with state = "absent"'
                )


def _profiles(fleet: Fleet, tenant: Tenant) -> Iterator[str]:
    """What no document without settings of its own could be printed with, as the share's printer does not offer it."""
    for entry in fleet.present_shares:
        printer = fleet.printer_named(entry.printer or "")
        if entry.profile is None or printer is None:
            continue
        for lack in refused_settings(
            fleet.profiles[entry.profile], f"profiles.{entry.profile}", _capabilities(printer, tenant)
        ):
            yield f"shares {entry.name!r} on the printer {entry.printer!r}: {lack}"


def _capabilities(printer: VirtualPrinter | Device, tenant: Tenant) -> Json:
    """What the printer offers once the file is applied; nothing where that is not known before."""
    found = tenant.printers_of(printer.name, printer.id)
    has: Json = (found[0].get("capabilities") if found else None) or {}
    if isinstance(printer, Device):
        return has
    return {} if printer.attributes else {**has, **printer.capabilities}


def _rings(fleet: Fleet, tenant: Tenant) -> Iterator[str]:
    if ring := moving(fleet, tenant)[1]:
        names = ", ".join(repr(entry.name) for entry, _ in ring)
        yield f"shares {names} wait for the printers of each other: put one of them on a free printer first"


def _ids(printers: Iterable[Json]) -> str:
    return ", ".join(str(printer["id"]) for printer in printers)
