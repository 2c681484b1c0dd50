"""How long the licences' jobs last."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.catalog import CatalogUnreadable
from shared.costs.licence_pool import forecast, parse_licence_pool, weekly_pattern

JUNE = date(2026, 6, 1)  # a Monday; 22 working days


def working_days(first: date, last: date, jobs: int) -> dict[date, int]:
    days = [first + timedelta(days=index) for index in range((last - first).days + 1)]
    return {day: jobs for day in days if day.weekday() < 5}


def test_an_even_pace_is_carried_on_over_the_working_days_alone() -> None:
    result = forecast(2000, working_days(JUNE, date(2026, 6, 12), 100), JUNE, date(2026, 6, 12))

    assert result.used == 1000
    assert result.at_month_end is not None
    assert (result.at_month_end.low, result.at_month_end.expected, result.at_month_end.high) == (2200, 2200, 2200)
    # Ten more working days after Friday the 12th: the second Friday on.
    assert result.runs_out == result.earliest == result.latest == date(2026, 6, 26)
    assert result.left == 1000


def test_a_pool_that_lasts_has_no_day_on_which_it_runs_out() -> None:
    result = forecast(2201, working_days(JUNE, date(2026, 6, 12), 100), JUNE, date(2026, 6, 12))
    assert result.runs_out is result.earliest is result.latest is None


def test_the_pattern_of_the_weeks_before_says_how_busy_a_weekday_is() -> None:
    jobs = {day: 50 if day.weekday() == 0 else 10 for day in working_days(date(2026, 4, 1), date(2026, 6, 7), 1)}
    assert weekly_pattern(jobs, JUNE) == (50, 10, 10, 10, 10, 0, 0)

    result = forecast(1000, jobs, JUNE, date(2026, 6, 7))

    # Five Mondays in June 2026, and 17 other working days.
    assert result.at_month_end is not None
    assert result.at_month_end.expected == 5 * 50 + 17 * 10


def test_a_month_busier_than_the_weeks_before_is_carried_on_as_busy() -> None:
    jobs = working_days(date(2026, 4, 1), date(2026, 5, 31), 100) | working_days(JUNE, date(2026, 6, 12), 150)
    result = forecast(10_000, jobs, JUNE, date(2026, 6, 12))
    assert result.at_month_end is not None
    assert result.at_month_end.expected == 22 * 150


def test_uneven_days_give_an_interval_round_what_is_expected() -> None:
    jobs = {day: 60 + 80 * (day.day % 2) for day in working_days(JUNE, date(2026, 6, 12), 1)}
    result = forecast(2200, jobs, JUNE, date(2026, 6, 12))

    span = result.at_month_end
    assert span is not None
    assert span.low < span.expected < span.high
    assert result.earliest is not None
    assert result.latest is None, "at a slow pace it lasts the month"
    assert result.runs_out is not None
    assert result.earliest <= result.runs_out


def test_a_few_days_say_nothing_of_the_month() -> None:
    result = forecast(500, working_days(JUNE, date(2026, 6, 4), 100), JUNE, date(2026, 6, 4))
    assert (result.used, result.at_month_end, result.runs_out) == (400, None, None)


def test_a_pool_used_up_is_told_at_any_time_of_the_month() -> None:
    jobs = working_days(JUNE, date(2026, 6, 30), 100)
    assert forecast(250, jobs, JUNE, date(2026, 6, 3)).runs_out == date(2026, 6, 3)
    ended = forecast(250, jobs, JUNE, date(2026, 6, 30))
    assert (ended.complete, ended.used, ended.left, ended.runs_out) == (True, 2200, -1950, date(2026, 6, 3))


@pytest.mark.parametrize("until", [None, date(2026, 5, 31)])
def test_a_month_of_which_no_day_is_counted_has_used_nothing(until: date | None) -> None:
    result = forecast(250, {}, JUNE, until)
    assert (result.used, result.until, result.at_month_end) == (0, None, None)


@given(st.dictionaries(st.integers(-80, 29), st.integers(0, 5000)), st.integers(0, 29), st.integers(1, 10**6))
@settings(max_examples=60)
def test_a_forecast_is_never_below_what_is_used_and_its_days_are_in_order(
    counts: dict[int, int], until: int, pool: int
) -> None:
    jobs = {JUNE + timedelta(days=offset): count for offset, count in counts.items()}
    result = forecast(pool, jobs, JUNE, JUNE + timedelta(days=until))

    assert result.used == sum(count for offset, count in counts.items() if 0 <= offset <= until)
    if result.at_month_end is not None:
        span = result.at_month_end
        assert result.used <= span.low <= span.expected <= span.high
    days = [day for day in (result.earliest, result.runs_out, result.latest) if day is not None]
    assert days == sorted(days)
    last = calendar.monthrange(2026, 6)[1]
    assert all(JUNE <= day <= JUNE.replace(day=last) for day in days)


def test_the_catalog_says_how_large_the_pool_is() -> None:
    assert parse_licence_pool({}) is None
    assert parse_licence_pool({"licencePool": {"jobsPerMonth": 5000}}) == 5000
    wrong: object
    for wrong in ({}, [], {"jobsPerMonth": 0}, {"jobsPerMonth": True}, {"jobsPerMonth": "5"}):
        with pytest.raises(CatalogUnreadable, match="jobsPerMonth"):
            parse_licence_pool({"licencePool": wrong})
