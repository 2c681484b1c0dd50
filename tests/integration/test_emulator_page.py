"""The emulator's page in a real browser: what it shows, its switches, its paper, and what it keeps out."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulator.universal_print.demo import demo_world
from emulator.universal_print.devices.capabilities import MODELS
from emulator.universal_print.devices.device import DeliveredDocument, DeviceReport, UnknownConditionError
from emulator.universal_print.devices.virtual import VirtualPrinter
from emulator.universal_print.faults import Fault
from emulator.universal_print.page import routes
from emulator.universal_print.sample_documents import write_invoice, write_jpeg
from emulator.universal_print.server import Emulator, running
from tests.support.browser import browser, shared_browser

# The first use installs Debian packages where they are missing.
pytestmark = [pytest.mark.timeout(600), pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def _browser() -> AsyncIterator[None]:
    async with shared_browser():
        yield


class _Office:
    """Real virtual printers behind the page, with as much of the service as the page asks for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.paper = folder / "paper"
        names = {"p1": ("Finance", "officeColor"), "p2": ("Warehouse", "monoLaser"), "p3": ("Reception", "deskRaster")}
        self.printers = {key: VirtualPrinter(name, MODELS[model], self.paper) for key, (name, model) in names.items()}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.faults: list[dict[str, Any]] = []
        self.violations: list[str] = []
        self.tasks: list[asyncio.Task[None]] = []

    def state(self) -> dict[str, Any]:
        return {
            "printers": [
                {
                    "id": key,
                    "displayName": printer.name,
                    "status": printer.status,
                    "isAcceptingJobs": printer.is_accepting_jobs,
                    "conditions": printer.conditions,
                    "manufacturer": printer.manufacturer,
                    "model": printer.model,
                    "contentTypes": printer.capabilities["contentTypes"],
                }
                for key, printer in self.printers.items()
            ],
            "shares": [
                {"id": f"s{key}", "printerId": key, "displayName": printer.name.lower()}
                for key, printer in self.printers.items()
            ],
            "jobs": list(self.jobs.values()),
            "violations": self.violations,
            "faults": self.faults,
        }

    def print(
        self, job_id: str, printer: str, name: str, *, content_type: str = "application/pdf"
    ) -> asyncio.Task[None]:
        path = self.folder / f"payload-{job_id}"
        write = write_jpeg if content_type == "image/jpeg" else write_invoice
        write(path)
        job: dict[str, Any] = {"id": job_id, "printerId": printer, "shareId": f"s{printer}", "documentName": name}
        job |= {"user": "print1@contoso.example", "size": path.stat().st_size, "state": "paused", "details": []}
        self.jobs[job_id] = job

        def report(latest: DeviceReport) -> None:
            job.update(state=latest.state, details=list(latest.details), description=latest.description)
            job.update(pages=latest.pages, sheets=latest.sheets, paper=latest.paper)

        created = datetime(2026, 1, 1, tzinfo=UTC)
        document = DeliveredDocument(job_id, name, content_type, path, job["size"], {}, job["user"], created)
        task = asyncio.ensure_future(self.printers[printer].print(document, report))
        self.tasks.append(task)
        return task

    async def conditions(self, request: Request) -> Response:
        body = await request.json()
        try:
            await self.printers[request.path_params["id"]].set_condition(body["name"], body["on"])
        except UnknownConditionError as error:
            return JSONResponse({"detail": str(error)}, 400)
        return Response(status_code=204)

    async def remove_fault(self, request: Request) -> Response:
        self.faults = [fault for fault in self.faults if fault["id"] != int(request.path_params["id"])]
        return Response(status_code=204)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        change = Route("/emulator/printers/{id}/conditions", self.conditions, methods=["POST"])
        remove = Route("/emulator/faults/{id}", self.remove_fault, methods=["DELETE"])
        app = Starlette(routes=[*routes(self.state, self.paper), change, remove])
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            listening.listen()
            serving = asyncio.ensure_future(server.serve([listening]))
            try:
                yield f"http://127.0.0.1:{listening.getsockname()[1]}"
            finally:
                server.should_exit = True
                for task in self.tasks:
                    task.cancel()
                await asyncio.gather(*self.tasks, return_exceptions=True)
                await serving


