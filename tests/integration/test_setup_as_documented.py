"""The set-up page, followed to the letter on a tenant in which nothing is set up, by its commands and nothing else."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import ssl
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from emulator.demo.empty import SettingsInTheWay, check_free, first_settings, is_complete
from emulator.demo.outcomes import read_slips

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="interrupts are sent as on POSIX")

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs" / "setup.md").read_text("utf-8")
ADMINISTRATOR = "admin@fabrikam.example"
PERSON = "dora@fabrikam.example"
PIN = "471108"
COMMAND_SECONDS = 60
LOOKS = 100
_SIGN_IN = re.compile(r"(https://\S+/devicelogin)\b.*?\b([A-Z0-9]{9})\b", re.DOTALL)
_KIOSK = re.compile(r"\S+/api/kiosk#\S+")


@dataclass(frozen=True)
class Trial:
    """The running `dev.py run --empty`: where it was told to write, and what its settings say by now."""

    folder: Path
    http: httpx.AsyncClient

    @property
    def values(self) -> Mapping[str, str]:
        values: Mapping[str, str] = json.loads((self.folder / "local.settings.json").read_text())["Values"]
        return values

    async def command(self, line: str, *, user: str = ADMINISTRATOR, typed: str = "") -> str:
        """Run a line of the page as written there, sign `user` in where it asks, and give what it said."""
        line = line.replace("contoso.com", "fabrikam.example").replace("you@", "dora@")
        line = line.replace("test.pdf", "run/invoice.pdf")
        line = re.sub(r"^python ", f"{sys.executable} ", line)
        environ = {**os.environ, "PYTHONPATH": str(ROOT), "PRINTOPS_ADMINISTRATOR": ADMINISTRATOR}
        process = await asyncio.create_subprocess_shell(
            line,
            cwd=self.folder,
            env=environ,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(typed.encode())
        process.stdin.close()
        said, signed_in = "", False
        async with asyncio.timeout(COMMAND_SECONDS):
            while chunk := await process.stdout.read(4096):
                said += chunk.decode()
                if not signed_in and (code := _SIGN_IN.search(said)):
                    signed_in = True
                    form = {"otc": code[2], "userPrincipalName": user}
                    (await self.http.post(code[1], data=form)).raise_for_status()
            assert await process.wait() == 0, said
        return said


@asynccontextmanager
async def trial(folder: Path) -> AsyncIterator[Trial]:
    """Run `dev.py run --empty` for the length of the block."""
    command = ["-m", "emulator.demo", "--any-ports", "--empty", "--directory", str(folder / "run")]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        *("--settings", str(folder / "local.settings.json")),
        cwd=ROOT,
        stdout=(folder / "said.log").open("wb"),
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        for _ in range(LOOKS):
            if "Logs are in" in (folder / "said.log").read_text():
                break
            assert process.returncode is None, (folder / "said.log").read_text()
            await asyncio.sleep(0.2)
        context = ssl.create_default_context(cafile=str(folder / "run" / "universal-print" / "ca.pem"))
        async with httpx.AsyncClient(verify=context, timeout=30) as http:
            yield Trial(folder, http)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        await process.wait()


def commands(heading: str) -> list[str]:
    """The lines that the page tells to type under a heading."""
    section = PAGE.split(f"\n## {heading}", 1)[1].split("\n## ")[0]
    return [line.removeprefix("$ ") for line in section.splitlines() if line.startswith("$ ")]


def only(heading: str) -> str:
    (line,) = commands(heading)
    return line


async def test_the_page_leads_from_nothing_to_the_first_page_and_the_first_tap(tmp_path: Path) -> None:
    async with trial(tmp_path) as running:
        copying, creating = commands("1. ")
        assert copying == "cp local.settings.example.json local.settings.json"
        assert not is_complete(running.values)
        await running.command(creating, typed="y\n")
        assert is_complete(running.values)

        await running.command(only("3. "))
        # What it says to take the # away from is the block that it shows.
        block = PAGE.split("```toml\n", 1)[1].split("```")[0].replace("contoso.com", "fabrikam.example")
        with (tmp_path / "fleet.toml").open("a") as fleet:
            fleet.write(block)
        assert "Publish catalog.json" in await running.command(only("4. "))
        assert "The tenant is as the file says." in await running.command(only("5. "), typed="y\n")

        await printed(running)
        await tapped(running)

        doctor = f"{sys.executable} -m printops doctor --json --administrator {ADMINISTRATOR} || true"
        checks = json.loads((await running.command(doctor)).partition("{")[2].join(("{", "")))["checks"]
        assert {check["id"]: check["words"] for check in checks if check["status"] == "failed"} == {}
        assert "Nothing to do" in await running.command(f"{sys.executable} -m printops drift")


async def printed(running: Trial) -> None:
    """Step 6: sign the accounts in, print, and have the paper."""
    *logins, submit = commands("6. ")
    for login in logins:
        account = login.split()[-1].replace("contoso.com", "fabrikam.example")
        await running.command(f"{login} --device-code", user=account)
    assert "completed" in await running.command(submit)
    assert [slip.printer for slip in read_slips(running.folder / "run" / "universal-print" / "paper")] == ["Hall MFP"]


async def tapped(running: Trial) -> None:
    """Step 7: a kiosk, a PIN, a job printed from the person's computer, and its paper at the kiosk."""
    add, pin = commands("7. ")
    page = _KIOSK.search(await running.command(add))
    assert page is not None
    await running.command(pin, typed=f"{PIN}\n{PIN}\n")
    (computer,) = re.findall(r"`(python -m emulator\.demo\.computer [^`]+)`", PAGE.replace("\n", " "))
    computer = computer.replace(".work/empty/", "run/") + f" --settings {running.folder / 'local.settings.json'}"
    assert "has printed invoice.pdf to Follow me" in await running.command(computer)
    device = parse_qs(urlsplit(page[0]).fragment)
    headers = {"X-Kiosk-Id": device["kiosk"][0], "Authorization": f"Bearer {device['secret'][0]}"}
    kiosk = page[0].partition("#")[0]
    async with httpx.AsyncClient(headers=headers, timeout=30) as http:
        answer = await http.post(f"{kiosk}/session", json={"userName": PERSON, "pin": PIN})
        session = {"X-Kiosk-Session": answer.json()["session"]}
        jobs = answer.json()["jobs"]
        for _ in range(LOOKS):
            if jobs:
                break
            await asyncio.sleep(0.2)
            jobs = (await http.get(f"{kiosk}/jobs", headers=session)).json()["jobs"]
        assert [job["document"] for job in jobs] == ["invoice.pdf"]
        answer = await http.post(f"{kiosk}/redirect", json={"jobs": [{"id": jobs[0]["id"]}]}, headers=session)
        assert [one["outcome"] for one in answer.json()["outcomes"]] == ["released"]
    paper = running.folder / "run" / "universal-print" / "paper"
    for _ in range(LOOKS):
        if len(read_slips(paper)) == 2:
            break
        await asyncio.sleep(0.2)
    assert [slip.printer for slip in read_slips(paper)] == ["Hall MFP"] * 2


def test_settings_that_somebody_filled_in_are_never_overwritten(tmp_path: Path) -> None:
    settings = tmp_path / "local.settings.json"
    check_free(settings, tmp_path)
    settings.write_text(json.dumps({"Values": {"GRAPH_CLIENT_ID": "mine"}}))
    with pytest.raises(SettingsInTheWay, match="it is yours"):
        check_free(settings, tmp_path)
    first = first_settings("UseDevelopmentStorage=true", "https://127.0.0.1:9443", "ca.pem", 7071)
    settings.write_text(json.dumps({"Values": first}))
    check_free(settings, tmp_path)


@pytest.mark.parametrize("graph", ["https://graph.microsoft.com/v1.0", "", "https://[/v1.0"])
def test_settings_of_an_earlier_run_that_name_a_real_tenant_by_now_are_kept(tmp_path: Path, graph: str) -> None:
    settings = tmp_path / "local.settings.json"
    first = first_settings("UseDevelopmentStorage=true", "https://127.0.0.1:9443", "ca.pem", 7071)
    settings.write_text(json.dumps({"Values": first | {"GRAPH_BASE_URL": graph}}))
    with pytest.raises(SettingsInTheWay, match="it is yours"):
        check_free(settings, tmp_path)
