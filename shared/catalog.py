"""The catalog: what set-up knows of the tenant, and the functions cannot ask Graph for (Graph: print-list-shares).

The application may not enumerate printers or shares, and a print account sees no capabilities of printers that it has
not been told of. So set-up publishes `catalog.json` and the functions read it.
"""

from __future__ import annotations

import difflib
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.errors import PrintFunctionsError

CATALOG_VERSION = 1
# Graph: printerCapabilities (CSDL v1.0), by the kind of value that each holds.
_LISTS: dict[str, type] = {
    **dict.fromkeys(("bottomMargins", "topMargins", "leftMargins", "rightMargins", "dpis", "pagesPerSheet"), int),
    **dict.fromkeys(("contentTypes", "inputBins", "outputBins", "mediaColors", "mediaSizes", "mediaTypes"), str),
    **dict.fromkeys(("colorModes", "duplexModes", "feedOrientations", "finishings", "multipageLayouts"), str),
    **dict.fromkeys(("orientations", "qualities", "scalings"), str),
}
_SWITCHES = ("collation", "isColorPrintingSupported", "isPageRangeSupported", "supportsFitPdfToPage")


class CatalogUnreadable(PrintFunctionsError):
    """The catalog is missing, is not JSON, or lacks what every share must have. The message names it."""


@dataclass(frozen=True, slots=True)
class Share:
    """A printer share under the name that people use in paths.

    `capabilities` is Graph's printerCapabilities, `profile` a printJobConfiguration that applies unless a document
    says otherwise; `accounts` limits the print accounts that may use the share (None: all; empty: none).
    """

    alias: str
    id: str
    printer_id: str
    display_name: str = ""
    printer_name: str = ""
    capabilities: Mapping[str, Any] = field(default_factory=dict)
    profile: Mapping[str, Any] = field(default_factory=dict)
    paused: bool = False
    accounts: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Printer:
    """A printer that set-up knows (Graph: printer): a real device, or a virtual one whose jobs are held.

    `capabilities` is Graph's printerCapabilities. `content_types` of a device are in there, as everywhere.
    """

    id: str
    display_name: str
    virtual: bool = False
    capabilities: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Catalog:
    """What set-up knows of a tenant, and whether Universal Print converts documents (Graph: printSettings).

    `document` is the whole of `catalog.json`, for the parts that other modules read: policies, delegates, prices.
    """

    shares: tuple[Share, ...]
    document_conversion_enabled: bool = False
    published: str = ""
    printers: tuple[Printer, ...] = ()
    task_definition_id: str | None = None
    document: Mapping[str, Any] = field(default_factory=dict)

    def printer(self, printer_id: str) -> Printer | None:
        """The printer with this id, in any letter case."""
        wanted = printer_id.lower()
        return next((printer for printer in self.printers if printer.id.lower() == wanted), None)

    def find(self, name: str) -> Share | None:
        """The share with this alias (in any letter case and Unicode form) or this id."""
        wanted = _folded(name)
        for share in self.shares:
            if wanted in (_folded(share.alias), _folded(share.id)):
                return share
        return None

    def suggest(self, name: str) -> str:
        """A phrase that helps a person who named no known share."""
        aliases = sorted(share.alias for share in self.shares)
        if not aliases:
            return "The catalog names no share yet."
        near = difflib.get_close_matches(name.casefold(), [alias.casefold() for alias in aliases], n=1)
        hint = next((f"Did you mean {alias}? " for alias in aliases if near and alias.casefold() == near[0]), "")
        shown = ", ".join(aliases[:20]) + (f" and {len(aliases) - 20} more" if len(aliases) > 20 else "")
        return f"{hint}Shares are: {shown}."


