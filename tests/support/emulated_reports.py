"""Reads reports from the emulator as a person who may."""

from __future__ import annotations

from typing import Any

from emulator.universal_print.clock import Clock
from tests.support.emulated_service import Service, Tenant, small_tenant

READ = "Reports.Read.All"


def reporting_tenant(clock: Clock | None = None) -> Tenant:
    """The small tenant, whose app may read reports for a person, and has the permission of its own that is no use."""
    tenant = small_tenant(clock)
    tenant.app.delegated |= {READ}
    tenant.app.application |= {READ}
    return tenant


async def report(service: Service, path: str, status: int = 200) -> dict[str, Any]:
    """The answer to a path below `/reports`, or to a link."""
    headers = await service.bearer(None, READ)
    answer = await service.http.get(path if "://" in path else f"/v1.0/reports/{path}", headers=headers)
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def report_pages(service: Service, path: str) -> list[list[dict[str, Any]]]:
    """All pages of a list."""
    found: list[list[dict[str, Any]]] = []
    link: str | None = path
    while link is not None:
        body = await report(service, link)
        found.append(body["value"])
        link = body.get("@odata.nextLink")
    return found


async def report_rows(service: Service, path: str) -> list[dict[str, Any]]:
    """All rows of a list."""
    return [row for page in await report_pages(service, path) for row in page]
