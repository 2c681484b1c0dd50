"""Every screen in every language at every size: accessible, inside the window, large enough to touch and to read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import expect

from shared.kiosk_page import LANGUAGES
from tests.support.browser import shared_browser
from tests.support.kiosk_browser import ANNA, BEN, Kiosk, kiosk
from tests.support.kiosk_page import KioskService, job

# The first use installs Debian packages where they are missing.
pytestmark = [pytest.mark.timeout(600), pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def _browser() -> AsyncIterator[None]:
    async with shared_browser():
        yield


LONG = "Donaudampfschifffahrtsgesellschaftskapitänsversammlungsprotokoll-endgültig-überarbeitet.pdf"
SIZES = {"small": (800, 480), "kiosk": (1024, 600), "wide": (1920, 1080), "portrait": (1080, 1920), "phone": (390, 844)}
# Each language at a size where it may not fit, and each size at least twice.
LOOKS = [
    ("en", "kiosk", {}),
    ("en", "wide", {"forced_colors": "active"}),
    ("de", "small", {"color_scheme": "dark"}),
    ("de", "phone", {}),
    ("ja", "portrait", {}),
    ("ja", "small", {}),
    ("ja", "phone", {}),
    ("zh-Hans", "phone", {"color_scheme": "dark"}),
    ("es", "small", {}),
    ("fr", "portrait", {"color_scheme": "dark"}),
    ("fr", "phone", {}),
    ("it", "wide", {"color_scheme": "dark"}),
    ("pt", "kiosk", {"color_scheme": "dark"}),
]
# Where axe looks at each screen too: its rules do not depend on the language's words.
HEARD = {("en", "kiosk"), ("en", "wide"), ("de", "small"), ("ja", "portrait"), ("zh-Hans", "phone")}
MEASURE = """() => {
  const shown = [...document.querySelectorAll('button, label, input')].filter((each) =>
    each.checkVisibility({visibilityProperty: true}) && !each.closest('h1') &&
    (!document.querySelector('dialog[open]') || each.closest('dialog')));
  const targets = shown.map((each) => [each.closest('label') ?? each, each]).map(([box, each]) => {
    const {width, height} = box.getBoundingClientRect();
    return [each.className || each.tagName, Math.round(width), Math.round(height)];
  });
  const small = targets.filter(([name, width, height]) => height < 56 || width < (name.startsWith('key') ? 44 : 56));
  const texts = [...document.querySelectorAll('body *')].filter((each) => each.checkVisibility() &&
    !each.closest('.spoken') && [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
  const tiny = texts.filter((each) => parseFloat(getComputedStyle(each).fontSize) < 20).map((each) => each.outerHTML);
  const cut = [...document.querySelectorAll('button, h1, .message p, .job-facts, .job-outcome, .segment span')]
    .filter((each) => each.checkVisibility() && (each.scrollWidth > each.clientWidth + 1 ||
      each.getBoundingClientRect().right > innerWidth + 1 || each.getBoundingClientRect().left < -1))
    .map((each) => each.outerHTML);
  const names = [...document.querySelectorAll('.where > span:not(.printer)')];
  cut.push(...names.filter((each) => each.scrollHeight > each.clientHeight + 1).map((each) => each.outerHTML));
  const page = document.documentElement;
  const crowded = document.querySelector('.bar').clientHeight > 140;
  return {small, tiny, cut, crowded, wide: page.scrollWidth - innerWidth, tall: page.scrollHeight - innerHeight};
}"""


def full_service() -> KioskService:
    service = KioskService()
    ben = {"displayName": "Ben Berg", "userPrincipalName": "ben@contoso.example"}
    service.jobs["Anna Andersson"] = [
        job(1, "Quarterly report.pdf"),
        job(2, LONG, pages=None, size=12_400_000, colorMode=None),
        job(3, "四半期報告書.pdf", contentType="application/oxps", owner=ben),
        job(4, "Poster.pdf", state="releasing"),
    ]
    notice = {
        "document": "Old.pdf",
        "reason": "It was held for 24 hours.",
        "reasonCode": "expired",
        "at": datetime.now(UTC).isoformat(),
    }
    service.notices["Anna Andersson"] = [{"code": "expired", **notice}]
    service.outcomes = {"job2": ("refused", "A4 only.", "settingNotOffered")}
    return service


async def every_screen(at: Kiosk) -> AsyncIterator[str]:
    """Go from screen to screen as people do; give the name of each once it is shown."""
    page, service = at.page, at.service
    yield "idle"
    await page.locator(".language").click()
    yield "languages"
    await page.keyboard.press("Escape")
    await page.locator(".idle .button").click()
    yield "name"
    await page.locator(".sign-in .main").click()
    yield "name missing"
    await page.locator("#field").fill("anna@contoso.example")
    await page.keyboard.press("Enter")
    await expect(page.locator(".sign-in-pin")).to_be_visible()
    yield "PIN"
    await page.locator("#field").fill("1")
    await page.keyboard.press("Enter")
    await expect(page.locator(".field-error")).not_to_be_empty()
    yield "wrong PIN"
    for kind in ("unknownBadge", "trouble"):
        service.refuse("session", 403, kind)
        await at.tap("FFFFFFFF")
        await expect(page.locator(f"[data-kind={kind}]")).to_be_visible()
        yield kind
    service.hold["session"] = asyncio.Event()
    await at.tap(ANNA)
    await expect(page.locator(".message .spinner")).to_be_visible()
    yield "waiting"
    service.hold.pop("session").set()
    await expect(page.locator(".job")).to_have_count(4)
    yield "jobs"
    await page.locator(".job-settings").nth(1).click()
    yield "settings"
    await page.locator(".collect-bar .discard").click()
    yield "delete?"
    await page.keyboard.press("Escape")
    await page.locator(".collect-bar .main").first.click()
    await expect(page.locator("[data-code=refused]")).to_be_visible()
    yield "outcomes"
    service.refuse("session", 429, "slowDown", Retry_After="90")
    await at.tap(BEN)
    await expect(page.locator("[data-kind=slowDown]")).to_be_visible()
    yield "slow down"


@pytest.mark.parametrize(("tag", "size", "look"), LOOKS, ids=[f"{tag}-{size}" for tag, size, _ in LOOKS])
async def test_a_screen_can_be_read_touched_and_heard(tag: str, size: str, look: dict[str, Any]) -> None:
    width, height = SIZES[size]
    async with kiosk(full_service(), viewport={"width": width, "height": height}, locale=tag, **look) as at:
        assert await at.page.evaluate("document.documentElement.lang") == tag
        async for name in every_screen(at):
            measured = await at.page.evaluate(MEASURE)
            assert measured == {"small": [], "tiny": [], "cut": [], "crowded": False, "wide": 0, "tall": 0}, name
            if (tag, size) in HEARD:
                assert await at.accessibility_faults() == [], name


async def test_the_language_is_switched_where_one_is_and_comes_back_for_the_next_person() -> None:
    async with kiosk(full_service(), locale="fr") as at:
        await at.tap(ANNA)
        await expect(at.page.get_by_role("heading", name="4 documents")).to_be_visible()
        await at.row("Quarterly report.pdf").get_by_role("checkbox").uncheck()
        for tag, native, title in (("ja", "日本語", "4 件の文書"), ("de", "Deutsch", "4 Dokumente")):
            await at.page.locator(".language").click()
            await at.button(native).click()
            await expect(at.page.get_by_role("heading", level=1)).to_have_text(title)
            assert await at.page.evaluate("document.documentElement.lang") == tag
            await expect(at.row("Quarterly report.pdf").get_by_role("checkbox")).not_to_be_checked()
            await expect(at.page.locator(".language")).to_be_focused()
        await at.button("Abmelden").click()
        await expect(at.page.get_by_role("heading", name="Présentez votre badge")).to_be_visible()
    assert set(LANGUAGES) == {tag for tag, _, _ in LOOKS}


async def test_nothing_moves_for_who_asked_for_less_motion() -> None:
    for wish, moves in (("reduce", False), ("no-preference", True)):
        async with kiosk(reduced_motion=wish) as at:
            assert await at.page.evaluate("document.getAnimations().length > 0") is moves
