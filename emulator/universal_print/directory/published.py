"""Ids that Microsoft publishes: Graph's own, its permissions', those of directory roles and of licences.

Permissions: microsoftgraph/microsoft-graph-devx-content, permissions/permissions-descriptions.json and
new/provisioningInfo.json. Roles: "Microsoft Entra built-in roles". Licences: "Product names and service plan
identifiers for licensing".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
# A public client of Microsoft's own that every tenant knows.
COMMAND_LINE_TOOLS = "14d82eec-204b-4c2f-b7e8-296a70dab67e"

ROLE_TEMPLATES = {
    "Global Administrator": "62e90394-69f5-4237-9190-012177145e10",
    "Printer Administrator": "644ef478-e28f-4e28-b9dc-3fdde9aa0b1f",
    "Printer Technician": "e8cef6f1-e4bd-4ea8-bc07-4b8d950f4477",
    "Application Administrator": "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
    "Cloud Application Administrator": "158c047a-c907-4556-b7ef-446551a6b5f7",
    "Application Developer": "cf1c38e5-3621-4004-a7cb-879624dced7c",
    "Privileged Role Administrator": "e8611ab8-c189-46e8-94e1-60213ab1f814",
    "Reports Reader": "4a5d8f65-41da-4de4-8968-e035b65339cf",
}


@dataclass(frozen=True, slots=True)
class Permission:
    """A permission of Graph. `admin` says whether only an administrator may consent to it."""

    value: str
    id: str
    kind: Literal["Scope", "Role"]
    admin: bool = True


@dataclass(frozen=True, slots=True)
class Licence:
    """A product, and whether it brings Universal Print. `plan` is a service plan's name and id."""

    part_number: str
    sku_id: str
    plan: tuple[str, str]

    @property
    def has_universal_print(self) -> bool:
        """Whether its holder may print."""
        return self.plan[0].startswith("UNIVERSAL_PRINT")


UNIVERSAL_PRINT = "UNIVERSAL_PRINT"
_PRINT_PLAN = ("UNIVERSAL_PRINT_01", "795f6fe0-cc4d-4773-b050-5dde4dc704c9")
LICENCES = {
    one.part_number: one
    for one in (
        Licence(UNIVERSAL_PRINT, "9f3d9c1d-25a5-4aaa-8e59-23a1e6450a67", _PRINT_PLAN),
        Licence("SPE_E3", "05e9a617-0261-4cee-bb44-138d3ef5d965", _PRINT_PLAN),
        Licence(
            "FLOW_FREE",
            "f30db892-07e9-47e9-837c-80727f46fd3d",
            ("FLOW_P2_VIRAL", "50e68c76-46c6-4674-81f9-75456511b170"),
        ),
    )
}


@cache
def permissions() -> dict[tuple[str, str], Permission]:
    """Every permission that the emulator knows, by kind (`Scope` for delegated, `Role`) and id."""
    rows = json.loads((Path(__file__).resolve().parent / "permissions.json").read_text(encoding="utf-8"))
    scopes = [Permission(row["value"], row["id"], "Scope", row["admin"]) for row in rows["delegated"]]
    roles = [Permission(row["value"], row["id"], "Role") for row in rows["application"]]
    return {(one.kind, one.id): one for one in (*scopes, *roles)}


def named(kind: Literal["Scope", "Role"], value: str) -> Permission | None:
    """The permission with that name."""
    return next((one for one in permissions().values() if one.kind == kind and one.value == value), None)
