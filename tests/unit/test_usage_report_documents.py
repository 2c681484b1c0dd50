"""What became of the documents of a month, and how long they took."""

from __future__ import annotations

import statistics
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.ledger import LedgerRow, encode_row, rows_between, rows_of_day
from shared.usage_report.documents import DocumentCounter, percentile, seconds_to_paper, times_of
from tests.support.memory_day_log import MemoryDayLog

DAY = date(2026, 11, 20)


def row(number: int, outcome: str = "completed", **changes: Any) -> LedgerRow:
    values: dict[str, Any] = {
        "id": f"document-{number}",
        "source": "drop",
        "ended": "2026-11-20T08:01:00.000Z",
        "outcome": outcome,
        "code": outcome,
        "reason": f"It is {outcome}.",
        "begun": "2026-11-20T08:00:00.000Z",
        "started": "2026-11-20T08:00:45.000Z",
        **changes,
    }
    return LedgerRow(**values)


def test_a_dropped_document_took_from_its_acceptance_until_it_was_seen_completed() -> None:
    states = (
        {"state": "processing", "at": "2026-11-20T08:00:10.000Z"},
        {"state": "completed", "at": "2026-11-20T08:00:40.500Z"},
    )
    assert seconds_to_paper(row(1, states=states)) == 40.5
    assert seconds_to_paper(row(1)) == 60, "without sightings its end counts"


def test_a_held_document_took_from_its_release() -> None:
    assert seconds_to_paper(row(1, source="tap")) == 15


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": "failed"},
        {"outcome": "superseded"},
        {"begun": None},
        {"begun": "yesterday"},
        {"begun": "2026-11-20"},
    ],
)
def test_a_document_that_was_not_printed_or_whose_times_are_unknown_took_no_time(changes: dict[str, Any]) -> None:
    assert seconds_to_paper(row(1, **changes)) is None


def test_clocks_that_disagree_make_no_negative_time() -> None:
    assert seconds_to_paper(row(1, begun="2026-11-20T09:00:00.000Z")) == 0


def test_outcomes_are_counted_by_where_documents_came_from() -> None:
    counter = DocumentCounter()
    for number, (source, outcome) in enumerate(
        [("drop", "completed"), ("drop", "failed"), ("tap", "completed"), ("tap", "expired"), ("tap", "expired")]
    ):
        counter.add(row(number, outcome, source=source))
    figures = counter.figures()

    assert figures.dropped == {"completed": 1, "failed": 1}
    assert figures.held == {"completed": 1, "expired": 2}
    assert (figures.failed, figures.drop_times.count, figures.tap_times.count) == (1, 1, 1)


def test_the_most_common_reason_comes_first_with_its_newest_example() -> None:
    rows = [
        row(1, "failed", code="canceled", reason="Ann cancelled it."),
        row(2, "failed", code="shareUnknown", reason="There is no share 'a'.", ended="2026-11-20T09:00:00.000Z"),
        row(3, "refused", code="shareUnknown", reason="There is no share 'b'.", ended="2026-11-20T08:00:00.000Z"),
    ]
    found = []
    for order in (rows, rows[::-1]):
        counter = DocumentCounter()
        for entry in order:
            counter.add(entry)
        found.append(counter.figures())

    assert [(failure.code, failure.count, failure.example) for failure in found[0].failures] == [
        ("shareUnknown", 2, "There is no share 'a'."),
        ("canceled", 1, "Ann cancelled it."),
    ]
    assert found[0] == found[1], "the order of rows changes nothing"


def test_times_fall_into_classes_that_include_their_ends() -> None:
    times = times_of([0, 10, 10.1, 30, 60, 300, 900, 3600, 3600.1, 90_000])
    assert times.classes == (2, 2, 1, 1, 1, 1, 2)
    assert (times.count, times.median) == (10, 180)


@pytest.mark.parametrize(
    ("values", "rank", "expected"),
    [((), 50, None), ((7,), 95, 7), ((1, 2), 50, 1.5), ((1, 2, 3, 4, 5), 95, 4.8), (tuple(range(101)), 95, 95)],
)
def test_percentiles_have_known_values(values: tuple[float, ...], rank: float, expected: float | None) -> None:
    assert percentile(values, rank) == pytest.approx(expected)


@given(st.lists(st.floats(0, 1e9), min_size=2, max_size=200))
def test_percentiles_agree_with_the_standard_library_and_lie_within_the_values(values: list[float]) -> None:
    ordered = sorted(values)
    median, high = percentile(ordered, 50), percentile(ordered, 95)
    assert median is not None
    assert high is not None
    assert ordered[0] <= median <= high <= ordered[-1]
    assert median == pytest.approx(statistics.median(values))
    assert high == pytest.approx(statistics.quantiles(values, n=100, method="inclusive")[94])
    times = times_of(values)
    assert sum(times.classes) == times.count == len(values)


async def test_a_document_that_was_written_twice_is_one_row_and_a_damaged_line_costs_no_other() -> None:
    log = MemoryDayLog()
    for entry in (row(1, "failed"), row(2), row(1, "completed")):
        await log.append(DAY, encode_row(entry))
    log.lines[DAY] += [{"id": "x"}, {**encode_row(row(3)), "ended": "never"}]

    rows, unreadable = await rows_of_day(log, DAY)

    assert [(entry.id, entry.outcome) for entry in rows] == [("document-1", "completed"), ("document-2", "completed")]
    assert unreadable == 2
    assert datetime.fromisoformat(rows[0].ended).astimezone(UTC).date() == DAY


async def test_a_row_written_again_after_midnight_counts_once_on_the_day_before() -> None:
    log = MemoryDayLog()
    first, second, third = (DAY + timedelta(days=number) for number in range(3))
    await log.append(first, encode_row(row(1)))
    await log.append(second, encode_row(row(1)))
    await log.append(second, encode_row(row(2)))
    await log.append(third, encode_row(row(3)))

    async def found(begin: date, end: date) -> list[tuple[date, list[str]]]:
        return [(day, [entry.id for entry in rows]) async for day, rows, _ in rows_between(log, begin, end)]

    assert await found(first, third) == [(first, ["document-1"]), (second, ["document-2"]), (third, ["document-3"])]
    assert await found(second, second) == [(second, ["document-2"])], "whichever days are asked for"
