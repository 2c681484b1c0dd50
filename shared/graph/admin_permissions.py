"""The least delegated permissions of what an administrator does, and what that takes besides (Graph: permissions)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

PRINTER_ADMINISTRATOR = "Printer Administrator"


@dataclass(frozen=True, slots=True)
class Need:
    """What one operation takes. Any of `permissions` will do, the first is the least; `also` likewise, where named.

    `administrator` says whether the signed-in user must be a Printer Administrator.
    """

    permissions: tuple[str, ...]
    also: tuple[str, ...] = ()
    administrator: bool = True

    @property
    def least(self) -> tuple[str, ...]:
        """The permissions to ask for."""
        return (*self.permissions[:1], *self.also[:1])


_PRINTER_WRITE = ("Printer.ReadWrite.All", "Printer.FullControl.All")
_PRINTER_READ = ("Printer.Read.All", *_PRINTER_WRITE)
_SHARE_WRITE = ("PrinterShare.ReadWrite.All",)
_SHARE_ACCESS = ("PrinterShare.Read.All", *_SHARE_WRITE)
_SHARE_READ = ("PrinterShare.ReadBasic.All", *_SHARE_ACCESS)
_USERS = ("User.ReadBasic.All", "User.Read.All", "Directory.Read.All")
_GROUPS = ("GroupMember.Read.All", "Group.Read.All", "Directory.Read.All")

# By the names that AdminClient gives its operations (fact: Microsoft's permissions.json, and the pages of each).
NEEDS: Mapping[str, Need] = {
    "list printers": Need(_PRINTER_READ),
    "get printer": Need(_PRINTER_READ),
    "create printer": Need(("Printer.Create", *_PRINTER_WRITE)),
    "get operation": Need(("Printer.Create", *_PRINTER_WRITE)),
    "update printer": Need(_PRINTER_WRITE),
    "restore factory defaults": Need(_PRINTER_WRITE),
    "delete printer": Need(("Printer.FullControl.All",)),
    "list printer shares": Need(_SHARE_READ, administrator=False),
    "list shares": Need(_SHARE_READ, administrator=False),
    "get share": Need(_SHARE_READ, administrator=False),
    "create share": Need(_SHARE_WRITE),
    "update share": Need(_SHARE_WRITE),
    "delete share": Need(_SHARE_WRITE),
    "list allowed users": Need(_SHARE_ACCESS, _USERS),
    "list allowed groups": Need(_SHARE_ACCESS, _GROUPS),
    "allow user": Need(_SHARE_WRITE),
    "allow group": Need(_SHARE_WRITE),
    "disallow user": Need(_SHARE_WRITE),
    "disallow group": Need(_SHARE_WRITE),
    "list task triggers": Need(_PRINTER_READ),
    "create task trigger": Need(_PRINTER_WRITE),
    "delete task trigger": Need(_PRINTER_WRITE),
    "get settings": Need(("PrintSettings.Read.All", "PrintSettings.ReadWrite.All"), administrator=False),
    "update settings": Need(("PrintSettings.ReadWrite.All",)),
    "find user": Need(_USERS, administrator=False),
    "find group": Need(_GROUPS, administrator=False),
    "list group members": Need(_GROUPS, _USERS, administrator=False),
}


def least_permissions(operations: Iterable[str]) -> tuple[str, ...]:
    """What a sign-in asks for that does these operations: of each the least that serves, none that another covers."""
    wanted = [NEEDS[operation] for operation in operations]
    alternatives = [each for need in wanted for each in (need.permissions, need.also) if each]
    chosen: set[str] = set()
    # Those with the fewest ways first: what they take often serves the others too.
    for ways in sorted(alternatives, key=len):
        if not chosen & set(ways):
            chosen.add(ways[0])
    return tuple(sorted(chosen))


def lacking(operation: str, granted: Iterable[str]) -> tuple[str, ...]:
    """The permissions to add to a sign-in that has `granted`, so that it may do the operation."""
    need, have = NEEDS[operation], {name.casefold() for name in granted}
    ways = [each for each in (need.permissions, need.also) if each]
    return tuple(way[0] for way in ways if not have & {name.casefold() for name in way})
