"""Months of printing in a company that does not exist, always the same: what a report is made of."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Any

from shared.ledger import LedgerRow
from shared.times import timestamp
from shared.usage_report.documents import DocumentCounter, DocumentFigures
from shared.usage_report.figures import Entry, MonthData, Usage, month_before

PLACES = (
    "Lobby",
    "Finance 2nd floor",
    "Marketing studio",
    "Legal",
    "Warehouse A",
    "Reception",
    "R&D lab",
    "Sales west",
)
PRINTERS = tuple(f"{place} {kind}" for place in PLACES for kind in ("laser", "color MFP", "label"))
FIRST = ("anna", "bo", "chen", "dalia", "emil", "fatima", "goran", "hana", "ivo", "jun", "kofi", "lena", "mio")
LAST = ("adler", "berg", "castro", "dahl", "eze", "fuchs", "gupta", "haddad", "ito", "jansen", "kaya")
PEOPLE = tuple(f"{first}.{last}@contoso.example" for last in LAST for first in FIRST)
CATALOG: dict[str, Any] = {
    "priceList": {
        "currency": "EUR",
        "perSheet": "0.011",
        "perBlackPage": "0.009",
        "perColorPage": "0.065",
        "printers": [{"printerId": "printer-4", "perColorPage": "0.11"}],
    },
    "costCenters": [
        {"name": "Sales & Marketing", "users": list(PEOPLE[:50])},
        {"name": "Finance", "users": list(PEOPLE[50:80])},
        {"name": "Research and development", "members": list(PEOPLE[80:120])},
    ],
    "licencePool": {"jobsPerMonth": 9000},
}
FAILURES = (
    ("shareUnknown", "There is no share 'finnance'. Did you mean finance? Shares are: finance, legal, lobby."),
    ("contentNotSupported", "The printer takes application/pdf, but this is a Word document. Save it as PDF."),
    ("canceled", "Somebody cancelled the job."),
    ("tookTooLong", "The job was cancelled here because the printer was stopped for 4.2 hours."),
    ("settingInvalid", "Correct these settings: copies in metadata must be at least 1, not '0'."),
)

# What a printer or a person may be called by somebody who wishes to harm, and by somebody who does not.
HOSTILE_NAMES = (
    "<script>alert(1)</script>",
    "</style></svg><img src=x onerror=alert(1)>",
    "\u202egnp.exe \u2066 turned round",
    "\u05de\u05d3\u05e4\u05e1\u05ea \u05d4\u05d7\u05e9\u05d1\u05d5\u05ea",
    "A" * 4000,
    "{{ 7 * 7 }} ${7*7} {0.__class__} %s",
    "null\x00 escape\x1b[31m tab\t newline\n \ud800",
    "\"quoted\" & 'single' &amp; ]]> <!-- ",
    "\u65e5\u672c\u8a9e\u306e\u30d7\u30ea\u30f3\u30bf\u30fc\uff08\u4e09\u968e\uff09 \U0001f5a8",
)


def hostile(data: MonthData) -> MonthData:
    """The same month with such names, and failures that quote them."""

    def renamed(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
        ordered = sorted(entries, key=lambda entry: -entry.usage.pages)
        names = (*HOSTILE_NAMES, *(entry.name for entry in ordered[len(HOSTILE_NAMES) :]))
        return tuple(replace(entry, name=name) for entry, name in zip(ordered, names, strict=False))

    failures = tuple(
        replace(failure, example=name) for failure, name in zip(data.documents.failures, HOSTILE_NAMES, strict=False)
    )
    documents = replace(data.documents, failures=failures)
    return replace(data, printers=renamed(data.printers), people=renamed(data.people), documents=documents)


def usage(jobs: int, chance: random.Random, *, color: float = 0.3, sides: float = 0.55) -> Usage:
    """What so many jobs print."""
    pages = sum(chance.choice((1, 1, 2, 2, 3, 5, 8, 20)) for _ in range(jobs))
    in_color = round(pages * min(1.0, max(0.0, chance.gauss(color, 0.05))))
    double = round(pages * min(0.95, max(0.0, chance.gauss(sides, 0.04))) / 2)
    color_jobs = round(jobs * color)
    return Usage(pages, pages - in_color, in_color, pages - double, double, jobs, color_jobs, jobs // 40)


@cache
def month_data(month: date, until: date | None, *, printers: int = 24, people: int = 143, seed: int = 7) -> MonthData:
    """A month with its thirteen months and its days, made once; `until` as in MonthData."""
    chance = random.Random(f"{seed}{month}")  # noqa: S311 - no secret hangs on it
    days = _days(month, until, chance)
    of_month = sum((usage for day, usage in days.items() if day >= month), Usage())
    months = {month_before(month, back): usage(_busy(month_before(month, back)), chance) for back in range(1, 13)}
    return MonthData(
        month=month,
        until=until,
        months=MappingProxyType(months),
        days=MappingProxyType(days),
        printers=tuple(
            Entry(f"printer-{index}", PRINTERS[index % len(PRINTERS)], part)
            for index, part in enumerate(_parts(of_month, printers, chance))
        ),
        people=tuple(
            Entry(PEOPLE[index], PEOPLE[index], part) for index, part in enumerate(_parts(of_month, people, chance))
        ),
        documents=documents(month, until, chance),
    )


def documents(month: date, until: date | None, chance: random.Random) -> DocumentFigures:
    """What the ledger's rows of the month come to."""
    counter = DocumentCounter()
    for number in range((until - month).days * 120 if until else 0):
        counter.add(ledger_row(month, number, chance))
    return counter.figures()


