"""Makes a report's page: one HTML file without network, script or fonts, the same bytes for the same figures."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.usage_report import pictures, wording
from shared.usage_report.charts import NARROW, WIDE, Chart, Kind, draw
from shared.usage_report.figures import Line, MonthFigures, Usage
from shared.usage_report.language import Language

if TYPE_CHECKING:
    from jinja2 import Environment, Template
    from markupsafe import Markup

# So many rows have a table of printers or people; the others are one row, and all of them are in the exported files.
MOST_ROWS = 15
MOST_REASONS = 20
_OUTCOMES = ("completed", "failed", "refused", "aborted", "expired", "discarded", "superseded")


def render(figures: MonthFigures, language: Language, *, pseudonymised: bool = False) -> bytes:
    """The page in UTF-8. `pseudonymised` says that people have pseudonyms, so that no document is quoted either."""
    figures = _presentable(figures, language)
    text = _template().render(
        figures=figures,
        language=language,
        t=language.phrase,
        n=language.number,
        percent=language.percent,
        tiles=wording.tiles(figures, language),
        brief=" ".join(wording.brief(figures, language)),
        period=wording.period(figures, language),
        trend=pictures.trend(figures, language),
        days=pictures.days(figures, language),
        habits=pictures.habits(figures, language),
        groups=[
            ("printers", *_rows(figures.printers), pictures.entries("printers", figures.printers, language)),
            ("people", *_rows(figures.people), pictures.entries("people", figures.people, language)),
        ],
        centers=pictures.centers(figures, language),
        failures=pictures.failures(figures, language),
        times=pictures.times(figures, language),
        pool=pictures.pool(figures, language),
        pool_words=" ".join(wording.pool(figures.forecast, language)) if figures.forecast else "",
        outcomes=_outcomes(figures),
        reasons=figures.documents.failures[:MOST_REASONS],
        other_reasons=sum(failure.count for failure in figures.documents.failures[MOST_REASONS:]),
        pseudonymised=pseudonymised,
        bars=Kind.BARS,
    )
    return text.encode()


def _presentable(figures: MonthFigures, language: Language) -> MonthFigures:
    """The figures with every name such as a page may show."""

    def named(lines: tuple[Line, ...]) -> tuple[Line, ...]:
        return tuple(replace(line, name=wording.shown(line.name, language)) for line in lines)

    failures = tuple(
        replace(failure, code=wording.shown(failure.code, language), example=wording.shown(failure.example, language))
        for failure in figures.documents.failures
    )
    documents = replace(figures.documents, failures=failures)
    return replace(figures, printers=named(figures.printers), people=named(figures.people), documents=documents)


def _rows(lines: tuple[Line, ...]) -> tuple[tuple[Line, ...], int, Line | None]:
    """The lines that a table shows, how many others there are, and their sum."""
    # A single other line takes no more room than its sum.
    most = MOST_ROWS if len(lines) != MOST_ROWS + 1 else MOST_ROWS + 1
    rest = lines[most:]
    if not rest:
        return lines, 0, None
    costs = [line.cost for line in rest if line.cost is not None]
    total = Line("", sum((line.usage for line in rest), Usage()), sum(costs[1:], costs[0]) if costs else None)
    return lines[:most], len(rest), total


def _outcomes(figures: MonthFigures) -> list[tuple[str, int, int]]:
    """Each outcome that a document had, with how many were dropped and how many held."""
    dropped, held = figures.documents.dropped, figures.documents.held
    others = sorted({*dropped, *held} - set(_OUTCOMES))
    return [
        (outcome, dropped.get(outcome, 0), held.get(outcome, 0))
        for outcome in (*_OUTCOMES, *others)
        if outcome in dropped or outcome in held
    ]


@cache
def _template() -> Template:
    environment = _environment()
    return environment.get_template("report.html.jinja")


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["wide"] = lambda chart: _drawn(chart, WIDE)
    environment.filters["narrow"] = lambda chart: _drawn(chart, NARROW)
    environment.globals["style_sheet"] = _style_sheet
    return environment


def _style_sheet() -> Markup:
    from markupsafe import Markup

    return Markup((Path(__file__).parent / "templates" / "report.css").read_text("utf-8"))  # noqa: S704 - our own file


def _drawn(chart: Chart, width: int) -> Any:
    from markupsafe import Markup

    # Written by an XML serialiser, which escapes every text.
    return Markup(draw(chart, width))  # noqa: S704
