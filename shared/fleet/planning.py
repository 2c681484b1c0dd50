"""Compares the file with the tenant: the steps that make the tenant what the file says, in order. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from shared.fleet import steps
from shared.fleet.catalog_document import FLEET, catalog_document, catalog_problems, unpublished
from shared.fleet.checks import tenant_problems
from shared.fleet.model import DEFAULT_MANUFACTURER, DEFAULT_MODEL, Device, Fleet, FleetUnreadable, VirtualPrinter
from shared.fleet.planning_shares import plan_shares
from shared.fleet.steps import Kind, Step
from shared.fleet.tenant import Json, Tenant
from shared.names import CATALOG_PATH

# A sentence names so many; the file says the rest.
_MOST_NAMED = 10
_CREATES = (Kind.CREATE_DEFINITION, Kind.CREATE_PRINTER, Kind.CREATE_SHARE)
# Sections of the catalog whose change people may feel at their next job.
_FELT = frozenset({"policies", "delegates", "shares", "printerGroups", "taskDefinitionId"})


def plan(fleet: Fleet, tenant: Tenant) -> tuple[Step, ...]:
    """Every step that is needed; none where the tenant is as the file says.

    Raises FleetUnreadable where the tenant lacks what the file takes for granted, naming all of it.
    """
    found = changes(fleet, tenant)
    return (*found, *_publishing(fleet, tenant, found))


def changes(fleet: Fleet, tenant: Tenant) -> tuple[Step, ...]:
    """The steps of the plan before the catalog, which takes longer to make and to check. Raises FleetUnreadable."""
    problems = tenant_problems(fleet, tenant)
    if problems:
        raise FleetUnreadable(problems, fleet.file)
    return (
        *_settings(fleet, tenant),
        *_definition(fleet, tenant),
        *_printers(fleet, tenant),
        *plan_shares(fleet, tenant),
        *_removed_printers(fleet, tenant),
    )


def differences(wanted: Mapping[str, Any], has: object) -> dict[str, Any]:
    """The members of `wanted` that `has` lacks or has otherwise. Lists of words are sets to Graph."""
    known = has if isinstance(has, Mapping) else {}
    return {name: value for name, value in wanted.items() if _plain(known.get(name)) != _plain(value)}


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        members = {name: _plain(each) for name, each in value.items() if "@odata" not in name}
        return {name: each for name, each in members.items() if each is not None}
    if isinstance(value, list | tuple):
        return sorted((_plain(each) for each in value), key=repr)
    return value


def _settings(fleet: Fleet, tenant: Tenant) -> Iterator[Step]:
    wanted = fleet.document_conversion
    if wanted is not None and tenant.settings.get("documentConversionEnabled") is not wanted:
        sentence = f"Turn document conversion {'on' if wanted else 'off'} for the tenant"
        body = {"documentConversionEnabled": wanted}
        yield Step(Kind.CHANGE_SETTINGS, "settings", sentence, steps.SETTINGS, noticed=True, body=body)


def _definition(fleet: Fleet, tenant: Tenant) -> Iterator[Step]:
    wanted = fleet.task_definition
    if wanted is None or tenant.definition_named(wanted.name):
        return
    body = {"displayName": wanted.name, "createdBy": {"displayName": wanted.app or DEFAULT_MANUFACTURER}}
    used = (tenant.catalog or {}).get("taskDefinitionId")
    former = next((str(entry["displayName"]) for entry in tenant.definitions if entry["id"] == used), None)
    sentence = f"Create the task definition {wanted.name!r}"
    if former is not None:
        sentence += f" in place of {former!r}; let people collect what that one holds before, for nobody looks after it"
    yield Step(Kind.CREATE_DEFINITION, wanted.name, sentence, steps.DEFINITION, former is not None, body=body)


def _printers(fleet: Fleet, tenant: Tenant) -> Iterator[Step]:
    for entry in fleet.present_printers:
        found = tenant.printers_of(entry.name, entry.id)
        printer: Json | None = found[0] if found else None
        printer_id = str(printer["id"]) if printer else None
        shared = printer_id is not None and tenant.share_on(printer_id) is not None
        if printer is None and isinstance(entry, VirtualPrinter):
            yield _created(entry, _left_behind(fleet, tenant))
        yield from _updated(entry, printer, shared=shared)
        if isinstance(entry, VirtualPrinter):
            yield from _virtual(entry, printer, tenant)
        yield from _trigger(entry, printer_id, fleet, tenant, shared=shared)


def _left_behind(fleet: Fleet, tenant: Tenant) -> list[Json]:
    """The virtual printers of the published catalog that the file no longer means, and the tenant still has."""
    meant = {str(one["id"]) for entry in fleet.all_printers for one in tenant.printers_of(entry.name, entry.id)}
    published = {str(entry["id"]) for entry in (tenant.catalog or {}).get("printers") or ()}
    return [
        one for one in tenant.printers if one.get("hasPhysicalDevice") is False and str(one["id"]) in published - meant
    ]


def _created(entry: VirtualPrinter, left_behind: list[Json]) -> Step:
    body = {
        "displayName": entry.name,
        "manufacturer": entry.manufacturer or DEFAULT_MANUFACTURER,
        "model": entry.model or DEFAULT_MODEL,
    }
    sentence = f"Create the virtual printer {entry.name!r}"
    if left_behind:
        names = " and ".join(
            f'{one["displayName"]!r} (to rename it instead: id = "{one["id"]}")' for one in left_behind
        )
        sentence += f"; the file no longer names {names}, which stays as it is"
    return Step(Kind.CREATE_PRINTER, entry.name, sentence, steps.NEW_PRINTER, bool(left_behind), body=body)


def _updated(entry: VirtualPrinter | Device, printer: Json | None, *, shared: bool) -> Iterator[Step]:
    """What an administrator changes: the name, the place, and the defaults of a device."""
    has: Json = printer or {}
    body: dict[str, Any] = {}
    if printer is not None and printer["displayName"] != entry.name:
        body["displayName"] = entry.name
    if location := differences(entry.location, has.get("location")):
        body["location"] = location
    if isinstance(entry, Device) and (defaults := differences(entry.defaults, has.get("defaults"))):
        body["defaults"] = defaults
    if body:
        sentence = f"Change {_listed(body)} of the printer {entry.name!r}"
        noticed = shared and bool(body.keys() & {"defaults", "displayName"})
        printer_id = str(printer["id"]) if printer else None
        yield Step(Kind.UPDATE_PRINTER, entry.name, sentence, steps.PRINTER, noticed, printer_id=printer_id, body=body)


def _virtual(entry: VirtualPrinter, printer: Json | None, tenant: Tenant) -> Iterator[Step]:
    """What the app alone may say of a printer without a device."""
    has: Json = printer or {}
    printer_id = str(printer["id"]) if printer else None
    sent = ((tenant.catalog or {}).get(FLEET) or {}).get("attributes") or {}
    if entry.attributes is not None and sent.get(printer_id) != entry.attributes.digest:
        sentence = f"Give the virtual printer {entry.name!r} the IPP attributes in {entry.attributes.name}"
        yield Step(
            *(Kind.SEND_ATTRIBUTES, entry.name, sentence, steps.APP_PRINTER),
            printer_id=printer_id,
            attributes=entry.attributes,
        )
    body: dict[str, Any] = {}
    for name in ("capabilities", "defaults"):
        if changed := differences(getattr(entry, name), has.get(name)):
            body[name] = changed
    if printer is not None:
        texts = {"manufacturer": entry.manufacturer, "model": entry.model}
        body |= {name: text for name, text in texts.items() if text is not None and has.get(name) != text}
    if (has.get("isAcceptingJobs") is True) is not entry.accepting_jobs:
        body["isAcceptingJobs"] = entry.accepting_jobs
    if body:
        sentence = f"Set {_listed(body)} of the virtual printer {entry.name!r}"
        noticed = printer_id is not None and tenant.share_on(printer_id) is not None
        yield Step(
            Kind.UPDATE_VIRTUAL, entry.name, sentence, steps.APP_PRINTER, noticed, printer_id=printer_id, body=body
        )


def _trigger(
    entry: VirtualPrinter | Device, printer_id: str | None, fleet: Fleet, tenant: Tenant, *, shared: bool
) -> Iterator[Step]:
    has = tenant.triggers.get(printer_id or "")
    named = tenant.definition_named(fleet.task_definition.name) if fleet.task_definition else None
    definition = str(named["id"]) if named else None
    # Graph does not say what a trigger starts, so the catalog is asked which definition the last ones were made for.
    before = (tenant.catalog or {}).get("taskDefinitionId")
    wants = fleet.wants_trigger(entry)
    outdated = wants is True and before is not None and before != definition
    if has is not None and (wants is False or outdated):
        sentence = f"Take the trigger off the printer {entry.name!r}"
        yield Step(
            *(Kind.DELETE_TRIGGER, entry.name, sentence, steps.PRINTER, shared),
            printer_id=printer_id,
            other_id=has,
        )
    if wants and (has is None or outdated):
        starts = fleet.task_definition.name if fleet.task_definition else ""
        sentence = f"Put a trigger on the printer {entry.name!r}, which starts {starts!r}"
        yield Step(
            *(Kind.CREATE_TRIGGER, entry.name, sentence, steps.PRINTER, shared),
            printer_id=printer_id,
            other_id=definition,
        )


def _removed_printers(fleet: Fleet, tenant: Tenant) -> Iterator[Step]:
    for entry in fleet.virtual_printers:
        for printer in tenant.printers_of(entry.name, entry.id) if entry.absent else ():
            sentence = f"Delete the virtual printer {entry.name!r}; jobs that wait on it end"
            yield Step(
                Kind.DELETE_PRINTER, entry.name, sentence, steps.REMOVED_PRINTER, True, printer_id=str(printer["id"])
            )


def _publishing(fleet: Fleet, tenant: Tenant, before: Sequence[Step]) -> Iterator[Step]:
    document = catalog_document(fleet, tenant)
    if not any(step.kind in _CREATES for step in before) and (problems := catalog_problems(document)):
        raise FleetUnreadable(problems, fleet.file)
    published = unpublished(tenant.catalog)
    names = [*document, *(name for name in published if name not in document)]
    changed = [name for name in names if document.get(name) != published.get(name)]
    if not changed and not before:
        return
    gone = _gone(document, published)
    felt = tenant.catalog is not None and bool(gone or _FELT & set(changed))
    told = f" ({', '.join(changed)})" if tenant.catalog is not None and changed else ""
    sentence = f"Publish {CATALOG_PATH} for the functions{told}"
    if gone:
        more = f" and {len(gone) - _MOST_NAMED} more" if len(gone) > _MOST_NAMED else ""
        sentence += f"; it no longer names {', '.join(gone[:_MOST_NAMED])}{more}"
    yield Step(Kind.PUBLISH, CATALOG_PATH, sentence, steps.STORAGE, felt, body=document)


def _gone(document: Mapping[str, Any], published: Mapping[str, Any]) -> list[str]:
    """Shares and printers that the functions know until now, and will not: nothing prints to, or at, these any more."""
    told = []
    for section, what in (("shares", "the share"), ("printers", "the printer")):
        kept = {entry["id"] for entry in document[section]}
        left = (entry for entry in published.get(section) or () if entry["id"] not in kept)
        told += [f"{what} {str(entry.get('displayName') or entry['id'])!r}" for entry in left]
    return told


def _listed(body: Mapping[str, Any]) -> str:
    return ", ".join(body)
