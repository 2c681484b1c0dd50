"""Microsoft's own client reads the reports with a person's token, page by page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from kiota_abstractions.api_error import APIError
from kiota_abstractions.authentication import AnonymousAuthenticationProvider
from msgraph.generated.models.print_usage_by_user import PrintUsageByUser
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_service_client import GraphServiceClient
from msgraph_core.tasks.page_iterator import PageIterator

from emulator.universal_print.clock import Clock
from emulator.universal_print.reports.history import HistoryPlan
from tests.support.emulated_reports import READ, report_rows, reporting_tenant
from tests.support.emulated_service import Service, quick_settings, running_service

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
PLAN = HistoryPlan(date(2026, 2, 1), date(2026, 2, 28), people=12, printers=3)


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    settings = quick_settings(report_page_size=50)
    async with running_service(tmp_path, reporting_tenant(Clock(lambda: NOW)), settings) as running:
        running.emulator.reports.add_history(PLAN)
        yield running


@pytest.fixture
async def sdk(service: Service) -> GraphServiceClient:
    service.http.headers.update(await service.bearer(None, READ))
    adapter = GraphRequestAdapter(AnonymousAuthenticationProvider(), client=service.http)
    adapter.base_url = f"{service.url}/v1.0"
    return GraphServiceClient(request_adapter=adapter)


async def read_all(sdk: GraphServiceClient) -> list[PrintUsageByUser]:
    builder = sdk.reports.daily_print_usage_by_user
    rows: list[PrintUsageByUser] = []
    page = await builder.get()
    while page is not None:
        rows += page.value or []
        page = await builder.with_url(page.odata_next_link).get() if page.odata_next_link else None
    return rows


async def test_the_sdk_reads_all_pages_by_their_links(service: Service, sdk: GraphServiceClient) -> None:
    rows = await read_all(sdk)
    expected = await report_rows(service, "dailyPrintUsageByUser")
    assert len(expected) > 150
    assert [(row.id, str(row.usage_date), row.user_principal_name, row.page_count) for row in rows] == [
        (row["id"], row["usageDate"], row["userPrincipalName"], row["pageCount"]) for row in expected
    ]


async def test_the_page_iterator_of_the_sdk_stops_at_an_empty_page(service: Service, sdk: GraphServiceClient) -> None:
    def keep(row: PrintUsageByUser) -> bool:
        seen.append(str(row.id))
        return True

    for empty_pages, whole in ((True, False), (False, True)):
        service.emulator.settings.empty_pages = empty_pages
        seen: list[str] = []
        first = await sdk.reports.daily_print_usage_by_user.get()
        assert first is not None
        await PageIterator(first, sdk.request_adapter).iterate(keep)
        assert (len(seen) == len(await report_rows(service, "dailyPrintUsageByUser"))) is whole


async def test_the_sdk_finds_one_summary(sdk: GraphServiceClient) -> None:
    (row, *_) = await read_all(sdk)
    assert row.id is not None
    alone = await sdk.reports.daily_print_usage_by_user.by_print_usage_by_user_id(row.id).get()
    assert alone is not None
    assert alone.completed_job_count == row.completed_job_count


async def test_the_sdk_asks_for_archived_jobs_by_a_written_address_alone(
    service: Service, sdk: GraphServiceClient
) -> None:
    ask = sdk.reports.get_printer_archived_print_jobs_with_printer_id_with_start_date_time_with_end_date_time
    printer = service.tenant.printer.id
    builder = ask(datetime(2026, 2, 4, tzinfo=UTC), printer, datetime(2026, 2, 3, tzinfo=UTC))
    # Its template engine (std-uritemplate) loses the commas between the arguments.
    with pytest.raises(APIError) as refused:
        await builder.get()
    assert refused.value.response_status_code == 400
    times = "startDateTime=2026-02-03T00:00:00Z,endDateTime=2026-02-04T00:00:00Z"
    address = f"{service.url}/v1.0/reports/getPrinterArchivedPrintJobs(printerId='{printer}',{times})"
    page = await builder.with_url(address).get()
    assert page is not None
    assert page.value
    assert {job.created_date_time.date() for job in page.value if job.created_date_time} == {date(2026, 2, 3)}


async def test_the_app_on_its_own_reads_nothing(service: Service, sdk: GraphServiceClient) -> None:
    service.http.headers.update(await service.app_bearer())
    with pytest.raises(APIError) as refused:
        await sdk.reports.monthly_print_usage_by_printer.get()
    assert refused.value.response_status_code == 403
