"""NCRONTAB schedules come when they say, and impossible ones are refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.functions_host.ncrontab import BadSchedule, Schedule, parse_schedule

START = datetime(2026, 1, 30, 23, 59, 30, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(1999, 1, 1), datetime(2110, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 */5 * * * *", "2026-01-31T00:00:00"),
        ("*/15 * * * *", "2026-01-31T00:00:00"),
        ("30 59 23 * * *", "2026-01-31T23:59:30"),
        ("31 59 23 * * *", "2026-01-30T23:59:31"),
        ("0 15 3 * * *", "2026-01-31T03:15:00"),
        ("0 0 0 31 * *", "2026-01-31T00:00:00"),
        ("0 0 0 30 Apr-Jun *", "2026-04-30T00:00:00"),
        ("0 0 9 * * mon-FRI", "2026-02-02T09:00:00"),
        ("0 0 9 * * Sunday,Tue", "2026-02-01T09:00:00"),
        ("0 0 9 13 * 5", "2026-02-13T09:00:00"),
        ("0 0 0 29 2 *", "2028-02-29T00:00:00"),
        ("0 0 0 29 2 Tue", "2028-02-29T00:00:00"),
        ("5/20 * * * * *", "2026-01-30T23:59:45"),
        ("10-20/5,59 * * * * *", "2026-01-30T23:59:59"),
    ],
)
def test_the_next_occurrence(text: str, expected: str) -> None:
    assert parse_schedule(text).next_after(START) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_other_time_zones_are_turned_into_utc() -> None:
    moment = datetime(2026, 1, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert parse_schedule("0 0 0 * * *").next_after(moment) == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "", "* * * *", "* * * * * * *", "60 * * * * *", "* 60 * * * *", "* * 24 * * *", "* * * 0 * *",
        "* * * * 13 *", "* * * * * 7", "*/0 * * * * *", "*/x * * * * *", "5-1 * * * * *", "0 0 0 30 2 *",
        "0 0 0 * Ju *", "0 0 0 * * Xyz", "00:05:00", "-1 * * * * *", "1- * * * * *", ", * * * * *", "¹ * * * * *",
    ],
)  # fmt: skip
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(BadSchedule):
        parse_schedule(text)


def _spans(least: int, most: int) -> st.SearchStrategy[str]:
    number = st.integers(least, most)
    pair = st.tuples(number, number).map(sorted)
    step = st.integers(1, most)
    span = st.one_of(
        st.just("*"),
        number.map(str),
        pair.map(lambda ends: f"{ends[0]}-{ends[1]}"),
        st.tuples(pair, step).map(lambda both: f"{both[0][0]}-{both[0][1]}/{both[1]}"),
        step.map(lambda every: f"*/{every}"),
    )
    return st.lists(span, min_size=1, max_size=3).map(",".join)


SCHEDULES = st.tuples(_spans(0, 59), _spans(0, 59), _spans(0, 23), _spans(1, 28), _spans(1, 12), _spans(0, 6)).map(
    lambda fields: parse_schedule(" ".join(fields))
)


def _fits(schedule: Schedule, moment: datetime) -> bool:
    return (
        moment.second in schedule.seconds
        and moment.minute in schedule.minutes
        and moment.hour in schedule.hours
        and moment.day in schedule.days
        and moment.month in schedule.months
        and moment.isoweekday() % 7 in schedule.weekdays
    )


@settings(max_examples=60, deadline=None)
@given(SCHEDULES, MOMENTS)
def test_every_occurrence_fits_and_is_later(schedule: Schedule, moment: datetime) -> None:
    following = schedule.next_after(moment)
    assert following > moment
    assert following.microsecond == 0
    assert _fits(schedule, following)


@settings(max_examples=60, deadline=None)
@given(SCHEDULES, MOMENTS, st.data())
def test_no_occurrence_is_left_out(schedule: Schedule, moment: datetime, data: st.DataObject) -> None:
    following = schedule.next_after(moment)
    seconds = int((following - moment).total_seconds())
    between = moment.replace(microsecond=0) + timedelta(seconds=data.draw(st.integers(1, max(1, seconds))))
    assert between <= moment or between >= following or not _fits(schedule, between)


@settings(max_examples=60, deadline=None)
@given(SCHEDULES, MOMENTS)
def test_looking_from_just_before_an_occurrence_finds_it(schedule: Schedule, moment: datetime) -> None:
    following = schedule.next_after(moment)
    assert schedule.next_after(following - timedelta(microseconds=1)) == following
