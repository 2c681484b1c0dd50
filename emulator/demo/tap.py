"""The demo's tap: set-up for held printing, and a person who prints, walks to a kiosk and shows a badge."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from emulator.demo.outcomes import Row, Slip, read_slips
from emulator.demo.processes import Children, ProcessFailed
from emulator.universal_print import demo as tenant

VIRTUAL_PRINTER = "Follow Me"
KIOSK_NAME, KIOSK_PRINTER = "Front desk", "Office MFP"
BADGE = "04A2B3C4D5E680"
PERSON = tenant.PEOPLE[0]
DOCUMENT = "board-meeting.pdf"
COMMAND_SECONDS = 60.0
HELD_SECONDS = 20.0
PAPER_SECONDS = 30.0
LOOK_SECONDS = 0.2
_PAGE = re.compile(r"\S+/api/kiosk#\S+")


@dataclass(frozen=True, slots=True)
class Kiosk:
    """A kiosk that was added: its page, and what its device sends."""

    page: str
    headers: Mapping[str, str]


async def make_trigger(graph: str, authority: str, administrator: str, http: httpx.AsyncClient) -> str:
    """Define the task as the app and let the virtual printer start it, as its administrator; give the definition's id.

    Graph: print-post-taskdefinitions, printer-post-tasktriggers. Both are of one app registration. Raises
    httpx.HTTPStatusError.
    """
    answer = await http.post(
        f"{authority}/oauth2/v2.0/token",
        data={
            "grant_type": "client_credentials",
            "client_id": tenant.CLIENT_ID,
            "client_secret": tenant.CLIENT_SECRET,
            "scope": "https://graph.microsoft.com/.default",
        },
    )
    answer.raise_for_status()
    app = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    body = {"displayName": "Hold", "createdBy": {"displayName": "Universal Print Functions"}}
    made = await http.post(f"{graph}/print/taskDefinitions", json=body, headers=app)
    made.raise_for_status()
    definition = str(made.json()["id"])
    trigger = {"event": "jobStarted", "definition@odata.bind": f"{graph}/print/taskDefinitions/{definition}"}
    headers = {"Authorization": f"Bearer {administrator}"}
    printer = await _printer_named(VIRTUAL_PRINTER, graph, headers, http)
    (
        await http.post(f"{graph}/print/printers/{printer}/taskTriggers", json=trigger, headers=headers)
    ).raise_for_status()
    return definition


async def _printer_named(name: str, graph: str, headers: Mapping[str, str], http: httpx.AsyncClient) -> str:
    address: str | None = f"{graph}/print/printers"
    while address:
        answer = await http.get(address, headers=headers)
        answer.raise_for_status()
        page = answer.json()
        for printer in page["value"]:
            if printer["displayName"] == name:
                return str(printer["id"])
        address = page.get("@odata.nextLink")
    raise LookupError(f"there is no printer {name}")


async def add_kiosk(settings: Mapping[str, str], root: Path, logs: Path) -> Kiosk:
    """Add the kiosk and the badge with the project's own commands. Raises ProcessFailed with what they said."""
    async with Children(logs) as children, asyncio.timeout(COMMAND_SECONDS):

        async def command(name: str, *arguments: str) -> str:
            child = await children.start(name, ["-m", "printops", *arguments], folder=root, environment=settings)
            ended = await child.process.wait()
            await child.reader
            if ended:
                raise ProcessFailed(child.complaint("failed"))
            return child.log.read_text(encoding="utf-8", errors="replace")

        said, _ = await asyncio.gather(
            command("adding of the kiosk", "kiosk", "add", KIOSK_NAME, "--printer", KIOSK_PRINTER),
            command("adding of the badge", "badge", "add", PERSON, "--badge", BADGE),
        )
    found = _PAGE.search(said)
    if found is None:
        raise ProcessFailed(f"`printops kiosk add` showed no address:\n{said}")
    device = parse_qs(urlsplit(found[0]).fragment)
    headers = {"X-Kiosk-Id": device["kiosk"][0], "Authorization": f"Bearer {device['secret'][0]}"}
    return Kiosk(found[0], headers)


