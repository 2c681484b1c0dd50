"""A month's figures as JSON, for the command line and other programs. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

from shared.camel import camel_name
from shared.usage_report.figures import CostFigures, Line, MonthFigures, Usage

# So many people are named one by one; the rest is in one line. All of them are in the exported tables.
MOST_PEOPLE = 200
_USAGE_NAMES = {
    "pages": "pageCount",
    "black_pages": "blackAndWhitePageCount",
    "color_pages": "colorPageCount",
    "sheets": "mediaSheetCount",
    "double_sided_sheets": "doubleSidedSheetCount",
    "jobs": "completedJobCount",
    "color_jobs": "completedColorJobCount",
    "incomplete_jobs": "incompleteJobCount",
}


def summarise_figures(figures: MonthFigures) -> dict[str, Any]:
    """The figures as JSON takes them: Graph's names where it has them, days as ISO 8601, amounts as decimal text."""
    rest = figures.people[MOST_PEOPLE:]
    expected, cost = figures.forecast, figures.cost
    return {
        "month": f"{figures.month:%Y-%m}",
        "until": _plain(figures.until),
        "complete": figures.complete,
        "total": _usage(figures.total),
        "previousMonth": _usage(figures.previous),
        "sameMonthLastYear": _usage(figures.year_ago),
        "months": [{"month": f"{first:%Y-%m}", "usage": _usage(usage)} for first, usage in figures.trend],
        "days": [{"date": _plain(day), "usage": _usage(usage)} for day, usage in figures.days],
        "printers": [_line(line) for line in figures.printers],
        "people": [_line(line) for line in figures.people[:MOST_PEOPLE]],
        "otherPeople": {"count": len(rest), "usage": _usage(sum((line.usage for line in rest), Usage()))},
        "documents": _camel(asdict(figures.documents)),
        "cost": _cost(cost) if cost else None,
        "licencePool": _camel(asdict(expected)) if expected else None,
    }


def encode_figures(figures: MonthFigures) -> bytes:
    """The same in UTF-8, the same bytes for the same figures."""
    text = json.dumps(summarise_figures(figures), ensure_ascii=False, indent=1)
    return text.encode(errors="backslashreplace")


def read_usage(values: Mapping[str, Any]) -> Usage:
    """The usage in such a summary. Raises KeyError."""
    return Usage(**{name: values[public] for name, public in _USAGE_NAMES.items()})


def _usage(usage: Usage | None) -> dict[str, int] | None:
    return {public: getattr(usage, name) for name, public in _USAGE_NAMES.items()} if usage else None


def _line(line: Line) -> dict[str, Any]:
    return {"name": line.name, "usage": _usage(line.usage), "cost": _plain(line.cost)}


def _cost(cost: CostFigures) -> dict[str, Any]:
    centers = [
        {"name": line.name, "people": line.people, "completedJobCount": line.jobs, "cost": _plain(line.cost)}
        for line in cost.centers
    ]
    return {
        "currency": cost.currency,
        "decimals": cost.decimals,
        "total": _plain(cost.total),
        "costCenters": centers,
        "printersWithOwnPrices": _plain(cost.difference),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _camel(value: Any) -> Any:
    if isinstance(value, dict):
        return {camel_name(name): _camel(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_camel(entry) for entry in value]
    return _plain(value)
