"""What a report says in sentences and tiles. Pure."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date

from shared.costs.licence_pool import Forecast
from shared.usage_report.figures import MonthFigures, month_before
from shared.usage_report.language import Language

LONGEST_NAME = 160
# A change below half a percent reads as none.
_NO_CHANGE = 0.0005


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure at the head of the report, with a line on what it compares to."""

    name: str
    value: str
    note: str = ""


def shown(name: str | None, language: Language) -> str:
    """A name as a page may show it: no control characters, no switches of writing direction, not endless."""
    visible = "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(character) in ("Cc", "Cs", "Cn", "Co") else character
        for character in unicodedata.normalize("NFC", name or "").strip()
        if unicodedata.bidirectional(character) not in _DIRECTIONS
    )
    if not visible:
        return language.phrase("unknown")
    return visible if len(visible) <= LONGEST_NAME else visible[: LONGEST_NAME - 1] + "…"


_DIRECTIONS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def period(figures: MonthFigures, language: Language) -> str:
    """Which days the figures cover."""
    if figures.until is None:
        return language.phrase("noDay")
    return language.phrase("whole" if figures.complete else "asOf", day=language.day(figures.until))


def brief(figures: MonthFigures, language: Language) -> list[str]:
    """The month in a few sentences."""
    total = figures.total
    if not total.pages:
        return [language.phrase("brief.nothing", month=language.month(figures.month))]
    printers = sum(1 for line in figures.printers if line.usage.pages)
    people = sum(1 for line in figures.people if line.usage.pages)
    sentences = [
        language.phrase(
            "brief.pages",
            people=language.plural("people", people),
            pages=language.plural("pages", total.pages),
            printers=language.plural("printers", printers),
        )
    ]
    before = figures.previous.pages if figures.previous and figures.complete else 0
    if before:
        change = total.pages / before - 1
        kind = "same" if abs(change) < _NO_CHANGE else "more" if change > 0 else "less"
        month = language.month(month_before(figures.month))
        sentences.append(language.phrase(f"brief.{kind}", percent=language.percent(abs(change), 1), month=month))
    sentences.append(
        language.phrase(
            "brief.color",
            color=language.percent(total.color_share),
            sides=language.percent(total.double_sided_share),
        )
    )
    if figures.cost:
        cost = figures.cost
        sentences.append(language.phrase("brief.cost", cost=language.money(cost.total, cost.currency, cost.decimals)))
    return sentences


def tiles(figures: MonthFigures, language: Language) -> list[Tile]:
    """The figures at the head of the report. A month that is not over is compared with none."""
    total, previous = figures.total, figures.previous if figures.complete else None
    month = language.month_name(month_before(figures.month))
    documents = figures.documents
    found = [
        Tile(
            language.phrase("tile.pages"),
            language.number(total.pages),
            _change(total.pages, previous.pages if previous else 0, month, language),
        ),
        Tile(
            language.phrase("tile.sheets"),
            language.number(total.sheets),
            _change(total.sheets, previous.sheets if previous else 0, month, language),
        ),
        Tile(
            language.phrase("tile.jobs"),
            language.number(total.jobs),
            language.phrase("tile.incomplete", count=language.number(total.incomplete_jobs)),
        ),
        Tile(
            language.phrase("tile.color"),
            language.percent(total.color_share),
            _points(total.color_share, previous.color_share if previous else None, month, language),
        ),
        Tile(
            language.phrase("tile.sides"),
            language.percent(total.double_sided_share),
            _points(total.double_sided_share, previous.double_sided_share if previous else None, month, language),
        ),
    ]
    if figures.cost:
        cost = figures.cost
        each = cost.total / total.pages if total.pages else None
        found.append(
            Tile(
                language.phrase("tile.cost"),
                language.money(cost.total, cost.currency, cost.decimals),
                language.phrase("tile.perPage", cost=language.money(each, cost.currency, cost.decimals + 2))
                if each is not None
                else "",
            )
        )
    all_documents = sum(documents.dropped.values()) + sum(documents.held.values())
    if all_documents:
        of = language.phrase("tile.failedOf", count=language.number(all_documents))
        found.append(Tile(language.phrase("tile.failed"), language.number(documents.failed), of))
    if figures.forecast and figures.forecast.until:
        of = language.phrase("tile.poolOf", count=language.number(figures.forecast.pool))
        left = max(figures.forecast.left, 0)
        found.append(Tile(language.phrase("tile.pool"), language.number(left), of))
    return found


def pool(expected: Forecast, language: Language) -> list[str]:
    """What the forecast of the licence pool says, in plain words."""
    numbers = {"pool": language.number(expected.pool), "used": language.number(expected.used)}
    if expected.until is None:
        return [language.phrase("pool.noDay", **numbers)]
    if expected.complete:
        sentences = [language.phrase("pool.usedAll", **numbers)]
    else:
        day = _day(expected.until, language)
        sentences = [language.phrase("pool.usedSoFar", day=day, **numbers)]
    if expected.used >= expected.pool and expected.runs_out:
        sentences.append(language.phrase("pool.passed", day=_day(expected.runs_out, language)))
    if expected.complete:
        return sentences
    if expected.at_month_end is None:
        return [*sentences, language.phrase("pool.tooEarly")]
    span = expected.at_month_end
    if expected.used < expected.pool:
        sentences.append(
            language.phrase(
                _prospect(expected),
                expected=language.number(span.expected),
                day=_day(expected.runs_out, language),
                earliest=_day(expected.earliest, language),
            )
        )
    if expected.used < expected.pool and expected.runs_out and expected.earliest:
        kind = "pool.betweenDays" if expected.latest else "pool.fromDay"
        latest = _day(expected.latest, language)
        sentences.append(language.phrase(kind, earliest=_day(expected.earliest, language), latest=latest))
    else:
        low, high = language.number(span.low), language.number(span.high)
        sentences.append(language.phrase("pool.between", low=low, high=high))
    return sentences


def _prospect(expected: Forecast) -> str:
    if expected.runs_out:
        return "pool.runsOut"
    return "pool.lastsMaybe" if expected.earliest else "pool.lasts"


def _day(day: date | None, language: Language) -> str:
    return language.day(day, year=False) if day else language.phrase("none")


def _change(now: int, before: int, month: str, language: Language) -> str:
    if not before:
        return ""
    change = now / before - 1
    if abs(change) < _NO_CHANGE:
        return language.phrase("change.same", month=month)
    kind = "up" if change > 0 else "down"
    return language.phrase(f"change.{kind}", percent=language.percent(abs(change), 1), month=month)


def _points(now: float | None, before: float | None, month: str, language: Language) -> str:
    if now is None or before is None:
        return ""
    points = (now - before) * 100
    if abs(points) < 0.05:
        return language.phrase("change.same", month=month)
    kind = "up" if points > 0 else "down"
    return language.phrase(f"change.points.{kind}", points=language.number(abs(points), 1), month=month)
