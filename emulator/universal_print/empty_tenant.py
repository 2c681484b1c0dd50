"""A tenant before set-up: people, groups, licences and registered printers, nothing shared and no app of one's own.

The one app is a public client of Microsoft's, as every tenant knows it; an administrator signs in with it to make the
app registration.
"""

from __future__ import annotations

from typing import Any

from emulator.universal_print.directory.published import COMMAND_LINE_TOOLS
from emulator.universal_print.world import PRINTER_ADMINISTRATOR

TENANT_ID = "71c5e2a4-8d3b-4f06-9a17-e4b2c8d05f63"
ADMINISTRATOR = "admin@fabrikam.example"
PRINT_ACCOUNTS = ("print1@fabrikam.example", "print2@fabrikam.example")

_BOOTSTRAP = {
    "clientId": COMMAND_LINE_TOOLS,
    "displayName": "Microsoft Graph Command Line Tools",
    "delegated": [
        *("Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All"),
        *("Directory.Read.All", "Organization.Read.All", "LicenseAssignment.Read.All", "User.Read"),
        *("User.ReadBasic.All", "GroupMember.Read.All", "Application.Read.All"),
    ],
    "allowPublicClient": True,
    "isForeign": True,
}


def _printer(name: str, model: str, building: str, floor: str) -> dict[str, Any]:
    return {"name": name, "model": model, "location": {"building": building, "floor": floor}}


def _person(name: str, display_name: str, *groups: str) -> dict[str, Any]:
    return {"userPrincipalName": f"{name}@fabrikam.example", "displayName": display_name, "groups": list(groups)}


SEED: dict[str, Any] = {
    "tenant": {"id": TENANT_ID, "displayName": "Fabrikam", "licences": {"UNIVERSAL_PRINT": 10, "FLOW_FREE": 100}},
    "apps": [_BOOTSTRAP],
    "groups": ["Staff", "Finance"],
    "users": [
        _person("dora", "Dora Lind", "Staff"),
        _person("emil", "Emil Sato", "Staff", "Finance"),
        # Nobody gave Farid a licence.
        {**_person("farid", "Farid Haas", "Staff"), "licences": ["FLOW_FREE"]},
        {
            "userPrincipalName": ADMINISTRATOR,
            "displayName": "Ina Admin",
            "roles": [PRINTER_ADMINISTRATOR, "Cloud Application Administrator", "Privileged Role Administrator"],
        },
        *(
            {"userPrincipalName": name, "displayName": f"Print account {number}"}
            for number, name in enumerate(PRINT_ACCOUNTS, 1)
        ),
    ],
    "printers": [
        _printer("Hall MFP", "officeColor", "Main", "0"),
        _printer("Second Floor MFP", "officeColor", "Main", "2"),
        _printer("Back Office Laser", "monoLaser", "Annex", "1"),
    ],
}
