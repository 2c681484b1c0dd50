"""Whether this machine's clock is that of the services, whose tokens and signatures go by it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from shared.doctor.finding import Finding, failed, skipped, works
from shared.graph.translation import translated

if TYPE_CHECKING:
    import httpx
    from azure.storage.blob.aio import ContainerClient


async def check_clock(
    read: Callable[[], Awaitable[str | None]], service: str, bound_seconds: float, now: Callable[[], datetime]
) -> Finding:
    """Compare with what `read` finds in the service's Date header (RFC 9110, 6.6.1), which counts whole seconds."""
    before = now()
    text = await read()
    middle = before + (now() - before) / 2
    try:
        skew = (middle - parsedate_to_datetime(text or "")).total_seconds()
    except (ValueError, TypeError):
        return skipped(f"{service} does not say what time it is")
    if abs(skew) > bound_seconds:
        return failed(
            f"this machine's clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} {service}'s, "
            f"more than {bound_seconds:g} s (CLOCK_SKEW_SECONDS)",
            portal="set the clock, and let it follow a time server",
            command="sudo timedatectl set-ntp true",
            cause="clockOff",
        )
    return works(f"{service}'s clock is {abs(skew):.0f} s away")


async def graph_date(http: httpx.AsyncClient, base_url: str) -> str | None:
    """The Date header of an answer of Graph; it needs no token, as a refusal has one too."""
    with translated("read the clock"):
        answer = await http.get(f"{base_url}/print")
    date: str | None = answer.headers.get("date")
    return date


async def storage_date(container: ContainerClient) -> str | None:
    """The Date header of an answer of storage."""
    seen: list[str] = []

    def look(response: Any) -> None:
        seen.append(str(response.http_response.headers.get("Date") or ""))

    await container.get_container_properties(raw_response_hook=look)
    return seen[0] if seen else None
