"""Which properties each kind of permission may change (Graph: printer-update, printershare-update).

Graph takes another set from an administrator than from the app itself, and says little when one is mixed up with the
other. So a change is refused here, before anything is sent.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from shared.errors import PrintFunctionsError

PRINTER_BIND = "printer@odata.bind"
LONGEST_SHARE_NAME = 50
SHARE_PROPERTIES = frozenset({"displayName", "allowAllUsers", PRINTER_BIND})


class ChangeRefused(PrintFunctionsError):
    """Graph would not take the change. Nothing was sent; the message says why and what does it instead."""


class By(StrEnum):
    """Whose permissions change a printer: those of a signed-in Printer Administrator, or those of the app itself."""

    ADMINISTRATOR = "administrator"
    APPLICATION = "application"


PRINTER_PROPERTIES: Mapping[By, frozenset[str]] = {
    By.ADMINISTRATOR: frozenset({"defaults", "displayName", "location"}),
    By.APPLICATION: frozenset(
        {"capabilities", "defaults", "displayName", "isAcceptingJobs", "manufacturer", "model", "status"}
    ),
}
_WHO = {By.ADMINISTRATOR: "a Printer Administrator", By.APPLICATION: "the app itself"}
_OTHER = {By.ADMINISTRATOR: By.APPLICATION, By.APPLICATION: By.ADMINISTRATOR}
_FIXED: Mapping[str, str] = {
    "hasPhysicalDevice": "is fixed when a printer is registered: delete it and run `printops printer create`",
    "isShared": "follows from its share: run `printops share create` or `printops share delete`",
    "shares": "is made by `printops share create`",
    "taskTriggers": "is made by `printops trigger create`",
    "name": "is called displayName",
}


def check_printer_changes(body: Mapping[str, Any], by: By, *, printer: str = "PRINTER") -> None:
    """Raises ChangeRefused unless `by` may change every property of the body, and there is one."""
    problems = [_problem(name, by, printer) for name in body if name not in PRINTER_PROPERTIES[by]]
    if problems:
        raise ChangeRefused("Nothing was sent. " + " ".join(problems))
    if not body:
        raise ChangeRefused(f"There is nothing to change. {_may(by)}")


def who_may_change(properties: Iterable[str]) -> By:
    """Who may make this change alone; an administrator where both may. Raises ChangeRefused where nobody can."""
    wanted = set(properties)
    for by in By:
        if wanted <= PRINTER_PROPERTIES[by]:
            return by
    unknown = sorted(wanted - frozenset().union(*PRINTER_PROPERTIES.values()))
    if unknown:
        raise ChangeRefused("Nothing was sent. " + " ".join(_problem(name, By.APPLICATION, "") for name in unknown))
    own = {by: sorted(wanted - PRINTER_PROPERTIES[_OTHER[by]]) for by in By}
    raise ChangeRefused(
        f"Nothing was sent. Only {_WHO[By.ADMINISTRATOR]} may change {_listed(own[By.ADMINISTRATOR])}, and only "
        f"{_WHO[By.APPLICATION]} {_listed(own[By.APPLICATION])}: run `printops printer update` once for each."
    )


def check_share_changes(body: Mapping[str, Any]) -> None:
    """Raises ChangeRefused unless a share takes every property of the body, and there is one."""
    others = sorted(set(body) - SHARE_PROPERTIES)
    if others or not body:
        what = f"{_listed(others)} of a share cannot be changed" if others else "There is nothing to change"
        raise ChangeRefused(f"{what}. A share takes {_listed(sorted(SHARE_PROPERTIES))}.")
    check_share_name(body.get("displayName"))


def check_share_name(name: object) -> None:
    """Raises ChangeRefused for a name that no share may have (Graph: print-post-shares). None is no name."""
    if name is not None and not (isinstance(name, str) and name.strip() and len(name) <= LONGEST_SHARE_NAME):
        raise ChangeRefused(f"A share's name has 1 to {LONGEST_SHARE_NAME} characters, which {name!r} has not.")


def _problem(name: str, by: By, printer: str) -> str:
    other = _OTHER[by]
    if name in PRINTER_PROPERTIES[other]:
        device = " of a printer without a physical device" if other is By.APPLICATION else ""
        return (
            f"{name}{device} is changed by {_WHO[other]} alone: run `python -m printops printer update "
            f"{shlex.quote(printer)} --as {other}`."
        )
    if name in _FIXED:
        return f"{name} {_FIXED[name]}."
    return f"{name} cannot be changed. {_may(by)}"


def _may(by: By) -> str:
    return f"{_WHO[by][0].upper()}{_WHO[by][1:]} may change {_listed(sorted(PRINTER_PROPERTIES[by]))}."


def _listed(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)
