"""Checks a job ticket against what the printer offers, before anything is uploaded (Graph: printerCapabilities)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shared.errors import DocumentRejected
from shared.ticket import Ticket

# Setting and the capability that lists its values. An absent or empty list means that the printer did not say.
_LISTED = {
    "colorMode": "colorModes",
    "dpi": "dpis",
    "duplexMode": "duplexModes",
    "feedOrientation": "feedOrientations",
    "inputBin": "inputBins",
    "mediaSize": "mediaSizes",
    "mediaType": "mediaTypes",
    "multipageLayout": "multipageLayouts",
    "orientation": "orientations",
    "outputBin": "outputBins",
    "pagesPerSheet": "pagesPerSheet",
    "quality": "qualities",
    "scaling": "scalings",
}
_SWITCHED = {"collate": "collation", "fitPdfToPage": "supportsFitPdfToPage"}
# What every printer does, listed or not.
_DEFAULTS = {"duplexMode": "oneSided", "scaling": "none", "pagesPerSheet": 1}


def check_ticket(ticket: Ticket, capabilities: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration to send, its texts spelt as the printer spells them.

    Raises DocumentRejected (`settingNotOffered`) naming each setting, where it came from and what the printer offers.
    """
    configuration = dict(ticket.configuration)
    problems: list[str] = []
    for name, value in ticket.configuration.items():
        listed = _LISTED.get(name)
        offered = list(capabilities.get(listed) or []) if listed else []
        match = next((offer for offer in offered if _same(offer, value)), None)
        if match is not None:
            configuration[name] = match
        elif offered and _DEFAULTS.get(name) != value:
            problems.append(_refusal(name, value, ticket, ", ".join(map(str, offered))))
        problems.extend(_refusal(name, value, ticket, offer) for offer in _refused(name, value, capabilities))
    if problems:
        raise DocumentRejected("settingNotOffered", "This printer does not offer: " + "; ".join(problems) + ".")
    return configuration


def _refused(name: str, value: Any, capabilities: Mapping[str, Any]) -> Iterator[str]:
    """What the printer offers instead, for each way in which a setting that is not a listed one goes too far."""
    if name == "copies":
        limits = capabilities.get("copiesPerJob") or {}
        start, end = limits.get("start") or 1, limits.get("end")
        if value < start or (end is not None and value > end):
            yield f"{start} to {end if end is not None else 'any number'}"
    elif name == "colorMode" and value == "color" and capabilities.get("isColorPrintingSupported") is False:
        if "color" not in (capabilities.get("colorModes") or ["color"]):
            return
        yield "black and white only"
    elif name == "finishings":
        offered = capabilities.get("finishings")
        missing = [finishing for finishing in value if finishing != "none" and finishing not in (offered or [])]
        if offered is not None and missing:
            yield ", ".join(offered) or "no finishing"
    elif name == "pageRanges" and capabilities.get("isPageRangeSupported") is False:
        yield "whole documents only"
    elif name in _SWITCHED and value is True and capabilities.get(_SWITCHED[name]) is False:
        yield "false only"
    elif name == "margin":
        for side, microns in value.items():
            offered = capabilities.get(f"{side}Margins") or []
            if offered and microns not in offered:
                yield f"{side} {', '.join(map(str, offered))} microns"


def _same(offer: Any, value: Any) -> bool:
    if isinstance(offer, str) and isinstance(value, str):
        return offer.casefold() == value.casefold()
    return bool(offer == value)


def _refusal(name: str, value: Any, ticket: Ticket, offered: str) -> str:
    shown = ", ".join(map(str, value)) if isinstance(value, list) and name == "finishings" else value
    return f"{name} {shown} (from {ticket.origins.get(name, 'the ticket')}; it offers {offered})"
