"""Decides what a delivery may do with a record. Pure: the reasons behind "once" stand here.

             claim written           claim.until
worker A  ───────●───── working ─────────┊ (dead)
message again      ├─ claim alive: come back when it would lapse
                                          ├─ claim lapsed: take it over, go on from the state
old message        any time after the sequence moved on: drop it
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.bounds import Bounds
from shared.submission.record import Record, State
from shared.times import moment

# Documents that a budget put off before come back over so long, and ever longer: a window of the budgets at most.
FIRST_SPREAD_SECONDS = 20.0
LONGEST_SPREAD_SECONDS = 600.0
# A message that finds a live claim comes back a little after the claim would lapse, not exactly then.
CLAIM_MARGIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Take:
    """The record is free: claim it and go on."""

    record: Record


@dataclass(frozen=True, slots=True)
class ComeBack:
    """Somebody works on it: put the same message back for `delay` seconds."""

    delay: float


@dataclass(frozen=True, slots=True)
class Drop:
    """The message has nothing left to do."""

    reason: str


def decide(record: Record | None, sequence: int, now: datetime, wanted: frozenset[State]) -> Take | ComeBack | Drop:
    """What the delivery of a message with `sequence` may do; `wanted` are the states its queue serves."""
    if record is None:
        return Drop("there is no such submission")
    if record.state is State.CLOSED:
        return Drop("the submission is closed")
    if sequence < record.sequence:
        return Drop("a newer message goes on with it")
    if record.claim is not None:
        left = (moment(record.claim.until) - now).total_seconds()
        if left > 0:
            return ComeBack(left + CLAIM_MARGIN_SECONDS)
    if record.state not in wanted:
        return Drop(f"it is {record.state.value}, which another queue serves")
    return Take(record)


def backoff(attempts: int, bounds: Bounds, random: float) -> float:
    """Seconds until attempt number `attempts` + 1: doubling, bounded, with the lower half at random (0 to 1)."""
    ceiling = min(bounds.retry_longest_seconds, bounds.retry_first_seconds * 2.0 ** min(attempts, 30))
    return ceiling * (0.5 + 0.5 * random)


def spread(attempts: int, random: float) -> float:
    """Seconds to wait beyond the moment for which a crowd of documents waits, by how often this one was put off.

    As simulated, 10,000 documents of one account take 2 % longer for it, and after an hour at most 36 of them wake in a
    second, not 485. Nothing at the first attempt; `random` lies between 0 and 1.
    """
    doublings = min(max(attempts - 1, 0), 30)
    return min(LONGEST_SPREAD_SECONDS, FIRST_SPREAD_SECONDS * (2.0**doublings - 1)) * random


def poll_delay(age: float, bounds: Bounds) -> float:
    """Seconds until the next look at a job started `age` seconds ago.

    Each wait is a fixed share of the age, so the looks thin out geometrically without a counter to keep.
    """
    return min(bounds.poll_longest_seconds, max(bounds.poll_first_seconds, age * (bounds.poll_growth - 1)))


def overdue(record: Record, now: datetime, bounds: Bounds) -> bool:
    """True where the message that should have continued the record seems lost."""
    if record.claim is not None and moment(record.claim.until) > now:
        return False
    due = moment(record.next_at) if record.next_at else moment(record.accepted)
    return (now - due).total_seconds() > bounds.overdue_seconds
