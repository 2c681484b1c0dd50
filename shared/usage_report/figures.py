"""The figures of a month's report, put together from usage, the ledger and the catalog. Pure.

Days and months are those of UTC, as in Graph's usage (Graph: printUsage, usageDate).
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from shared.costs.cost_centers import CenterLine, CostCenters, PersonCounts, parse_cost_centers, summarise
from shared.costs.licence_pool import Forecast, forecast, parse_licence_pool
from shared.costs.price_list import PageCounts, PriceList, page_counts, parse_price_list
from shared.usage_report.documents import DocumentFigures

TREND_MONTHS = 13


@dataclass(frozen=True, slots=True)
class Usage:
    """What was printed, added up. A page is one printed side; `jobs` are those that completed."""

    pages: int = 0
    black_pages: int = 0
    color_pages: int = 0
    sheets: int = 0
    double_sided_sheets: int = 0
    jobs: int = 0
    color_jobs: int = 0
    incomplete_jobs: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    @property
    def counts(self) -> PageCounts:
        """What prices apply to."""
        return PageCounts(self.black_pages, self.color_pages, self.sheets, self.double_sided_sheets)

    @property
    def color_share(self) -> float | None:
        """Pages in colour of all, from 0 to 1; None where there are no pages."""
        return self.color_pages / self.pages if self.pages else None

    @property
    def double_sided_share(self) -> float | None:
        """Sheets with print on both sides of all, from 0 to 1; None where there are no sheets."""
        return self.double_sided_sheets / self.sheets if self.sheets else None


def usage_of(row: Mapping[str, Any]) -> Usage:
    """The usage in a row with Graph's names (Graph: printUsage). Counts that are missing are taken from the others."""
    counts = page_counts(
        pages=row.get("pageCount"),
        black_pages=row.get("blackAndWhitePageCount"),
        color_pages=row.get("colorPageCount"),
        sheets=row.get("mediaSheetCount"),
        double_sided_sheets=row.get("doubleSidedSheetCount"),
    )
    black, color = (row.get(f"completed{kind}JobCount") or 0 for kind in ("BlackAndWhite", "Color"))
    completed = row.get("completedJobCount")
    return Usage(
        counts.black_pages + counts.color_pages,
        counts.black_pages,
        counts.color_pages,
        counts.sheets,
        counts.double_sided_sheets,
        black + color if completed is None else completed,
        color,
        row.get("incompleteJobCount") or 0,
    )


@dataclass(frozen=True, slots=True)
class CostRules:
    """What the catalog says of costs; each part may be missing."""

    prices: PriceList | None = None
    centers: CostCenters = field(default_factory=CostCenters)
    licence_pool: int | None = None


def parse_cost_rules(document: Mapping[str, Any]) -> CostRules:
    """Read the catalog's sections `priceList`, `costCenters` and `licencePool`. Raises CatalogUnreadable."""
    return CostRules(parse_price_list(document), parse_cost_centers(document), parse_licence_pool(document))


@dataclass(frozen=True, slots=True)
class Entry:
    """The month of one printer (`key` its id) or one person (`key` the user principal name, or the pseudonym)."""

    key: str
    name: str
    usage: Usage


@dataclass(frozen=True, slots=True)
class Line:
    """An entry with what it costs, rounded to be shown; None where there is no price list."""

    name: str
    usage: Usage
    cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class MonthData:
    """What the files hold for a month. `until` is the last day of the month that was exported, None before the first.

    `months` has the usage of whole months by their first day, the reported one among them; `days` that of single days,
    of the weeks before the month too. Usage by printer is what totals are made of.
    """

    month: date
    until: date | None
    months: Mapping[date, Usage]
    days: Mapping[date, Usage]
    printers: tuple[Entry, ...]
    people: tuple[Entry, ...]
    documents: DocumentFigures


@dataclass(frozen=True, slots=True)
class CostFigures:
    """A month's costs, rounded line by line. `difference` is what printers with prices of their own add to the centres.

    `total` is the sum of the printers' lines, and of the centres' lines and `difference`.
    """

    currency: str
    decimals: int
    total: Decimal
    centers: tuple[CenterLine, ...]
    difference: Decimal


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """Everything that a report of a month says. Lines have the most pages first; None stands for what is not known."""

    month: date
    until: date | None
    complete: bool
    total: Usage
    previous: Usage | None
    year_ago: Usage | None
    trend: tuple[tuple[date, Usage | None], ...]
    days: tuple[tuple[date, Usage], ...]
    printers: tuple[Line, ...]
    people: tuple[Line, ...]
    documents: DocumentFigures
    cost: CostFigures | None
    forecast: Forecast | None


def month_before(month: date, count: int = 1) -> date:
    """The first day of the month that lies `count` months before."""
    index = month.year * 12 + month.month - 1 - count
    return date(index // 12, index % 12 + 1, 1)


def last_day(month: date) -> date:
    """The last day of the month."""
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])


def make_figures(data: MonthData, rules: CostRules) -> MonthFigures:
    """Put the figures of a month together."""
    month, prices = data.month, rules.prices
    until = min(data.until, last_day(month)) if data.until else None
    trend = [month_before(month, count) for count in reversed(range(TREND_MONTHS))]
    printers = _lines(data.printers, prices, by_printer=True)
    people = _lines(data.people, prices, by_printer=False)
    total = sum((line.usage for line in printers), Usage())
    months = {**data.months, month: total}
    pool = rules.licence_pool
    return MonthFigures(
        month=month,
        until=until,
        complete=until == last_day(month),
        total=total,
        previous=months.get(month_before(month)),
        year_ago=months.get(month_before(month, 12)),
        trend=tuple((first, months.get(first)) for first in trend),
        days=_days(month, until, data.days),
        printers=printers,
        people=people,
        documents=data.documents,
        cost=_cost(data, printers, rules) if prices else None,
        forecast=forecast(pool, {day: usage.jobs for day, usage in data.days.items()}, month, until) if pool else None,
    )


def _lines(entries: Iterable[Entry], prices: PriceList | None, *, by_printer: bool) -> tuple[Line, ...]:
    ordered = sorted(entries, key=lambda entry: (-entry.usage.pages, -entry.usage.jobs, entry.name, entry.key))
    return tuple(
        Line(
            entry.name,
            entry.usage,
            prices.rounded(prices.cost(entry.usage.counts, entry.key if by_printer else None)) if prices else None,
        )
        for entry in ordered
    )


def _days(month: date, until: date | None, days: Mapping[date, Usage]) -> tuple[tuple[date, Usage], ...]:
    if until is None or until < month:
        return ()
    return tuple(
        (day, days.get(day, Usage())) for day in (month.replace(day=number + 1) for number in range(until.day))
    )


def _cost(data: MonthData, printers: tuple[Line, ...], rules: CostRules) -> CostFigures | None:
    prices = rules.prices
    if prices is None:
        return None
    total = sum((line.cost for line in printers if line.cost is not None), prices.rounded(Decimal(0)))
    people = [PersonCounts(person.key, person.usage.counts, person.usage.jobs) for person in data.people]
    centers = summarise(people, rules.centers, prices) if rules.centers.names else ()
    shared = sum((line.cost for line in centers), Decimal(0))
    return CostFigures(
        currency=prices.currency,
        decimals=prices.decimals,
        total=total,
        centers=centers,
        difference=total - shared if centers else Decimal(0),
    )
