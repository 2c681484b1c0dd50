"""Jobs go to a real IPP printer, which says what it received and how it was to be printed."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from emulator.universal_print.devices.device import DeliveredDocument, Device, DeviceReport, UnknownConditionError
from emulator.universal_print.devices.ipp import IppPrinter, _Errand
from emulator.universal_print.devices.ipp_client import PrinterUnreachableError
from emulator.universal_print.sample_documents import write_invoice, write_jpeg, write_large_pdf
from tests.support.ipp_printer import RealPrinter, real_printer

# The first use installs Debian packages where they are missing.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[RealPrinter]:
    with real_printer(
        tmp_path, "-2", "-f", "application/pdf,image/jpeg", "-M", "Contoso", "-m", "Office 9000"
    ) as found:
        yield found


@asynccontextmanager
async def _opened(uri: str) -> AsyncIterator[IppPrinter]:
    printer = await IppPrinter.open("Warehouse", uri, poll_seconds=0.05)
    try:
        yield printer
    finally:
        await printer.close()


def _document(path: Path, job_id: str = "7", **changes: Any) -> DeliveredDocument:
    values: dict[str, Any] = {
        "job_id": job_id,
        "document_name": "Invoice März.pdf",
        "content_type": "application/pdf",
        "path": path,
        "size": path.stat().st_size,
        "configuration": {},
        "user_principal_name": "print1@contoso.example",
        "created": datetime(2026, 1, 2, tzinfo=UTC),
    }
    return DeliveredDocument(**{**values, **changes})


async def test_a_real_printer_says_what_it_is(machine: RealPrinter) -> None:
    async with _opened(machine.uri) as printer:
        device: Device = printer
        assert (device.manufacturer, device.model) == ("Contoso", "Office 9000")
        assert {"application/pdf", "image/jpeg"} <= set(device.capabilities["contentTypes"])
        assert device.capabilities["duplexModes"] == ["oneSided", "flipOnLongEdge", "flipOnShortEdge"]
        assert device.status == {"state": "idle", "details": [], "description": "Idle."}
        assert device.is_accepting_jobs


async def test_a_document_arrives_whole_with_its_settings(machine: RealPrinter, tmp_path: Path) -> None:
    path = write_invoice(tmp_path / "invoice.pdf")
    configuration = {
        "copies": 3,
        "duplexMode": "flipOnLongEdge",
        "colorMode": "blackAndWhite",
        "mediaSize": "A4",
        "quality": "high",
        "orientation": "landscape",
        "pageRanges": [{"start": 1, "end": 2}],
        "finishings": ["none"],
    }
    reports: list[DeviceReport] = []
    async with _opened(machine.uri) as printer:
        await printer.print(_document(path, configuration=configuration), reports.append)
    assert reports[0].state == "pending"
    assert reports[-1].state == "completed"
    assert reports[-1].details == ("completedSuccessfully",)
    assert machine.received() == [path.read_bytes()]
    [told] = machine.told()
    assert told["IPP_JOB_NAME"] == "7 Invoice März.pdf"
    assert told["IPP_JOB_ORIGINATING_USER_NAME"] == "print1@contoso.example"
    assert told["IPP_DOCUMENT_FORMAT_SUPPLIED"] == "application/pdf"
    assert told["IPP_COPIES"] == "3"
    assert told["IPP_SIDES"] == "two-sided-long-edge"
    assert told["IPP_PRINT_COLOR_MODE"] == "monochrome"
    assert told["IPP_MEDIA"] == "iso_a4_210x297mm"
    assert told["IPP_PAGE_RANGES"] == "1-2"
    assert told["IPP_PRINT_QUALITY"] == "high"
    assert told["IPP_ORIENTATION_REQUESTED"] == "landscape"


async def test_settings_that_the_printer_ignores_are_a_warning(machine: RealPrinter, tmp_path: Path) -> None:
    path = write_jpeg(tmp_path / "picture.jpg")
    reports: list[DeviceReport] = []
    document = _document(path, content_type="image/jpeg", configuration={"mediaSize": "JPN Hagaki"})
    async with _opened(machine.uri) as printer:
        await printer.print(document, reports.append)
    assert reports[-1].details == ("completedWithWarnings",)
    assert reports[-1].description.endswith("the printer ignored media.")
    assert machine.received() == [path.read_bytes()]
    assert "IPP_MEDIA" not in machine.told()[0]


async def test_a_large_document_is_streamed(machine: RealPrinter, tmp_path: Path) -> None:
    path = write_large_pdf(tmp_path / "large.pdf", 150_000_000)
    reports: list[DeviceReport] = []
    async with _opened(machine.uri) as printer:
        tracemalloc.start()
        try:
            await printer.print(_document(path), reports.append)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert reports[-1].state == "completed"
    assert machine.received_sizes() == [150_000_000]
    assert peak < 8 * 1024 * 1024


async def test_a_type_that_the_printer_does_not_take_ends_with_its_reason(machine: RealPrinter, tmp_path: Path) -> None:
    path = write_invoice(tmp_path / "invoice.pdf")
    reports: list[DeviceReport] = []
    async with _opened(machine.uri) as printer:
        await printer.print(_document(path, content_type="application/oxps"), reports.append)
    assert reports[-1].state == "aborted"
    assert reports[-1].description.startswith("The printer refused the request")
    assert machine.told() == []


async def test_cancelling_cancels_the_job_at_the_printer(machine: RealPrinter, tmp_path: Path) -> None:
    path = write_invoice(tmp_path / "invoice.pdf")
    processing = asyncio.Event()

    def report(latest: DeviceReport) -> None:
        if latest.state == "processing":
            processing.set()

    async with _opened(machine.uri) as printer:
        with machine.held():
            printing = asyncio.ensure_future(printer.print(_document(path), report))
            await asyncio.wait_for(processing.wait(), 20)
            printing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await printing
        job = await printer._client.find_job("7 Invoice März.pdf")
        assert job is not None
        latest = await printer._follow(_Errand("", job=job), lambda _: None)
        assert latest.state == "canceled"


async def test_a_job_waits_while_the_printer_is_offline(machine: RealPrinter, tmp_path: Path) -> None:
    path = write_invoice(tmp_path / "invoice.pdf")
    reports: list[DeviceReport] = []
    async with _opened(machine.uri) as printer:
        await printer.set_condition("offline", on=True)
        printing = asyncio.ensure_future(printer.print(_document(path), reports.append))
        await printer.refresh()
        assert printer.status["details"] == ["timedOut"]
        assert [report.state for report in reports] == ["pending"]
        assert machine.received() == []
        await printer.set_condition("offline", on=False)
        await printing
        assert reports[-1].state == "completed"
        with pytest.raises(UnknownConditionError, match="mediaJam"):
            await printer.set_condition("mediaJam", on=True)
        assert printer.conditions == {"paused": False, "offline": False, "notAcceptingJobs": False}


def test_a_printer_opened_in_one_event_loop_prints_in_another(machine: RealPrinter, tmp_path: Path) -> None:
    path = write_invoice(tmp_path / "invoice.pdf")
    reports: list[DeviceReport] = []
    printer = asyncio.run(IppPrinter.open("Warehouse", machine.uri, poll_seconds=0.05))
    asyncio.run(printer.print(_document(path), reports.append))
    asyncio.run(printer.close())
    assert reports[-1].state == "completed"
    assert machine.received() == [path.read_bytes()]


@pytest.mark.parametrize("cut_after_the_work", [True, False], ids=["after", "before"])
async def test_a_document_whose_answer_is_lost_is_printed_once_or_not_at_all(
    machine: RealPrinter, tmp_path: Path, cut_after_the_work: bool
) -> None:
    path = write_invoice(tmp_path / "invoice.pdf")
    reports: list[DeviceReport] = []
    async with (
        _cutting_proxy(machine.port, cut_after_the_work) as port,
        _opened(f"ipp://localhost:{port}/ipp/print") as printer,
    ):
        await printer.print(_document(path), reports.append)
    if cut_after_the_work:
        assert reports[-1].state == "completed"
        assert machine.received() == [path.read_bytes()]
    else:
        assert reports[-1].state == "aborted"
        assert "nothing was printed" in reports[-1].description
    assert len(machine.told()) == int(cut_after_the_work)


async def test_a_printer_that_is_not_there_is_said_to_be_so() -> None:
    server = await asyncio.start_server(lambda *_: None, "localhost", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    with pytest.raises(PrinterUnreachableError, match="can't be reached") as raised:
        await IppPrinter.open("Warehouse", f"ipp://localhost:{port}/ipp/print")
    assert not raised.value.sent


@asynccontextmanager
async def _cutting_proxy(port: int, after_the_work: bool) -> AsyncIterator[int]:
    """A way to the printer that breaks once, at the Print-Job request: before it passes or when the answer comes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_connection("localhost", port)
        cutting = False

        async def forth() -> None:
            nonlocal cutting
            while piece := await reader.read(65536):
                # Version 2.0, operation Print-Job; RFC 8010 3.1.1.
                cutting = cutting or b"\x02\x00\x00\x02" in piece
                if cutting and not after_the_work:
                    break
                to_writer.write(piece)
                await to_writer.drain()
            if not after_the_work:
                writer.close()

        async def back() -> None:
            while (piece := await to_reader.read(65536)) and not (cutting and b"200 OK" in piece):
                writer.write(piece)
                await writer.drain()
            writer.close()

        try:
            await asyncio.gather(forth(), back())
        except OSError:
            return
        finally:
            to_writer.close()
            writer.close()

    server = await asyncio.start_server(serve, "localhost", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
