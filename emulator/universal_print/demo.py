"""The demo tenant: people, two print accounts, an administrator, four printers, and one where jobs are held."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from emulator.universal_print.seed import build_world
from emulator.universal_print.world import PRINTER_ADMINISTRATOR, World

TENANT_ID = "3d2f6f0e-52a5-4f3e-9c0b-6a1f5e7c9b10"
CLIENT_ID = "b7a4c1d2-0e5f-4c8a-9d3b-2f6e8a1c5d40"
CLIENT_SECRET = "demo-secret-of-the-emulator"  # noqa: S105 - good in the emulator alone
ADMINISTRATOR = "admin@contoso.example"
PRINT_ACCOUNTS = ("print1@contoso.example", "print2@contoso.example")
FOLLOW_ME = "Follow Me"
PEOPLE = ("anna@contoso.example", "bruno@contoso.example", "chiara@contoso.example")

_APP = {
    "clientId": CLIENT_ID,
    "displayName": "Universal Print Functions",
    "delegated": [
        *(
            "PrintJob.Create",
            "PrintJob.ReadWrite",
            "PrintJob.ReadWrite.All",
            "Printer.Read.All",
            "Printer.ReadWrite.All",
        ),
        *("Printer.Create", "PrinterShare.ReadBasic.All", "PrinterShare.Read.All", "PrinterShare.ReadWrite.All"),
        *("Printer.FullControl.All", "PrintConnector.ReadWrite.All", "PrintSettings.ReadWrite.All"),
        *("PrintSettings.Read.All", "Reports.Read.All", "User.Read", "User.ReadBasic.All", "GroupMember.Read.All"),
    ],
    "application": [
        *("PrintJob.ReadWrite.All", "PrintJob.Manage.All", "Printer.Read.All", "Printer.ReadWrite.All"),
        *("PrintTaskDefinition.ReadWrite.All", "User.ReadBasic.All", "User.Read.All", "GroupMember.Read.All"),
    ],
    "secrets": [CLIENT_SECRET],
    "allowPublicClient": True,
    "trustsManagedIdentity": True,
}


def _printer(name: str, model: str, share: str, building: str) -> dict[str, Any]:
    return {
        "name": name,
        "model": model,
        "location": {"building": building, "floor": "1", "organization": [], "subdivision": [], "subunit": []},
        "share": {"name": share, "users": list(PRINT_ACCOUNTS), "groups": ["Staff"]},
    }


# Set-up makes the task definition and the trigger that hold what is printed here.
_FOLLOW_ME = {
    "name": FOLLOW_ME,
    "model": "officeColor",
    "virtual": True,
    "share": {"name": FOLLOW_ME, "users": list(PRINT_ACCOUNTS), "groups": ["Staff"]},
}

SEED: dict[str, Any] = {
    "tenant": {"id": TENANT_ID, "displayName": "Contoso"},
    "apps": [_APP],
    "groups": ["Staff"],
    "users": [
        {"userPrincipalName": "anna@contoso.example", "displayName": "Anna Keller", "groups": ["Staff"]},
        {"userPrincipalName": "bruno@contoso.example", "displayName": "Bruno Okafor", "groups": ["Staff"]},
        {"userPrincipalName": "chiara@contoso.example", "displayName": "Chiara Lindqvist", "groups": ["Staff"]},
        {"userPrincipalName": ADMINISTRATOR, "displayName": "Ada Min", "roles": [PRINTER_ADMINISTRATOR]},
        *(
            {"userPrincipalName": name, "displayName": f"Print account {number}"}
            for number, name in enumerate(PRINT_ACCOUNTS, 1)
        ),
    ],
    "printers": [
        _printer("Office MFP", "officeColor", "Office", "Main"),
        _printer("Finance Laser", "monoLaser", "Finance", "Main"),
        _printer("Photo Desk", "deskRaster", "Photo", "Studio"),
        _printer("Archive XPS", "xpsClass", "Archive", "Cellar"),
        _FOLLOW_ME,
    ],
    # Enough for trends, and few enough pages that reading all of it several times stays below the ceiling on reports.
    "usageHistory": {"months": 14, "seed": 20, "people": 24, "printers": 4, "jobsPerPerson": 1.6},
}


async def demo_world(paper: Path) -> World:
    """Make the demo tenant; its virtual printers print into `paper`."""
    return await build_world(SEED, paper)
