"""How long the jobs that the tenant's licences include last in this month. Pure.

Universal Print pools the jobs of all licences of a tenant for a calendar month. The forecast carries this month's pace
on along the pattern of the week: a Tuesday to come is as busy as Tuesdays were, times how busy this month is.
"""

from __future__ import annotations

import calendar
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import accumulate
from typing import Any

from shared.catalog import CatalogUnreadable

# The pattern is learnt from this many days before the month; without so many, from a plain working week.
PATTERN_DAYS = 56
LEAST_PATTERN_DAYS = 14
# A pace of fewer working days than these says little about the month.
LEAST_PACE_DAYS = 5
# Two sided normal quantile: four months in five end within the interval.
_QUANTILE = 1.2816
# A weekday with less than this share of the busiest one is no working day.
_WORKING_SHARE = 0.2
_PLAIN_WEEK = (1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Span:
    """A number of jobs as expected, with the ends of the interval that holds it four times in five."""

    expected: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """Jobs of a month against the pool. `until` is the last day that is counted; None where no day is yet.

    `at_month_end` is None while there are too few working days to say. `runs_out` is the day on which the pool was, or
    is expected to be, used up; `earliest` and `latest` bound it, None where it lasts the month at that end.
    """

    pool: int
    used: int
    until: date | None
    complete: bool
    at_month_end: Span | None = None
    runs_out: date | None = None
    earliest: date | None = None
    latest: date | None = None

    @property
    def left(self) -> int:
        """Jobs that are left; negative where more were printed than the pool holds."""
        return self.pool - self.used


def parse_licence_pool(document: Mapping[str, Any]) -> int | None:
    """The catalog's `licencePool.jobsPerMonth`, None where it has none. Raises CatalogUnreadable."""
    values = document.get("licencePool")
    if values is None:
        return None
    jobs = values.get("jobsPerMonth") if isinstance(values, dict) else None
    if isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1:
        raise CatalogUnreadable(f"catalog.json: licencePool.jobsPerMonth must be a whole number from 1, not {jobs!r}")
    return jobs


def forecast(pool: int, jobs: Mapping[date, int], month: date, until: date | None) -> Forecast:
    """Forecast `month` (its first day) from jobs by day, counted up to and including `until`.

    A day that `jobs` does not hold had none. Days before the month teach the pattern of the week.
    """
    last = month.replace(day=calendar.monthrange(month.year, month.month)[1])
    if until is None or until < month:
        return Forecast(pool, 0, None, complete=False)
    until = min(until, last)
    past = [month + timedelta(days=index) for index in range((until - month).days + 1)]
    counts = [jobs.get(day, 0) for day in past]
    used = sum(counts)
    passed = _first_at(pool, list(zip(past, accumulate(counts), strict=True)))
    if until == last:
        return Forecast(pool, used, until, complete=True, at_month_end=Span(used, used, used), runs_out=passed)
    week = weekly_pattern(jobs, month)
    seen = [(week[day.weekday()], count) for day, count in zip(past, counts, strict=True)]
    busiest = max(week)
    if sum(weight >= _WORKING_SHARE * busiest for weight, _ in seen) < LEAST_PACE_DAYS:
        return Forecast(pool, used, until, complete=False, runs_out=passed)
    coming = [until + timedelta(days=index + 1) for index in range((last - until).days)]
    return _projected(Forecast(pool, used, until, complete=False, runs_out=passed), seen, coming, week)


def weekly_pattern(jobs: Mapping[date, int], month: date) -> tuple[float, ...]:
    """The mean jobs of each weekday (Monday first) in the weeks before `month`."""
    before = [month - timedelta(days=index + 1) for index in range(PATTERN_DAYS)]
    first = min(jobs, default=month)
    known = [day for day in before if day >= first]
    sums = [0] * 7
    for day in known:
        sums[day.weekday()] += jobs.get(day, 0)
    if len(known) < LEAST_PATTERN_DAYS or not any(sums):
        return _PLAIN_WEEK
    return tuple(sums[weekday] / sum(day.weekday() == weekday for day in known) for weekday in range(7))


def _projected(
    so_far: Forecast, seen: list[tuple[float, int]], coming: list[date], week: tuple[float, ...]
) -> Forecast:
    """Regress the month's days on the pattern, through the origin, and carry the line on.

    The variance of a day is taken as growing with its weight, as counts do: then the pace is the ratio of the sums,
    and both it and the days to come vary with the same residual variance.
    """
    weight_so_far = sum(weight for weight, _ in seen)
    pace = so_far.used / weight_so_far
    residuals = [(count - pace * weight) ** 2 / weight for weight, count in seen if weight > 0]
    variance = sum(residuals) / max(len(residuals) - 1, 1)
    totals: dict[int, list[tuple[date, float]]] = {-1: [], 0: [], 1: []}
    weight = 0.0
    for day in coming:
        weight += week[day.weekday()]
        # What the pace may be off, and what the days themselves may.
        margin = _QUANTILE * math.sqrt(variance * (weight**2 / weight_so_far + weight))
        for side, days in totals.items():
            days.append((day, so_far.used + max(pace * weight + side * margin, 0.0)))
    low, expected, high = (totals[side][-1][1] for side in (-1, 0, 1))
    span = Span(round(expected), math.floor(low), math.ceil(high))
    if so_far.runs_out is not None:
        return replace(so_far, at_month_end=span)
    passed = {side: _first_at(so_far.pool, days) for side, days in totals.items()}
    return replace(so_far, at_month_end=span, runs_out=passed[0], earliest=passed[1], latest=passed[-1])


def _first_at(pool: int, totals: Sequence[tuple[date, float]]) -> date | None:
    """The first day at whose end the pool is used up, or None."""
    return next((day for day, total in totals if total >= pool), None)
