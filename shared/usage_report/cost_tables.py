"""The tables of what a month cost: by printer, by person and by cost centre. Pure.

Costs are rounded as the report shows them, so that a sum over a table is the report's total.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shared.costs.price_list import PageCounts, PriceList
from shared.usage.tables import Column, Table
from shared.usage_report.figures import CostRules, MonthData, MonthFigures

_COUNTS = (
    Column("completedJobCount", "integer"),
    Column("blackAndWhitePageCount", "integer"),
    Column("colorPageCount", "integer"),
    Column("mediaSheetCount", "integer"),
    Column("doubleSidedSheetCount", "integer"),
)
_COST = (Column("currency", "text"), Column("cost", "decimal"))

COST_BY_PRINTER = Table(
    "cost-by-printer",
    (Column("usageMonth", "date"), Column("printerId", "text"), Column("printerName", "text"), *_COUNTS, *_COST),
    "month",
    sort_by=("printerId",),
)
COST_BY_USER = Table(
    "cost-by-user",
    (
        Column("usageMonth", "date"),
        Column("userPrincipalName", "text", "pseudonym"),
        Column("costCenter", "text"),
        *_COUNTS,
        *_COST,
    ),
    "month",
    sort_by=("userPrincipalName",),
)
COST_BY_CENTER = Table(
    "cost-by-cost-center",
    (
        Column("usageMonth", "date"),
        Column("line", "text"),
        Column("costCenter", "text"),
        Column("people", "integer"),
        *_COUNTS,
        *_COST,
    ),
    "month",
    sort_by=("line", "costCenter"),
)


def cost_tables(
    data: MonthData, figures: MonthFigures, rules: CostRules
) -> Iterator[tuple[Table, list[Sequence[object]]]]:
    """The tables of a month with their rows; none where the catalog has no price list."""
    prices = rules.prices
    if prices is None:
        return
    month = data.month
    yield (
        COST_BY_PRINTER,
        [
            (month, entry.key, entry.name, *_priced(entry.usage.jobs, entry.usage.counts, prices, entry.key))
            for entry in data.printers
        ],
    )
    yield (
        COST_BY_USER,
        [
            (month, entry.key, rules.centers.of(entry.key), *_priced(entry.usage.jobs, entry.usage.counts, prices))
            for entry in data.people
        ],
    )
    if figures.cost and figures.cost.centers:
        yield COST_BY_CENTER, list(_centers(figures, prices))


def _priced(jobs: int, counts: PageCounts, prices: PriceList, printer_id: str | None = None) -> tuple[object, ...]:
    return (*_counts(jobs, counts), prices.currency, prices.rounded(prices.cost(counts, printer_id)))


def _counts(jobs: int, counts: PageCounts) -> tuple[int, ...]:
    return (jobs, counts.black_pages, counts.color_pages, counts.sheets, counts.double_sided_sheets)


def _centers(figures: MonthFigures, prices: PriceList) -> Iterator[Sequence[object]]:
    cost = figures.cost
    if cost is None:
        return
    for line in cost.centers:
        kind = "center" if line.name is not None else "unassigned"
        counted = _counts(line.jobs, line.counts)
        yield (figures.month, kind, line.name, line.people, *counted, prices.currency, line.cost)
    if cost.difference:
        nothing = (None,) * len(_COUNTS)
        yield (figures.month, "printers", None, None, *nothing, prices.currency, cost.difference)
