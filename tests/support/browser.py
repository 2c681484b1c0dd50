"""A real browser for tests: Debian's chromium, driven by Playwright."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright

from tests.support.debian import debian_program

_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)
# Chromium dies when a message bus that it found goes away, as those of other tests do.
_NO_BUS = {"DBUS_SESSION_BUS_ADDRESS": "disabled:", "DBUS_SYSTEM_BUS_ADDRESS": "disabled:"}


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """A headless browser; closed at the end. Skips the test where chromium can neither be found nor installed."""
    program = debian_program("chromium", "chromium")
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(
            executable_path=program, headless=True, args=_OPTIONS, env={**os.environ, **_NO_BUS}
        )
        try:
            yield running
        finally:
            await running.close()
