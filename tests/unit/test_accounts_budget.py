"""The budget against a brute-force model: no window ever holds more than its ceiling."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.accounts.budget import (
    ACCOUNT_CEILINGS,
    GIGABYTE,
    PRINTER_CEILINGS,
    Budget,
    Ceilings,
    Refused,
    Request,
    Reserved,
    Unit,
    Window,
    current,
    give_back,
    reserve,
    room,
    settle,
    used,
)
from shared.bounds import DAY, HOUR, MINUTE

START = 1_780_000_020
SMALL = Ceilings(
    windows=(
        Window("few", Unit.JOBS, 5, 10 * MINUTE, "5 jobs in 10 minutes"),
        Window("many", Unit.JOBS, 9, 2 * DAY, "9 jobs in 2 days"),
        Window("light", Unit.BYTES, 100, 15 * MINUTE, "100 bytes in 15 minutes"),
        Window("heavy", Unit.BYTES, 300, DAY, "300 bytes in a day"),
    ),
    in_submission=3,
)


def request(key: str, now: float, *, size: int = 1, printer: str = "p", lasts: int = HOUR) -> Request:
    return Request(key, printer, size, int(now) + lasts)


def granted(budget: Budget, wanted: Request, ceilings: Ceilings, now: float) -> Budget:
    answer = reserve(budget, wanted, ceilings, now)
    assert isinstance(answer, Reserved)
    return answer.budget


@dataclass
class Job:
    """One document as the service sees it: made somewhere between its reservation and the end of it."""

    printer: str
    size: int
    reserved: float
    expires: float
    ended: float | None = None

    def made(self, fraction: float) -> float:
        end = self.expires if self.ended is None else min(self.ended, self.expires)
        return self.reserved + (end - self.reserved) * fraction


steps = st.lists(
    st.tuples(
        st.sampled_from(["reserve", "reserve", "reserve", "settle"]),
        st.sampled_from([0.0, 0.5, 7.0, 59.0, 61.0, 299.0, 601.0, 901.0, 4000.0, 40_000.0, 90_000.0]),
        st.sampled_from(["p", "q"]),
        st.integers(1, 60),
        st.sampled_from([30, 600, 3600]),
    ),
    max_size=60,
)


@given(steps=steps, fractions=st.lists(st.floats(0, 1), min_size=60, max_size=60))
def test_no_sliding_window_ever_holds_more_than_its_ceiling(
    steps: list[tuple[str, float, str, int, int]], fractions: list[float]
) -> None:
    budget, now, jobs = Budget(), float(START), dict[str, Job]()
    for number, (action, wait, printer, size, lasts) in enumerate(steps):
        now += wait
        if action == "settle":
            unsettled = [key for key, job in jobs.items() if job.ended is None]
            if unsettled:
                key = unsettled[size % len(unsettled)]
                budget = settle(budget, key, SMALL, now)
                jobs[key].ended = now
            continue
        wanted = request(f"k{number}", now, size=size, printer=printer, lasts=lasts)
        answer = reserve(budget, wanted, SMALL, now)
        if isinstance(answer, Reserved):
            budget = answer.budget
            jobs[wanted.key] = Job(printer, size, now, wanted.until)
            active = [
                job
                for job in jobs.values()
                if job.printer == printer and now < job.expires and (job.ended is None or job.ended > now)
            ]
            assert len(active) <= SMALL.in_submission
    made = [(job.made(fraction), job.size) for job, fraction in zip(jobs.values(), fractions, strict=False)]
    for window in SMALL.windows:
        for end, _ in made:
            within = [size for at, size in made if end - window.seconds <= at <= end]
            assert (len(within) if window.unit is Unit.JOBS else sum(within)) <= window.limit


@given(
    uses=st.lists(st.tuples(st.integers(0, 900), st.integers(1, 40)), min_size=1, max_size=12), size=st.integers(1, 90)
)
def test_there_is_room_at_the_moment_that_a_refusal_names_and_not_before(
    uses: list[tuple[int, int]], size: int
) -> None:
    budget, now = Budget(), float(START)
    for number, (wait, amount) in enumerate(uses):
        now += wait
        answer = reserve(budget, request(f"k{number}", now, size=amount), SMALL, now)
        if isinstance(answer, Reserved):
            budget = settle(answer.budget, f"k{number}", SMALL, now)
    answer = reserve(budget, request("next", now, size=size), SMALL, now)
    if isinstance(answer, Refused):
        assert answer.until is not None
        assert answer.until > now
        assert isinstance(reserve(budget, request("next", now, size=size), SMALL, answer.until - 0.5), Refused)
        assert isinstance(reserve(budget, request("next", now, size=size), SMALL, answer.until), Reserved)


def test_the_same_key_is_counted_once_and_goes_on() -> None:
    first = reserve(Budget(), request("k", START), ACCOUNT_CEILINGS, START)
    assert isinstance(first, Reserved)
    second = reserve(first.budget, request("k", START + 60), ACCOUNT_CEILINGS, START + 60)
    assert isinstance(second, Reserved)
    assert (first.renewed, second.renewed) == (False, True)
    assert used(second.budget, ACCOUNT_CEILINGS, START + 60)["jobsIn10Minutes"] == (1, 200)
    assert second.budget.reservations["k"].until == START + 60 + HOUR


def test_the_fifth_document_of_an_account_at_one_printer_waits_for_a_settled_one() -> None:
    budget = Budget()
    for key in "abcd":
        budget = granted(budget, request(key, START), ACCOUNT_CEILINGS, START)
    fifth = reserve(budget, request("e", START), ACCOUNT_CEILINGS, START)
    assert fifth == Refused("inSubmission", "4 documents in submission at once", None)
    elsewhere = request("e", START, printer="other")
    assert isinstance(reserve(budget, elsewhere, ACCOUNT_CEILINGS, START), Reserved)
    settled = settle(budget, "a", ACCOUNT_CEILINGS, START)
    assert isinstance(reserve(settled, request("e", START), ACCOUNT_CEILINGS, START), Reserved)


@pytest.mark.parametrize(
    ("ceilings", "name", "limit", "seconds"),
    [
        (ACCOUNT_CEILINGS, "jobsIn10Minutes", 200, 10 * MINUTE),
        (PRINTER_CEILINGS, "jobsIn10Minutes", 100, 10 * MINUTE),
    ],
)
def test_the_documented_jobs_fit_and_one_more_waits_until_the_first_left(
    ceilings: Ceilings, name: str, limit: int, seconds: int
) -> None:
    budget = Budget()
    for number in range(limit):
        budget = settle(granted(budget, request(str(number), START), ceilings, START), str(number), ceilings, START)
    refused = reserve(budget, request("more", START), ceilings, START)
    assert isinstance(refused, Refused)
    assert (refused.ceiling, refused.until) == (name, START // 60 * 60 + 60 + seconds)


def test_a_gigabyte_fills_the_quarter_hour() -> None:
    budget = granted(Budget(), request("k", START, size=GIGABYTE), ACCOUNT_CEILINGS, START)
    refused = reserve(settle(budget, "k", ACCOUNT_CEILINGS, START), request("l", START), ACCOUNT_CEILINGS, START + 600)
    assert isinstance(refused, Refused)
    assert refused.ceiling == "bytesIn15Minutes"


def test_a_reservation_that_nobody_settles_counts_as_used_when_it_ends() -> None:
    budget = granted(Budget(), request("k", START, lasts=100), ACCOUNT_CEILINGS, START)
    later = current(budget, ACCOUNT_CEILINGS, START + 101)
    assert later.reservations == {}
    assert used(later, ACCOUNT_CEILINGS, START + 101)["jobsIn10Minutes"] == (1, 200)


def test_settling_twice_counts_once_and_giving_back_counts_nothing() -> None:
    budget = granted(Budget(), request("k", START), ACCOUNT_CEILINGS, START)
    twice = settle(settle(budget, "k", ACCOUNT_CEILINGS, START), "k", ACCOUNT_CEILINGS, START)
    assert used(twice, ACCOUNT_CEILINGS, START)["jobsIn12Days"] == (1, 10_000)
    assert used(give_back(budget, "k"), ACCOUNT_CEILINGS, START)["jobsIn12Days"] == (0, 10_000)


def test_a_budget_stays_small_however_long_it_is_used() -> None:
    budget, now = Budget(), float(START)
    for number in range(3000):
        now += 700
        budget = settle(
            granted(budget, request(str(number), now), ACCOUNT_CEILINGS, now), str(number), ACCOUNT_CEILINGS, now
        )
    assert sum(len(kept) for kept in budget.buckets.values()) <= 16 + 12 * 24 + 1


def test_an_idle_account_has_more_room_than_a_busy_one_and_a_full_one_has_none() -> None:
    busy = Budget()
    rooms = [room(busy, request("next", START), ACCOUNT_CEILINGS, START)]
    for key in "abcd":
        busy = granted(busy, request(key, START), ACCOUNT_CEILINGS, START)
        rooms.append(room(busy, request("next", START), ACCOUNT_CEILINGS, START))
    assert rooms == [1.0, 0.75, 0.5, 0.25, 0.0]
