"""Fits a held job's settings to the printer that it goes to. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.capabilities import check_ticket
from shared.catalog import Printer
from shared.errors import DocumentRejected
from shared.ticket import Source, Ticket, make_ticket

OXPS, PDF = "application/oxps", "application/pdf"
# What a person may choose at a kiosk.
CHOICES = ("copies", "colorMode", "duplexMode")
# What decides whether the paper is the one that was meant: it is never replaced by something else.
_ESSENTIAL = ("mediaSize", "mediaType", "copies", "pageRanges")
# What a printer does that cannot do what was asked, in order of preference.
_INSTEAD = {"colorMode": ("grayscale", "blackAndWhite", "auto", "color"), "duplexMode": ("oneSided",)}


def fit(
    configuration: Mapping[str, Any],
    content_type: str,
    changes: Mapping[str, Any],
    printer: Printer,
    *,
    conversion: bool,
) -> dict[str, Any]:
    """The whole configuration for `printer`: that of the job, with `changes` on top.

    What a person chose must be offered. What came with the job is turned into the nearest thing that the printer does
    (grayscale for colour, one-sided for two), or unset by null, but never its paper or number. `conversion` says that
    Universal Print turns OXPS into PDF. Raises DocumentRejected with a reason for the person.
    """
    _check_content_type(content_type, printer, conversion=conversion)
    chosen = _read(changes)
    check_ticket(Ticket(chosen, dict.fromkeys(chosen, "your choice")), printer.capabilities)
    merged = {**configuration, **chosen}
    fitted = dict(merged)
    for name, value in merged.items():
        if value is None or value == [] or "@" in name:
            fitted.pop(name)
            continue
        try:
            fitted |= check_ticket(Ticket({name: value}, {name: "the job"}), printer.capabilities)
        except DocumentRejected:
            if name in _ESSENTIAL:
                raise
            fitted[name] = _instead(name, printer.capabilities)
    return fitted


def _check_content_type(content_type: str, printer: Printer, *, conversion: bool) -> None:
    offered = [entry.lower() for entry in printer.capabilities.get("contentTypes") or []]
    wanted = content_type.lower()
    if not offered or not wanted or wanted in offered:
        return
    # Graph: printdocument-createuploadsession converts OXPS alone, and only for a printer that takes PDF instead.
    if conversion and wanted == OXPS and PDF in offered:
        return
    raise DocumentRejected("contentTypeNotOffered", f"{printer.display_name} cannot print documents of this type.")


def _read(changes: Mapping[str, Any]) -> dict[str, Any]:
    others = [name for name in changes if name not in CHOICES]
    if others:
        raise DocumentRejected("settingInvalid", f"Only {', '.join(CHOICES)} can be chosen here.")
    return dict(make_ticket([Source("your choice", changes)]).configuration)


def _instead(name: str, capabilities: Mapping[str, Any]) -> Any:
    offered = capabilities.get(f"{name}s") or _INSTEAD.get(name, ())
    # Null unsets what the job came with, whether the service merges configurations or replaces them.
    return next((value for value in _INSTEAD.get(name, ()) if value in offered), None)
