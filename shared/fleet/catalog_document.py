"""The catalog that the file and the tenant make together, read once more by what the functions read it with. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from shared.catalog import CATALOG_VERSION, Catalog, CatalogUnreadable, parse_catalog
from shared.costs.cost_centers import parse_cost_centers
from shared.costs.licence_pool import parse_licence_pool
from shared.costs.price_list import parse_price_list
from shared.errors import DocumentRejected
from shared.fleet.model import Device, Fleet, Share, VirtualPrinter
from shared.fleet.tenant import Json, Tenant, TenantShare, printer_id_of
from shared.kiosk.delegates import read_delegates
from shared.tasks.rules import parse_rules
from shared.ticket import Source, make_ticket

PUBLISHED = "publishedDateTime"
# Set-up's own memory: what it last told the tenant that Graph cannot be asked for. Functions do not read it.
FLEET = "fleet"
_CATALOG_SECTIONS: Mapping[str, str] = {
    "policies": "policies",
    "delegates": "delegates",
    "priceList": "price_list",
    "costCenters": "cost_centers",
    "licencePool": "licence_pool",
    "printerGroups": "printer_groups",
    "printers": "printers",
    "shares": "shares",
}


# Sections of the catalog, and what reads them; it raises CatalogUnreadable.
_READERS: Mapping[tuple[str, ...], Callable[[Catalog], object]] = {
    ("policies", "printerGroups"): parse_rules,
    ("delegates",): lambda catalog: read_delegates(catalog.document),
    ("priceList",): lambda catalog: parse_price_list(catalog.document),
    ("costCenters",): lambda catalog: parse_cost_centers(catalog.document),
    ("licencePool",): lambda catalog: parse_licence_pool(catalog.document),
}


def catalog_document(fleet: Fleet, tenant: Tenant) -> dict[str, Any]:
    """The whole of `catalog.json` but the time of publishing, for a tenant that is as the file says."""
    document: dict[str, Any] = {
        "version": CATALOG_VERSION,
        "documentConversionEnabled": tenant.settings.get("documentConversionEnabled") is True,
        "printers": [_printer(entry, tenant) for entry in fleet.present_printers],
        "shares": [_share(entry, fleet, tenant) for entry in fleet.present_shares],
    }
    definition = tenant.definition_named(fleet.task_definition.name) if fleet.task_definition else None
    optional: dict[str, Any] = {
        "taskDefinitionId": definition["id"] if definition else None,
        "printerGroups": [
            {"name": group.name, "printerIds": [printer_id_of(fleet, tenant, name) for name in group.printers]}
            for group in fleet.printer_groups
        ],
        "policies": [_policy(rule, tenant) for rule in fleet.policies],
        "delegates": [_delegate(entry, tenant) for entry in fleet.delegates],
        "priceList": _price_list(fleet, tenant),
        "costCenters": [_cost_center(center, tenant) for center in fleet.cost_centers],
        "licencePool": fleet.licence_pool,
        FLEET: _memory(fleet, tenant),
    }
    return {**document, **{name: value for name, value in optional.items() if value}}


def encode_catalog(document: Mapping[str, Any], published: str) -> bytes:
    """`catalog.json` as it is stored."""
    return json.dumps({**document, PUBLISHED: published}, ensure_ascii=False, indent=1).encode()


def unpublished(document: Json | None) -> dict[str, Any]:
    """A stored catalog without the time of publishing."""
    return {name: value for name, value in (document or {}).items() if name != PUBLISHED}


def catalog_problems(document: Mapping[str, Any]) -> list[str]:
    """What the functions could not read in it, in the words of the file."""
    try:
        catalog = parse_catalog(json.dumps(document).encode())
    except CatalogUnreadable as error:
        return _in_words_of_file(str(error), document)
    problems: list[str] = []
    for read in (*_READERS.values(), _check_profiles):
        try:
            read(catalog)
        except CatalogUnreadable as error:
            problems.extend(_in_words_of_file(str(error), document))
    return problems


def readable_part(document: object) -> dict[str, Any]:
    """What can be taken over of a published catalog: not a section that is broken, and nothing where that is the whole.

    The functions go on with the rest too, so what they know of printers and shares counts. Pure.
    """
    try:
        catalog = parse_catalog(json.dumps(document).encode())
    except CatalogUnreadable:
        return {}
    kept = dict(catalog.document)
    for sections, read in _READERS.items():
        try:
            read(catalog)
        except CatalogUnreadable:
            kept = {name: value for name, value in kept.items() if name not in sections}
    return {**kept, "shares": [_with_readable_profile(entry) for entry in kept["shares"]]}


def readable_problems(fleet: Fleet) -> list[str]:
    """What the functions could not read of the file, found without the tenant: as if it had all that is named."""
    problems = catalog_problems(catalog_document(fleet, pretended(fleet)))
    for name, profile in fleet.profiles.items():
        try:
            ticket = make_ticket([Source(f"profiles.{name}", profile)])
        except DocumentRejected as rejected:
            problems.append(rejected.reason)
            continue
        if ticket.owner is not None:
            problems.append(f"profiles.{name}: owner is not a print setting")
    return problems


def pretended(fleet: Fleet) -> Tenant:
    """A tenant that has all that the file names; ids are the names."""
    printers = tuple(
        {
            "id": f"printer {index}",
            "displayName": entry.name,
            "capabilities": entry.capabilities if isinstance(entry, VirtualPrinter) else {},
        }
        for index, entry in enumerate(fleet.present_printers)
    )
    # An id in the file would be looked for; the pretended printers are found by it too.
    with_ids = tuple(
        {**printer, "id": entry.id or printer["id"]}
        for printer, entry in zip(printers, fleet.present_printers, strict=True)
    )
    return Tenant(
        printers=with_ids,
        shares=tuple(
            TenantShare(entry.id or f"share {index}", entry.name) for index, entry in enumerate(fleet.present_shares)
        ),
        definitions=({"id": "definition", "displayName": fleet.task_definition.name},) if fleet.task_definition else (),
        users={name: f"user {name}".replace("/", "") for name in fleet.user_names},
        groups={name: (f"group {name}",) for name in fleet.group_names},
    )


def _printer(entry: VirtualPrinter | Device, tenant: Tenant) -> dict[str, Any]:
    found = tenant.printers_of(entry.name, entry.id)
    printer: Json = found[0] if found else {"id": "", "displayName": entry.name}
    return {
        "id": printer["id"],
        "displayName": entry.name,
        "virtual": isinstance(entry, VirtualPrinter),
        "capabilities": plain(printer.get("capabilities")),
    }


def _share(entry: Share, fleet: Fleet, tenant: Tenant) -> dict[str, Any]:
    found = tenant.shares_of(entry.name, entry.id)
    printer_id = printer_id_of(fleet, tenant, entry.printer or "") or ""
    printer: Json = next(iter(tenant.printers_of("", printer_id)), {})
    shown: dict[str, Any] = {
        "alias": entry.alias or entry.name.strip(),
        "id": found[0].id if found else "",
        "printerId": printer_id,
        "displayName": entry.name,
        "printerName": entry.printer,
        "capabilities": plain(printer.get("capabilities")),
    }
    if entry.profile is not None:
        shown["profile"] = dict(fleet.profiles[entry.profile])
    if entry.paused:
        shown["paused"] = True
    if entry.accounts is not None:
        shown["accounts"] = list(entry.accounts)
    return shown


def _policy(rule: Json, tenant: Tenant) -> dict[str, Any]:
    when = rule.get("when")
    if not isinstance(when, dict) or not isinstance(when.get("groups"), list):
        return dict(rule)
    groups = [_first(tenant.groups.get(name, ())) if isinstance(name, str) else name for name in when["groups"]]
    return {**rule, "when": {**when, "groups": groups}}


def _delegate(entry: Json, tenant: Tenant) -> dict[str, Any]:
    owner_id = tenant.users.get(str(entry["owner"]).lower())
    return {**entry, **({"ownerId": owner_id} if owner_id else {})}


def _price_list(fleet: Fleet, tenant: Tenant) -> dict[str, Any] | None:
    if fleet.price_list is None:
        return None
    prices = {name: value for name, value in fleet.price_list.items() if name != "printers"}
    own = [
        {
            "printerId": printer_id_of(fleet, tenant, entry["printer"]) or "",
            **{name: value for name, value in entry.items() if name != "printer"},
        }
        for entry in fleet.price_list.get("printers", [])
    ]
    return {**prices, **({"printers": own} if own else {})}


def _cost_center(center: Json, tenant: Tenant) -> dict[str, Any]:
    groups = [_first(tenant.groups.get(name, ())) for name in center.get("groups", [])]
    members = sorted({member.lower() for group in groups for member in tenant.members.get(group, ())})
    resolved = {"groups": groups, "members": members} if groups else {}
    return {**center, **resolved}


def _memory(fleet: Fleet, tenant: Tenant) -> dict[str, Any]:
    before = ((tenant.catalog or {}).get(FLEET) or {}).get("attributes") or {}
    sent: dict[str, str] = {}
    for entry in fleet.virtual_printers:
        printer_id = None if entry.absent else printer_id_of(fleet, tenant, entry.name)
        digest = entry.attributes.digest if entry.attributes else before.get(printer_id)
        if printer_id is not None and digest is not None:
            sent[printer_id] = digest
    return {"attributes": sent} if sent else {}


def _check_profiles(catalog: Catalog) -> None:
    for share in catalog.shares:
        try:
            make_ticket([Source(f"the profile of {share.alias}", share.profile)])
        except DocumentRejected as rejected:
            raise CatalogUnreadable(rejected.reason) from rejected


def _with_readable_profile(share: Json) -> dict[str, Any]:
    try:
        make_ticket([Source("profile", share.get("profile") or {})])
    except DocumentRejected:
        return {name: value for name, value in share.items() if name != "profile"}
    return dict(share)


def plain(value: object) -> dict[str, Any]:
    """An object of Graph without its annotations and without what it does not say."""
    if not isinstance(value, Mapping):
        return {}
    return {name: each for name, each in value.items() if "@odata" not in name and each is not None}


def _first(ids: tuple[str, ...]) -> str:
    return ids[0] if ids else ""


def _in_words_of_file(message: str, document: Mapping[str, Any]) -> list[str]:
    """The sentences of a message about the catalog; places in it become those of the file."""
    sections = "|".join(_CATALOG_SECTIONS)
    text = message.removeprefix("catalog.json: ")
    # What was written may have any characters in it: a sentence begins with its place.
    return [_translated(sentence, sections, document) for sentence in re.split(rf"; (?=(?:{sections})\b)", text)]


def _translated(sentence: str, sections: str, document: Mapping[str, Any]) -> str:
    def named(found: re.Match[str]) -> str:
        entry = _entry_at(document.get(found["section"]), int(found["index"]))
        name = entry.get("name") or entry.get("displayName") or entry.get("owner")
        return _place(_CATALOG_SECTIONS[found["section"]], name, found)

    def priced(found: re.Match[str]) -> str:
        entry = _entry_at((document.get("priceList") or {}).get("printers"), int(found["index"]))
        known = {printer["id"]: printer["displayName"] for printer in document.get("printers") or ()}
        return _place("price_list.printers", known.get(entry.get("printerId")), found)

    start = re.match(rf"(?:{sections})\b", sentence)
    if start is None:
        return sentence
    for pattern, place in (
        (r"priceList\.printers\[(?P<index>\d+)\]", priced),
        (rf"(?P<section>{sections})\[(?P<index>\d+)\]", named),
    ):
        found = re.match(pattern, sentence)
        if found is not None:
            return place(found) + sentence[found.end() :].replace("printerGroups", "printer_groups")
    return _CATALOG_SECTIONS[start[0]] + sentence[start.end() :]


def _entry_at(entries: object, index: int) -> Json:
    entry = entries[index] if isinstance(entries, list) and index < len(entries) else {}
    return entry if isinstance(entry, dict) else {}


def _place(section: str, name: object, found: re.Match[str]) -> str:
    return f"{section} {name!r}" if name else f"{section}, entry {int(found['index']) + 1}"
