"""A real browser for tests: Debian's chromium, driven by Playwright."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright, expect

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


# Milliseconds until what a page is to show is given up; the default of five seconds is too few on a busy machine.
expect.set_options(timeout=30_000)
# The browser that the tests of a module share: to start one takes longer than most of them.
_shared: list[Browser] = []


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """A headless browser: that of `shared_browser` inside its block, else one of its own; what is opened is closed.

    Skips the test where chromium can neither be found nor installed.
    """
    if not _shared:
        async with _started() as running:
            yield running
        return
    before = set(_shared[0].contexts)
    try:
        yield _shared[0]
    finally:
        for context in set(_shared[0].contexts) - before:
            await context.close()


@asynccontextmanager
async def shared_browser() -> AsyncIterator[None]:
    """One browser for every `browser` of the block; each page has a profile of its own."""
    async with _started() as running:
        _shared.append(running)
        try:
            yield
        finally:
            _shared.remove(running)


@asynccontextmanager
async def _started() -> AsyncIterator[Browser]:
    program = debian_program("chromium", "chromium")
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(
            executable_path=program, headless=True, args=_OPTIONS, env={**os.environ, **_NO_BUS}
        )
        try:
            yield running
        finally:
            await running.close()
