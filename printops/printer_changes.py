"""The body of a change to a printer, from the options of `printops printer update`."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from shared.graph.printer_changes import ChangeRefused

# Graph: printerLocation (CSDL v1.0).
_TEXTS = (
    *("streetAddress", "city", "postalCode", "stateOrProvince", "countryOrRegion", "site", "building", "floor"),
    *("floorDescription", "roomName", "roomDescription"),
)
_LISTS = ("organization", "subdivision", "subunit")
_LOCATION: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(_TEXTS, str),
    **dict.fromkeys(_LISTS, lambda text: [part.strip() for part in text.split(",")]),
    "latitude": float,
    "longitude": float,
    "altitudeInMeters": int,
}
# Graph: printerDefaults (CSDL v1.0).
_DEFAULT_TEXTS = (
    *("colorMode", "contentType", "duplexMode", "inputBin", "mediaColor", "mediaSize", "mediaType", "multipageLayout"),
    *("orientation", "outputBin", "quality", "scaling"),
)
_DEFAULTS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(_DEFAULT_TEXTS, str),
    **dict.fromkeys(("copiesPerJob", "dpi", "pagesPerSheet"), int),
    "finishings": lambda text: [part.strip() for part in text.split(",")],
    "fitPdfToPage": lambda text: {"true": True, "false": False}[text.strip().lower()],
}


class AsWho(StrEnum):
    """Who changes a printer, as people write it."""

    ADMINISTRATOR = "administrator"
    APPLICATION = "application"


def printer_body(
    file: Path | None,
    name: str | None,
    location: Sequence[str] | None,
    defaults: Sequence[str] | None,
    manufacturer: str | None,
    model: str | None,
    accepting: bool | None,
) -> dict[str, Any]:
    """The properties to change, in Graph's names. Raises ChangeRefused for what cannot be read."""
    body = _read(file) if file is not None else {}
    given = {"displayName": name, "manufacturer": manufacturer, "model": model, "isAcceptingJobs": accepting}
    body |= {key: value for key, value in given.items() if value is not None}
    if location:
        body["location"] = {**(body.get("location") or {}), **_members(location, _LOCATION, "--location")}
    if defaults:
        body["defaults"] = {**(body.get("defaults") or {}), **_members(defaults, _DEFAULTS, "--default")}
    return body


def _read(file: Path) -> dict[str, Any]:
    try:
        body = json.loads(file.read_text("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise ChangeRefused(f"{file} cannot be read as JSON: {error}") from error
    if not isinstance(body, dict):
        raise ChangeRefused(f"{file} holds no object of properties.")
    return body


def _members(written: Sequence[str], readers: dict[str, Callable[[str], Any]], option: str) -> dict[str, Any]:
    members: dict[str, Any] = {}
    by_name = {name.casefold(): name for name in readers}
    for each in written:
        key, _, text = each.partition("=")
        name = by_name.get(key.strip().casefold())
        if name is None:
            raise ChangeRefused(f"{option} knows no {key.strip() or each!r}: there are {', '.join(readers)}.")
        try:
            # Nothing behind the sign takes the value away.
            members[name] = readers[name](text.strip()) if text.strip() else None
        except (ValueError, KeyError) as error:
            raise ChangeRefused(f"{option} {name}: {text!r} is no value for it.") from error
    return members
