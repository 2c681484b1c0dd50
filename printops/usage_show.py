"""`printops usage show`: a month's figures as tables and bars in the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import typer
from rich.bar import Bar
from rich.console import Console, Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

from printops.common_options import Json, SettingsFile
from printops.session import console, run
from shared.names import USAGE
from shared.services import Services
from shared.usage_report import wording
from shared.usage_report.figures import Usage
from shared.usage_report.language import Language, load_language
from shared.usage_report.stored import read_figures
from shared.usage_report.summary import read_usage

BAR_WIDTH = 24
MOST_LINES = 15


def show(
    month: Annotated[
        str | None, typer.Option("--month", help="The month, such as 2026-10; the newest one without.")
    ] = None,
    as_json: Json = False,
    settings_file: SettingsFile = None,
) -> None:
    """Who printed what in a month: totals, printers, people, colour, documents and cost, as in its report."""

    async def work(services: Services) -> int:
        figures = await read_figures(services.storage.container(USAGE), month)
        if as_json:
            typer.echo(json.dumps(figures, indent=2, ensure_ascii=False))
        else:
            print_figures(figures, console)
        return 0

    run(work, settings_file)


def print_figures(figures: Mapping[str, Any], target: Console) -> None:
    """The figures of shared.usage_report.summary as a person reads them."""
    language = load_language()
    total = read_usage(figures["total"])
    cost, rest = figures["cost"], figures["otherPeople"]["count"]
    parts: list[RenderableType] = [
        _head(figures, total, language),
        _months(figures["months"], language),
        _lines("By printer", figures["printers"], cost, language),
        _lines("By person", figures["people"], cost, language, unnamed=rest),
        _documents(figures["documents"], language),
    ]
    if cost:
        parts.append(_cost(cost, language))
    for part in parts:
        target.print(part, highlight=False)
        target.print()


def _head(figures: Mapping[str, Any], total: Usage, language: Language) -> Text:
    first = date.fromisoformat(f"{figures['month']}-01")
    text = Text(f"\n{language.month(first)}", style="bold")
    if not figures["complete"]:
        until = figures["until"]
        text.append(f"  (up to {until})" if until else "  (no day is exported yet)", style="dim")
    text.append(
        f"\n{language.number(total.pages)} pages on {language.number(total.sheets)} sheets in "
        f"{language.number(total.jobs)} jobs; {language.percent(total.color_share)} in colour, "
        f"{language.percent(total.double_sided_share)} of the sheets on both sides",
        style="not bold",
    )
    cost, pool = figures["cost"], figures["licencePool"]
    if cost:
        text.append(f"\nCost {_money(cost['total'], cost, language)}", style="not bold")
    if pool and pool["until"]:
        used, size = language.number(pool["used"]), language.number(pool["pool"])
        text.append(f"\n{used} of {size} licence jobs used", style="not bold")
        if pool["runsOut"]:
            text.append(f"; the pool runs out on {pool['runsOut']}", style="yellow not bold")
    return text


def _months(months: Sequence[Mapping[str, Any]], language: Language) -> Table:
    known = [(entry["month"], read_usage(entry["usage"])) for entry in months if entry["usage"]]
    most = max((usage.pages for _, usage in known), default=0)
    table = _table("Thirteen months", "month", "pages", "in colour", "both sides")
    for month, usage in known:
        table.add_row(
            month,
            language.number(usage.pages),
            language.percent(usage.color_share),
            language.percent(usage.double_sided_share),
            _bar(usage, most),
        )
    return table


def _lines(
    title: str,
    lines: Sequence[Mapping[str, Any]],
    cost: Mapping[str, Any] | None,
    language: Language,
    *,
    unnamed: int = 0,
) -> Table:
    table = _table(title, "name", "pages", "in colour", "jobs", *(["cost"] if cost else []))
    shown = [(line, read_usage(line["usage"])) for line in lines[:MOST_LINES]]
    most = max((usage.pages for _, usage in shown), default=0)
    for line, usage in shown:
        cells = [language.number(usage.pages), language.percent(usage.color_share), language.number(usage.jobs)]
        if cost:
            cells.append(_money(line["cost"], cost, language))
        # What somebody called a printer must neither be taken as markup nor reach the terminal as a command.
        table.add_row(Text(wording.shown(line["name"], language)), *cells, _bar(usage, most))
    others = max(len(lines) - MOST_LINES, 0) + unnamed
    if others:
        table.add_row(Text(f"and {language.number(others)} more", style="dim"))
    return table


def _documents(documents: Mapping[str, Any], language: Language) -> RenderableType:
    ended = {name: dict(documents[name]) for name in ("dropped", "held")}
    if not any(ended.values()):
        return Text("No document was dropped or held.", style="dim")
    outcomes = Table(
        "documents", Column("dropped", justify="right"), Column("held", justify="right"), box=None, pad_edge=False
    )
    for outcome in sorted({*ended["dropped"], *ended["held"]}):
        counts = (language.number(ended[name].get(outcome, 0)) for name in ("dropped", "held"))
        outcomes.add_row(Text(language.phrases.get(f"outcome.{outcome}", outcome)), *counts)
    parts: list[RenderableType] = [outcomes]
    times = documents["dropTimes"]
    if times["count"]:
        median, late = (language.duration(times[name]) for name in ("median", "percentile95"))
        parts.append(Text(f"\nFrom drop to paper: {median} (median), {late} (95 of 100)"))
    for failure in documents["failures"][:MOST_LINES]:
        reason = language.reason(wording.shown(failure["code"], language))
        parts.append(Text(f"{language.number(failure['count']):>6}  {reason}", style="red"))
    return Group(*parts)


def _cost(cost: Mapping[str, Any], language: Language) -> Table:
    numbers = (Column(name, justify="right") for name in ("people", "cost"))
    table = Table("cost centre", *numbers, box=None, pad_edge=False)
    for line in cost["costCenters"]:
        name = wording.shown(line["name"], language) if line["name"] else language.phrase("cost.unassigned")
        table.add_row(Text(name), language.number(line["people"]), _money(line["cost"], cost, language))
    if Decimal(cost["printersWithOwnPrices"]):
        difference = _money(cost["printersWithOwnPrices"], cost, language)
        table.add_row(Text(language.phrase("cost.difference"), style="dim"), "", difference)
    table.add_row(Text("Total", style="bold"), "", Text(_money(cost["total"], cost, language), style="bold"))
    return table


def _table(title: str, first: str, *numbers: str) -> Table:
    columns: Iterable[Column | str] = (
        Column(first, overflow="fold", max_width=44),
        *(Column(name, justify="right", no_wrap=True) for name in numbers),
        Column("", width=BAR_WIDTH),
    )
    return Table(*columns, title=Text(title, style="bold"), title_justify="left", box=None, pad_edge=False)


def _bar(usage: Usage, most: int) -> Bar:
    return Bar(size=float(most or 1), begin=0, end=float(usage.pages), width=BAR_WIDTH, color="cyan")


def _money(amount: str | None, cost: Mapping[str, Any], language: Language) -> str:
    return language.money(Decimal(amount) if amount is not None else None, cost["currency"], cost["decimals"])
