"""A browser at a kiosk: a reader that types badges, a person who types, and what the page shows them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Page, expect

from tests.support.browser import browser
from tests.support.kiosk_page import KIOSK, SECRET, KioskService

ANNA, BEN = "04A2B3C4", "04D5E6F7"
# The rules of WCAG 2.2, levels A and AA, and axe's best practices.
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# A badge reader's pace, and that of somebody who types fast, in seconds between keys.
READER, TYPIST = 0.008, 0.12
# The page gives a burst up when the next key does not arrive within 90 ms. A busy machine may bring it later than its
# date says, and then a reader would be taken for a person: so the page waits longer here, and the dates alone decide.
_PATIENT = """(() => {
  const timeout = window.setTimeout;
  window.setTimeout = (work, wait, ...more) => timeout(work, wait === 90 ? 1500 : wait, ...more);
})()"""


@dataclass(frozen=True)
class Kiosk:
    """The page in a browser, and the service behind it."""

    page: Page
    service: KioskService
    errors: list[str]

    async def keys(self, text: str, pace: float = READER, *, enter: bool = True) -> None:
        """Press keys as a keyboard does that is `pace` seconds from key to key. A key is dated, so no test waits."""
        session = await self.page.context.new_cdp_session(self.page)
        began = time.time()
        presses = []
        for index, character in enumerate([*text, *(["Enter"] if enter else [])]):
            key: dict[str, Any] = {"key": character, "text": character, "timestamp": began + index * pace}
            if character == "Enter":
                key |= {"text": "\r", "code": "Enter", "windowsVirtualKeyCode": 13}
            elif character.isdigit():
                key["code"] = f"Digit{character}"
            presses += [session.send("Input.dispatchKeyEvent", {"type": kind, **key}) for kind in ("keyDown", "keyUp")]
        await asyncio.gather(*presses)

    async def take_clock(self) -> None:
        """Let the test run the page's clock. That brings timers of its own, which wait for a reader as patiently.

        It dates keys by their arrival as well, which a busy machine delays: they keep the dates that they were given.
        """
        await self.page.evaluate("window.dates = Object.getOwnPropertyDescriptor(Event.prototype, 'timeStamp')")
        await self.page.clock.install()
        await self.page.evaluate("Object.defineProperty(Event.prototype, 'timeStamp', window.dates)")
        await self.page.evaluate(_PATIENT)

    async def tap(self, badge: str) -> None:
        """Hold a badge to the reader."""
        await self.keys(badge)

    def button(self, name: str) -> Any:
        """The button of this name that is shown."""
        return self.page.get_by_role("button", name=name, exact=True)

    def row(self, document: str) -> Any:
        """The job of this document in the list."""
        return self.page.locator(".job", has_text=document)

    async def idle(self) -> None:
        """Wait until the kiosk waits for a badge."""
        await expect(self.page.locator(".idle")).to_be_visible()

    async def accessibility_faults(self) -> list[str]:
        """What axe finds on the screen as it is."""
        await self.page.evaluate(AXE_SCRIPT)
        found = await self.page.evaluate(
            "(rules) => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", _RULES
        )
        return [f"{fault['id']}: {[node['html'] for node in fault['nodes']]}" for fault in found["violations"]]


@asynccontextmanager
async def kiosk(service: KioskService | None = None, *, set_up: bool = True, **context: Any) -> AsyncIterator[Kiosk]:
    """A kiosk that waits for a badge. Fails at the end when the page logged an error of its own."""
    service = service or KioskService()
    options = {"viewport": {"width": 1024, "height": 600}, "locale": "en-GB", "reduced_motion": "reduce", **context}
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(service.serving())
        running = await stack.enter_async_context(browser())
        page = await running.new_page(**options)
        await page.add_init_script(_PATIENT)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if _is_fault(message.text) else None)
        address = f"{service.url}/api/kiosk"
        await page.goto(f"{address}#kiosk={KIOSK}&secret={SECRET}" if set_up else address)
        shown = Kiosk(page, service, errors)
        if set_up:
            await shown.idle()
        yield shown
        assert errors == []


def _is_fault(text: str) -> bool:
    """Whether a line of the console tells of a mistake of the page; an answer that refuses is none."""
    return "Content Security Policy" in text or ("Failed to load resource" not in text and "error" in text.lower())
