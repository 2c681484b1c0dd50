"""What became of the documents of a month, counted from the rows of the print ledger. Pure."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from shared.ledger import LedgerRow

DROP, TAP = "drop", "tap"
COMPLETED, FAILED, SUPERSEDED = "completed", "failed", "superseded"
DISCARDED, EXPIRED, ABORTED, REFUSED = "discarded", "expired", "aborted", "refused"
# Ends of the classes of waiting times, in seconds; the last class has none.
TIME_CLASSES = (10, 30, 60, 5 * 60, 15 * 60, 60 * 60)


@dataclass(frozen=True, slots=True)
class Failure:
    """Documents that failed for one reason. `example` is the sentence that one of them was given."""

    code: str
    count: int
    example: str


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds that documents took; `classes` counts them by TIME_CLASSES and has one entry more than it."""

    count: int
    median: float | None
    percentile95: float | None
    classes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DocumentFigures:
    """How dropped and held documents ended, by outcome, and how long those that were printed took.

    `drop_times` run from the file's acceptance to the paper; `tap_times` from the release at a kiosk to the paper.
    """

    dropped: dict[str, int]
    held: dict[str, int]
    failures: tuple[Failure, ...]
    drop_times: Times
    tap_times: Times

    @property
    def failed(self) -> int:
        """Documents of either kind that were meant to print and did not."""
        return sum(failure.count for failure in self.failures)

    def without_examples(self) -> DocumentFigures:
        """The same without sentences that may name a person or a document."""
        return replace(self, failures=tuple(replace(failure, example="") for failure in self.failures))


class DocumentCounter:
    """Counts rows one by one, so that a month need not fit in memory. Each document may be given once."""

    def __init__(self) -> None:
        self._outcomes: dict[str, Counter[str]] = {DROP: Counter(), TAP: Counter()}
        self._failures: Counter[str] = Counter()
        self._examples: dict[str, tuple[str, str]] = {}
        self._seconds: dict[str, list[float]] = {DROP: [], TAP: []}

    def add(self, row: LedgerRow) -> None:
        """Count one document."""
        self._outcomes.setdefault(row.source, Counter())[row.outcome] += 1
        if row.outcome in (FAILED, ABORTED, REFUSED):
            self._failures[row.code] += 1
            # The newest example, and one of the same moment by its text, so that the order of rows changes nothing.
            self._examples[row.code] = max(self._examples.get(row.code, ("", "")), (row.ended, row.reason))
        seconds = seconds_to_paper(row)
        if seconds is not None:
            self._seconds.setdefault(row.source, []).append(seconds)

    def figures(self) -> DocumentFigures:
        """What was counted so far."""
        failures = sorted(self._failures.items(), key=lambda entry: (-entry[1], entry[0]))
        return DocumentFigures(
            dropped=dict(sorted(self._outcomes[DROP].items())),
            held=dict(sorted(self._outcomes[TAP].items())),
            failures=tuple(Failure(code, count, self._examples[code][1]) for code, count in failures),
            drop_times=times_of(self._seconds[DROP]),
            tap_times=times_of(self._seconds[TAP]),
        )


def seconds_to_paper(row: LedgerRow) -> float | None:
    """Seconds from the drop, or from the release of a held job, to the paper; None for one that was not printed.

    The paper is there when Graph was first seen to report the job as completed, so this is late by up to one look at
    the job.
    """
    since = row.started if row.source == TAP else row.begun
    if row.outcome != COMPLETED or since is None:
        return None
    completed = next((state.get("at") for state in row.states if state.get("state") == COMPLETED), None)
    try:
        seconds = (datetime.fromisoformat(completed or row.ended) - datetime.fromisoformat(since)).total_seconds()
    except (TypeError, ValueError):
        return None
    return max(seconds, 0.0)


def times_of(seconds: Sequence[float]) -> Times:
    """The distribution of these times."""
    ordered = sorted(seconds)
    ends = [bisect_right(ordered, end) for end in TIME_CLASSES] + [len(ordered)]
    classes = tuple(end - start for start, end in zip([0, *ends], ends, strict=False))
    return Times(len(ordered), percentile(ordered, 50), percentile(ordered, 95), classes)


def percentile(ordered: Sequence[float], rank: float) -> float | None:
    """The value below which `rank` of 100 lie, between its neighbours where it falls between; None for no values.

    `ordered` rises. The same as NumPy's default, so that a spreadsheet's PERCENTILE agrees.
    """
    if not ordered:
        return None
    position = (len(ordered) - 1) * rank / 100
    low = math.floor(position)
    high = min(low + 1, len(ordered) - 1)
    part = position - low
    # Written so that equal neighbours give exactly their value.
    return ordered[low] + (ordered[high] - ordered[low]) * part
