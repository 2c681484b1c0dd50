"""What the tenant has, as far as the file speaks of it: read once, then looked at by pure functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from shared.fleet.model import Fleet, folded

type Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TenantShare:
    """A share in the tenant. `users` and `groups` are ids; `printer_id` is None where it was not read."""

    id: str
    name: str
    printer_id: str | None = None
    everyone: bool = False
    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Tenant:
    """Objects are Graph's, by its own names. `capabilities` and `defaults` are read of printers in the file alone.

    `triggers` are trigger ids by printer id, `users` ids by lower-case name, `groups` the ids of those with a name as
    it is written in the file, `members` user names by group id. `catalog` is what is published. `names` are those of
    the users and groups on access lists, by id.
    """

    printers: tuple[Json, ...] = ()
    shares: tuple[TenantShare, ...] = ()
    triggers: Mapping[str, str] = field(default_factory=dict)
    definitions: tuple[Json, ...] = ()
    settings: Json = field(default_factory=dict)
    users: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    catalog: Json | None = None
    names: Mapping[str, str] = field(default_factory=dict)

    def printers_of(self, name: str, printer_id: str | None) -> list[Json]:
        """The printers that an entry means: the one with its id, else all of its name."""
        return self._printers.get(_key(name, printer_id), [])

    def shares_of(self, name: str, share_id: str | None) -> list[TenantShare]:
        """The shares that an entry means: the one with its id, else all of its name."""
        return self._shares.get(_key(name, share_id), [])

    def share_on(self, printer_id: str) -> TenantShare | None:
        """The share of a printer; a printer has one at most."""
        return self._share_on.get(printer_id)

    @cached_property
    def _printers(self) -> Mapping[tuple[str, str], list[Json]]:
        return _indexed(self.printers, lambda printer: (str(printer["displayName"]), str(printer["id"])))

    @cached_property
    def _shares(self) -> Mapping[tuple[str, str], list[TenantShare]]:
        return _indexed(self.shares, lambda share: (share.name, share.id))

    @cached_property
    def _share_on(self) -> Mapping[str, TenantShare]:
        return {share.printer_id: share for share in self.shares if share.printer_id is not None}

    def definition_named(self, name: str) -> Json | None:
        """The first task definition of this name; the app sees its own alone."""
        return next((entry for entry in self.definitions if folded(entry["displayName"]) == folded(name)), None)


def printer_id_of(fleet: Fleet, tenant: Tenant, name: str) -> str | None:
    """The id of a printer of the file, by its name there; None where the tenant does not have it, or has several."""
    entry = fleet.printer_named(name)
    found = tenant.printers_of(entry.name, entry.id) if entry else []
    return str(found[0]["id"]) if len(found) == 1 else None


def _key(name: str, known_id: str | None) -> tuple[str, str]:
    return ("name", folded(name)) if known_id is None else ("id", folded(known_id))


def _indexed[T](entries: Iterable[T], named: Callable[[T], tuple[str, str]]) -> Mapping[tuple[str, str], list[T]]:
    """The entries by name and by id."""
    found: dict[tuple[str, str], list[T]] = {}
    for entry in entries:
        name, own_id = named(entry)
        found.setdefault(_key(name, None), []).append(entry)
        found.setdefault(_key(name, own_id), []).append(entry)
    return found
