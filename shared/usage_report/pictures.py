"""Which charts a report has, what each says in words, and the table of numbers behind it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from shared.usage_report.charts import Chart, Kind, Series
from shared.usage_report.documents import TIME_CLASSES
from shared.usage_report.figures import Line, MonthFigures, Usage
from shared.usage_report.language import Language

# So many bars have room; the others are in the table, or in the files.
MOST_BARS = 10


@dataclass(frozen=True, slots=True)
class Table:
    """Numbers behind a chart, as text: the first column names the row."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart and its table; no table where the page shows the same numbers beside it."""

    chart: Chart
    table: Table | None = None


def trend(figures: MonthFigures, language: Language) -> Picture | None:
    """Pages of the months up to this one; None where there were none."""
    known = [(first, usage) for first, usage in figures.trend if usage is not None and usage.pages]
    if not known:
        return None
    peak, most = max(known, key=lambda entry: entry[1].pages)
    months = [first for first, _ in figures.trend]
    chart = Chart(
        key="trend",
        kind=Kind.COLUMNS,
        title=language.phrase("trend.chart"),
        description=language.phrase(
            "trend.desc",
            first=language.month(months[0]),
            last=language.month(months[-1]),
            peak=language.month(peak),
            pages=language.plural("pages", most.pages),
        ),
        labels=_months(months, language),
        series=_pages((usage for _, usage in figures.trend), language),
        format_axis=language.compact,
        format_value=language.number,
    )
    rows = [(language.month(first), usage) for first, usage in figures.trend]
    return Picture(chart, _usage_table(chart.title, "column.month", rows, language))


def days(figures: MonthFigures, language: Language) -> Picture | None:
    """Pages of the days of the month that are known."""
    if not any(usage.pages for _, usage in figures.days):
        return None
    peak, most = max(figures.days, key=lambda entry: entry[1].pages)
    chart = Chart(
        key="days",
        kind=Kind.COLUMNS,
        title=language.phrase("days.chart"),
        description=language.phrase(
            "days.desc",
            month=language.month(figures.month),
            peak=language.day(peak),
            pages=language.plural("pages", most.pages),
        ),
        labels=tuple(str(day.day) for day, _ in figures.days),
        series=_pages((usage for _, usage in figures.days), language),
        format_axis=language.compact,
        format_value=language.number,
    )
    rows = [(language.day(day, year=False), usage) for day, usage in figures.days]
    return Picture(chart, _usage_table(chart.title, "column.day", rows, language))


def habits(figures: MonthFigures, language: Language) -> Picture | None:
    """The shares of colour and of two-sided printing, month by month."""
    if not any(usage and usage.pages for _, usage in figures.trend):
        return None
    colors = tuple(usage.color_share if usage else None for _, usage in figures.trend)
    sides = tuple(usage.double_sided_share if usage else None for _, usage in figures.trend)
    names = [language.phrase(f"habits.{name}") for name in ("color", "sides")]
    chart = Chart(
        key="habits",
        kind=Kind.LINES,
        title=language.phrase("habits.chart"),
        description=language.phrase(
            "habits.desc",
            month=language.month(figures.month),
            color=language.percent(figures.total.color_share),
            sides=language.percent(figures.total.double_sided_share),
        ),
        labels=_months([first for first, _ in figures.trend], language),
        series=(Series(names[0], "color", colors), Series(names[1], "sides", sides)),
        format_axis=language.percent,
        format_value=lambda share: language.percent(share, 1),
        most=1.0,
    )
    rows = tuple(
        (language.month(first), language.percent(color, 1), language.percent(side, 1))
        for (first, _), color, side in zip(figures.trend, colors, sides, strict=True)
    )
    return Picture(chart, Table(chart.title, (language.phrase("column.month"), *names), rows))


def entries(kind: str, lines: tuple[Line, ...], language: Language) -> Picture | None:
    """Bars of the lines with the most pages; `kind` is `printers` or `people`. Their table stands on the page."""
    shown = [line for line in lines[:MOST_BARS] if line.usage.pages]
    if not shown:
        return None
    chart = Chart(
        key=kind,
        kind=Kind.BARS,
        title=language.phrase(f"{kind}.chart"),
        description=language.phrase(
            f"{kind}.desc",
            count=len(shown),
            peak=shown[0].name,
            pages=language.plural("pages", shown[0].usage.pages),
        ),
        labels=tuple(line.name for line in shown),
        series=_pages((line.usage for line in shown), language),
        format_axis=language.compact,
        format_value=language.number,
    )
    return Picture(chart)


