"""The export of usage against the emulator: what is read, what is written, and what heals by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from emulator.azurite import StorageAccount
from emulator.universal_print.faults import Fault
from shared.errors import GraphDenied
from shared.graph.reports_client import Page
from shared.usage.claimed_series import ClaimedSeries
from shared.usage.everything import go_on
from shared.usage.manifest import Run
from shared.usage.pending import export_alert, read_pending
from shared.usage.series import (
    ARCHIVED_JOBS,
    DAILY_BY_PRINTER,
    DAILY_BY_USER,
    MONTHLY_BY_USER,
    SERIES,
)
from shared.usage.watermark import Span, decode_state, state_path
from tests.support.emulated_reports import report_rows
from tests.support.usage_emulator import PLAN, ReportTokens, UsageWorld, of, usage_world
from tests.support.usage_world import BOUNDS


async def through(world: UsageWorld, name: str) -> date | None:
    stored = await world.services.state.read(state_path(name))
    return decode_state(stored.content).through if stored else None


async def test_every_series_says_what_graph_says(storage_account: StorageAccount, tmp_path: Path) -> None:
    async with usage_world(storage_account, tmp_path) as world:
        run = await world.run()
        assert [one.ending for one in run.series] == ["done"] * len(SERIES)
        for series in (DAILY_BY_USER, DAILY_BY_PRINTER):
            asked = await report_rows(world.service, str(series.report))
            days = {row["usageDate"] for row in asked if row["usageDate"] < "2026-03-20"}
            found = [row for day in days for row in await world.rows(series, day)]
            names = [name for name in series.table.names if name != "usageDate"]
            assert sorted((str(row["usageDate"]), *(str(row[name]) for name in names)) for row in found) == sorted(
                (row["usageDate"], *(str(row[name]) for name in names)) for row in asked if row["usageDate"] in days
            )
        assert {row["usageDate"] for row in await world.rows(MONTHLY_BY_USER, "2026-03")} == {date(2026, 3, 1)}
        jobs = await world.rows(ARCHIVED_JOBS, "2026-03-18")
        assert len({row["printerId"] for row in jobs}) == 3
        assert {row["createdDateTime"].date() for row in jobs} == {date(2026, 3, 18)}
        assert await through(world, "daily-by-user") == date(2026, 3, 19)


async def test_the_same_run_twice_gives_the_same_bytes(storage_account: StorageAccount, tmp_path: Path) -> None:
    async with usage_world(storage_account, tmp_path) as world:
        world.emulator.settings.report_page_size = 30
        await world.run()
        before = await world.files()
        world.emulator.settings.report_page_size = 47
        run = await world.run()
        assert of(run, DAILY_BY_USER).rows > 20
        assert [one.changed for one in run.series] == [[]] * len(SERIES)
        assert await world.files() == before
        days = [key.split("=")[1][:10] for key in before if key.startswith("daily-by-user/")]
        await world.run(span=Span(date.fromisoformat(min(days)), date.fromisoformat(max(days))))
        assert await world.files() == before


async def test_an_outage_of_a_week_heals_at_the_next_run(storage_account: StorageAccount, tmp_path: Path) -> None:
    async with usage_world(storage_account, tmp_path / "a") as world:
        await world.run()
        world.clock.advance(timedelta(days=9).total_seconds())
        run = await world.run()
        assert of(run, DAILY_BY_USER).spans[0].first == date(2026, 3, 20)
        assert of(run, DAILY_BY_USER).spans[-1].last == date(2026, 3, 28)
        healed = {key for key in await world.files() if "date=2026-03-2" in key and key.startswith("daily-by-user/")}
        # Of the nine days two are a weekend, on which the few people of this tenant may have printed nothing.
        assert len(healed) >= 7
        assert await through(world, "daily-by-user") == date(2026, 3, 28)


async def test_a_late_correction_is_written_and_told(storage_account: StorageAccount, tmp_path: Path) -> None:
    async with usage_world(storage_account, tmp_path, plan=replace(PLAN, late=0.0, silent_printers=0)) as world:
        await world.run()
        day = date(2026, 3, 17)
        (row, *_) = await world.rows(DAILY_BY_USER, day.isoformat())
        printer = next(world.emulator.reports.histories[0].printers)
        world.emulator.reports.correct(
            day, row["userPrincipalName"], printer.id, {"colorPageCount": 40, "singleSidedSheetCount": 40}
        )
        world.clock.advance(86_400)
        await world.run()
        changed = [one for one in (await world.manifests())[-1]["series"][0]["partitions"] if one["changed"]]
        told = next(one for one in changed if one["key"] == day.isoformat())
        assert told["totals"]["colorPageCount"] - told["before"]["totals"]["colorPageCount"] == 40
        (after, *_) = await world.rows(DAILY_BY_USER, day.isoformat())
        assert after["colorPageCount"] - (row["colorPageCount"] or 0) == 40


async def test_throttling_ends_the_run_and_the_next_goes_on(storage_account: StorageAccount, tmp_path: Path) -> None:
    async with usage_world(storage_account, tmp_path, throttled=True) as world:
        world.emulator.settings.limits.report_requests = [(7, timedelta(minutes=10))]
        world.emulator.settings.report_page_size = 8
        runs = await world.run_to_the_end(series=(DAILY_BY_USER, ARCHIVED_JOBS))
        assert len(runs) > 3
        assert of(runs[0], DAILY_BY_USER).ending == "waiting"
        assert 500 < (runs[0].wait or 0) <= 600
        # No page was read twice, but for the one that the limit refused.
        refused = len(runs) - 1
        assert len(world.asked) - len(set(world.asked)) <= refused + 2
        assert [key async for key in world.services.state.list_paths("exports/spool/")] == []
        files = await world.files()
    async with usage_world(storage_account, tmp_path / "free") as world:
        world.clock.advance(60 * 60)
        await world.run(series=(DAILY_BY_USER, ARCHIVED_JOBS), span=Span(date(2026, 3, 6), date(2026, 3, 19)))
        assert await world.files() == files


@pytest.mark.parametrize("action", ["status", "dropAfter"])
async def test_trouble_of_graph_ends_one_series_and_the_other_timer_goes_on_at_the_page_where_it_was(
    storage_account: StorageAccount, tmp_path: Path, action: Any
) -> None:
    async with usage_world(storage_account, tmp_path) as world:
        world.emulator.settings.report_page_size = 8
        world.emulator.settings.report_filters = "published"
        world.emulator.faults.add(Fault(action, "*", path="dailyPrintUsageByUser", skip=2, count=BOUNDS.graph_attempts))
        run = await world.run()
        assert [one.ending for one in run.series] == ["waiting", "done", "done", "done", "done"]
        assert (run.failure, run.wait) == (None, 60)
        assert run.waiting is not None
        assert "read report" in run.waiting.reason

        world.asked.clear()
        world.clock.advance(15 * 60)
        run = await world.run(resumes=True)
        assert of(run, DAILY_BY_USER).ending == "done"
        assert "skiptoken" in world.asked[0].lower()
        assert await through(world, "daily-by-user") == date(2026, 3, 19)


async def test_the_other_timer_goes_on_when_the_wait_is_over(storage_account: StorageAccount, tmp_path: Path) -> None:
    async with usage_world(storage_account, tmp_path, throttled=True) as world:
        world.emulator.settings.limits.report_requests = [(12, timedelta(minutes=10))]
        assert await go_on(world.services) is None
        assert (await world.run()).wait is not None
        assert await go_on(world.services) is None
        for _ in range(20):
            world.clock.advance(15 * 60)
            run = await go_on(world.services)
            if run is None:
                break
        assert [await through(world, series.name) for series in SERIES] == [date(2026, 3, 19)] * len(SERIES)
        assert "report/latest.html" in await world.files()


async def test_a_refused_filter_is_tried_once_in_each_form(storage_account: StorageAccount, tmp_path: Path) -> None:
    async with usage_world(storage_account, tmp_path) as world:
        await world.run(series=(DAILY_BY_USER,))
        assert sum("$filter" in address for address in world.asked) == 2
        world.asked.clear()
        run = await world.run(series=(DAILY_BY_USER,))
        assert of(run, DAILY_BY_USER).selection == "none"
        assert not any("$filter" in address for address in world.asked)


@pytest.mark.parametrize("mode", ["published", "ignored"])
async def test_filters_that_work_or_are_ignored_give_the_same_files(
    storage_account: StorageAccount, tmp_path: Path, mode: str
) -> None:
    async with usage_world(storage_account, tmp_path) as world:
        world.emulator.settings.report_page_size = 40
        await world.run(series=SERIES[:4])
        before, asked = await world.files(), len(world.asked)
        for series in SERIES[:4]:
            await world.services.state.delete(state_path(series.name))
        world.emulator.settings.report_filters = mode  # type: ignore[assignment]
        run = await world.run(series=SERIES[:4])
        assert await world.files() == before
        assert of(run, DAILY_BY_USER).selection == ("dateTime" if mode == "published" else "none")
        assert asked > 0


async def test_a_run_that_lasts_too_long_leaves_the_rest(storage_account: StorageAccount, tmp_path: Path) -> None:
    async with usage_world(storage_account, tmp_path) as world:
        world.emulator.settings.report_page_size = 25

        def slow(*_: object) -> None:
            world.clock.advance(7 * 60)

        first = await world.run(progress=slow, series=(DAILY_BY_USER,))
        assert (of(first, DAILY_BY_USER).ending, first.wait) == ("waiting", 0)
        assert await world.files() == {}
        runs = await world.run_to_the_end(series=(DAILY_BY_USER,))
        assert of(runs[-1], DAILY_BY_USER).ending == "done"
        assert await through(world, "daily-by-user") == date(2026, 3, 19)


async def test_a_series_in_other_hands_is_left_alone(
    storage_account: StorageAccount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with usage_world(storage_account, tmp_path) as world:
        nested: list[Run] = []
        real = world.services.reports.page

        async def page(address: str) -> Page:
            if not nested:
                nested.append(await world.run(series=(DAILY_BY_USER,)))
            return await real(address)

        monkeypatch.setattr(world.services.reports, "page", page)
        run = await world.run(series=(DAILY_BY_USER,))
        assert of(run, DAILY_BY_USER).ending == "done"
        assert (of(nested[0], DAILY_BY_USER).ending, of(nested[0], DAILY_BY_USER).rows) == ("busy", 0)


async def test_a_dead_run_is_taken_over_when_its_claim_ends(
    storage_account: StorageAccount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with usage_world(storage_account, tmp_path) as world:

        def dies(*_: object) -> None:
            raise KeyboardInterrupt

        async def never(_: ClaimedSeries) -> None:
            """What a worker that was killed does of its own accord."""

        with monkeypatch.context() as patched:
            patched.setattr(ClaimedSeries, "release", never)
            with pytest.raises(KeyboardInterrupt):
                await world.run(progress=dies, series=(DAILY_BY_USER,))
        assert of(await world.run(series=(DAILY_BY_USER,), resumes=True), DAILY_BY_USER).ending == "busy"
        pending = await read_pending(world.services.state)
        assert pending is not None
        world.clock.advance(BOUNDS.usage_claim_seconds)
        run = await world.run(series=(DAILY_BY_USER,), resumes=True)
        assert (of(run, DAILY_BY_USER).ending, run.wait) == ("done", None)
        assert await read_pending(world.services.state) is None


async def test_a_printer_that_graph_does_not_know_is_passed_over(
    storage_account: StorageAccount, tmp_path: Path
) -> None:
    async with usage_world(storage_account, tmp_path) as world:
        catalog = await world.services.load_catalog()
        gone = replace(catalog.printers[0], id="00000000-0000-0000-0000-00000000dead")

        async def load_catalog() -> object:
            return replace(catalog, printers=(gone, *catalog.printers))

        world.services = replace(world.services, load_catalog=load_catalog)  # type: ignore[arg-type]
        run = await world.run(series=(ARCHIVED_JOBS,))
        assert of(run, ARCHIVED_JOBS).skipped_printers == [gone.id]
        assert len(of(run, ARCHIVED_JOBS).partitions) > 5


async def test_without_the_permission_the_run_fails_and_says_so(
    storage_account: StorageAccount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with usage_world(storage_account, tmp_path) as world:

        async def weak(_: ReportTokens, __: str) -> str:
            return (await world.service.bearer())["Authorization"].removeprefix("Bearer ")

        monkeypatch.setattr(ReportTokens, "access_token", weak)
        run = await world.run(series=(DAILY_BY_USER,))
        assert isinstance(run.failure, GraphDenied)
        pending = await read_pending(world.services.state)
        assert pending is not None
        assert export_alert(pending, world.clock.now()) == {}
        assert "usage-export" in export_alert(pending, world.clock.now() + timedelta(days=3))
        assert (await world.manifests())[-1]["series"][0]["ending"] == "failed"
        assert await world.files() == {}


async def test_pseudonyms_are_the_same_in_every_table(storage_account: StorageAccount, tmp_path: Path) -> None:
    async with usage_world(storage_account, tmp_path, pseudonyms=True) as world:
        people = [person.user_principal_name for person in world.emulator.reports.histories[0].people]
        await world.run()
        daily = {row["userPrincipalName"] for row in await world.rows(DAILY_BY_USER, "2026-03-18")}
        monthly = {row["userPrincipalName"] for row in await world.rows(MONTHLY_BY_USER, "2026-03")}
        assert daily <= monthly
        everything = b"".join((await world.files()).values()).lower()
        assert [name for name in people if name.partition("@")[0].lower().encode() in everything] == []
