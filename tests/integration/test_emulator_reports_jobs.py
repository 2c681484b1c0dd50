"""Reports of what the emulator's printers really did, and of what the reports learn later."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from emulator.universal_print.clock import Clock
from emulator.universal_print.devices.capabilities import OFFICE_COLOR
from emulator.universal_print.devices.documents import UnprintableDocumentError
from emulator.universal_print.devices.virtual import VirtualPrinter
from emulator.universal_print.reports.history import HistoryPlan
from tests.support.documents import pdf
from tests.support.emulated_reports import report, report_rows, reporting_tenant
from tests.support.emulated_service import PDF, Service, quick_settings, running_service

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    settings = quick_settings(report_delay=timedelta(0), access_token_lifetime=timedelta(days=30))
    async with running_service(tmp_path, reporting_tenant(Clock(lambda: NOW)), settings) as running:
        yield running


async def print_once(service: Service, content: bytes = PDF, **configuration: Any) -> str:
    """Print as Anna; the job's id once it has ended."""
    job = await service.create_job(**configuration)
    upload_url = await service.open_session(job, len(content))
    assert (await service.put(upload_url, content, 0, len(content))).status_code == 201
    assert (await service.start(job)).status_code == 200
    await service.final_state(job)
    return str(job["id"])


def archived(service: Service, start: str = "null", end: str = "null", printer: str | None = None) -> str:
    arguments = f"printerId='{printer or service.tenant.printer.id}',startDateTime={start},endDateTime={end}"
    return f"getPrinterArchivedPrintJobs({arguments})"


async def test_a_printed_job_is_in_every_series_with_its_sides_and_colours(tmp_path: Path) -> None:
    tenant = reporting_tenant(Clock(lambda: NOW))
    tenant.printer.device = VirtualPrinter("Office", OFFICE_COLOR, tmp_path / "tray")
    settings = quick_settings(report_delay=timedelta(0))
    async with running_service(tmp_path, tenant, settings) as service:
        await print_once(service, pdf(3), copies=2, duplexMode="flipOnLongEdge", colorMode="color")
        await print_once(service, pdf(2), duplexMode="oneSided", colorMode="blackAndWhite")
        expected = {
            "completedJobCount": 2,
            "completedColorJobCount": 1,
            "completedBlackAndWhiteJobCount": 1,
            "incompleteJobCount": 0,
            "pageCount": 8,
            "colorPageCount": 6,
            "blackAndWhitePageCount": 2,
            "mediaSheetCount": 6,
            "doubleSidedSheetCount": 2,
            "singleSidedSheetCount": 4,
        }
        anna = {"userPrincipalName": "anna@contoso.example"}
        printer = {"printerId": tenant.printer.id, "printerName": tenant.printer.display_name}
        for series, subject, day in (
            ("dailyPrintUsageByUser", anna, "2026-03-20"),
            ("dailyPrintUsageByPrinter", printer, "2026-03-20"),
            ("monthlyPrintUsageByUser", anna, "2026-03-01"),
            ("monthlyPrintUsageByPrinter", printer, "2026-03-01"),
        ):
            (row,) = await report_rows(service, series)
            assert {name: value for name, value in row.items() if name != "id"} == {
                **expected,
                **subject,
                "usageDate": day,
            }


async def test_a_job_that_never_came_out_is_incomplete(service: Service) -> None:
    service.tenant.device.failure = UnprintableDocumentError("The PDF is damaged.")
    await print_once(service)
    (row,) = await report_rows(service, "dailyPrintUsageByUser")
    assert (row["completedJobCount"], row["incompleteJobCount"], row["pageCount"]) == (0, 1, None)
    (job,) = await report_rows(service, archived(service))
    assert (job["processingState"], job["copiesPrinted"]) == ("aborted", 0)


async def test_a_job_that_was_redirected_is_archived_but_counted_where_it_came_out(service: Service) -> None:
    source = service.emulator.job(await print_once(service))
    destination = service.emulator.job(await print_once(service))
    source.redirected_to, destination.redirected_from = "https://destination", "https://source"
    (row,) = await report_rows(service, "dailyPrintUsageByUser")
    assert (row["completedJobCount"], row["pageCount"]) == (1, 1)
    assert {job["id"] for job in await report_rows(service, archived(service))} == {source.id, destination.id}


