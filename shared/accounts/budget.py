"""How much an account or a printer may still be given, by the limits that Universal Print documents. Pure.

A job counts from its reservation on: while it is reserved, whatever the time; afterwards from the moment it was
settled. Graph counts it somewhere between the two, so a window of ours never holds less than the service's own. Uses
are kept in buckets of a minute or an hour, and a bucket leaves a window only when all of it lies outside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from shared.bounds import DAY, HOUR, MINUTE

GIGABYTE = 1_000_000_000


class Unit(StrEnum):
    """What a window counts."""

    JOBS = "jobs"
    BYTES = "bytes"


@dataclass(frozen=True, slots=True)
class Window:
    """At most `limit` units within any `seconds`; `text` says so to a person."""

    name: str
    unit: Unit
    limit: int
    seconds: int
    text: str

    @property
    def bucket_seconds(self) -> int:
        """How finely uses are kept for this window."""
        return MINUTE if self.seconds <= HOUR else HOUR


@dataclass(frozen=True, slots=True)
class Ceilings:
    """The windows in force, and how many documents may be in submission at once at one printer."""

    windows: tuple[Window, ...]
    in_submission: int


# Universal Print: limits and quotas, per user.
ACCOUNT_CEILINGS = Ceilings(
    windows=(
        Window("jobsIn10Minutes", Unit.JOBS, 200, 10 * MINUTE, "200 jobs in 10 minutes"),
        Window("jobsIn12Days", Unit.JOBS, 10_000, 12 * DAY, "10,000 jobs in 12 days"),
        Window("bytesIn15Minutes", Unit.BYTES, GIGABYTE, 15 * MINUTE, "1 GB in 15 minutes"),
        Window("bytesIn10Days", Unit.BYTES, 50 * GIGABYTE, 10 * DAY, "50 GB in 10 days"),
    ),
    in_submission=4,
)
# Universal Print: limits and quotas, per printer.
PRINTER_CEILINGS = Ceilings(
    windows=(Window("jobsIn10Minutes", Unit.JOBS, 100, 10 * MINUTE, "100 jobs in 10 minutes"),),
    in_submission=50,
)


@dataclass(frozen=True, slots=True)
class Use:
    """What one bucket holds."""

    jobs: int = 0
    bytes: int = 0

    def of(self, unit: Unit) -> int:
        """The amount of one unit."""
        return self.jobs if unit is Unit.JOBS else self.bytes

    def plus(self, other: Use) -> Use:
        """The sum of both."""
        return Use(self.jobs + other.jobs, self.bytes + other.bytes)


@dataclass(frozen=True, slots=True)
class Reservation:
    """Room kept for one document. `until` (seconds since 1970) is when it counts as settled if nobody settles it."""

    printer_id: str
    until: int
    size_bytes: int

    @property
    def use(self) -> Use:
        """What it will be counted as."""
        return Use(1, self.size_bytes)


@dataclass(frozen=True, slots=True)
class Budget:
    """What was used: bucket start (seconds since 1970) → use, by bucket length; and reservations by submission key."""

    buckets: Mapping[int, Mapping[int, Use]] = field(default_factory=dict)
    reservations: Mapping[str, Reservation] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """Room wanted for the document `key` until it is settled, at the latest until `until` (seconds since 1970)."""

    key: str
    printer_id: str
    size_bytes: int
    until: int


@dataclass(frozen=True, slots=True)
class Reserved:
    """Granted. `renewed` where the key had a reservation already, which goes on and is not counted twice."""

    budget: Budget
    renewed: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """No room. `until` (seconds since 1970) is when there may be, None where that depends on others' settling."""

    ceiling: str
    text: str
    until: float | None


def reserve(budget: Budget, request: Request, ceilings: Ceilings, now: float) -> Reserved | Refused:
    """Keep room for the request, or say which ceiling is in the way."""
    budget = current(budget, ceilings, now)
    wanted = Reservation(request.printer_id, request.until, request.size_bytes)
    renewed = request.key in budget.reservations
    if not renewed:
        refused = _refused(budget, wanted, ceilings, now)
        if refused is not None:
            return refused
    reservations = {**budget.reservations, request.key: wanted}
    return Reserved(replace(budget, reservations=reservations), renewed)


def settle(budget: Budget, key: str, ceilings: Ceilings, now: float) -> Budget:
    """The document is no longer in submission: from now on it counts as a use. Settling again changes nothing."""
    budget = current(budget, ceilings, now)
    reservation = budget.reservations.get(key)
    if reservation is None:
        return budget
    return _counted(_without(budget, key), reservation.use, ceilings, now)


