"""What IPP printer attributes change of a printer as Graph shows it (Graph: printer-update with application/ipp)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from emulator.universal_print.csdl.schema import graph_schema
from emulator.universal_print.devices.ipp_message import Attributes
from emulator.universal_print.devices.ipp_settings import contents, printer_capabilities, printer_defaults

# From which attributes each member comes; what is not named here follows from no attribute.
_CAPABILITIES: dict[str, tuple[str, ...]] = {
    **{f"{side}Margins": (f"media-{side}-margin-supported",) for side in ("top", "bottom", "left", "right")},
    "collation": ("multiple-document-handling-supported",),
    "colorModes": ("print-color-mode-supported",),
    "contentTypes": ("document-format-supported",),
    "copiesPerJob": ("copies-supported",),
    "dpis": ("printer-resolution-supported",),
    "duplexModes": ("sides-supported",),
    "feedOrientations": ("feed-orientation-supported",),
    "finishings": ("finishings-supported",),
    "inputBins": ("media-source-supported",),
    "isColorPrintingSupported": ("color-supported",),
    "isPageRangeSupported": ("page-ranges-supported",),
    "mediaColors": ("media-color-supported",),
    "mediaSizes": ("media-supported",),
    "mediaTypes": ("media-type-supported",),
    "multipageLayouts": ("presentation-direction-number-up-supported",),
    "orientations": ("orientation-requested-supported",),
    "outputBins": ("output-bin-supported",),
    "pagesPerSheet": ("number-up-supported",),
    "qualities": ("print-quality-supported",),
    "scalings": ("print-scaling-supported",),
    "supportsFitPdfToPage": ("print-scaling-supported",),
}
_DEFAULTS: dict[str, tuple[str, ...]] = {
    "colorMode": ("print-color-mode-default",),
    "contentType": ("document-format-default",),
    "copiesPerJob": ("copies-default",),
    "dpi": ("printer-resolution-default",),
    "duplexMode": ("sides-default",),
    "finishings": ("finishings-default",),
    "inputBin": ("media-col-default",),
    "mediaColor": ("media-col-default",),
    "mediaSize": ("media-default",),
    "mediaType": ("media-col-default",),
    "orientation": ("orientation-requested-default",),
    "outputBin": ("output-bin-default",),
    "pagesPerSheet": ("number-up-default",),
    "quality": ("print-quality-default",),
    "scaling": ("print-scaling-default",),
}
# RFC 8011 5.4.11.
_STATES = {3: "idle", 4: "processing", 5: "stopped"}
_SEVERITIES = ("-report", "-warning", "-error")


@dataclass(frozen=True, slots=True)
class Update:
    """The members that change; None takes one away. `is_accepting_jobs` is None where nothing is said of it."""

    capabilities: dict[str, Any]
    defaults: dict[str, Any]
    status: dict[str, Any] = field(default_factory=dict)
    is_accepting_jobs: bool | None = None


def changed_by(supplied: Attributes, known: Attributes) -> Update:
    """What `supplied` changes, where `known` are the attributes with those already in place."""
    capabilities, defaults = printer_capabilities(known), printer_defaults(known)
    accepting = next(iter(contents(supplied, "printer-is-accepting-jobs")), None)
    return Update(
        {name: capabilities.get(name) for name in _touched(_CAPABILITIES, supplied)},
        {name: defaults.get(name) for name in _touched(_DEFAULTS, supplied)},
        _status(supplied),
        accepting if isinstance(accepting, bool) else None,
    )


def _touched(sources: dict[str, tuple[str, ...]], supplied: Attributes) -> list[str]:
    return [name for name, attributes in sources.items() if any(one in supplied for one in attributes)]


def _status(supplied: Attributes) -> dict[str, Any]:
    status: dict[str, Any] = {}
    state = next(iter(contents(supplied, "printer-state")), None)
    if isinstance(state, int):
        status["state"] = _STATES.get(state, "unknown")
    if "printer-state-reasons" in supplied:
        reasons = contents(supplied, "printer-state-reasons")
        status["details"] = [_detail(str(reason)) for reason in reasons if reason != "none"]
    message = next(iter(contents(supplied, "printer-state-message")), None)
    if isinstance(message, str):
        status["description"] = message
    return status


def _detail(reason: str) -> str:
    """A printer-state-reasons keyword in Graph's words; one that Graph does not know is `other`."""
    for severity in _SEVERITIES:
        reason = reason.removesuffix(severity)
    first, *others = reason.split("-")
    name = first + "".join(word.capitalize() for word in others)
    return name if name in _known_details() else "other"


@cache
def _known_details() -> frozenset[str]:
    return frozenset(graph_schema().members_of("printerProcessingStateDetail"))