@pytest.fixture
def office(tmp_path: Path) -> _Office:
    return _Office(tmp_path)


@asynccontextmanager
async def _page(office: _Office, **options: Any) -> AsyncIterator[Page]:
    """The page, open; whatever it complains about in the browser's console fails the test."""
    async with office.serving() as url, browser() as running:
        page = await running.new_page(**options)
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(url)
        await expect(page.get_by_role("status")).to_have_text("Live")
        yield page
        assert complaints == []


async def test_a_person_sees_printers_jobs_and_opens_the_paper(office: _Office) -> None:
    await office.print("101", "p1", "Invoice <b>März</b> & co.pdf")
    async with _page(office) as page:
        await expect(page.get_by_role("listitem", name="Finance")).to_contain_text("Shared as finance")
        row = page.get_by_role("row", name="101")
        await expect(row).to_contain_text("Invoice <b>März</b> & co.pdf")
        await expect(row).to_contain_text("completed")
        async with page.expect_download() as download:
            await row.get_by_role("link", name="Download the paper").click()
        saved = await (await download.value).path()
        assert saved.read_bytes() == (office.folder / "payload-101").read_bytes()


async def test_a_jam_is_made_and_cleared_with_the_keyboard_alone(office: _Office) -> None:
    async with _page(office) as page:
        card = page.get_by_role("listitem", name="Warehouse")
        jam = card.get_by_role("button", name="Jam paper")
        await jam.focus()
        await page.keyboard.press("Enter")
        await expect(jam).to_have_attribute("aria-pressed", "true")
        await expect(card).to_contain_text("The printer has a paper jam.")
        printing = office.print("7", "p2", "Report.pdf")
        await expect(page.get_by_role("row", name="7")).to_contain_text("stopped")
        await expect(card).to_contain_text("Holding “Report.pdf”")
        # Several polls have passed: the button is still the one that has the focus.
        await expect(jam).to_be_focused()
        await page.keyboard.press("Enter")
        await printing
        await expect(page.get_by_role("row", name="7")).to_contain_text("completed")
        await expect(jam).to_have_attribute("aria-pressed", "false")


async def test_jobs_are_found_by_name_and_printer(office: _Office) -> None:
    await office.print("1", "p1", "Budget.pdf")
    await office.print("2", "p1", "Minutes.pdf")
    await office.print("3", "p2", "Budget of the warehouse.pdf")
    async with _page(office) as page:
        rows = page.locator("tbody tr")
        await expect(rows).to_have_count(3)
        await page.keyboard.press("/")
        await page.keyboard.type("budget")
        await expect(rows).to_have_count(2)
        await page.get_by_role("combobox", name="Printer").select_option("Warehouse")
        await expect(rows).to_have_count(1)
        await expect(rows).to_contain_text("Budget of the warehouse.pdf")


async def test_a_refused_switch_and_a_lost_emulator_are_said(office: _Office) -> None:
    office.printers["p1"]._conditions.pop("slow")  # type: ignore[typeddict-item, unused-ignore]
    async with office.serving() as url, browser() as running:
        page = await running.new_page()
        await page.goto(url)
        card = page.get_by_role("listitem", name="Finance")
        await expect(card.get_by_role("button", name="Pause")).to_be_visible()
        await expect(card.get_by_role("button", name="Slow down")).to_have_count(0)
        await page.route(
            "**/conditions", lambda route: route.fulfill(status=409, body=json.dumps({"detail": "Not now."}))
        )
        await card.get_by_role("button", name="Pause").click()
        await expect(page.get_by_role("alert")).to_have_text("Not now.")
        await expect(card.get_by_role("button", name="Pause")).to_have_attribute("aria-pressed", "false")
        await page.route("**/emulator/state", lambda route: route.abort())
        await expect(page.get_by_role("status")).to_have_text("No connection")