def ledger_row(month: date, number: int, chance: random.Random) -> LedgerRow:
    """One document, most of them printed."""
    begun = datetime.fromisoformat(f"{month}T08:00:00+00:00") + timedelta(minutes=number * 11)
    seconds = chance.lognormvariate(3.1, 0.9)
    source = "drop" if number % 5 < 3 else "tap"
    ended = timestamp(begun + timedelta(seconds=seconds))
    outcome, code, reason = "completed", "completed", "The printer finished the job."
    luck = chance.random()
    if luck < 0.03:
        outcome, (code, reason) = "failed", FAILURES[int(chance.random() ** 2 * len(FAILURES))]
    elif source == "tap" and luck < 0.12:
        outcome, code, reason = ("expired", "expired", "") if luck < 0.09 else ("discarded", "discarded", "")
    states = ({"state": "completed", "at": ended},) if outcome == "completed" else ()
    return LedgerRow(
        f"{month}-{number}",
        source,
        ended,
        outcome,
        code,
        reason,
        begun=timestamp(begun),
        started=timestamp(begun + timedelta(seconds=seconds / 3)),
        states=states,
    )


def _busy(month: date) -> int:
    season = (1.0, 0.98, 1.1, 0.95, 0.97, 1.02, 0.82, 0.61, 1.05, 1.12, 1.08, 0.8)[month.month - 1]
    return round(6600 * season)


def _days(month: date, until: date | None, chance: random.Random) -> dict[date, Usage]:
    if until is None:
        return {}
    first = month - timedelta(days=60)
    days = {}
    for index in range((until - first).days + 1):
        day = first + timedelta(days=index)
        weight = (1.0, 1.15, 1.1, 1.05, 0.8, 0.05, 0.02)[day.weekday()]
        days[day] = usage(max(0, round(chance.gauss(300, 25) * weight)), chance)
    return days


def _parts(whole: Usage, count: int, chance: random.Random) -> list[Usage]:
    """The usage divided unevenly; the parts add up to it."""
    weights = [chance.paretovariate(1.2) for _ in range(count)]
    total = sum(weights)
    parts = []
    given = Usage()
    for weight in weights[:-1]:
        share = Decimal(weight / total)
        part = Usage(*(int(getattr(whole, name) * share) for name in Usage.__slots__))
        part = Usage(part.black_pages + part.color_pages, *(getattr(part, name) for name in Usage.__slots__[1:]))
        parts.append(part)
        given += part
    rest = Usage(*(getattr(whole, name) - getattr(given, name) for name in Usage.__slots__))
    return [*parts, rest]
