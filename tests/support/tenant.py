"""A tenant in the emulator with print accounts that sign in the way a person does, and settings to reach it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import ssl
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.parse import urljoin

import httpx

from emulator.universal_print.server import Emulator
from emulator.universal_print.settings import Settings
from emulator.universal_print.world import AppRegistration, World
from tests.support.accounts import ONE, TWO
from tests.support.sign_in import KEY, PLAIN_SCOPES

ROOT = Path(__file__).parents[2]
CLIENT_ID = "11111111-2222-3333-4444-555555555555"
TENANT_ID = "66666666-7777-8888-9999-000000000000"
STRANGER = "stranger@contoso.com"
_CODE = re.compile(r"(https://\S+/devicelogin)\b.*?\b([A-Z0-9]{9})\b")


def make_emulator(directory: Path) -> Emulator:
    """A tenant with two print accounts and somebody else. Codes are polled for every second."""
    world = World(TENANT_ID)
    for name in (ONE, TWO, STRANGER):
        world.add_user(name)
    world.add_app(
        AppRegistration(CLIENT_ID, "Print Functions", delegated=frozenset(PLAIN_SCOPES), allow_public_client=True)
    )
    return Emulator(world, directory, Settings(device_code_interval_seconds=1))


def settings_for(emulator: Emulator, connection_string: str) -> dict[str, str]:
    """What the functions and `printops` have in their environment."""
    return {
        "PrintStorage": connection_string,
        "GRAPH_BASE_URL": f"{emulator.base_url}/v1.0",
        "GRAPH_AUTHORITY": emulator.base_url,
        "GRAPH_TENANT_ID": TENANT_ID,
        "GRAPH_CLIENT_ID": CLIENT_ID,
        "GRAPH_CA_BUNDLE": str(emulator.ca_bundle),
        "PRINT_ACCOUNTS": f"{ONE},{TWO}",
        "TOKEN_CACHE_KEY": KEY,
        # What a test does not wait for takes none of its time.
        "PRELOAD_AFTER_SECONDS": "86400",
    }


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended and what it said."""

    code: int
    output: str
    errors: str


async def printops(
    arguments: Sequence[str], settings: Mapping[str, str], emulator: Emulator | None = None, approve_as: str = ""
) -> Ended:
    """Run `python -m printops`. Where it shows a device code, sign in there as `approve_as`."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "printops", *arguments),
        cwd=ROOT,
        env={**os.environ, **settings},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    errors = asyncio.create_task(process.stderr.read())
    output = ""
    async for line in process.stdout:
        output += line.decode()
        shown = _CODE.search(line.decode())
        if shown and emulator is not None and approve_as:
            await approve(emulator, shown[1], shown[2], approve_as)
    return Ended(await process.wait(), output, (await errors).decode())


async def approve(emulator: Emulator, page: str, code: str, user: str) -> None:
    """Type the code into the page that the command showed, and choose the user there."""
    trust = ssl.create_default_context(cafile=str(emulator.ca_bundle))
    async with httpx.AsyncClient(verify=trust) as http:
        chosen = await http.post(page, data={"otc": code, "userPrincipalName": user})
        chosen.raise_for_status()


def browser_command(folder: Path, emulator: Emulator, user: str) -> str:
    """A program for BROWSER that signs in as `user` on the authority's page and follows it back to the app."""
    script = folder / "browser.py"
    script.write_text(
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from tests.support.tenant import browse\n"
        f"browse(sys.argv[1], {user!r}, {str(emulator.ca_bundle)!r})\n"
    )
    # In the background, because MSAL listens for the answer only after the browser was started.
    return f"{sys.executable} {script} %s &"


def browse(address: str, user: str, ca_bundle: str) -> None:
    """What a person and a browser do between them: choose the user, then post the answer to the app."""
    with httpx.Client(verify=ssl.create_default_context(cafile=ca_bundle)) as http:
        action, fields = _form(http.get(address).text)
        answer = http.post(urljoin(address, action), data={**fields, "userPrincipalName": user})
        action, fields = _form(answer.text)
        http.post(action, data=fields)


def _form(page: str) -> tuple[str, dict[str, str]]:
    action = re.search(r'<form method="post" action="([^"]*)"', page)
    assert action, page
    hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page)
    return unescape(action[1]), {unescape(name): unescape(value) for name, value in hidden}


def write_settings(folder: Path, settings: Mapping[str, str]) -> Path:
    """A local.settings.json with these values."""
    file = folder / "local.settings.json"
    file.write_text(json.dumps({"IsEncrypted": False, "Values": dict(settings)}))
    return file
