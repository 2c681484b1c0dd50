"""What a printer lacks that is to stand behind a share, by the share's profile and the catalog's policies. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shared.capabilities import check_ticket
from shared.catalog import Catalog, Share
from shared.errors import DocumentRejected
from shared.tasks.rules import Configure, Redirect, Rule, parse_rules
from shared.ticket import Source, make_ticket
from shared.times import timestamp

PDF = "application/pdf"


@dataclass(frozen=True, slots=True)
class Comparison:
    """`lacks` is what people would notice as failed jobs, `notes` what is worth knowing. Sentences."""

    lacks: tuple[str, ...]
    notes: tuple[str, ...]


def compare(catalog: Catalog, share: Share, printer: Mapping[str, Any]) -> Comparison:
    """Hold the printer (Graph: printer with its capabilities) against all that the catalog asks of the share.

    Raises PoliciesUnreadable.
    """
    capabilities: Mapping[str, Any] = printer.get("capabilities") or {}
    rules = parse_rules(catalog)
    return Comparison(tuple(_lacks(share, rules, capabilities)), tuple(_notes(share, rules, printer, capabilities)))


def with_printer(
    document: Mapping[str, Any], share: Share, printer: Mapping[str, Any], published: datetime
) -> dict[str, Any]:
    """The catalog once the printer stands behind the share: its id, name and capabilities, and when that was."""
    capabilities = {
        name: value
        for name, value in (printer.get("capabilities") or {}).items()
        if "@" not in name and value is not None
    }
    printer_id, name = str(printer["id"]), str(printer["displayName"])
    shares = [
        {**entry, "printerId": printer_id, "printerName": name, "capabilities": capabilities}
        if str(entry["id"]).lower() == share.id.lower()
        else entry
        for entry in document["shares"]
    ]
    own = {
        "id": printer_id,
        "displayName": name,
        "virtual": printer.get("hasPhysicalDevice") is False,
        "capabilities": capabilities,
    }
    others = [entry for entry in document.get("printers") or () if str(entry["id"]).lower() != printer_id.lower()]
    known = {"printers": [*others, own]} if "printers" in document else {}
    return {**document, **known, "shares": shares, "publishedDateTime": timestamp(published)}


def _lacks(share: Share, rules: tuple[Rule, ...], capabilities: Mapping[str, Any]) -> Iterator[str]:
    if not capabilities:
        yield "It has not told its capabilities, so nothing can be checked."
        return
    offered = _content_types(capabilities)
    if offered and PDF in (_content_types(share.capabilities) or {PDF}) and PDF not in offered:
        yield f"It takes no {PDF}, which most documents are (it takes {', '.join(sorted(offered))})."
    yield from refused_settings(share.profile, f"the profile of {share.alias}", capabilities)
    for rule in rules:
        concerned = rule.when.printers is None or share.printer_id.lower() in rule.when.printers
        if concerned and isinstance(rule.action, Configure):
            yield from refused_settings(rule.action.configuration, f"the policy {rule.name}", capabilities)


def _notes(
    share: Share, rules: tuple[Rule, ...], printer: Mapping[str, Any], capabilities: Mapping[str, Any]
) -> Iterator[str]:
    gone = sorted(_content_types(share.capabilities) - _content_types(capabilities) - {PDF})
    if gone and capabilities:
        yield f"It does not take {', '.join(gone)}, which the printer before it took."
    if printer.get("isAcceptingJobs") is False:
        yield "It takes no jobs at present."
    if (printer.get("status") or {}).get("state") == "stopped":
        yield "It is stopped at present."
    if printer.get("hasPhysicalDevice") is False:
        yield "It is a virtual printer: without a task trigger nothing that is sent to it comes out anywhere."
    for rule in rules:
        named = share.printer_id.lower() in (rule.when.printers or ())
        sends = isinstance(rule.action, Redirect) and share.printer_id.lower() in map(
            str.lower, rule.action.printer_ids
        )
        if named or sends:
            yield f"The policy {rule.name} names the printer before it, and goes on to."


def refused_settings(settings: Mapping[str, Any], origin: str, capabilities: Mapping[str, Any]) -> Iterator[str]:
    """One sentence for each print setting that a printer with these capabilities does not offer."""
    try:
        ticket = make_ticket([Source(origin, settings)])
    except DocumentRejected as rejected:
        yield rejected.reason
        return
    for name in ticket.configuration:
        try:
            check_ticket(replace(ticket, configuration={name: ticket.configuration[name]}), capabilities)
        except DocumentRejected as rejected:
            yield rejected.reason


def _content_types(capabilities: Mapping[str, Any]) -> set[str]:
    return {str(name).lower() for name in capabilities.get("contentTypes") or ()}
