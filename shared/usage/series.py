"""The series that Graph reports, and how each row of an answer becomes a row of a table. Pure.

Facts: Graph's printUsageByUser, printUsageByPrinter and archivedPrintJob.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Literal

from shared.usage.sorting import Row
from shared.usage.tables import Cell, Column, Period, RowUnfit, Table, cells

type Subject = Literal["user", "printer"]

# Those that Graph always has a number for; the others are estimates, and nothing where no printer reported them.
_COUNTED = frozenset({"completedBlackAndWhiteJobCount", "completedColorJobCount", "incompleteJobCount"})
COUNTERS = (
    "completedJobCount",
    "completedBlackAndWhiteJobCount",
    "completedColorJobCount",
    "incompleteJobCount",
    "pageCount",
    "blackAndWhitePageCount",
    "colorPageCount",
    "mediaSheetCount",
    "singleSidedSheetCount",
    "doubleSidedSheetCount",
)
_NUMBERS = frozenset({int, type(None)})


@dataclass(frozen=True, slots=True)
class Series:
    """A table that is filled from Graph: from the usage list `report`, or without one from ended jobs by printer."""

    table: Table
    report: str | None = None

    @property
    def name(self) -> str:
        """The name of its table and of its state."""
        return self.table.name

    def rows(self, entries: Sequence[Mapping[str, Any]]) -> list[Row]:
        """Rows `(partition, *cells)` of a page's entries. Raises RowUnfit."""
        try:
            if self.report is None:
                return [_job(entry) for entry in entries]
            return [_usage(entry, self.table) for entry in entries]
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise RowUnfit(f"Graph answered {self.name} with a row that has no {error}") from error


def _usage_table(period: Period, subject: Subject) -> Table:
    who = (
        (Column("userPrincipalName", "text", "pseudonym"),)
        if subject == "user"
        else (Column("printerId", "text"), Column("printerName", "text"))
    )
    name = f"{'daily' if period == 'day' else 'monthly'}-by-{subject}"
    columns = (Column("usageDate", "date"), *who, *(Column(counter, "integer") for counter in COUNTERS))
    return Table(name, columns, period, sort_by=(who[0].name,))


DAILY_BY_USER = Series(_usage_table("day", "user"), "dailyPrintUsageByUser")
DAILY_BY_PRINTER = Series(_usage_table("day", "printer"), "dailyPrintUsageByPrinter")
MONTHLY_BY_USER = Series(_usage_table("month", "user"), "monthlyPrintUsageByUser")
MONTHLY_BY_PRINTER = Series(_usage_table("month", "printer"), "monthlyPrintUsageByPrinter")
# The person's address is left out: no figure needs it.
ARCHIVED_JOBS = Series(
    Table(
        "archived-jobs",
        (
            Column("createdDateTime", "datetime"),
            Column("printerId", "text"),
            Column("printerName", "text"),
            Column("id", "text"),
            Column("processingState", "text"),
            Column("acquiredByPrinter", "boolean"),
            Column("acquiredDateTime", "datetime"),
            Column("completionDateTime", "datetime"),
            Column("copiesPrinted", "integer"),
            Column("userPrincipalName", "text", "pseudonym"),
            Column("userDisplayName", "text", "omitted"),
            Column("userId", "text", "omitted"),
        ),
        "day",
        sort_by=("printerId", "createdDateTime", "id"),
    )
)
SERIES = (DAILY_BY_USER, DAILY_BY_PRINTER, MONTHLY_BY_USER, MONTHLY_BY_PRINTER, ARCHIVED_JOBS)


def _usage(entry: Mapping[str, Any], table: Table) -> Row:
    # Graph: a Date in the schema, a date and time in examples; either begins with the day.
    day = _day(entry["usageDate"][:10])
    who: Sequence[Cell] = (
        (_text(entry["userPrincipalName"]),)
        if table.names[1] == "userPrincipalName"
        else (_text(entry["printerId"]), _text(entry.get("printerName")))
    )
    # Graph: properties with default values may be left out of a list.
    counts = [entry.get(name, 0 if name in _COUNTED else None) for name in COUNTERS]
    if not _NUMBERS.issuperset(map(type, counts)):
        raise TypeError("whole numbers")
    return (day if table.partition == "day" else day[:7], day, *who, *counts)


def _job(entry: Mapping[str, Any]) -> Row:
    person = entry.get("createdBy") or {}
    values = (
        entry["createdDateTime"],
        entry.get("printerId"),
        entry.get("printerName"),
        entry["id"],
        entry["processingState"],
        entry.get("acquiredByPrinter", False),
        entry.get("acquiredDateTime"),
        entry.get("completionDateTime"),
        entry.get("copiesPrinted", 0),
        person.get("userPrincipalName"),
        person.get("displayName"),
        person.get("id"),
    )
    row = cells(ARCHIVED_JOBS.table, values)
    if row[0] is None:
        raise TypeError("createdDateTime")
    return (str(row[0])[:10], *row)


@lru_cache(maxsize=4096)
def _day(text: str) -> str:
    return date.fromisoformat(text).isoformat()


def _text(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError("name")
    return value if value.isascii() else value.encode(errors="replace").decode()
