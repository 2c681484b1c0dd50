"""A virtual printer: paper once, honest reports, and every condition a printer gets into."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from emulator.universal_print.devices.capabilities import MONO_LASER, OFFICE_COLOR, PrinterModel
from emulator.universal_print.devices.device import DeliveredDocument, DeviceReport, UnknownConditionError
from emulator.universal_print.devices.paper import PaperTray, read_slips
from emulator.universal_print.devices.virtual import SLOW_PAGE_SECONDS, VirtualPrinter
from emulator.universal_print.sample_documents import write_invoice, write_jpeg, write_oxps

_NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


class _Room:
    """A printer with its paper, and the pages it feeds: each waits until the test lets it through."""

    def __init__(self, folder: Path, model: PrinterModel = OFFICE_COLOR, seconds_per_page: float = 0.0) -> None:
        self.folder = folder
        self.paper = folder / "paper"
        self.reports: list[DeviceReport] = []
        self.slept: list[float] = []
        self.before_page: Callable[[int], Awaitable[None]] | None = None
        self._reported = asyncio.Event()
        self.printer = VirtualPrinter(
            "Finance", model, self.paper, seconds_per_page=seconds_per_page, sleep=self._sleep, now=lambda: _NOW
        )

    def report(self, report: DeviceReport) -> None:
        self.reports.append(report)
        self._reported.set()

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self.before_page is not None:
            await self.before_page(len(self.slept))

    def document(self, job_id: str = "1", **changes: Any) -> DeliveredDocument:
        path = self.folder / f"payload-{job_id}"
        if not path.exists():
            write_invoice(path, pages=3)
        values: dict[str, Any] = {
            "job_id": job_id,
            "document_name": "Invoice.pdf",
            "content_type": "application/pdf",
            "path": path,
            "size": path.stat().st_size,
            "configuration": {"duplexMode": "oneSided"},
            "user_principal_name": "print1@contoso.example",
            "created": _NOW,
        }
        return DeliveredDocument(**{**values, **changes})

    def start(self, job_id: str = "1", **changes: Any) -> asyncio.Task[None]:
        return asyncio.ensure_future(self.printer.print(self.document(job_id, **changes), self.report))

    async def until(self, state: str) -> DeviceReport:
        async with asyncio.timeout(20):
            while not self.reports or self.reports[-1].state != state:
                self._reported.clear()
                await self._reported.wait()
        return self.reports[-1]

    @property
    def states(self) -> list[str]:
        return [report.state for report in self.reports]


@pytest.fixture
def room(tmp_path: Path) -> _Room:
    return _Room(tmp_path)


async def test_a_document_comes_out_once_with_a_slip_that_tells_how(room: _Room) -> None:
    document = room.document("42", configuration={"copies": 2, "duplexMode": "flipOnLongEdge", "colorMode": "color"})
    await room.printer.print(document, room.report)
    assert room.states == ["processing", "processing", "completed"]
    final = room.reports[-1]
    assert (final.details, final.pages, final.sheets, final.acquired) == (("completedSuccessfully",), 6, 4, True)
    assert final.is_final
    assert final.paper == "Finance/42 Invoice.pdf"
    assert (room.paper / final.paper).read_bytes() == document.path.read_bytes()
    [slip] = read_slips(room.paper)
    assert slip["jobId"] == "42"
    assert slip["user"] == "print1@contoso.example"
    assert slip["printed"] == _NOW.isoformat()
    assert (slip["copies"], slip["pages"], slip["sheets"], slip["color"], slip["print"]) == (2, 6, 4, True, 1)
    assert slip["settings"]["duplexMode"] == "flipOnLongEdge"
    assert slip["sha256"] == hashlib.sha256(document.path.read_bytes()).hexdigest()


async def test_printing_a_job_twice_shows_in_the_slips(room: _Room) -> None:
    for _ in range(2):
        await room.start()
    assert [(slip["jobId"], slip["print"]) for slip in read_slips(room.paper)] == [("1", 1), ("1", 2)]


async def test_a_damaged_document_is_aborted_with_a_reason_and_no_paper(room: _Room) -> None:
    document = room.document()
    document.path.write_bytes(document.path.read_bytes()[:1500])
    await room.printer.print(document, room.report)
    assert room.states == ["processing", "aborted"]
    assert room.reports[-1].description.startswith("The PDF is damaged")
    assert not room.paper.exists()


async def test_a_type_that_the_printer_does_not_take_is_aborted(tmp_path: Path) -> None:
    room = _Room(tmp_path, MONO_LASER)
    path = write_oxps(tmp_path / "minutes.oxps")
    await room.start(path=path, content_type="application/oxps")
    assert room.states[-1] == "aborted"
    assert room.reports[-1].description == "The printer does not take application/oxps."


async def test_settings_that_the_printer_lacks_are_a_warning_not_a_failure(tmp_path: Path) -> None:
    room = _Room(tmp_path, MONO_LASER)
    await room.start(configuration={"colorMode": "color", "finishings": ["staple"]})
    assert room.reports[-1].details == ("completedWithWarnings",)
    assert "colorMode color is not offered" in room.reports[-1].description
    assert read_slips(room.paper)[0]["color"] is False


async def test_pages_that_are_not_in_the_document_abort_the_job(room: _Room) -> None:
    await room.start(configuration={"pageRanges": [{"start": 8, "end": 9}]})
    assert room.states[-1] == "aborted"
    assert room.reports[-1].description == "None of the chosen pages is in the document, which has 3."


async def test_a_picture_is_one_page(room: _Room) -> None:
    path = write_jpeg(room.folder / "picture.jpg")
    await room.start(path=path, content_type="image/jpeg", document_name="Site.jpg")
    assert (room.reports[-1].pages, room.reports[-1].sheets) == (1, 1)


async def test_a_jam_stops_the_job_until_it_is_cleared(tmp_path: Path) -> None:
    room = _Room(tmp_path, seconds_per_page=1.0)

    async def jam_on_the_second_page(page: int) -> None:
        if page == 2:
            await room.printer.set_condition("mediaJam", on=True)

    room.before_page = jam_on_the_second_page
    printing = room.start()
    stopped = await room.until("stopped")
    assert stopped.acquired
    assert stopped.description == "The printer has a paper jam."
    assert room.printer.status["state"] == "stopped"
    assert room.printer.status["details"] == ["mediaJam"]
    assert not room.paper.exists()
    await room.printer.set_condition("mediaJam", on=False)
    await printing
    assert room.states == ["processing", "processing", "stopped", "processing", "completed"]
    assert len(read_slips(room.paper)) == 1
    assert room.printer.status["state"] == "idle"


@pytest.mark.parametrize(("condition", "detail"), [("offline", "timedOut"), ("paused", "paused")])
async def test_an_offline_or_paused_printer_never_takes_the_job(room: _Room, condition: str, detail: str) -> None:
    await room.printer.set_condition(condition, on=True)
    printing = room.start()
    pending = await room.until("pending")
    assert not pending.acquired
    assert room.printer.status["details"] == [detail]
    await room.printer.set_condition("slow", on=True)
    await room.printer.set_condition("slow", on=False)
    assert room.states == ["pending"]
    await room.printer.set_condition(condition, on=False)
    await printing
    assert room.states == ["pending", "processing", "processing", "completed"]


async def test_a_printer_that_loses_its_network_reports_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = _Room(tmp_path, seconds_per_page=1.0)
    out = threading.Event()
    put = PaperTray.put

    def put_and_tell(*arguments: Any) -> str:
        place = put(*arguments)
        out.set()
        return place

    monkeypatch.setattr(PaperTray, "put", put_and_tell)

    async def lose_the_network(page: int) -> None:
        if page == 3:
            await room.printer.set_condition("offline", on=True)

    room.before_page = lose_the_network
    printing = room.start()
    assert await asyncio.to_thread(out.wait, 20)
    assert room.states[-1] == "processing"
    await room.printer.set_condition("offline", on=False)
    await printing
    assert room.states[-1] == "completed"


async def test_pages_take_their_time_and_much_longer_on_a_slow_printer(tmp_path: Path) -> None:
    room = _Room(tmp_path, seconds_per_page=0.5)
    await room.start("1")
    await room.printer.set_condition("slow", on=True)
    await room.start("2")
    assert room.slept == [0.5, 0.5, 0.5, 10.0, 10.0, 10.0]
    instant = _Room(tmp_path / "other")
    instant.folder.mkdir()
    await instant.start("1")
    await instant.printer.set_condition("slow", on=True)
    await instant.start("2")
    assert instant.slept == [SLOW_PAGE_SECONDS] * 3


async def test_jobs_come_out_one_after_the_other_in_order(tmp_path: Path) -> None:
    room = _Room(tmp_path, seconds_per_page=1.0)
    first_page, go_on = asyncio.Event(), asyncio.Event()

    async def hold(page: int) -> None:
        if page == 1:
            first_page.set()
            await go_on.wait()

    room.before_page = hold
    first = room.start("1")
    await first_page.wait()
    second_reports: list[DeviceReport] = []
    second = asyncio.ensure_future(room.printer.print(room.document("2"), second_reports.append))
    await asyncio.sleep(0)
    assert [report.state for report in second_reports] == ["pending"]
    assert room.printer.status["state"] == "processing"
    go_on.set()
    await asyncio.gather(first, second)
    assert second_reports[-1].state == "completed"
    assert {slip["jobId"] for slip in read_slips(room.paper)} == {"1", "2"}


async def test_a_cancelled_job_leaves_no_paper_and_frees_the_printer(tmp_path: Path) -> None:
    room = _Room(tmp_path, seconds_per_page=1.0)
    await room.printer.set_condition("mediaJam", on=True)
    printing = room.start("1")
    await room.until("stopped")
    printing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await printing
    await room.printer.set_condition("mediaJam", on=False)
    await room.start("2")
    assert [slip["jobId"] for slip in read_slips(room.paper)] == ["2"]


async def test_a_cancellation_that_comes_too_late_changes_nothing(room: _Room, monkeypatch: pytest.MonkeyPatch) -> None:
    on_its_way, go_on = threading.Event(), threading.Event()
    put = PaperTray.put

    def slow_put(*arguments: Any) -> str:
        on_its_way.set()
        go_on.wait(20)
        return put(*arguments)

    monkeypatch.setattr(PaperTray, "put", slow_put)
    printing = room.start()
    await asyncio.to_thread(on_its_way.wait, 20)
    printing.cancel()
    await asyncio.sleep(0)
    go_on.set()
    await printing
    assert room.reports[-1].state == "completed"
    assert len(read_slips(room.paper)) == 1


async def test_an_unknown_condition_is_refused_by_name(room: _Room) -> None:
    with pytest.raises(UnknownConditionError, match="'onFire'"):
        await room.printer.set_condition("onFire", on=True)
    assert room.printer.conditions == dict.fromkeys(
        ("paused", "mediaJam", "offline", "notAcceptingJobs", "slow"), False
    )
