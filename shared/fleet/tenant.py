"""What the tenant has, as far as the file speaks of it: read once, then looked at by pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
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
        if printer_id is not None:
            return [printer for printer in self.printers if folded(printer["id"]) == folded(printer_id)]
        return [printer for printer in self.printers if folded(printer["displayName"]) == folded(name)]

    def shares_of(self, name: str, share_id: str | None) -> list[TenantShare]:
        """The shares that an entry means: the one with its id, else all of its name."""
        if share_id is not None:
            return [share for share in self.shares if folded(share.id) == folded(share_id)]
        return [share for share in self.shares if folded(share.name) == folded(name)]

    def share_on(self, printer_id: str) -> TenantShare | None:
        """The share of a printer; a printer has one at most."""
        return next((share for share in self.shares if share.printer_id == printer_id), None)

    def definition_named(self, name: str) -> Json | None:
        """The first task definition of this name; the app sees its own alone."""
        return next((entry for entry in self.definitions if folded(entry["displayName"]) == folded(name)), None)


def printer_id_of(fleet: Fleet, tenant: Tenant, name: str) -> str | None:
    """The id of a printer of the file, by its name there; None where the tenant does not have it, or has several."""
    entry = next((printer for printer in fleet.present_printers if folded(printer.name) == folded(name)), None)
    found = tenant.printers_of(entry.name, entry.id) if entry else []
    return str(found[0]["id"]) if len(found) == 1 else None