async def test_faults_are_shown_and_removed_and_mistakes_of_the_emulator_are_named(office: _Office) -> None:
    office.faults.append({"id": 5, "operation": "createJob", "action": "status", "status": 503, "retryAfter": 2.0})
    office.faults[0] |= {"count": 3, "applied": 1, "matched": 1, "skip": 0, "path": ""}
    office.violations.append("getShare answered with the unknown property speed")
    async with _page(office) as page:
        faults = page.locator("#faults")
        await expect(faults).to_contain_text("createJobstatusstatus 503retry after 2happened 1 of 3")
        await expect(page.get_by_role("region", name="Mistakes")).to_contain_text("unknown property speed")
        await faults.get_by_role("button", name="Remove the fault of createJob").click()
        await expect(page.get_by_text("None scripted")).to_be_visible()
        assert office.faults == []
        office.violations.clear()
        await expect(page.get_by_text("Mistakes of the emulator")).to_be_hidden()


async def test_an_upload_under_way_shows_how_far_it_is(office: _Office) -> None:
    office.jobs["9"] = {"id": "9", "printerId": "p1", "documentName": "Plan.pdf", "size": 200, "uploadedBytes": 90}
    office.jobs["9"] |= {"state": "paused", "details": ["uploadPending"], "user": "print1@contoso.example"}
    async with _page(office) as page:
        await expect(page.get_by_role("row", name="Plan.pdf")).to_contain_text("uploaded 45 % of it")


async def test_the_page_loads_nothing_from_elsewhere_and_fits_a_telephone(office: _Office) -> None:
    await office.print("1", "p1", "A document with a name as long as names of documents sometimes are, or longer.pdf")
    office.faults.append({"id": 1, "operation": "createJob", "action": "dropAfter", "count": 1})
    async with _page(office, viewport={"width": 390, "height": 800}, color_scheme="dark") as page:
        hosts = await page.evaluate("performance.getEntriesByType('resource').map((entry) => new URL(entry.name).host)")
        assert set(hosts) == {await page.evaluate("location.host")}
        await expect(page.locator("#faults")).to_contain_text("createJob")
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390


async def test_the_whole_emulator_says_what_the_page_asks_and_does_what_it_orders(tmp_path: Path) -> None:
    emulator = Emulator(await demo_world(tmp_path / "paper"), tmp_path)
    emulator.faults.add(Fault("dropAfter", "createJob"))
    async with running(emulator) as url, browser() as started:
        page = await started.new_page(ignore_https_errors=True)
        await page.goto(url)
        await expect(page.locator("#printers > li")).to_have_count(5)
        card = page.get_by_role("listitem", name="Finance Laser")
        await expect(card).to_contain_text("Shared as Finance")
        await card.get_by_role("button", name="Jam paper").click()
        await expect(card).to_contain_text("The printer has a paper jam.")
        [printer] = [one for one in emulator.world.printers.values() if one.display_name == "Finance Laser"]
        assert printer.device.conditions["mediaJam"] is True
        await page.get_by_role("button", name="Remove the fault of createJob").click()
        await expect(page.get_by_text("None scripted")).to_be_visible()
        assert list(emulator.faults) == []
        await expect(page.get_by_role("alert")).to_be_hidden()


@pytest.mark.parametrize(
    "place",
    [
        "..%2F..%2Fsecret.txt",
        "Finance/..%2F..%2Fsecret.txt",
        "Finance/%2e%2e/%2e%2e/secret.txt",
        "Finance/link",
        "Finance",
        "Finance/",
        "",
        "Finance/none.pdf",
        "Finance/a%00b",
    ],
)
async def test_nothing_but_paper_is_served(office: _Office, place: str) -> None:
    (office.folder / "secret.txt").write_text("secret")
    (office.paper / "Finance").mkdir(parents=True)
    with contextlib.suppress(OSError):
        (office.paper / "Finance" / "link").symlink_to(office.folder / "secret.txt")
    async with office.serving() as url, httpx.AsyncClient(base_url=url) as client:
        answer = await client.get(f"/paper/{place}")
        assert answer.status_code == 404
        assert "secret" not in answer.text


async def test_paper_never_acts_as_a_page(office: _Office) -> None:
    (office.paper / "Finance").mkdir(parents=True)
    (office.paper / "Finance" / "1 page.html").write_text("<script>alert(1)</script>")
    async with office.serving() as url, httpx.AsyncClient(base_url=url) as client:
        answer = await client.get("/paper/Finance/1 page.html")
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["content-security-policy"] == "sandbox"
        assert (await client.get("/page/__init__.py")).status_code == 404
