"""What reports are made of: one record for each job that ended, and the sums over records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

COMPLETED = "completed"
# The counters that records add to; the other three of printUsage are sums of these.
COUNTERS = (
    "completedBlackAndWhiteJobCount",
    "completedColorJobCount",
    "incompleteJobCount",
    "blackAndWhitePageCount",
    "colorPageCount",
    "singleSidedSheetCount",
    "doubleSidedSheetCount",
)
_ESTIMATES = (
    "pageCount",
    "blackAndWhitePageCount",
    "colorPageCount",
    "mediaSheetCount",
    "singleSidedSheetCount",
    "doubleSidedSheetCount",
)


@dataclass(frozen=True, slots=True)
class Person:
    """Who printed (Graph: userIdentity)."""

    id: str
    user_principal_name: str
    display_name: str


@dataclass(frozen=True, slots=True)
class ReportedPrinter:
    """Where it came out. A printer that was removed keeps its records."""

    id: str
    name: str


@dataclass(slots=True)
class PrintRecord:
    """A job that ended. `pages` are printed sides and `sheets` pieces of paper, all copies together.

    None where the printer did not report them. The reports know of the job from `known` on.
    """

    job_id: str
    person: Person
    printer: ReportedPrinter
    created: datetime
    acquired: datetime | None
    ended: datetime
    state: str
    copies: int
    color: bool
    pages: int | None
    sheets: int | None
    known: datetime
    # The source of a redirected job is archived, but its paper counts where it came out.
    counted: bool = True


class Tally:
    """Sums of one user or printer for one day or month. `counts` are in the order of COUNTERS."""

    __slots__ = ("counts", "reported")

    def __init__(self) -> None:
        self.counts = [0] * len(COUNTERS)
        # Whether any printer reported pages; without that the estimates are unknown, not zero.
        self.reported = False

    def add(self, record: PrintRecord) -> None:
        """Count a job."""
        counts = self.counts
        if record.state != COMPLETED:
            counts[2] += 1
            return
        counts[1 if record.color else 0] += 1
        pages, sheets = record.pages, record.sheets
        if pages is None:
            return
        self.reported = True
        counts[4 if record.color else 3] += pages
        # A sheet carries one side or two, which settles how many there are of each.
        known_sheets = pages if sheets is None else sheets
        two_sided = max(0, pages - known_sheets)
        counts[5] += known_sheets - two_sided
        counts[6] += two_sided

    def change(self, by: dict[str, int]) -> None:
        """Add a correction. No counter falls below zero."""
        for name, amount in by.items():
            place = COUNTERS.index(name)
            self.counts[place] = max(0, self.counts[place] + amount)
            self.reported = self.reported or name in _ESTIMATES

    def merge(self, other: Tally) -> None:
        """Add the sums of another."""
        self.counts = [mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True)]
        self.reported = self.reported or other.reported

    def view(self, row_id: str, usage_date: date) -> dict[str, Any]:
        """What all printUsage types share."""
        mono_jobs, color_jobs, incomplete, mono_pages, color_pages, single, double = self.counts
        row: dict[str, Any] = {
            "id": row_id,
            "usageDate": usage_date.isoformat(),
            "completedJobCount": mono_jobs + color_jobs,
            "completedBlackAndWhiteJobCount": mono_jobs,
            "completedColorJobCount": color_jobs,
            "incompleteJobCount": incomplete,
            "pageCount": mono_pages + color_pages,
            "blackAndWhitePageCount": mono_pages,
            "colorPageCount": color_pages,
            "mediaSheetCount": single + double,
            "singleSidedSheetCount": single,
            "doubleSidedSheetCount": double,
        }
        if not self.reported:
            row.update(dict.fromkeys(_ESTIMATES))
        return row
