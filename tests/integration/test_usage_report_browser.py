"""The report in a real browser: light, dark, on paper, on a phone, and for people who hear it."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page
from pypdf import PdfReader

from shared.usage_report.figures import MonthData, make_figures, parse_cost_rules
from shared.usage_report.language import load_language
from shared.usage_report.page import render
from tests.support.browser import browser, shared_browser
from tests.support.usage_history import CATALOG, hostile, month_data

# The first use installs Debian packages where they are missing.
pytestmark = [pytest.mark.timeout(600), pytest.mark.asyncio(loop_scope="module")]

OCTOBER = date(2026, 10, 1)
WHOLE = date(2026, 10, 31)
DESKTOP, PHONE = {"width": 1100, "height": 900}, {"width": 360, "height": 740}
_LEFT_OF_ITS_CHART = """all => all
    .filter(text => text.getBoundingClientRect().left < text.closest("svg").getBoundingClientRect().left - 1)
    .map(text => text.textContent)"""


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def _browser() -> AsyncIterator[None]:
    async with shared_browser():
        yield


class Visit:
    """A page and what it asked for or complained of."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(dialog.message))

    async def style(self, selector: str, name: str) -> str:
        found: str = await self.page.eval_on_selector(selector, f"element => getComputedStyle(element)['{name}']")
        return found

    async def barriers(self) -> list[str]:
        """What axe finds against WCAG 2.2 A and AA, and its best practices."""
        results: Any = await Axe().run(self.page)
        return [f"{entry['id']}: {entry['nodes'][0]['html'][:200]}" for entry in results.response["violations"]]


@asynccontextmanager
async def visiting(data: MonthData, directory: Path, **options: Any) -> AsyncIterator[Visit]:
    """The report of these figures, opened as a file."""
    file = directory / "report.html"
    file.write_bytes(render(make_figures(data, parse_cost_rules(CATALOG)), load_language()))
    async with browser() as running:
        context = await running.new_context(**{"viewport": DESKTOP, **options})
        visit = Visit(await context.new_page())
        await visit.page.goto(file.as_uri())
        yield visit
        await context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_is_complete_in_itself_and_has_no_barriers(scheme: str, tmp_path: Path) -> None:
    async with visiting(month_data(OCTOBER, WHOLE), tmp_path, color_scheme=scheme) as visit:
        assert await visit.page.title() == "Print report for October 2026"
        assert len(visit.asked) == 1
        await visit.page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true })")
        assert await visit.barriers() == []
        assert visit.complaints == []
        background = await visit.style("body", "backgroundColor")
        assert background == ("rgb(246, 247, 249)" if scheme == "light" else "rgb(18, 22, 29)")
        text = await visit.style(".wide .axis text", "fill")
        bar = await visit.style(".wide .series.color .rect", "fill")
        assert len({background, text, bar}) == 3, "what charts show follows the scheme"


async def test_a_screen_reader_is_told_what_each_chart_shows(tmp_path: Path) -> None:
    async with visiting(month_data(OCTOBER, WHOLE), tmp_path) as visit:
        trend = visit.page.get_by_role("img", name="Pages by month", exact=False)
        assert await trend.count() == 1, "the drawing for the other screen size is not read out"
        table = visit.page.get_by_role("table", name="Printers by pages")
        assert await table.get_by_role("columnheader").count() == 8
        assert await table.get_by_role("rowheader").count() == 17
        numbers = visit.page.locator("details", has_text="Pages by month")
        await numbers.locator("summary").press("Enter")
        shown = visit.page.get_by_role("table", name="Pages by month")
        assert await shown.get_by_role("row").count() == 14


async def test_on_a_phone_nothing_sticks_out_and_letters_can_be_read(tmp_path: Path) -> None:
    async with visiting(month_data(OCTOBER, WHOLE), tmp_path, viewport=PHONE) as visit:
        assert await visit.page.evaluate("document.documentElement.scrollWidth") == 360
        scrolled = await visit.page.eval_on_selector_all(
            "section > .scroll", "all => all.filter(one => one.scrollWidth > one.clientWidth).length"
        )
        assert scrolled == 0, "tables fit without being pushed sideways"
        heights = await visit.page.eval_on_selector_all(
            ".narrow svg text", "all => all.map(one => one.getBoundingClientRect().height).filter(height => height)"
        )
        assert min(heights) >= 10
        assert await visit.page.locator(".wide:visible").count() == 0
        assert await visit.barriers() == []


async def test_on_paper_it_is_black_on_white_whatever_the_screen_and_headings_stay_with_their_charts(
    tmp_path: Path,
) -> None:
    async with visiting(month_data(OCTOBER, WHOLE), tmp_path, color_scheme="dark") as visit:
        paper = PdfReader(io.BytesIO(await visit.page.pdf(prefer_css_page_size=True, print_background=True)))
        await visit.page.emulate_media(media="print", color_scheme="dark")
        assert await visit.style("body", "backgroundColor") == "rgb(255, 255, 255)"
        assert await visit.style("body", "color") == "rgb(0, 0, 0)"
    assert (round(float(paper.pages[0].mediabox.width)), round(float(paper.pages[0].mediabox.height))) == (595, 842)
    assert 3 <= len(paper.pages) <= 6
    texts = [page.extract_text() for page in paper.pages]
    assert "October 2026" in texts[0]
    for title, caption in (("By printer", "Pages by printer"), ("Why documents failed", "Failures by reason")):
        assert [title in text for text in texts] == [caption in text for text in texts]
    assert "Show the numbers" not in "".join(texts)


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_hostile_names_run_nothing_and_break_no_layout(viewport: dict[str, int], tmp_path: Path) -> None:
    async with visiting(hostile(month_data(OCTOBER, WHOLE)), tmp_path, viewport=viewport) as visit:
        assert visit.complaints == []
        assert len(visit.asked) == 1
        assert await visit.page.locator("img, script").count() == 0
        assert await visit.page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
        beside = await visit.page.eval_on_selector_all("svg text", _LEFT_OF_ITS_CHART)
        assert beside == [], "no label leaves its chart"
        shown = visit.page.locator("bdi", has_text="<script>alert(1)</script>").first
        assert await shown.is_visible()
        assert await visit.barriers() == []


async def test_a_month_without_anything_has_no_empty_charts(tmp_path: Path) -> None:
    nothing = replace(month_data(OCTOBER, None, printers=1, people=1), printers=(), people=(), months={})
    async with visiting(nothing, tmp_path) as visit:
        assert await visit.page.locator("svg").count() == 0
        assert await visit.page.get_by_text("Nothing was printed in October 2026.").is_visible()
        assert await visit.barriers() == []
