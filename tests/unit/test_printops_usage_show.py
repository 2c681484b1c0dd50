"""`printops usage show` on a terminal."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from rich.console import Console

from printops.usage_show import print_figures
from shared.usage_report.figures import MonthData, make_figures, parse_cost_rules
from shared.usage_report.summary import encode_figures
from tests.support.usage_history import CATALOG, hostile, month_data

OCTOBER = date(2026, 10, 1)


def shown(data: MonthData, rules: Mapping[str, Any] = CATALOG, *, width: int = 100) -> str:
    figures = json.loads(encode_figures(make_figures(data, parse_cost_rules(rules))))
    output = io.StringIO()
    print_figures(figures, Console(file=output, width=width, force_terminal=False))
    return output.getvalue()


def test_a_month_is_shown_with_its_totals_bars_and_costs() -> None:
    data = month_data(OCTOBER, date(2026, 10, 31))
    figures = make_figures(data, parse_cost_rules(CATALOG))
    text = shown(data)

    assert f"{figures.total.pages:,} pages on {figures.total.sheets:,} sheets" in text
    first = next(line for line in text.splitlines() if line.startswith(figures.printers[0].name))
    assert first.endswith("█" * 24), "the longest bar belongs to the printer with the most pages"
    assert "and 9 more" in text
    assert "and 128 more" in text
    assert "Sales & Marketing" in text
    assert figures.cost is not None
    assert text.split()[-2:] == ["EUR", f"{figures.cost.total:,}"]
    assert "No such printer share" in text


def test_a_month_that_is_not_over_says_so() -> None:
    assert "November 2026  (up to 2026-11-17)" in shown(month_data(date(2026, 11, 1), date(2026, 11, 17)))
    nothing = shown(month_data(OCTOBER, None, printers=1, people=1), {})
    assert "(no day is exported yet)" in nothing
    assert "Cost" not in nothing
    assert "No document was dropped or held." in nothing


def test_names_reach_the_terminal_as_text_alone() -> None:
    text = shown(hostile(month_data(OCTOBER, date(2026, 10, 31))))
    assert "<script>alert(1)</script>" in text
    assert "{{ 7 * 7 }} ${7*7} {0.__class__} %s" in text
    assert not {"\x1b", "\x00", "\u202e", "\u2066"} & set(text)


def test_a_narrow_terminal_loses_no_number() -> None:
    data = month_data(OCTOBER, date(2026, 10, 31))
    figures = make_figures(data, parse_cost_rules(CATALOG))
    text = shown(data, width=80)
    assert max(map(len, text.splitlines())) <= 80
    assert all(f"{line.usage.pages:,}" in text for line in figures.printers[:15])
