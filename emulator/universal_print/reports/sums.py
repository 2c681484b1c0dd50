"""Adds records up by user or by printer."""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Literal

from emulator.universal_print.reports.records import Person, PrintRecord, ReportedPrinter, Tally

type Subject = Literal["User", "Printer"]
# By user principal name or printer id: the properties that name it in a row, and its sums.
type Sums = dict[str, tuple[dict[str, str], Tally]]


def sum_of(sums: Sums, subject: Subject, person: Person, printer: ReportedPrinter) -> Tally:
    """The sums that something of this person at this printer adds to."""
    key = person.user_principal_name if subject == "User" else printer.id
    entry = sums.get(key)
    if entry is None:
        names = {"userPrincipalName": key} if subject == "User" else {"printerId": key, "printerName": printer.name}
        entry = sums[key] = (names, Tally())
    return entry[1]


def count(sums: Sums, subject: Subject, records: Iterable[PrintRecord], now: datetime) -> None:
    """Add the records that are known by now."""
    for record in records:
        if record.counted and record.known <= now:
            sum_of(sums, subject, record.person, record.printer).add(record)


def merge(sums: Sums, others: Sums) -> None:
    """Add other sums, which stay as they are."""
    for key, (names, tally) in others.items():
        if key not in sums:
            sums[key] = (names, Tally())
        sums[key][1].merge(tally)


def days_of_month(month: date) -> list[date]:
    """All days of the month that begins on `month`."""
    return [month + timedelta(days=number) for number in range(calendar.monthrange(month.year, month.month)[1])]
