"""The emulator's page shows what is held, where it went, and who is told of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import expect

from emulator.universal_print.printing import print_as
from tests.support.browser import browser
from tests.support.emulated_service import PDF, quick_settings, until
from tests.support.emulated_tasks import running_tap, subscription_body
from tests.support.notified import notified_endpoint

# The first use installs Debian packages where they are missing.
pytestmark = pytest.mark.timeout(600)


async def test_held_jobs_their_printer_and_the_notifications_are_shown(tmp_path: Path) -> None:
    settings = quick_settings(allow_http_notifications=True)
    async with (
        notified_endpoint() as endpoint,
        running_tap(tmp_path, settings=settings) as tap,
        browser() as started,
    ):
        emulator = tap.service.emulator
        page = await started.new_page(ignore_https_errors=True)
        await page.goto(tap.service.url)
        await expect(page.get_by_text("Nobody has subscribed to anything.")).to_be_visible()
        await tap.as_app("POST", "/subscriptions", json=subscription_body(tap, endpoint.url))
        jobs = [
            print_as(emulator, tap.tenant.anna, tap.share, PDF, document_name=f"letter-{number}.pdf")
            for number in range(3)
        ]
        await until(lambda: len(endpoint.items) == 3)
        moved = (await tap.redirect(jobs[0])).json()
        await tap.service.final_state(moved)
        emulator.clock.advance(timedelta(seconds=1))
        card = page.get_by_role("listitem", name="Follow Me")
        await expect(card).to_contain_text("No device: nothing prints here · an app holds its jobs")
        await expect(card).to_contain_text("2 held")
        await expect(page.locator('[data-figure="held"]')).to_have_text("2")
        await expect(page.locator('[data-figure="printed"]')).to_have_text("1")
        await expect(page.locator("#jobs tr", has_text="letter-1.pdf")).to_contain_text("until an app releases it")
        source = page.locator(f'#jobs tr[data-key="{tap.follow_me.id}/{jobs[0].id}"]')
        await expect(source).to_contain_text(f"went on as job {moved['id']}")
        subscription = page.locator("#subscriptions li")
        await expect(subscription).to_contain_text("JobStarted")
        await expect(subscription).to_contain_text("of Hold for release")
        await expect(page.locator("#notification-counts")).to_have_text("3 delivered")
        assert "a-secret-state" not in await page.content()
        await page.set_viewport_size({"width": 390, "height": 844})
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390