def centers(figures: MonthFigures, language: Language) -> Picture | None:
    """Bars of the cost of each centre, the highest first."""
    cost = figures.cost
    if cost is None:
        return None
    ordered = sorted((line for line in cost.centers if line.cost > 0), key=lambda line: -line.cost)[:MOST_BARS]
    if not ordered:
        return None

    def money(amount: float) -> str:
        return language.money(Decimal(str(amount)), cost.currency, cost.decimals)

    names = tuple(line.name or language.phrase("cost.unassigned") for line in ordered)
    amounts = tuple(float(line.cost) for line in ordered)
    chart = _single(
        "centers",
        (language.phrase("cost.chart"), language.phrase("cost.desc", peak=names[0], cost=money(amounts[0]))),
        (names, amounts),
        (language.phrase("column.cost"), "cost"),
        (language.compact, money),
    )
    return Picture(chart)


def failures(figures: MonthFigures, language: Language) -> Picture | None:
    """Bars of the documents that failed, by reason."""
    shown = figures.documents.failures[:MOST_BARS]
    if not shown:
        return None
    names = tuple(language.reason(failure.code) for failure in shown)
    peak = language.plural("documents", shown[0].count)
    chart = _single(
        "failures",
        (language.phrase("failures.chart"), language.phrase("failures.desc", peak=names[0], count=peak)),
        (names, tuple(float(failure.count) for failure in shown)),
        (language.phrase("column.documents"), "failed"),
        (language.compact, language.number),
    )
    return Picture(chart)


def times(figures: MonthFigures, language: Language) -> Picture | None:
    """Columns of dropped documents by how long they took to be paper."""
    taken = figures.documents.drop_times
    if not taken.count:
        return None
    names = [language.phrase("times.upTo", time=language.duration(end)) for end in TIME_CLASSES]
    names.append(language.phrase("times.over", time=language.duration(TIME_CLASSES[-1])))
    description = language.phrase(
        "times.desc", median=language.duration(taken.median), percentile95=language.duration(taken.percentile95)
    )
    head = (language.phrase("column.time"), language.phrase("column.documents"), language.phrase("share"))
    chart = _single(
        "times",
        (language.phrase("times.chart"), description),
        (tuple(names), tuple(float(count) for count in taken.classes)),
        (head[1], "time"),
        (language.compact, language.number),
    )
    rows = tuple(
        (name, language.number(count), language.percent(count / taken.count, 1))
        for name, count in zip(names, taken.classes, strict=True)
    )
    return Picture(chart, Table(chart.title, head, rows))


def pool(figures: MonthFigures, language: Language) -> Picture | None:
    """Bars of the jobs used, expected and included."""
    expected = figures.forecast
    if expected is None or expected.until is None:
        return None
    bars = [("used" if expected.complete else "usedSoFar", expected.used), ("pool", expected.pool)]
    if expected.at_month_end is not None and not expected.complete:
        bars.insert(1, ("expected", expected.at_month_end.expected))
    chart = _single(
        "pool",
        (language.phrase("pool.chart"), language.phrase("pool.desc", pool=language.number(expected.pool))),
        (tuple(language.phrase(f"pool.bar.{name}") for name, _ in bars), tuple(float(jobs) for _, jobs in bars)),
        (language.phrase("column.jobs"), "pool"),
        (language.compact, language.number),
    )
    rows = tuple((language.phrase(f"pool.bar.{name}"), language.number(jobs)) for name, jobs in bars)
    return Picture(chart, Table(chart.title, (language.phrase("column.what"), language.phrase("column.jobs")), rows))


def _single(
    key: str,
    words: tuple[str, str],
    values: tuple[tuple[str, ...], tuple[float, ...]],
    series: tuple[str, str],
    formats: tuple[Callable[[float], str], Callable[[float], str]],
) -> Chart:
    """Bars of one series: title and description, labels and values, name and colour, formats of axis and value."""
    (title, description), (labels, numbers), (name, color) = words, values, series
    return Chart(key, Kind.BARS, title, description, labels, (Series(name, color, numbers),), *formats)


def _months(months: Sequence[date], language: Language) -> tuple[str, ...]:
    """Short names, with the year where it begins."""
    return tuple(
        language.month(first, short=True)
        if first == months[0] or first.month == 1
        else language.month_name(first, short=True)
        for first in months
    )


def _pages(usages: Iterable[Usage | None], language: Language) -> tuple[Series, ...]:
    known = list(usages)
    return (
        Series(
            language.phrase("column.black"), "black", tuple(usage.black_pages if usage else None for usage in known)
        ),
        Series(
            language.phrase("column.color"), "color", tuple(usage.color_pages if usage else None for usage in known)
        ),
    )


def _usage_table(caption: str, first: str, rows: Sequence[tuple[str, Usage | None]], language: Language) -> Table:
    head = tuple(
        language.phrase(key)
        for key in (first, "column.pages", "column.black", "column.color", "column.sheets", "column.jobs")
    )
    none = language.phrase("none")

    def cells(usage: Usage | None) -> tuple[str, ...]:
        if usage is None:
            return (none,) * 5
        counts = (usage.pages, usage.black_pages, usage.color_pages, usage.sheets, usage.jobs)
        return tuple(language.number(count) for count in counts)

    return Table(caption, head, tuple((name, *cells(usage)) for name, usage in rows))
