"""Who may collect another person's jobs, and when: the catalog's `delegates`. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from shared.catalog import CatalogUnreadable

_MEMBERS = frozenset({"owner", "ownerId", "delegate", "from", "to"})


@dataclass(frozen=True, slots=True)
class Delegation:
    """`delegate` may collect the jobs of `owner` on these days in UTC, both included. The names are in lower case.

    `owner_id` is the owner's user id where the catalog has it; else it is that of the owner's record.
    """

    owner: str
    delegate: str
    first: date
    last: date
    owner_id: str | None = None


def read_delegates(document: Mapping[str, Any]) -> tuple[Delegation, ...]:
    """The delegations of a catalog. Raises CatalogUnreadable with the place of the fault."""
    entries = document.get("delegates")
    if entries is None:
        return ()
    if not isinstance(entries, list):
        raise CatalogUnreadable("catalog.json: delegates is not a list")
    return tuple(_delegation(entry, f"catalog.json: delegates[{index}]") for index, entry in enumerate(entries))


def owners_for(delegations: Sequence[Delegation], user_principal_name: str, today: date) -> tuple[Delegation, ...]:
    """Whose jobs the person may collect on this day, each owner once. Nobody delegates to himself."""
    name = user_principal_name.lower()
    found = {
        entry.owner: entry
        for entry in delegations
        if entry.delegate == name and entry.owner != name and entry.first <= today <= entry.last
    }
    return tuple(found.values())


def _delegation(entry: object, place: str) -> Delegation:
    if not isinstance(entry, dict):
        raise CatalogUnreadable(f"{place} is not an object")
    others = sorted(set(entry) - _MEMBERS)
    if others:
        raise CatalogUnreadable(f"{place}: {others[0]!r} is not known here")
    first, last = _day(entry, "from", place), _day(entry, "to", place)
    if last < first:
        raise CatalogUnreadable(f"{place} ends before it begins")
    owner_id = entry.get("ownerId")
    if owner_id is not None and (not isinstance(owner_id, str) or not owner_id.strip() or "/" in owner_id):
        raise CatalogUnreadable(f"{place}.ownerId is no user id")
    return Delegation(_name(entry, "owner", place), _name(entry, "delegate", place), first, last, owner_id)


def _name(entry: Mapping[str, Any], name: str, place: str) -> str:
    value = entry.get(name)
    if not isinstance(value, str) or "@" not in value or "/" in value or value != value.strip():
        raise CatalogUnreadable(f"{place}.{name} is no user principal name")
    return value.lower()


def _day(entry: Mapping[str, Any], name: str, place: str) -> date:
    value = entry.get(name)
    try:
        return date.fromisoformat(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise CatalogUnreadable(f"{place}.{name} is no date like 2026-11-30") from None