async def test_reports_learn_of_a_job_after_the_delay(service: Service) -> None:
    service.emulator.settings.report_delay = timedelta(hours=3)
    await print_once(service)
    assert await report_rows(service, "dailyPrintUsageByUser") == []
    assert await report_rows(service, archived(service)) == []
    service.emulator.clock.advance(timedelta(hours=3))
    assert len(await report_rows(service, "dailyPrintUsageByUser")) == 1
    assert len(await report_rows(service, archived(service))) == 1


async def test_late_printers_change_the_rows_of_days_that_are_over(service: Service) -> None:
    service.emulator.settings.report_late_share = 1.0
    await print_once(service)
    assert await report_rows(service, "dailyPrintUsageByUser") == []
    service.emulator.clock.advance(timedelta(days=6))
    (row,) = await report_rows(service, "dailyPrintUsageByUser")
    assert row["usageDate"] == "2026-03-20"


async def test_a_scripted_correction_changes_a_day_when_its_time_comes(service: Service) -> None:
    await print_once(service)
    correction = {
        "date": "2026-03-20",
        "userPrincipalName": "anna@contoso.example",
        "printer": service.tenant.printer.display_name,
        "change": {"completedColorJobCount": 1, "colorPageCount": 4, "doubleSidedSheetCount": 2},
        "afterSeconds": 86_400,
    }
    assert (await service.http.post("/emulator/reports/corrections", json=correction)).status_code == 200
    before = {
        series: await report_rows(service, series) for series in ("dailyPrintUsageByUser", "monthlyPrintUsageByPrinter")
    }
    service.emulator.clock.advance(timedelta(days=1))
    for series, (old,) in before.items():
        (new,) = await report_rows(service, series)
        changed = {name: new[name] - old[name] for name in new if new[name] != old[name]}
        assert changed == {
            "completedJobCount": 1,
            "completedColorJobCount": 1,
            "pageCount": 4,
            "colorPageCount": 4,
            "mediaSheetCount": 2,
            "doubleSidedSheetCount": 2,
        }


@pytest.mark.parametrize(
    "wrong",
    [
        {"change": {}},
        {"change": {"pageCount": 1}},
        {"change": {"colorPageCount": 0.5}},
        {"printer": "nowhere"},
        {"userPrincipalName": "nobody@contoso.example"},
        {"date": "yesterday"},
        {"afterSeconds": -1},
        {"more": 1},
    ],
)
async def test_a_correction_that_makes_no_sense_is_refused(service: Service, wrong: dict[str, Any]) -> None:
    right = {
        "date": "2026-03-20",
        "userPrincipalName": "anna@contoso.example",
        "printer": service.tenant.printer.id,
        "change": {"colorPageCount": 1},
    }
    assert (await service.http.post("/emulator/reports/corrections", json={**right, **wrong})).status_code == 400
    assert service.emulator.reports.corrections == []


async def test_archived_jobs_are_asked_for_by_printer_user_or_group(service: Service) -> None:
    job_id = await print_once(service, copies=2)
    (job,) = await report_rows(service, archived(service))
    assert job["id"] == job_id
    assert (job["processingState"], job["acquiredByPrinter"], job["copiesPrinted"]) == ("completed", True, 2)
    assert job["createdBy"]["userPrincipalName"] == "anna@contoso.example"
    tenant = service.tenant
    for path, count in (
        (f"getUserArchivedPrintJobs(userId='{tenant.anna.id}',startDateTime=null,endDateTime=null)", 1),
        (f"getUserArchivedPrintJobs(userId='{tenant.bruno.id}',startDateTime=null,endDateTime=null)", 0),
        (f"getGroupArchivedPrintJobs(groupId='{tenant.staff.id}',startDateTime=null,endDateTime=null)", 0),
    ):
        assert len(await report_rows(service, path)) == count
    tenant.anna.groups.add(tenant.staff.id)
    group = f"getGroupArchivedPrintJobs(groupId='{tenant.staff.id}',startDateTime=null,endDateTime=null)"
    assert await report_rows(service, group) == [job]


