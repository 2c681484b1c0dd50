"""Publishing the demo tenant: every page and every share is asked for, and the catalog has its fixed shape."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from emulator.demo.tenant import administrator_token, alias, read_catalog
from shared.catalog import parse_catalog

GRAPH = "https://localhost:1/v1.0"
ANSWERS: dict[str, Any] = {
    "print/settings": {"documentConversionEnabled": True},
    "print/shares": {"value": [{"id": "s1"}], "@odata.nextLink": f"{GRAPH}/print/shares?$skiptoken=2"},
    "print/shares?$skiptoken=2": {"value": [{"id": "s2"}]},
    "print/shares/s1?$select=id,displayName,capabilities": {
        "id": "s1",
        "displayName": "Lobby, 2nd floor",
        "capabilities": {"contentTypes": ["application/pdf"]},
    },
    "print/shares/s1/printer": {"id": "p1", "displayName": "Contoso C7030"},
    "print/shares/s2?$select=id,displayName,capabilities": {"id": "s2", "displayName": "Finance", "capabilities": {}},
    "print/shares/s2/printer": {"id": "p2", "displayName": "Contoso M400"},
}


def graph(request: httpx.Request) -> httpx.Response:
    assert request.headers["Authorization"] == "Bearer secret"
    path = httpx.URL(request.url).raw_path.decode().removeprefix("/v1.0/").replace("%2C", ",").replace("%24", "$")
    return httpx.Response(200, json=ANSWERS[path]) if path in ANSWERS else httpx.Response(404)


async def test_every_share_of_every_page_is_in_the_catalog_that_the_functions_read() -> None:
    async with httpx.AsyncClient(transport=httpx.MockTransport(graph)) as http:
        catalog = await read_catalog(GRAPH, "secret", http, datetime(2026, 11, 21, 5, tzinfo=UTC))
    assert catalog["publishedDateTime"] == "2026-11-21T05:00:00Z"
    read = parse_catalog(json.dumps(catalog).encode())
    assert read.document_conversion_enabled
    assert [(share.alias, share.id, share.printer_id, share.printer_name) for share in read.shares] == [
        ("finance", "s2", "p2", "Contoso M400"),
        ("lobby-2nd-floor", "s1", "p1", "Contoso C7030"),
    ]
    assert read.shares[1].capabilities == {"contentTypes": ["application/pdf"]}


async def test_a_refusal_is_not_taken_for_an_empty_tenant() -> None:
    transport = httpx.MockTransport(lambda _request: httpx.Response(403))
    async with httpx.AsyncClient(transport=transport) as http:
        with pytest.raises(httpx.HTTPStatusError, match="403"):
            await read_catalog(GRAPH, "secret", http, datetime.now(UTC))


async def test_the_administrator_signs_in_as_a_person_does_on_the_page() -> None:
    seen: list[tuple[str, str]] = []

    def authority(request: httpx.Request) -> httpx.Response:
        seen.append((request.url.path, request.content.decode()))
        if request.url.path.endswith("/devicecode"):
            page = "https://localhost:1/devicelogin"
            return httpx.Response(200, json={"user_code": "ABCDEFGH2", "device_code": "d", "verification_uri": page})
        return httpx.Response(200, json={"access_token": "secret"})

    async with httpx.AsyncClient(transport=httpx.MockTransport(authority)) as http:
        token = await administrator_token("https://localhost:1/tenant", "client", "admin@contoso.com", http)
    assert token == "secret"
    asked, approved, fetched = seen
    assert "PrinterShare.Read.All" in asked[1]
    assert approved == ("/devicelogin", "otc=ABCDEFGH2&userPrincipalName=admin%40contoso.com")
    assert "device_code=d" in fetched[1]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Finance", "finance"), ("Lobby, 2nd floor", "lobby-2nd-floor"), ("  A4 -- Farbe ", "a4-farbe")],
)
def test_a_share_has_a_name_that_fits_into_a_path(name: str, expected: str) -> None:
    assert alias(name) == expected