async def subscribed(emulator: str, http: httpx.AsyncClient, check: Callable[[], None]) -> None:
    """Wait until the app is told of jobs to hold; without that it finds them a minute later. Raises ProcessFailed."""
    deadline = asyncio.get_running_loop().time() + HELD_SECONDS
    while not (await http.get(f"{emulator}/emulator/subscriptions")).json()["value"]:
        check()
        if asyncio.get_running_loop().time() >= deadline:
            raise ProcessFailed("The app has not subscribed to print tasks: the log of the functions host says why.")
        await asyncio.sleep(LOOK_SECONDS)


async def print_to_virtual_printer(emulator: str, content: bytes, http: httpx.AsyncClient) -> None:
    """What a person's computer does."""
    body = {
        "user": PERSON,
        "printer": VIRTUAL_PRINTER,
        "documentName": DOCUMENT,
        "contentType": "application/pdf",
        "contentBase64": base64.b64encode(content).decode(),
        "configuration": {"duplexMode": "flipOnLongEdge"},
    }
    (await http.post(f"{emulator}/emulator/print", json=body)).raise_for_status()


async def tap(kiosk: Kiosk, host: str, paper: Path, check: Callable[[], None]) -> Row:
    """Show the badge until the job is there, take it, and wait for the paper. A row for the demo's table."""
    async with httpx.AsyncClient(base_url=f"{host}/api/kiosk/", headers=dict(kiosk.headers), timeout=30) as http:
        job, session = await _held_job(http, check)
        if job is None:
            return _row(None, "open", f"the job was not held within {HELD_SECONDS:.0f} s")
        answer = await http.post("redirect", json={"jobs": [{"id": job["id"]}]}, headers={"X-Kiosk-Session": session})
        answer.raise_for_status()
        (outcome,) = answer.json()["outcomes"]
    if outcome["outcome"] != "released":
        return _row(job, "failed", f"{outcome['outcome']}: {outcome['reason']}")
    slips = await _printed(paper, check)
    if len(slips) != 1:
        return _row(job, "failed", f"came out {len(slips)} times where 1 was expected")
    return _row(job, "completed", None, slips[0])


async def _held_job(http: httpx.AsyncClient, check: Callable[[], None]) -> tuple[dict[str, Any] | None, str]:
    deadline = asyncio.get_running_loop().time() + HELD_SECONDS
    answer = await http.post("session", json={"badge": BADGE})
    answer.raise_for_status()
    body = answer.json()
    session = str(body["session"])
    while not body["jobs"] and asyncio.get_running_loop().time() < deadline:
        check()
        await asyncio.sleep(LOOK_SECONDS)
        answer = await http.get("jobs", headers={"X-Kiosk-Session": session})
        answer.raise_for_status()
        body = answer.json()
    return (body["jobs"][0] if body["jobs"] else None), session


async def _printed(paper: Path, check: Callable[[], None]) -> list[Slip]:
    deadline = asyncio.get_running_loop().time() + PAPER_SECONDS
    while True:
        check()
        slips = [slip for slip in read_slips(paper) if slip.paper.name.endswith(DOCUMENT)]
        if slips or asyncio.get_running_loop().time() >= deadline:
            return slips
        await asyncio.sleep(LOOK_SECONDS)


def _row(job: Mapping[str, Any] | None, outcome: str, fault: str | None, slip: Slip | None = None) -> Row:
    pages = ""
    if slip is not None:
        pages = f"{slip.pages} pages" if slip.sheets == slip.pages else f"{slip.pages} pages on {slip.sheets}"
    return Row(
        document=f"{DOCUMENT} (badge of {PERSON.partition('@')[0]})",
        size=job["size"] if job else None,
        printer=slip.printer if slip else KIOSK_PRINTER,
        job=slip.job if slip else "",
        pages=pages,
        outcome=outcome,
        where=slip.paper.name if slip else "",
        fault=fault,
    )
