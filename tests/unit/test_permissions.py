"""The list of permissions agrees with the clients, with what sign-ins ask for, and with its page."""

from __future__ import annotations

import re
from pathlib import Path

from shared.accounts import authority
from shared.fleet import steps
from shared.fleet.operations import SURVEY
from shared.graph.admin_permissions import NEEDS, least_permissions
from shared.graph.app_client import APPLICATION_NEEDS
from shared.permissions import PERMISSIONS, Kind, Part, lacking, naming, permissions

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "permissions.md"
CALLS = re.compile(r"(?:_run|\.run|\.exchange|\.entries|translated)\(\s*\"([a-z ]+)\"")


def operations(kind: Kind, *parts: Part) -> set[str]:
    return {name for row in PERMISSIONS if row.kind is kind and row.part in parts for name in row.operations}


def called(*clients: str) -> set[str]:
    texts = [(ROOT / "shared" / "graph" / f"{name}.py").read_text(encoding="utf-8") for name in clients]
    return {name for text in texts for name in CALLS.findall(text)}


def test_every_operation_of_a_client_has_its_permissions() -> None:
    assert operations(Kind.DELEGATED, Part.PRINTING) == called("print_client")
    assert operations(Kind.DELEGATED, Part.USAGE) == called("reports_client")
    assert operations(Kind.APPLICATION, Part.TAP) == called("task_client", "subscription_client")
    assert operations(Kind.APPLICATION, Part.SET_UP) == called("app_client") == set(APPLICATION_NEEDS)
    assert operations(Kind.DELEGATED, Part.SET_UP, Part.DELETING) == set(NEEDS)


def test_a_permission_stands_once_for_each_part_and_says_what_for() -> None:
    rows = [(row.name, row.kind, row.part) for row in PERMISSIONS]
    assert len(set(rows)) == len(rows)
    assert all(row.why and row.operations for row in PERMISSIONS)


def test_sign_ins_ask_for_what_is_listed() -> None:
    assert set(permissions(Kind.DELEGATED, {Part.PRINTING})) == set(authority.PERMISSIONS)
    assert set(permissions(Kind.DELEGATED, {Part.USAGE})) == set(authority.REPORTS_PERMISSIONS)
    listed = set(permissions(Kind.DELEGATED, {Part.SET_UP, Part.DELETING}))
    wanted = [least_permissions((one,)) for one in NEEDS]
    assert {name for names in wanted for name in names} == listed
    assert set(least_permissions(SURVEY)) <= listed


def test_the_steps_of_a_plan_name_what_is_listed() -> None:
    for need in vars(steps).values():
        if isinstance(need, steps.Need) and need is not steps.STORAGE:
            kind = Kind.DELEGATED if need.role else Kind.APPLICATION
            assert need.permission in permissions(kind)


def test_an_app_is_given_no_permission_that_another_of_its_own_covers() -> None:
    assert permissions(Kind.APPLICATION, {Part.TAP}) == (
        *("GroupMember.Read.All", "PrintJob.Manage.All", "PrintJob.ReadWrite.All"),
        *("PrintTaskDefinition.ReadWrite.All", "Printer.Read.All", "User.Read.All"),
    )
    both = permissions(Kind.APPLICATION, {Part.TAP, Part.SET_UP})
    assert set(both) == set(permissions(Kind.APPLICATION)) >= {"Printer.ReadWrite.All", "User.Read.All"}
    assert "Printer.Read.All" not in both
    assert {"Printer.Read.All", "Printer.ReadWrite.All"} <= set(permissions(Kind.DELEGATED, {Part.SET_UP}))
    assert list(both) == sorted(both)
    assert set(permissions()) == {*permissions(Kind.DELEGATED), *permissions(Kind.APPLICATION)}
    assert permissions(Kind.APPLICATION, {Part.PRINTING}) == ()


def test_a_refused_operation_leads_to_the_permissions_that_it_takes() -> None:
    assert [row.name for row in naming("get job", Kind.APPLICATION)] == ["Printer.Read.All", "PrintJob.ReadWrite.All"]
    assert [row.name for row in naming("get job", Kind.DELEGATED)] == ["PrintJob.ReadWrite"]
    assert [(row.name, row.part) for row in naming("get printer", Kind.APPLICATION)] == [
        ("Printer.Read.All", Part.TAP),
        ("Printer.ReadWrite.All", Part.SET_UP),
    ]
    assert naming("redirect job", Kind.DELEGATED) == naming("bake bread", Kind.APPLICATION) == ()


def test_what_is_missing_of_a_grant_is_told_by_row() -> None:
    granted = {name.lower() for name in permissions(Kind.APPLICATION)}
    assert lacking(granted, Kind.APPLICATION) == ()
    assert [row.name for row in lacking(granted - {"printer.readwrite.all"}, Kind.APPLICATION, {Part.TAP})] == [
        "Printer.Read.All"
    ]
    reading = permissions(Kind.DELEGATED)
    without = set(reading) - {"Printer.Read.All"}
    assert [row.name for row in lacking(without, Kind.DELEGATED)] == ["Printer.Read.All"]


def test_the_page_has_each_permission_as_it_is() -> None:
    page: list[tuple[str, ...]] = []
    part = ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            part = line[3:].lower()
        elif line.startswith(("| delegated |", "| application |")):
            page.append((part, *(cell.strip() for cell in line.strip("|").split("|"))))
    assert page == [
        (row.part, row.kind, f"`{row.name}`", row.why, ", ".join(row.operations))
        for part in Part
        for row in PERMISSIONS
        if row.part is part
    ]
