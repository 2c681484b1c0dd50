"""Which operations of an administrator a command may need for a file, so that a sign-in asks for no more. Pure.

The names are those of `shared/graph/admin_permissions.py`.
"""

from __future__ import annotations

from shared.fleet.model import Fleet

SURVEY = (
    *("list printers", "get printer", "list task triggers", "list shares", "list allowed users"),
    *("list allowed groups", "get settings"),
)


def to_plan(fleet: Fleet) -> tuple[str, ...]:
    """What reading the tenant takes."""
    found = [*SURVEY, "list printer shares"]
    if fleet.user_names:
        found.append("find user")
    if fleet.group_names:
        found.append("find group")
    if any(center.get("groups") for center in fleet.cost_centers):
        found.append("list group members")
    return tuple(found)


def to_apply(fleet: Fleet) -> tuple[str, ...]:
    """What making the tenant what the file says may take."""
    found = [*to_plan(fleet)]
    if any(not printer.absent for printer in fleet.virtual_printers):
        found += ["create printer", "get operation"]
    if any(printer.absent for printer in fleet.virtual_printers):
        found.append("delete printer")
    if fleet.present_printers:
        found += ["update printer", "create task trigger", "delete task trigger"]
    if fleet.shares:
        found += ["get share", "create share", "update share", "delete share"]
        found += ["allow user", "allow group", "disallow user", "disallow group"]
    if fleet.document_conversion is not None:
        found.append("update settings")
    return tuple(found)