def give_back(budget: Budget, key: str) -> Budget:
    """Undo a reservation for which no job was asked of Graph."""
    return _without(budget, key) if key in budget.reservations else budget


def current(budget: Budget, ceilings: Ceilings, now: float) -> Budget:
    """The budget as of now: what left every window is forgotten, what nobody settled counts as used."""
    for key, reservation in budget.reservations.items():
        if reservation.until <= now:
            budget = _counted(_without(budget, key), reservation.use, ceilings, reservation.until)
    buckets: dict[int, Mapping[int, Use]] = {}
    for length in _bucket_lengths(ceilings):
        span = max(window.seconds for window in ceilings.windows if window.bucket_seconds == length)
        kept = {start: use for start, use in budget.buckets.get(length, {}).items() if start + length > now - span}
        if kept:
            buckets[length] = kept
    return replace(budget, buckets=buckets) if buckets != budget.buckets else budget


def used(budget: Budget, ceilings: Ceilings, now: float) -> dict[str, tuple[int, int]]:
    """For each window its name with what counts in it now and its limit."""
    budget = current(budget, ceilings, now)
    return {window.name: (_amount(budget, window, now), window.limit) for window in ceilings.windows}


def room(budget: Budget, request: Request, ceilings: Ceilings, now: float) -> float:
    """How free the budget is for the request: 1 where nothing is used, 0 where it has no room.

    It is the share left of the tightest ceiling, counted before the request.
    """
    budget = current(budget, ceilings, now)
    wanted = Reservation(request.printer_id, request.until, request.size_bytes)
    if request.key not in budget.reservations and _refused(budget, wanted, ceilings, now) is not None:
        return 0.0
    busy = _in_submission(budget, request.printer_id) / ceilings.in_submission
    filled = [_amount(budget, window, now) / window.limit for window in ceilings.windows]
    return max(1.0 - max([busy, *filled]), 0.001)


def _refused(budget: Budget, wanted: Reservation, ceilings: Ceilings, now: float) -> Refused | None:
    """The ceiling that stays in the way for longest, or None where there is room."""
    refusals = [refusal for window in ceilings.windows if (refusal := _full(budget, window, wanted, now))]
    if _in_submission(budget, wanted.printer_id) >= ceilings.in_submission:
        refusals.append(Refused("inSubmission", f"{ceilings.in_submission} documents in submission at once", None))
    return max(refusals, key=lambda refusal: refusal.until or 0.0, default=None)


def _full(budget: Budget, window: Window, wanted: Reservation, now: float) -> Refused | None:
    excess = _amount(budget, window, now) + wanted.use.of(window.unit) - window.limit
    if excess <= 0:
        return None
    until = None
    for start, use in sorted(_in_window(budget, window, now)):
        excess -= use.of(window.unit)
        if excess <= 0:
            until = float(start + window.bucket_seconds + window.seconds)
            break
    return Refused(window.name, window.text, until)


def _amount(budget: Budget, window: Window, now: float) -> int:
    reserved = sum(reservation.use.of(window.unit) for reservation in budget.reservations.values())
    return reserved + sum(use.of(window.unit) for _, use in _in_window(budget, window, now))


def _in_window(budget: Budget, window: Window, now: float) -> Iterator[tuple[int, Use]]:
    for start, use in budget.buckets.get(window.bucket_seconds, {}).items():
        if start + window.bucket_seconds > now - window.seconds:
            yield start, use


def _in_submission(budget: Budget, printer_id: str) -> int:
    return sum(reservation.printer_id == printer_id for reservation in budget.reservations.values())


def _counted(budget: Budget, use: Use, ceilings: Ceilings, at: float) -> Budget:
    buckets = {length: dict(kept) for length, kept in budget.buckets.items()}
    for length in _bucket_lengths(ceilings):
        kept = buckets.setdefault(length, {})
        start = int(at) // length * length
        kept[start] = kept.get(start, Use()).plus(use)
    return replace(budget, buckets=buckets)


def _without(budget: Budget, key: str) -> Budget:
    reservations = {other: kept for other, kept in budget.reservations.items() if other != key}
    return replace(budget, reservations=reservations)


def _bucket_lengths(ceilings: Ceilings) -> set[int]:
    return {window.bucket_seconds for window in ceilings.windows}
