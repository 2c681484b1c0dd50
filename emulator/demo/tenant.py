"""Publishes the demo tenant: what an administrator's set-up asks of Graph, in the shape that the functions read.

The functions may not list printers or shares, so set-up does it once, with a Printer Administrator's delegated token.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx

CATALOG_VERSION = 1
# Graph: print-list-shares, printershare-get, printer-get, print-get-settings, printer-post-tasktriggers.
ADMINISTRATOR_SCOPES = "PrinterShare.Read.All Printer.ReadWrite.All PrintSettings.Read.All"


async def administrator_token(authority: str, client_id: str, user: str, http: httpx.AsyncClient) -> str:
    """Sign the administrator `user` in by device code and give an access token for Graph.

    `authority` is the tenant's authority without a last slash. Raises httpx.HTTPStatusError.
    """
    scope = " ".join(f"https://graph.microsoft.com/{name}" for name in ADMINISTRATOR_SCOPES.split())
    asked = await http.post(f"{authority}/oauth2/v2.0/devicecode", data={"client_id": client_id, "scope": scope})
    asked.raise_for_status()
    codes = asked.json()
    await approve_sign_in(codes["verification_uri"], codes["user_code"], user, http)
    answer = await http.post(
        f"{authority}/oauth2/v2.0/token",
        data={
            "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
            "client_id": client_id,
            "device_code": codes["device_code"],
        },
    )
    answer.raise_for_status()
    token: str = answer.json()["access_token"]
    return token


async def approve_sign_in(page: str, user_code: str, user: str, http: httpx.AsyncClient) -> None:
    """Do what the person does on the sign-in page: type the code and choose the account. Raises HTTPStatusError."""
    (await http.post(page, data={"otc": user_code, "userPrincipalName": user})).raise_for_status()


async def read_catalog(
    graph: str, token: str, http: httpx.AsyncClient, now: datetime, definition_id: str | None = None
) -> dict[str, Any]:
    """The catalog of every share. `graph` is the base URL with its version. Raises httpx.HTTPStatusError.

    `definition_id` is the task definition of held printing.
    """

    async def get(path: str) -> dict[str, Any]:
        address = path if path.startswith("https://") else f"{graph}/{path}"
        answer = await http.get(address, headers={"Authorization": f"Bearer {token}"})
        answer.raise_for_status()
        values: dict[str, Any] = answer.json()
        return values

    async def pages(path: str) -> AsyncIterator[dict[str, Any]]:
        following: str | None = path
        while following:
            page = await get(following)
            for entry in page["value"]:
                yield entry
            following = page.get("@odata.nextLink")

    async def entry(share_id: str) -> tuple[dict[str, Any], bool]:
        """The share, and whether its printer is virtual."""
        share, printer = await asyncio.gather(
            get(f"print/shares/{share_id}?$select=id,displayName,capabilities"), get(f"print/shares/{share_id}/printer")
        )
        return {
            "alias": alias(share["displayName"]),
            "id": share["id"],
            "displayName": share["displayName"],
            "printerId": printer["id"],
            "printerName": printer["displayName"],
            "capabilities": share["capabilities"],
        }, not printer.get("hasPhysicalDevice", True)

    settings = await get("print/settings")
    share_ids = [share["id"] async for share in pages("print/shares")]
    shares = await asyncio.gather(*(entry(share_id) for share_id in share_ids))
    return {
        "version": CATALOG_VERSION,
        "publishedDateTime": now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "documentConversionEnabled": settings["documentConversionEnabled"],
        "shares": sorted((share for share, _ in shares), key=lambda share: str(share["alias"])),
        "printers": [
            {
                "id": share["printerId"],
                "displayName": share["printerName"],
                "virtual": is_virtual,
                "capabilities": share["capabilities"],
            }
            for share, is_virtual in shares
        ],
        **({"taskDefinitionId": definition_id} if definition_id else {}),
    }


def alias(display_name: str) -> str:
    """The name of a share in paths: its display name in lower case with dashes between its words."""
    return re.sub(r"[^a-z0-9]+", "-", display_name.lower()).strip("-")
