"""Signs the print accounts in, with the project's own command and the page that a person would use."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path

import httpx

from emulator.demo.processes import Child, Children, ProcessFailed
from emulator.demo.tenant import approve_sign_in

SIGN_IN_SECONDS = 60.0
LOOK_SECONDS = 0.1
# Entra's user codes: nine capitals and digits.
_CODE = re.compile(r"(https://\S+/devicelogin)\b.*?\b([A-Z0-9]{9})\b", re.DOTALL)


async def sign_in_accounts(
    accounts: list[str], settings: Mapping[str, str], root: Path, logs: Path, http: httpx.AsyncClient
) -> None:
    """Sign every account in at once; `settings` are the app's. Raises ProcessFailed with what the command said."""
    async with Children(logs) as children, asyncio.timeout(SIGN_IN_SECONDS):
        await asyncio.gather(*(_sign_in(account, settings, root, children, http) for account in accounts))


async def _sign_in(
    account: str, settings: Mapping[str, str], root: Path, children: Children, http: httpx.AsyncClient
) -> None:
    command = ["-m", "printops", "login", account, "--device-code"]
    child = await children.start(f"sign-in of {account}", command, folder=root, environment=settings)
    page, code = await _code_shown_by(child)
    await approve_sign_in(page, code, account, http)
    if await child.process.wait() != 0:
        await child.reader
        raise ProcessFailed(child.complaint("failed"))


async def _code_shown_by(child: Child) -> tuple[str, str]:
    while True:
        if found := _CODE.search(child.log.read_text(encoding="utf-8", errors="replace")):
            return found[1], found[2]
        if child.process.returncode is not None:
            raise ProcessFailed(child.complaint("ended before it showed a code"))
        await asyncio.sleep(LOOK_SECONDS)
