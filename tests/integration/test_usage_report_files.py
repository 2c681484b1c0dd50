"""From exported partitions and the ledger to the files of a report, on a real storage service."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import azure.functions as func
import pytest

from emulator.azurite import StorageAccount
from functions import usage_report
from shared.catalog import parse_catalog
from shared.ledger import LedgerRow, LedgerWriter
from shared.ledger_export import LEDGER, export_ledger
from shared.names import USAGE
from shared.usage.partitions import read_partition, write_partition
from shared.usage.series import (
    COUNTERS,
    DAILY_BY_PRINTER,
    DAILY_BY_USER,
    MONTHLY_BY_PRINTER,
    MONTHLY_BY_USER,
    SERIES,
    Series,
)
from shared.usage.services import UsageServices
from shared.usage.tables import day_key, month_key
from shared.usage.watermark import SeriesState, encode_state, state_path
from shared.usage_report.cost_tables import COST_BY_CENTER, COST_BY_PRINTER, COST_BY_USER
from shared.usage_report.serving import answer_report
from shared.usage_report.writing import LATEST, figures_path, report_path, write_reports
from tests.support.clock import Clock
from tests.support.usage_history import ledger_row
from tests.support.usage_world import blobs, usage_storage

OCTOBER, NOVEMBER, UNTIL = date(2026, 10, 1), date(2026, 11, 1), date(2026, 11, 10)
PRICES = {"currency": "EUR", "perSheet": "0.01", "perBlackPage": "0.01", "perColorPage": "0.10"}
CATALOG: dict[str, Any] = {
    "version": 1,
    "shares": [],
    "priceList": {**PRICES, "printers": [{"printerId": "p2", "perColorPage": "0.20"}]},
    "costCenters": [{"name": "Sales", "users": ["ann@contoso.example"]}],
    "licencePool": {"jobsPerMonth": 1000},
}
# Pages black, in colour; sheets; jobs.
OF_PRINTERS = {"p1": (60, 20, 50, 8), "p2": (10, 10, 15, 4)}
OF_PEOPLE = {"ann@contoso.example": (40, 20, 40, 7), "bob@contoso.example": (30, 10, 25, 5)}


def usage_row(day: date, who: tuple[str, ...], counts: tuple[int, int, int, int], times: int) -> tuple[object, ...]:
    black, color, sheets, jobs = (count * times for count in counts)
    values = {
        "completedJobCount": jobs,
        "completedBlackAndWhiteJobCount": jobs,
        "completedColorJobCount": 0,
        "incompleteJobCount": times,
        "pageCount": black + color,
        "blackAndWhitePageCount": black,
        "colorPageCount": color,
        "mediaSheetCount": sheets,
    }
    return (day, *who, *(values.get(name) for name in COUNTERS))


async def fill(services: UsageServices, series: Series, day: date, times: int) -> None:
    by_user = series in (DAILY_BY_USER, MONTHLY_BY_USER)
    rows = [
        usage_row(day, (key,) if by_user else (key, f"Printer {key}"), counts, times)
        for key, counts in (OF_PEOPLE if by_user else OF_PRINTERS).items()
    ]
    key = (day_key if series.table.partition == "day" else month_key)(day)
    await write_partition(series.table, key, iter(rows), services=services)


async def exported(services: UsageServices) -> None:
    """October as a month with twenty days in it, and the working days of November up to UNTIL."""
    for series in (MONTHLY_BY_PRINTER, MONTHLY_BY_USER):
        await fill(services, series, OCTOBER, 20)
        # Read while the month was not over: it must not count.
        await fill(services, series, NOVEMBER, 1)
    for series in (DAILY_BY_PRINTER, DAILY_BY_USER):
        for number in range(1, UNTIL.day + 1):
            day = NOVEMBER.replace(day=number)
            if day.weekday() < 5:
                await fill(services, series, day, 1)
    for series in SERIES:
        state = SeriesState(through=UNTIL)
        await services.state.create(state_path(series.name), encode_state(state))
    chance = random.Random(3)  # noqa: S311 - no secret hangs on it
    for number in range(60):
        await LedgerWriter(services.ledger).write(ledger_row(OCTOBER, number, chance))


@pytest.fixture
async def services(storage_account: StorageAccount) -> AsyncIterator[UsageServices]:
    clock = Clock(datetime(2026, 11, 11, 3, 15, tzinfo=UTC))
    catalog = parse_catalog(json.dumps(CATALOG).encode())
    async with usage_storage(storage_account, clock, catalog=catalog) as built:
        yield built


async def figures(services: UsageServices, month: date) -> Any:
    download = await services.container.download_blob(figures_path(month))
    return json.loads(await download.readall())


async def test_reports_are_made_of_whole_months_and_of_the_days_of_the_one_that_is_not_over(
    services: UsageServices,
) -> None:
    await exported(services)

    results = await write_reports(services, OCTOBER, UNTIL)

    assert [(result.month, result.changed) for result in results] == [(OCTOBER, True), (NOVEMBER, True)]
    october, november = await figures(services, OCTOBER), await figures(services, NOVEMBER)
    assert (october["complete"], october["until"], october["total"]["pageCount"]) == (True, "2026-10-31", 2000)
    assert (november["complete"], november["until"]) == (False, "2026-11-10")
    assert november["total"]["pageCount"] == 7 * 100, "seven working days, not the month's partition read too early"
    assert november["previousMonth"]["pageCount"] == 2000
    assert [day["usage"]["completedJobCount"] for day in november["days"]] == [0, *[12] * 5, 0, 0, 12, 12]
    assert sum(october["documents"]["dropped"].values()) + sum(october["documents"]["held"].values()) == 60
    # 1400 black, 600 colour, 1300 sheets, of which 200 colour pages on p2 at twice the price.
    assert october["cost"]["total"] == "107.00"
    assert [(line["name"], line["cost"]) for line in october["cost"]["costCenters"]] == [
        ("Sales", "56.00"),
        (None, "31.00"),
    ]
    assert october["cost"]["printersWithOwnPrices"] == "20.00"
    rows = [row async for row in read_partition(COST_BY_CENTER, "2026-10", services=services)]
    assert [(row["line"], row["costCenter"], row["cost"]) for row in rows] == [
        ("center", "Sales", Decimal(56)),
        ("printers", None, Decimal(20)),
        ("unassigned", None, Decimal(31)),
    ]
    printers = [row async for row in read_partition(COST_BY_PRINTER, "2026-10", services=services)]
    assert [(row["printerId"], row["currency"], row["cost"]) for row in printers] == [
        ("p1", "EUR", Decimal(62)),
        ("p2", "EUR", Decimal(45)),
    ]
    people = [row async for row in read_partition(COST_BY_USER, "2026-10", services=services)]
    assert [(row["userPrincipalName"], row["costCenter"], row["cost"]) for row in people] == [
        ("ann@contoso.example", "Sales", Decimal(56)),
        ("bob@contoso.example", None, Decimal(31)),
    ]


async def test_the_latest_report_is_that_of_the_newest_month_and_a_second_run_changes_nothing(
    services: UsageServices,
) -> None:
    await exported(services)
    await write_reports(services, OCTOBER, UNTIL)
    before = await blobs(services)
    assert before[LATEST] == before[report_path(NOVEMBER)]

    results = await write_reports(services, OCTOBER, UNTIL)

    assert [result.changed for result in results] == [False, False]
    assert await blobs(services) == before


async def test_before_the_first_export_there_is_no_report(services: UsageServices) -> None:
    assert await write_reports(services, OCTOBER, UNTIL) == []
    assert await blobs(services) == {}


async def test_with_pseudonyms_costs_find_their_centre_and_no_name_or_document_is_exported(
    storage_account: StorageAccount,
) -> None:
    clock = Clock(datetime(2026, 11, 11, 3, 15, tzinfo=UTC))
    catalog = parse_catalog(json.dumps(CATALOG).encode())
    async with usage_storage(storage_account, clock, pseudonyms=True, catalog=catalog) as services:
        await exported(services)
        row = LedgerRow(
            "one",
            "drop",
            "2026-10-05T10:00:00.000Z",
            "failed",
            "shareUnknown",
            "There is no share 'anns-payslip'.",
            person="print1@contoso.example",
            on_behalf_of="ann@contoso.example",
            document="anns-payslip/may.pdf",
        )
        await LedgerWriter(services.ledger).write(row)
        await export_ledger(services, OCTOBER, UNTIL)
        await write_reports(services, OCTOBER, UNTIL)

        october = await figures(services, OCTOBER)
        assert [line["cost"] for line in october["cost"]["costCenters"]] == ["56.00", "31.00"]
        everything = b"".join((await blobs(services)).values())
        for secret in (b"ann@contoso", b"bob@contoso", b"print1@contoso", b"payslip"):
            assert secret not in everything
        assert services.pseudonyms is not None
        assert services.pseudonyms.of("ann@contoso.example").encode() in everything


async def test_the_ledger_is_exported_once_for_each_document_on_the_day_of_its_end(services: UsageServices) -> None:
    writer = LedgerWriter(services.ledger)
    row = LedgerRow(
        "a",
        "drop",
        "2026-11-05T23:59:59.999Z",
        "completed",
        "completed",
        "The printer finished the job.",
        person="print1@contoso.example",
        document="office/=cmd|' /C calc'!A0.pdf",
        bytes=1234,
        begun="2026-11-05T23:59:00.000Z",
        states=({"state": "completed", "details": "", "at": "2026-11-05T23:59:30.500Z"},),
    )
    for entry in (row, row, LedgerRow("b", "tap", "2026-11-06T00:00:00.000Z", "expired", "expired", "Nobody came.")):
        await writer.write(entry)

    results = await export_ledger(services, NOVEMBER, UNTIL)

    assert [(result.key, result.rows) for result in results] == [("2026-11-05", 1), ("2026-11-06", 1)]
    (first,) = [row async for row in read_partition(LEDGER, "2026-11-05", services=services)]
    assert (first["id"], first["bytes"], first["secondsToPaper"]) == ("a", 1234, 30.5)
    assert first["accepted"] == datetime(2026, 11, 5, 23, 59, tzinfo=UTC)
    assert json.loads(first["states"])[0]["state"] == "completed"
    assert [result.changed for result in await export_ledger(services, NOVEMBER, UNTIL)] == [False, False]
    assert await export_ledger(services, UNTIL + timedelta(days=1), UNTIL + timedelta(days=9)) == []


async def test_the_function_answers_with_the_month_of_its_route(
    services: UsageServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    await exported(services)
    await write_reports(services, OCTOBER, UNTIL)

    async def ready() -> Any:
        return SimpleNamespace(storage=SimpleNamespace(container=lambda name: {USAGE: services.container}[name]))

    monkeypatch.setattr("shared.services.services", ready)
    function: Any = usage_report.usage_report
    statuses = {}
    for month in ("2026-10", "2025-10", "october"):
        request = func.HttpRequest("GET", f"/api/usage/{month}", route_params={"month": month}, body=b"")
        statuses[month] = (await function.build().get_user_function()(request)).status_code
    assert statuses == {"2026-10": 200, "2025-10": 404, "october": 400}


async def test_a_report_is_served_with_a_policy_under_which_nothing_could_run(services: UsageServices) -> None:
    await exported(services)
    await write_reports(services, OCTOBER, UNTIL)

    for month in ("2026-10", "latest"):
        answer = await answer_report(month, services.container)
        assert answer.status_code == 200
        assert answer.mimetype == "text/html"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'"
        assert answer.headers["Cache-Control"] == "no-store"
        assert b"Print report for" in answer.get_body()
    assert (await answer_report("2024-02", services.container)).status_code == 404


@pytest.mark.parametrize(
    "month",
    [
        "",
        "2026-13",
        "2026-1",
        "0000-01",
        "../latest",
        "2026-10/..",
        "LATEST",
        "2026-10 ",
        "\N{FULLWIDTH DIGIT TWO}026-10",
        "2026-10\n",
    ],
)
async def test_what_is_no_month_is_refused_and_not_looked_up(month: str) -> None:
    nothing: Any = None
    answer = await answer_report(month, nothing)
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"
    assert json.loads(answer.get_body())["status"] == 400