def parse_catalog(content: bytes) -> Catalog:
    """Read `catalog.json`. Raises CatalogUnreadable with the place of the fault."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise CatalogUnreadable(f"catalog.json is not JSON: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("shares"), list):
        raise CatalogUnreadable('catalog.json has no list "shares"')
    version = document.get("version")
    if version != CATALOG_VERSION or isinstance(version, bool):
        raise CatalogUnreadable(f"catalog.json has version {version!r}, this release reads 1")
    shares = tuple(_share(entry, index) for index, entry in enumerate(document["shares"]))
    seen: set[str] = set()
    for share in shares:
        for name in {_folded(share.alias), _folded(share.id)}:
            if name in seen:
                raise CatalogUnreadable(f"catalog.json names the share {name} twice")
            seen.add(name)
    return Catalog(
        shares=shares,
        document_conversion_enabled=_switch(document, "documentConversionEnabled", "catalog.json"),
        published=str(document.get("publishedDateTime") or ""),
        printers=_printers(document),
        task_definition_id=_definition(document),
        document=document,
    )


def _folded(name: str) -> str:
    # A path typed on macOS arrives decomposed; it means the same share.
    return unicodedata.normalize("NFC", name).casefold()


def _printers(document: Mapping[str, Any]) -> tuple[Printer, ...]:
    entries = document.get("printers")
    if entries is None:
        return ()
    if not isinstance(entries, list):
        raise CatalogUnreadable("catalog.json: printers is not a list")
    printers = tuple(_printer(entry, f"catalog.json: printers[{index}]") for index, entry in enumerate(entries))
    ids = [printer.id.lower() for printer in printers]
    twice = next((name for name in ids if ids.count(name) > 1), None)
    if twice:
        raise CatalogUnreadable(f"catalog.json names the printer {twice} twice")
    return printers


def _printer(entry: object, place: str) -> Printer:
    if not isinstance(entry, dict):
        raise CatalogUnreadable(f"{place} is not an object")
    capabilities = _object(entry, "capabilities", place)
    _check_capabilities(capabilities, f"{place}.capabilities")
    printer_id = _name(entry, "id", place)
    return Printer(
        id=printer_id,
        display_name=str(entry.get("displayName") or printer_id),
        virtual=_switch(entry, "virtual", place),
        capabilities=capabilities,
    )


def _definition(document: Mapping[str, Any]) -> str | None:
    if document.get("taskDefinitionId") is None:
        return None
    return _name(document, "taskDefinitionId", "catalog.json")


def _share(entry: object, index: int) -> Share:
    place = f"catalog.json: shares[{index}]"
    if not isinstance(entry, dict):
        raise CatalogUnreadable(f"{place} is not an object")
    alias, share_id, printer_id = (_name(entry, name, place) for name in ("alias", "id", "printerId"))
    capabilities = _object(entry, "capabilities", place)
    _check_capabilities(capabilities, f"{place}.capabilities")
    return Share(
        alias=alias,
        id=share_id,
        printer_id=printer_id,
        display_name=str(entry.get("displayName") or alias),
        printer_name=str(entry.get("printerName") or ""),
        capabilities=capabilities,
        profile=_object(entry, "profile", place),
        paused=_switch(entry, "paused", place),
        accounts=_accounts(entry, place),
    )


def _name(entry: Mapping[str, Any], name: str, place: str) -> str:
    value = entry.get(name)
    if not isinstance(value, str) or not value.strip():
        raise CatalogUnreadable(f"{place} has no {name}")
    # All three become one segment of a path: of a blob's name, or of a Graph address.
    if "/" in value or value != value.strip() or not value.isprintable():
        raise CatalogUnreadable(f"{place}.{name} holds a slash, a control character or space at an end: {value!r}")
    return value


def _object(entry: Mapping[str, Any], name: str, place: str) -> Mapping[str, Any]:
    value = entry.get(name)
    if value is not None and not isinstance(value, dict):
        raise CatalogUnreadable(f"{place}.{name} is not an object")
    return value or {}


def _switch(entry: Mapping[str, Any], name: str, place: str) -> bool:
    value = entry.get(name)
    if value is not None and not isinstance(value, bool):
        raise CatalogUnreadable(f"{place}: {name} must be true or false, not {value!r}")
    return value is True


def _accounts(entry: Mapping[str, Any], place: str) -> frozenset[str] | None:
    value = entry.get("accounts")
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise CatalogUnreadable(f"{place}.accounts is not a list of user names")
    return frozenset(name.strip().lower() for name in value)


def _check_capabilities(capabilities: Mapping[str, Any], place: str) -> None:
    for name, kind in _LISTS.items():
        value = capabilities.get(name)
        if value is not None and not (isinstance(value, list) and all(_is(entry, kind) for entry in value)):
            raise CatalogUnreadable(f"{place}.{name} is not a list of {'texts' if kind is str else 'whole numbers'}")
    for name in _SWITCHES:
        _switch(capabilities, name, place)
    copies = _object(capabilities, "copiesPerJob", place)
    for name in ("start", "end"):
        if copies.get(name) is not None and not _is(copies[name], int):
            raise CatalogUnreadable(f"{place}.copiesPerJob.{name} is not a whole number")


def _is(value: object, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)
