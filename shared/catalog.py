"""The catalog: what set-up knows of the tenant, and the functions cannot ask Graph for (Graph: print-list-shares).

The application may not enumerate printers or shares, and a print account sees no capabilities of printers that it has
not been told of. So set-up publishes `catalog.json` and the functions read it.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from shared.errors import PrintFunctionsError

CATALOG_VERSION = 1


class CatalogUnreadable(PrintFunctionsError):
    """The catalog is missing, is not JSON, or lacks what every share must have. The message names it."""


@dataclass(frozen=True, slots=True)
class Share:
    """A printer share under the name that people use in paths.

    `capabilities` is Graph's printerCapabilities, `profile` a printJobConfiguration that applies unless a document
    says otherwise; `accounts` limits the print accounts that may use the share (None: all).
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
class Catalog:
    """The shares of a tenant and whether Universal Print converts documents (Graph: printSettings)."""

    shares: tuple[Share, ...]
    document_conversion_enabled: bool = False
    published: str = ""

    def find(self, name: str) -> Share | None:
        """The share with this alias (in any letter case) or this id."""
        wanted = name.casefold()
        for share in self.shares:
            if wanted in (share.alias.casefold(), share.id.casefold()):
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
    if document.get("version") != CATALOG_VERSION:
        raise CatalogUnreadable(f"catalog.json has version {document.get('version')!r}, this release reads 1")
    shares = tuple(_share(entry, index) for index, entry in enumerate(document["shares"]))
    seen: set[str] = set()
    for share in shares:
        for name in {share.alias.casefold(), share.id.casefold()}:
            if name in seen:
                raise CatalogUnreadable(f"catalog.json names the share {name} twice")
            seen.add(name)
    return Catalog(
        shares=shares,
        document_conversion_enabled=document.get("documentConversionEnabled") is True,
        published=str(document.get("publishedDateTime") or ""),
    )


def _share(entry: object, index: int) -> Share:
    if not isinstance(entry, dict):
        raise CatalogUnreadable(f"catalog.json: shares[{index}] is not an object")
    text = {name: entry.get(name) for name in ("alias", "id", "printerId")}
    for name, value in text.items():
        if not isinstance(value, str) or not value.strip():
            raise CatalogUnreadable(f"catalog.json: shares[{index}] has no {name}")
    accounts = entry.get("accounts")
    if accounts is not None and not isinstance(accounts, list):
        raise CatalogUnreadable(f"catalog.json: shares[{index}].accounts is not a list")
    for name in ("capabilities", "profile"):
        if not isinstance(entry.get(name) or {}, dict):
            raise CatalogUnreadable(f"catalog.json: shares[{index}].{name} is not an object")
    return Share(
        alias=cast("str", text["alias"]),
        id=cast("str", text["id"]),
        printer_id=cast("str", text["printerId"]),
        display_name=str(entry.get("displayName") or text["alias"]),
        printer_name=str(entry.get("printerName") or ""),
        capabilities=entry.get("capabilities") or {},
        profile=entry.get("profile") or {},
        paused=entry.get("paused") is True,
        accounts=frozenset(str(name).lower() for name in accounts) if accounts else None,
    )
