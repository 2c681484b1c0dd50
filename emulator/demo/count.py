"""The demo's count: the report that the usage export made, asked for as a person does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx

REPORT_SECONDS = 40.0
LOOK_SECONDS = 0.3


def report_address(host: str, key: str) -> str:
    """Where the newest report is served."""
    return f"{host}/api/usage/latest?code={key}"


async def counted(host: str, key: str, check: Callable[[], None]) -> bool:
    """Whether the report is there within REPORT_SECONDS."""
    deadline = asyncio.get_running_loop().time() + REPORT_SECONDS
    async with httpx.AsyncClient(timeout=30) as http:
        while True:
            check()
            answer = await http.get(report_address(host, key))
            if answer.status_code == httpx.codes.OK and answer.headers["Content-Type"].startswith("text/html"):
                return True
            if asyncio.get_running_loop().time() >= deadline:
                return False
            await asyncio.sleep(LOOK_SECONDS)
