"""What a kiosk shows: held jobs, notices, and what its printer offers. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.catalog import Catalog
from shared.held.entry import HeldState, HeldView
from shared.kiosk.records import Kiosk
from shared.kiosk.requests import NOTICE_ID_DIGITS, job_id
from shared.times import moment

# A release that began, and of which nobody knows whether it was done.
UNCONFIRMED = "unconfirmed"
_SHOWN = frozenset({HeldState.HELD, HeldState.RELEASING, HeldState.RELEASED})


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry of a listing, and whether it lies there for the person who taps (or for somebody who delegated)."""

    view: HeldView
    own: bool


def jobs_shown(listed: Iterable[Listed], now: datetime, most: int) -> list[dict[str, Any]]:
    """The jobs, the newest first, at most `most`."""
    shown = [entry for entry in listed if entry.view.state in _SHOWN]
    shown.sort(key=lambda entry: moment(entry.view.created), reverse=True)
    return [_job(entry, now) for entry in shown[:most]]


def untold(listed: Iterable[Listed]) -> list[HeldView]:
    """The person's own entries with an outcome that no kiosk is known to have shown."""
    return [entry.view for entry in listed if entry.own and entry.view.outcome is not None and not entry.view.told]


def notice_id(view: HeldView) -> str:
    """The id of the notice about this outcome of this job: another outcome is another notice."""
    outcome = view.outcome
    told = f"{view.path}\n{outcome.code}\n{outcome.at}" if outcome else view.path
    return hashlib.sha256(told.encode()).hexdigest()[:NOTICE_ID_DIGITS]


def notices_shown(views: Iterable[HeldView]) -> list[dict[str, Any]]:
    """What became of jobs that did not print."""
    return [
        {
            "id": notice_id(view),
            "code": "expired" if view.state is HeldState.EXPIRED else "failed",
            "document": view.document_name,
            "reason": view.outcome.reason,
            "reasonCode": view.outcome.code,
            "at": view.outcome.at,
        }
        for view in views
        if view.outcome is not None
    ]


def kiosk_shown(kiosk: Kiosk, catalog: Catalog) -> dict[str, Any]:
    """The kiosk and its printer; a printer that the catalog does not know offers nothing to choose."""
    printer = catalog.printer(kiosk.printer_id)
    capabilities: Mapping[str, Any] = printer.capabilities if printer else {}
    limits = capabilities.get("copiesPerJob") or {}
    copies = {"start": limits.get("start") or 1, "end": limits["end"]} if limits.get("end") else None
    return {
        "id": kiosk.id,
        "displayName": kiosk.display_name,
        "printer": {
            "id": kiosk.printer_id,
            "displayName": printer.display_name if printer else kiosk.display_name,
            "colorModes": list(capabilities.get("colorModes") or []),
            "duplexModes": list(capabilities.get("duplexModes") or []),
            "copies": copies,
        },
    }


def _job(entry: Listed, now: datetime) -> dict[str, Any]:
    view = entry.view
    return {
        "id": job_id(view.path),
        "document": view.document_name,
        "contentType": view.content_type,
        "size": view.size,
        "pages": view.pages,
        "printedAt": view.created,
        "expiresAt": view.expires,
        "copies": view.copies,
        "colorMode": view.color_mode,
        "duplexMode": view.duplex_mode,
        "owner": _owner(entry),
        "state": _state(view, now),
    }


def _owner(entry: Listed) -> dict[str, str] | None:
    """Whose it is, where that is not the person who taps: who delegated, or the account that printed a dropped file."""
    view = entry.view
    if not entry.own:
        return {"displayName": view.user_name, "userPrincipalName": view.user_principal_name}
    if view.owner_of is not None:
        return {"displayName": view.owner_of, "userPrincipalName": view.owner_of}
    return None


def _state(view: HeldView, now: datetime) -> str:
    # A claim that lapsed is taken up by the next release, which asks the service first what became of it.
    lapsed = view.state is HeldState.RELEASING and view.until is not None and moment(view.until) <= now
    return UNCONFIRMED if lapsed else view.state.value
