"""Invented history: the same for the same seed, with the shape of an office, and cheap to hold."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from emulator.universal_print.demo import SEED
from emulator.universal_print.reports.history import History, HistoryPlan, plan_from_json
from emulator.universal_print.reports.sums import Sums
from emulator.universal_print.world import World

TODAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def history(**changes: Any) -> History:
    values: dict[str, Any] = {"since": date(2024, 1, 1), "until": date(2025, 12, 31), "people": 40, "printers": 6}
    return History(HistoryPlan(**values | changes), World("tenant"), timedelta())


def totals(sums: Sums) -> list[int]:
    return [sum(counts) for counts in zip(*(tally.counts for _, tally in sums.values()), strict=True)]


def test_the_same_seed_makes_the_same_past_whichever_day_is_asked_for_first() -> None:
    forward, backward, other = history(), history(), history(seed=2)
    days = [date(2024, 5, day) for day in (6, 7, 8)]
    made = {day: forward.records(day) for day in days}
    assert {day: backward.records(day) for day in reversed(days)} == made
    assert other.records(days[0]) != made[days[0]]


def test_people_print_on_working_days_and_less_in_summer_and_at_the_turn_of_the_year() -> None:
    past = history(growth=0.0, people=200)
    monday, sunday = len(past.records(date(2024, 3, 4))), len(past.records(date(2024, 3, 10)))
    august, holiday = len(past.records(date(2024, 8, 5))), len(past.records(date(2024, 12, 30)))
    assert monday > august > holiday
    assert monday > 10 * sunday


def test_a_growing_office_prints_more_every_year() -> None:
    past = history(growth=0.5)
    first, second = (totals(past.month("User", date(year, 3, 1), NOW)) for year in (2024, 2025))
    assert sum(second[:2]) > 1.2 * sum(first[:2])


def test_colour_takes_its_share_where_printers_have_colour() -> None:
    none, some = (totals(history(color=share).month("Printer", date(2024, 3, 1), NOW)) for share in (0.0, 0.6))
    assert none[1] == none[4] == 0
    assert 0.2 < some[1] / sum(some[:2]) < 0.6


def test_late_jobs_are_known_days_after_and_the_month_is_whole_then() -> None:
    past = history(late=0.5)
    month = date(2025, 12, 1)
    soon, later = (totals(past.month("User", month, datetime(2026, 1, day, tzinfo=UTC))) for day in (1, 9))
    assert sum(soon[:3]) < sum(later[:3])
    assert later == totals(past.month("User", month, NOW))


def test_a_day_names_nobody_twice_and_every_job_once() -> None:
    past = history(people=600, printers=80)
    assert len({person.user_principal_name for person in past.people}) == 600
    assert len({printer.id for printer in past.printers}) == 80
    records = past.records(date(2024, 3, 4))
    assert len({record.job_id for record in records}) == len(records)


@pytest.mark.parametrize(
    "wrong",
    [
        {"until": date(2023, 1, 1)},
        {"people": 0},
        {"printers": 0},
        {"color": 1.1},
        {"late": -0.1},
        {"growth": -1.0},
        {"jobs_per_person": 0.0},
        {"silent_printers": 7},
    ],
)
def test_a_past_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"history|share|silent|growth"):
        history(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"since": "2024"},
        {"months": 0},
        {"months": "14"},
        {"months": 1, "people": 1.5},
        {"months": 1, "color": True},
    ],
)
def test_json_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        plan_from_json(wrong, TODAY)


def test_months_reach_back_from_yesterday_to_the_first_of_a_month() -> None:
    plan = plan_from_json({"months": 14}, TODAY)
    assert (plan.since, plan.until) == (date(2025, 9, 1), date(2026, 11, 20))


def test_the_demo_can_be_read_three_times_below_the_ceiling_on_reports() -> None:
    plan = plan_from_json(SEED["usageHistory"], TODAY)
    past = History(plan, World("tenant"), timedelta())
    days = [date.fromordinal(day) for day in past.days(TODAY)]
    jobs = sum(len(past.records(day)) for day in days)
    rows = sum(len({record.person.id for record in past.records(day)}) for day in days)
    most_pages = jobs // 1000 + rows // 1000 + len(days) * plan.printers // 1000 + 2 * (3 + plan.printers)
    assert 3 * most_pages < 100
    assert rows > 1000