async def test_both_ends_of_the_time_are_inclusive_and_in_any_zone(service: Service) -> None:
    await print_once(service)
    for start, end, count in (
        ("2026-03-20T12:00:00Z", "2026-03-20T12:00:00Z", 1),
        ("2026-03-20T14:00:00%2B02:00", "null", 1),
        ("null", "2026-03-20T11:59:59.999Z", 0),
        ("2026-03-20T12:00:01Z", "null", 0),
        (quote("2026-03-20T00:00:00+00:00"), quote("2026-03-21T00:00:00+00:00"), 1),
    ):
        assert len(await report_rows(service, archived(service, start, end))) == count


async def test_arguments_that_are_missing_or_malformed_are_refused(service: Service) -> None:
    printer = service.tenant.printer.id
    for path in (
        archived(service, "2026-03-20"),
        archived(service, "'2026-03-20T12:00:00Z'"),
        archived(service, "2026-03-20T12:00:00"),
        archived(service, "2026-02-30T12:00:00Z"),
        archived(service, "2026-03-21T00:00:00Z", "2026-03-20T00:00:00Z"),
        f"getPrinterArchivedPrintJobs(printerId='{printer}')",
        f"getPrinterArchivedPrintJobs(printerId='{printer}',startDateTime=null)",
        f"getPrinterArchivedPrintJobs(printerId={printer},startDateTime=null,endDateTime=null)",
        f"{archived(service)}?$top=5",
    ):
        await report(service, path, 400)
    await report(service, archived(service, printer="00000000-0000-0000-0000-000000000000"), 404)


async def test_invented_archived_jobs_fit_the_invented_usage(service: Service) -> None:
    service.emulator.settings.report_page_size = 200
    plan = HistoryPlan(date(2026, 1, 5), date(2026, 1, 11), people=10, printers=2, seed=3)
    service.emulator.reports.add_history(plan)
    for row in await report_rows(service, "monthlyPrintUsageByPrinter"):
        jobs = await report_rows(service, archived(service, printer=row["printerId"]))
        assert len({job["id"] for job in jobs}) == len(jobs)
        completed = [job for job in jobs if job["processingState"] == "completed"]
        assert (len(completed), len(jobs) - len(completed)) == (row["completedJobCount"], row["incompleteJobCount"])
        assert all(job["printerName"] is None for job in jobs)
        service.emulator.settings.undocumented_members = True
        jobs = await report_rows(service, archived(service, printer=row["printerId"]))
        assert all(job["printerName"] == row["printerName"] for job in jobs)
        service.emulator.settings.undocumented_members = False


async def test_a_past_is_invented_and_taken_back_over_the_control_interface(service: Service) -> None:
    body = {"since": "2026-01-01", "until": "2026-01-31", "seed": 5, "people": 8, "printers": 2, "colour": 1}
    refused = await service.http.post("/emulator/reports/history", json=body)
    assert refused.status_code == 400
    assert "colour" in refused.json()["error"]["message"]
    del body["colour"]
    made = (await service.http.post("/emulator/reports/history", json=body)).json()
    assert len(made["people"]) == 8
    first = await report_rows(service, "monthlyPrintUsageByUser")
    assert {row["userPrincipalName"] for row in first} == set(made["people"])
    await service.http.delete("/emulator/reports/history")
    assert await report_rows(service, "monthlyPrintUsageByUser") == []
    await service.http.post("/emulator/reports/history", json=body)
    assert await report_rows(service, "monthlyPrintUsageByUser") == first


async def test_a_past_without_end_goes_on_with_the_clock(service: Service) -> None:
    service.emulator.reports.add_history(HistoryPlan(date(2026, 3, 16), people=10, printers=2))
    before = {row["usageDate"] for row in await report_rows(service, "dailyPrintUsageByPrinter")}
    service.emulator.clock.advance(timedelta(days=7))
    after = {row["usageDate"] for row in await report_rows(service, "dailyPrintUsageByPrinter")}
    assert max(before) == "2026-03-20"
    assert "2026-03-26" in after
