"""What a run reads, how it asks for it, and what it keeps. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bounds import Bounds
from shared.usage.series import ARCHIVED_JOBS, DAILY_BY_USER, MONTHLY_BY_PRINTER
from shared.usage.sorting import Row, Sorter, sort_key
from shared.usage.tables import Period, RowUnfit
from shared.usage.watermark import (
    Reading,
    SeriesState,
    SeriesStateUnreadable,
    Span,
    condition,
    decode_state,
    due,
    encode_state,
    windows,
)

TODAY = date(2026, 11, 21)
BOUNDS = Bounds()
DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))


@pytest.mark.parametrize(
    ("period", "through", "first"),
    [
        ("day", None, date(2026, 8, 21)),
        ("day", date(2026, 11, 20), date(2026, 11, 14)),
        ("day", date(2026, 11, 13), date(2026, 11, 14)),
        ("day", date(2026, 11, 2), date(2026, 11, 3)),
        ("day", date(2027, 1, 1), date(2026, 11, 14)),
        ("month", date(2026, 11, 20), date(2026, 11, 1)),
        ("month", None, date(2026, 8, 1)),
    ],
)
def test_a_run_reads_what_is_missing_and_the_last_days_again(period: Period, through: date | None, first: date) -> None:
    assert due(period, through, TODAY, BOUNDS) == Span(first, date(2026, 11, 20))


def test_a_span_holds_another_only_whole_and_says_a_single_day_once() -> None:
    whole = Span(date(2026, 11, 2), date(2026, 11, 8))
    assert whole in whole
    assert Span(date(2026, 11, 3), date(2026, 11, 7)) in whole
    assert Span(date(2026, 11, 1), date(2026, 11, 8)) not in whole
    assert Span(date(2026, 11, 2), date(2026, 11, 9)) not in whole
    assert (str(whole), str(Span(whole.first, whole.first))) == ("2026-11-02 to 2026-11-08", "2026-11-02")


def test_the_month_before_is_read_as_long_as_its_last_days_are() -> None:
    assert due("month", date(2026, 12, 2), date(2026, 12, 4), BOUNDS) == Span(date(2026, 11, 1), date(2026, 12, 3))
    assert due("month", date(2026, 12, 7), date(2026, 12, 9), BOUNDS) == Span(date(2026, 12, 1), date(2026, 12, 8))


@given(DAYS, st.integers(0, 400), st.integers(1, 40), st.sampled_from(["day", "month"]))
def test_windows_cover_the_span_once(first: date, length: int, days: int, period: Period) -> None:
    span = Span(first, first + timedelta(days=length))
    parts = windows(period, span, days)
    assert (parts[0].first, parts[-1].last) == (span.first, span.last)
    for before, after in pairwise(parts):
        assert after.first == before.last + timedelta(days=1)
    if period == "day":
        assert all((part.last - part.first).days < days for part in parts)
    else:
        assert all(f"{part.first:%Y-%m}" == f"{part.last:%Y-%m}" for part in parts)
    assert windows(period, span, None) == [span]


def test_a_span_is_asked_for_in_the_forms_that_are_known() -> None:
    span = Span(date(2026, 11, 14), date(2026, 11, 20))
    assert condition("dateTime", "day", span) == (
        "usageDate ge 2026-11-14T00:00:00Z and usageDate lt 2026-11-21T00:00:00Z"
    )
    assert condition("date", "month", span) == "usageDate ge 2026-11-01 and usageDate lt 2026-12-01"
    assert condition("none", "day", span) is None


def test_a_state_comes_back_as_it_was_written() -> None:
    span = Span(date(2026, 1, 1), date(2026, 1, 7))
    reading = Reading(span, 2, "https://graph.example/x?$skiptoken=ü", "hash", ("a", "b"), True, ("p",), True)
    now = datetime(2026, 1, 8, tzinfo=UTC)
    state = SeriesState(date(2026, 1, 7), now, "none", reading, "me", now)
    assert decode_state(encode_state(state)) == state
    assert decode_state(encode_state(SeriesState())) == SeriesState()


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b'{"version": 2}', encode_state(SeriesState()).replace(b"dateTime", b"x")]
)
def test_a_damaged_state_is_told(content: bytes) -> None:
    with pytest.raises(SeriesStateUnreadable):
        decode_state(content)


def test_a_claim_stands_until_its_end() -> None:
    now = datetime(2026, 1, 8, tzinfo=UTC)
    state = SeriesState(claimed_by="another", claimed_until=now + timedelta(seconds=1))
    assert not state.free("me", now)
    assert state.free("another", now)
    assert replace(state, claimed_until=now).free("me", now)


USAGE = {
    "usageDate": "2026-11-20T00:00:00Z",
    "userPrincipalName": "anna@contoso.example",
    "completedBlackAndWhiteJobCount": 2,
    "pageCount": None,
}


def test_a_usage_row_takes_either_form_of_the_day_and_fills_what_is_left_out() -> None:
    ((key, day, who, *counts),) = DAILY_BY_USER.rows([USAGE])
    assert (key, day, who) == ("2026-11-20", "2026-11-20", "anna@contoso.example")
    assert counts == [None, 2, 0, 0, None, None, None, None, None, None]
    ((month, first, *_),) = MONTHLY_BY_PRINTER.rows([{**USAGE, "usageDate": "2026-11-01", "printerId": "p"}])
    assert (month, first) == ("2026-11", "2026-11-01")


@pytest.mark.parametrize(
    "change",
    [{"usageDate": "soon"}, {"usageDate": None}, {"pageCount": "3"}, {"pageCount": True}, {"userPrincipalName": 1}],
)
def test_a_usage_row_of_another_form_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(RowUnfit, match="daily-by-user"):
        DAILY_BY_USER.rows([{**USAGE, **change}])


def test_a_job_lies_in_the_day_on_which_it_was_made_in_utc() -> None:
    job = {
        "id": "7",
        "createdDateTime": "2026-11-20T23:30:00-02:00",
        "processingState": "completed",
        "acquiredByPrinter": True,
        "copiesPrinted": 2,
    }
    ((key, created, *_),) = ARCHIVED_JOBS.rows([job])
    assert (key, created) == ("2026-11-21", "2026-11-21T01:30:00.000000Z")


ROWS = st.lists(
    st.tuples(st.sampled_from(["2026-01", "2026-02"]), st.sampled_from(["a", "b", ""]), st.none() | st.integers(0, 2)),
    max_size=60,
)


@given(rows=ROWS, pages=st.integers(1, 9), limit=st.integers(1, 12))
def test_sorting_in_little_memory_gives_the_same_as_in_much(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row], pages: int, limit: int
) -> None:
    def result(size: int, in_memory: int) -> list[tuple[object, ...]]:
        sorter = Sorter(tmp_path_factory.mktemp("runs"), sort_key([0]), in_memory)
        for start in range(0, len(rows), size):
            sorter.add(rows[start : start + size])
        return [tuple(row) for row in sorter.sorted()]

    found = result(pages, limit)
    assert found == result(len(rows) or 1, 1_000)
    assert len(found) == len(set(rows))
    assert [row[:2] for row in found] == sorted(row[:2] for row in found)


def test_many_runs_are_merged_into_one(tmp_path: Path) -> None:
    sorter = Sorter(tmp_path, sort_key([0]), 1)
    for number in range(120):
        sorter.add([("2026-01", f"{number * 37 % 120:03}")])
    assert len(list(tmp_path.iterdir())) <= 51
    assert [row[1] for row in sorter.sorted()] == [f"{number:03}" for number in range(120)]
