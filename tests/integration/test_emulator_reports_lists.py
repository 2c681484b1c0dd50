"""Usage lists as the service documents them: who may read them, what a row says, how pages follow each other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from emulator.universal_print.clock import Clock
from emulator.universal_print.reports.history import HistoryPlan
from tests.support.emulated_reports import report, report_pages, report_rows, reporting_tenant
from tests.support.emulated_service import Service, quick_settings, running_service

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
PLAN = HistoryPlan(date(2026, 1, 1), date(2026, 2, 28), seed=7, people=12, printers=3, silent_printers=1)
SERIES = ("dailyPrintUsageByUser", "dailyPrintUsageByPrinter", "monthlyPrintUsageByUser", "monthlyPrintUsageByPrinter")
COUNTS = ("completedJobCount", "incompleteJobCount", "pageCount", "colorPageCount", "mediaSheetCount")


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    tenant = reporting_tenant(Clock(lambda: NOW))
    async with running_service(tmp_path, tenant, quick_settings()) as running:
        running.emulator.reports.add_history(PLAN)
        yield running


def totals(values: list[dict[str, Any]]) -> dict[str, int]:
    return {name: sum(row[name] or 0 for row in values) for name in COUNTS}


async def test_every_series_adds_up_to_the_same(service: Service) -> None:
    found = {series: await report_rows(service, series) for series in SERIES}
    sums = [totals(values) for values in found.values()]
    assert sums[0]["completedJobCount"] > 500
    assert all(entry == sums[0] for entry in sums)
    assert all(len({row["id"] for row in values}) == len(values) for values in found.values())
    assert {row["usageDate"] for row in found["monthlyPrintUsageByUser"]} == {"2026-01-01", "2026-02-01"}


@pytest.mark.parametrize("series", SERIES)
async def test_one_summary_is_found_by_its_id(service: Service, series: str) -> None:
    first = (await report(service, series))["value"][0]
    alone = await report(service, f"{series}/{first['id']}")
    assert {name: value for name, value in alone.items() if name != "@odata.context"} == first
    await report(service, f"{series}/20260101{'0' * 24}", 404)
    await report(service, f"{series}/no-id", 404)


async def test_a_row_says_what_its_parts_add_up_to(service: Service) -> None:
    for row in await report_rows(service, "dailyPrintUsageByPrinter"):
        assert row["completedJobCount"] == row["completedBlackAndWhiteJobCount"] + row["completedColorJobCount"]
        if row["pageCount"] is not None:
            assert row["pageCount"] == row["blackAndWhitePageCount"] + row["colorPageCount"]
            assert row["mediaSheetCount"] == row["singleSidedSheetCount"] + row["doubleSidedSheetCount"]
            assert row["pageCount"] == row["singleSidedSheetCount"] + 2 * row["doubleSidedSheetCount"]


async def test_a_printer_that_reports_no_pages_has_none_rather_than_zero(service: Service) -> None:
    found = await report_rows(service, "monthlyPrintUsageByPrinter")
    silent = [row for row in found if row["pageCount"] is None]
    assert len({row["printerId"] for row in silent}) == 1
    assert all(row["completedJobCount"] > 0 and row["mediaSheetCount"] is None for row in silent)


async def test_pages_are_followed_by_their_links_alone(service: Service) -> None:
    service.emulator.settings.report_page_size = 50
    found = await report_pages(service, "dailyPrintUsageByUser")
    assert [len(page) for page in found[:3]] == [50, 0, 50]
    days = [row["usageDate"] for page in found for row in page]
    assert days != sorted(days)
    body = await report(service, "dailyPrintUsageByUser")
    link = body["@odata.nextLink"]
    assert await report(service, link) == await report(service, link)
    await report(service, link.replace("dailyPrintUsageByUser", "dailyPrintUsageByPrinter"), 400)
    await report(service, link[:-3], 400)


@pytest.mark.parametrize("option", ["$top=5", "$orderby=usageDate", "$select=id", "$count=true", "$skip=1"])
async def test_options_that_no_page_shows_are_refused(service: Service, option: str) -> None:
    await report(service, f"dailyPrintUsageByUser?{option}", 400)


async def test_filters_are_refused_taken_or_ignored_as_the_settings_say(service: Service) -> None:
    wanted = (
        "dailyPrintUsageByUser?$filter=completedJobCount gt 0 and usageDate ge 2026-02-03T00:00:00Z "
        "and usageDate lt 2026-02-05T00:00:00Z"
    )
    await report(service, wanted, 400)
    service.emulator.settings.report_filters = "published"
    service.emulator.settings.report_page_size = 3
    found = await report_rows(service, wanted)
    assert {row["usageDate"] for row in found} == {"2026-02-03", "2026-02-04"}
    assert all(row["completedJobCount"] > 0 for row in found)
    for other in ("usageDate eq 2026-02-01", "usageDate ge 2026-02-01", "pageCount gt 0", "usageDate le 2026"):
        await report(service, f"dailyPrintUsageByUser?$filter={other}", 400)
    service.emulator.settings.report_filters = "ignored"
    service.emulator.settings.report_page_size = 1000
    assert len(await report_rows(service, wanted)) == len(await report_rows(service, "dailyPrintUsageByUser"))


async def test_reports_are_for_people_with_the_permission_alone(service: Service) -> None:
    for headers in (await service.app_bearer(), await service.bearer(None, "User.Read")):
        answer = await service.http.get("/v1.0/reports/dailyPrintUsageByUser", headers=headers)
        assert answer.status_code == 403


async def test_more_requests_than_the_ceiling_wait_as_long_as_they_are_told(tmp_path: Path) -> None:
    clock = Clock(lambda: NOW)
    tenant = reporting_tenant(clock)
    settings = quick_settings()
    settings.limits.report_requests = [(2, timedelta(minutes=10))]
    async with running_service(tmp_path, tenant, settings) as service:
        headers = await service.bearer(None, "Reports.Read.All")
        seen = []
        for _ in range(4):
            answer = await service.http.get("/v1.0/reports/dailyPrintUsageByUser", headers=headers)
            seen.append((answer.status_code, answer.headers.get("Retry-After")))
            clock.advance(timedelta(minutes=1))
        assert [status for status, _ in seen] == [200, 200, 429, 429]
        assert [wait for _, wait in seen[2:]] == ["540", "540"]
        clock.advance(timedelta(seconds=480))
        answer = await service.http.get("/v1.0/reports/dailyPrintUsageByUser", headers=headers)
        assert answer.status_code == 200
