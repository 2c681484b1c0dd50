"""Who may work on a record, when it is tried again, and when it counts as forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bounds import Bounds
from shared.claimed import Claim
from shared.submission.accepting import PRINT_STATES, WATCH_STATES
from shared.submission.claims import CLAIM_MARGIN_SECONDS, ComeBack, Drop, Take, backoff, decide, overdue, poll_delay
from shared.submission.record import Document, Record, State
from shared.times import timestamp

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
BOUNDS = Bounds()
DOCUMENT = Document("print-inbox", "finance/a.pdf", "0x1", 10, timestamp(NOW))
OPEN_STATES = [state for state in State if state is not State.CLOSED]


def _record(state: State = State.ACCEPTED, *, sequence: int = 0, claim_left: float | None = None) -> Record:
    claim = None if claim_left is None else Claim("a worker", timestamp(NOW + timedelta(seconds=claim_left)))
    return Record("k", DOCUMENT, timestamp(NOW), state=state, sequence=sequence, claim=claim)


def test_a_message_for_nothing_is_dropped() -> None:
    assert isinstance(decide(None, 0, NOW, PRINT_STATES), Drop)
    assert isinstance(decide(_record(State.CLOSED), 99, NOW, PRINT_STATES | WATCH_STATES), Drop)


def test_an_older_message_is_dropped_even_while_nobody_works() -> None:
    assert isinstance(decide(_record(sequence=3), 2, NOW, PRINT_STATES), Drop)


def test_a_message_that_came_before_its_record_was_written_may_go_on() -> None:
    record = _record(sequence=3)
    assert decide(record, 4, NOW, PRINT_STATES) == Take(record)


def test_a_live_claim_sends_the_message_back_until_a_little_after_its_end() -> None:
    assert decide(_record(claim_left=40), 0, NOW, PRINT_STATES) == ComeBack(40 + CLAIM_MARGIN_SECONDS)


@pytest.mark.parametrize("left", [0, -1, -86_400])
def test_a_lapsed_claim_is_taken_over(left: float) -> None:
    record = _record(claim_left=left)
    assert decide(record, 0, NOW, PRINT_STATES) == Take(record)


@pytest.mark.parametrize("state", OPEN_STATES)
def test_every_open_state_is_served_by_a_queue(state: State) -> None:
    record = _record(state)
    assert any(decide(record, 0, NOW, wanted) == Take(record) for wanted in (PRINT_STATES, WATCH_STATES))


def test_a_started_job_is_not_printed_by_a_late_message_of_the_first_queue() -> None:
    assert isinstance(decide(_record(State.STARTED), 0, NOW, PRINT_STATES), Drop)


@given(
    st.sampled_from(State),
    st.integers(0, 5),
    st.integers(0, 5),
    st.none() | st.integers(-300, 300),
    st.sampled_from([PRINT_STATES, WATCH_STATES]),
)
def test_work_begins_only_on_a_free_open_record_with_a_message_that_is_not_old(
    state: State, sequence: int, asked: int, left: int | None, wanted: frozenset[State]
) -> None:
    verdict = decide(_record(state, sequence=sequence, claim_left=left), asked, NOW, wanted)
    free = left is None or left <= 0
    current = asked >= sequence and state is not State.CLOSED
    assert isinstance(verdict, Take) == (free and current and state in wanted)
    assert isinstance(verdict, ComeBack) == (not free and current)
    if isinstance(verdict, ComeBack):
        later = NOW + timedelta(seconds=verdict.delay)
        again = decide(_record(state, sequence=sequence, claim_left=left), asked, later, wanted)
        assert not isinstance(again, ComeBack)


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_a_delay_stays_within_its_bounds(attempts: int, random: float) -> None:
    delay = backoff(attempts, BOUNDS, random)
    assert BOUNDS.retry_first_seconds / 2 <= delay <= BOUNDS.retry_longest_seconds


@given(st.integers(0, 10_000))
def test_delays_grow_and_never_shrink_for_the_same_chance(attempts: int) -> None:
    assert backoff(attempts + 1, BOUNDS, 0.3) >= backoff(attempts, BOUNDS, 0.3)
    assert backoff(attempts, BOUNDS, 0) < backoff(attempts, BOUNDS, 1)


@given(st.floats(-1e9, 1e9))
def test_looks_at_a_job_thin_out_within_their_bounds(age: float) -> None:
    assert BOUNDS.poll_first_seconds <= poll_delay(age, BOUNDS) <= BOUNDS.poll_longest_seconds
    assert poll_delay(age + 10, BOUNDS) >= poll_delay(age, BOUNDS)


def test_a_day_of_looks_is_a_few_hundred_calls_and_the_first_minutes_are_watched_closely() -> None:
    age, looks, early = 0.0, 0, 0
    while age < 24 * 3600:
        age += poll_delay(age, BOUNDS)
        looks += 1
        early += age <= 60
    assert early >= 6
    assert looks < 320


@pytest.mark.parametrize(
    ("late", "claim_left", "forgotten"),
    [
        (BOUNDS.overdue_seconds - 1, None, False),
        (BOUNDS.overdue_seconds + 1, None, True),
        (BOUNDS.overdue_seconds + 1, 5, False),
        (BOUNDS.overdue_seconds + 1, -5, True),
        (-3600, None, False),
    ],
)
@pytest.mark.parametrize("by", ["next_at", "accepted"])
def test_a_record_is_forgotten_when_its_step_is_long_due_and_nobody_works(
    late: float, claim_left: float | None, *, forgotten: bool, by: str
) -> None:
    due = timestamp(NOW - timedelta(seconds=late))
    record = replace(_record(claim_left=claim_left), accepted=due if by == "accepted" else timestamp(NOW))
    record = replace(record, next_at=due) if by == "next_at" else record
    assert overdue(record, NOW, BOUNDS) is forgotten
