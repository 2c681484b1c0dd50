"""Which permissions of Graph the product needs, of which kind, for what, and what fails without each.

The one list: the registration of the app, its check and the documentation go by it. Each row is the least that serves
(fact: Microsoft's permissions.json, and the pages of the operations).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from shared.graph.admin_permissions import NEEDS
from shared.graph.app_client import APPLICATION_NEEDS


class Kind(StrEnum):
    """Whose a permission is: delegated to whoever signs in, or the app's own."""

    DELEGATED = "delegated"
    APPLICATION = "application"


class Part(StrEnum):
    """What of the product needs a permission."""

    PRINTING = "printing"
    USAGE = "usage"
    TAP = "tap"
    SET_UP = "set-up"
    DELETING = "deleting"


@dataclass(frozen=True, slots=True)
class Permission:
    """A permission that `part` needs. Graph refuses the `operations` without it; their names are GraphError's."""

    name: str
    kind: Kind
    part: Part
    why: str
    operations: tuple[str, ...]


def _administered(name: str, part: Part, why: str) -> Permission:
    """What an administrator's commands ask for: a sign-in asks for the least of its own operations alone."""
    operations = tuple(operation for operation, need in NEEDS.items() if name in need.least)
    return Permission(name, Kind.DELEGATED, part, why, operations)


def _of_the_app(name: str, why: str, *more: str) -> Permission:
    own = (operation for operation, permission in APPLICATION_NEEDS.items() if permission == name)
    return Permission(name, Kind.APPLICATION, Part.SET_UP, why, (*own, *more))


_SUBSCRIPTIONS = (
    *("create subscription", "get subscription", "list subscriptions", "renew subscription"),
    "delete subscription",
)

PERMISSIONS: tuple[Permission, ...] = (
    Permission(
        "PrintJob.ReadWrite",
        Kind.DELEGATED,
        Part.PRINTING,
        "a print account makes, fills, starts, watches and cancels its own jobs",
        ("create job", "get job", "list jobs", "create upload session", "start job", "cancel job"),
    ),
    Permission(
        "PrinterShare.ReadBasic.All",
        Kind.DELEGATED,
        Part.PRINTING,
        "a print account uses the shares that are open to it",
        ("create job",),
    ),
    Permission(
        "Reports.Read.All",
        Kind.DELEGATED,
        Part.USAGE,
        "the reports account reads usage reports and archived jobs",
        ("read report",),
    ),
    Permission(
        "Printer.Read.All",
        Kind.APPLICATION,
        Part.TAP,
        "the state of a printer, and with it whatever is done to a job on a printer",
        ("get printer", "get job", "update job", "abort job", "download"),
    ),
    Permission(
        "PrintJob.ReadWrite.All",
        Kind.APPLICATION,
        Part.TAP,
        "held jobs and their documents: read them, and put a stamped document in their place",
        ("get job", "create upload session", "download"),
    ),
    Permission(
        "PrintJob.Manage.All",
        Kind.APPLICATION,
        Part.TAP,
        "send a held job on to the printer where its owner stands",
        ("redirect job",),
    ),
    Permission(
        "PrintTaskDefinition.ReadWrite.All",
        Kind.APPLICATION,
        Part.TAP,
        "learn of jobs that are to be held: their tasks, and notifications of these",
        ("list tasks", "get task", "complete task", *_SUBSCRIPTIONS),
    ),
    Permission(
        "User.Read.All",
        Kind.APPLICATION,
        Part.TAP,
        "the people whom badges and dropped documents name, and their groups",
        ("get user", "check member groups"),
    ),
    Permission(
        "GroupMember.Read.All",
        Kind.APPLICATION,
        Part.TAP,
        "whether somebody is in a group that a policy names",
        ("check member groups",),
    ),
    _administered("Printer.Read.All", Part.SET_UP, "find printers, their shares and their triggers"),
    _administered("Printer.Create", Part.SET_UP, "register virtual printers"),
    _administered("Printer.ReadWrite.All", Part.SET_UP, "change printers, and put triggers on them"),
    _administered("PrinterShare.ReadBasic.All", Part.SET_UP, "find shares"),
    _administered("PrinterShare.Read.All", Part.SET_UP, "who may print to a share"),
    _administered("PrinterShare.ReadWrite.All", Part.SET_UP, "share printers, say who may print, take shares away"),
    _administered("PrintSettings.Read.All", Part.SET_UP, "the tenant's print settings"),
    _administered("PrintSettings.ReadWrite.All", Part.SET_UP, "switch document conversion"),
    _administered("User.ReadBasic.All", Part.SET_UP, "the people whom fleet.toml or a command names"),
    _administered("GroupMember.Read.All", Part.SET_UP, "the groups that fleet.toml or a command names"),
    _of_the_app("Printer.ReadWrite.All", "what virtual printers can do, which the app alone may say", "get printer"),
    _of_the_app("PrintTaskDefinition.ReadWrite.All", "the task definition that the app acts for"),
    _administered("Printer.FullControl.All", Part.DELETING, "delete printers"),
)

# An app's token carries all that was granted, so that a wider permission takes the place of these.
_WITHIN: Mapping[str, frozenset[str]] = {"Printer.Read.All": frozenset({"Printer.ReadWrite.All"})}


def permissions(kind: Kind | None = None, parts: Collection[Part] | None = None) -> tuple[str, ...]:
    """The names of the least set for these parts, or for all: sorted, each once.

    Of the app's own, one that another of them covers is left out. Of delegated ones all are there, because a sign-in
    asks for them by name.
    """
    names: set[str] = set()
    for one in Kind if kind is None else (kind,):
        own = {row.name for row in PERMISSIONS if row.kind is one and (parts is None or row.part in parts)}
        names |= {name for name in own if one is Kind.DELEGATED or not _WITHIN.get(name, frozenset()) & own}
    return tuple(sorted(names))


def naming(operation: str, kind: Kind) -> tuple[Permission, ...]:
    """The rows of the permissions that the operation fails without; none where it is not known."""
    return tuple(row for row in PERMISSIONS if row.kind is kind and operation in row.operations)


def lacking(granted: Collection[str], kind: Kind, parts: Collection[Part] | None = None) -> tuple[Permission, ...]:
    """The rows of these parts that `granted`, names in any letter case, does not serve; a wider one serves an app."""
    have = {name.casefold() for name in granted}

    def served(row: Permission) -> bool:
        wider = _WITHIN.get(row.name, frozenset()) if kind is Kind.APPLICATION else frozenset()
        return any(name.casefold() in have for name in (row.name, *wider))

    return tuple(
        row for row in PERMISSIONS if row.kind is kind and (parts is None or row.part in parts) and not served(row)
    )
