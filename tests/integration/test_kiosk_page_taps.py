"""A person at the kiosk: badge or PIN, what each tap comes to, and that nothing of anybody stays."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.support.browser import shared_browser
from tests.support.kiosk_browser import ANNA, BEN, TYPIST, kiosk
from tests.support.kiosk_page import KIOSK, SECRET, KioskService, job

# The first use installs Debian packages where they are missing.
pytestmark = [pytest.mark.timeout(600), pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def _browser() -> AsyncIterator[None]:
    async with shared_browser():
        yield


def two_people() -> KioskService:
    return KioskService({"Anna Andersson": [job(1, "Salaries.pdf")], "Ben Berg": [job(2, "Minutes.pdf")]})


async def test_a_new_kiosk_takes_its_secret_from_the_address_once_and_shows_it_nowhere() -> None:
    async with kiosk(set_up=False) as at:
        await expect(at.page.get_by_role("heading", name="This kiosk is not set up yet")).to_be_visible()
        await at.tap(ANNA)
        assert at.service.asked == []
        await at.page.goto(f"{at.service.url}/api/kiosk#kiosk={KIOSK}&secret={SECRET}")
        await at.idle()
        assert await at.page.evaluate("location.href") == f"{at.service.url}/api/kiosk"
        history = await (await at.page.context.new_cdp_session(at.page)).send("Page.getNavigationHistory")
        assert SECRET not in json.dumps(history)
        await at.page.reload()
        await at.idle()
        assert SECRET not in await at.page.content()
        await at.tap(ANNA)
        headers = at.service.asked[-1][2]
        assert (headers["x-kiosk-id"], headers["authorization"]) == (KIOSK, f"Bearer {SECRET}")
        assert "referer" not in headers


async def test_a_refused_kiosk_says_so_and_can_be_tried_again() -> None:
    async with kiosk(two_people()) as at:
        at.service.refuse("session", 401, "unknownDevice")
        await at.tap(ANNA)
        await expect(at.page.get_by_role("heading", name="This kiosk is not allowed in")).to_be_visible()
        await expect(at.page.locator("main")).to_contain_text(KIOSK)
        await at.button("Try again").click()
        await at.idle()
        at.service.refuse("session", 401, "unknownDevice")
        await at.tap(ANNA)
        await expect(at.page.get_by_role("heading", name="This kiosk is not allowed in")).to_be_visible()
        # Once the operator has let it in again, a badge is enough.
        await at.tap(BEN)
        await expect(at.row("Minutes.pdf")).to_be_visible()


async def test_a_badge_is_read_wherever_the_focus_is_and_never_shown() -> None:
    async with kiosk(two_people()) as at:
        await at.button("Use name and PIN").click()
        field = at.page.get_by_role("textbox", name="Your user name")
        await expect(field).to_be_focused()
        watch = "addEventListener('input', (event) => seen.push(event.target.value))"
        seen = await at.page.evaluate_handle(f"() => {{ const seen = []; {watch}; return seen; }}")
        await at.tap(ANNA)
        await expect(at.row("Salaries.pdf")).to_be_visible()
        assert await seen.json_value() == []
        assert ANNA not in await at.page.content()
        await at.button("Sign out").focus()
        await at.tap(BEN)
        await expect(at.row("Minutes.pdf")).to_be_visible()
        assert at.service.requests("session") == [{"badge": ANNA}, {"badge": BEN}]


async def test_a_slow_typist_is_no_badge() -> None:
    async with kiosk(two_people()) as at:
        await at.keys(ANNA, TYPIST)
        await at.button("Use name and PIN").click()
        field = at.page.get_by_role("textbox", name="Your user name")
        await at.keys("anna@contoso.example", TYPIST)
        await expect(at.page.get_by_role("textbox", name="Your PIN")).to_be_focused()
        assert at.service.asked[1:] == []
        await expect(at.page.locator(".who")).to_have_text("anna@contoso.example")
        await at.button("Back").click()
        await expect(field).to_have_value("anna@contoso.example")


async def test_without_a_reader_the_number_of_a_badge_is_pasted() -> None:
    async with kiosk(two_people()) as at:
        paste = """(text) => {
          const data = new DataTransfer();
          data.setData('text/plain', text);
          const target = document.activeElement ?? document.body;
          target.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true}));
        }"""
        await at.page.evaluate(paste, ANNA)
        await expect(at.row("Salaries.pdf")).to_be_visible()
        await at.button("Sign out").click()
        await at.button("Use name and PIN").click()
        await at.page.evaluate(paste, "anna@contoso.example")
        await expect(at.page.get_by_role("textbox", name="Your user name")).to_be_visible()
        assert at.service.requests("session") == [{"badge": ANNA}]


async def test_name_and_pin_by_the_keys_on_the_screen() -> None:
    async with kiosk(two_people()) as at:
        await at.button("Use name and PIN").click()
        for key in "anna@contoso.examplex":
            await at.button(key).click()
        await at.button("Delete the last character").click()
        await at.button("Next").click()
        pin = at.page.get_by_role("textbox", name="Your PIN")
        await expect(pin).to_have_attribute("type", "password")
        for key in "999":
            await at.button(key).click()
        await at.button("Sign in").click()
        await expect(at.page.get_by_text("User name or PIN is wrong. Try again.")).to_be_visible()
        await expect(pin).to_have_value("")
        await expect(pin).to_be_focused()
        for key in "4321":
            await at.button(key).click()
        await at.button("Sign in").click()
        await expect(at.row("Salaries.pdf")).to_be_visible()
        assert at.service.requests("session")[-1] == {"userName": "anna@contoso.example", "pin": "4321"}
        assert "4321" not in await at.page.content()


async def test_each_tap_that_brings_no_list_says_why() -> None:
    service = two_people()
    service.jobs["Ben Berg"] = []
    async with kiosk(service) as at:
        heading = at.page.get_by_role("heading", level=1)
        await at.tap("FFFFFFFF")
        await expect(heading).to_have_text("This badge is not known")
        await expect(heading).to_be_focused()
        await expect(at.page.get_by_role("status")).to_contain_text("This badge is not known")
        await at.button("Use name and PIN").click()
        await at.button("Back").click()
        await at.tap(BEN)
        await expect(heading).to_have_text("Hello Ben Berg, nothing is waiting")
        await at.button("OK").click()
        assert "Ben" not in await at.page.content()
        service.refuse("session", 503, "trouble")
        await at.tap(ANNA)
        await expect(heading).to_have_text("That did not work")
        service.refuse("session", 429, "slowDown", Retry_After="2")
        await at.tap(ANNA)
        await expect(heading).to_have_text("Too many attempts")
        await expect(at.page.locator(".message p")).to_have_text(re.compile(r"Please wait [12] seconds?\."))
        asked = len(service.asked)
        await at.tap(ANNA)
        await expect(heading).to_have_text("Too many attempts")
        assert len(service.asked) == asked
        await at.idle()


async def test_a_lost_tap_is_asked_again_and_a_long_outage_is_said() -> None:
    async with kiosk(two_people()) as at:
        at.service.lose += [("session", "after")]
        await at.tap(ANNA)
        await expect(at.row("Salaries.pdf")).to_be_visible()
        at.service.lose += [("session", "before")] * 3
        await at.tap(BEN)
        await expect(at.page.get_by_role("heading", name="No connection")).to_be_visible()
        assert "Anna" not in await at.page.content()
        assert "Salaries" not in await at.page.content()


async def test_a_new_badge_ends_the_session_before_it() -> None:
    async with kiosk(two_people()) as at:
        await at.tap(ANNA)
        await expect(at.row("Salaries.pdf")).to_be_visible()
        at.service.hold["session"] = asyncio.Event()
        await at.tap(BEN)
        await expect(at.page.get_by_role("heading", name="One moment …")).to_be_visible()
        content = await at.page.content()
        assert "Anna" not in content
        assert "Salaries" not in content
        at.service.hold.pop("session").set()
        await expect(at.row("Minutes.pdf")).to_be_visible()
        await at.button("Print 1 document").click()
        await expect(at.row("Minutes.pdf")).to_contain_text("Sent to the printer")
        token = [headers["x-kiosk-session"] for name, _, headers in at.service.asked if name == "redirect"]
        assert token[0].endswith("Ben Berg")


async def test_a_badge_that_a_reader_sends_twice_is_one_tap() -> None:
    service = two_people()
    old = {
        "code": "expired",
        "document": "Old.pdf",
        "reason": "It was held for 24 hours.",
        "at": "2026-11-20T12:00:00Z",
    }
    service.notices["Anna Andersson"] = [old]
    async with kiosk(service) as at:
        service.hold["session"] = asyncio.Event()
        await at.tap(ANNA)
        await expect(at.page.get_by_role("heading", name="One moment …")).to_be_visible()
        await at.tap(ANNA)
        service.hold.pop("session").set()
        await expect(at.row("Salaries.pdf")).to_be_visible()
        await at.tap(ANNA)
        await expect(at.page.get_by_role("list", name="Notices")).to_contain_text("Old.pdf")
        # Also later, while something of the first session is under way.
        service.hold["redirect"] = asyncio.Event()
        await at.button("Print 1 document").click()
        await at.take_clock()
        await at.page.clock.fast_forward(5_000)
        await at.tap(ANNA)
        service.hold.pop("redirect").set()
        await expect(at.row("Salaries.pdf")).to_contain_text("Sent to the printer")
        assert service.requests("session") == [{"badge": ANNA}]
        # Who shows it again afterwards wants a list anew.
        await at.tap(ANNA)
        await expect(at.page.get_by_role("heading", name="Hello Anna Andersson, nothing is waiting")).to_be_visible()


async def test_a_wait_for_one_persons_pin_keeps_nobody_elses_badge_away() -> None:
    async with kiosk(two_people()) as at:
        await at.button("Use name and PIN").click()
        await at.page.locator("#field").fill("anna@contoso.example")
        await at.page.keyboard.press("Enter")
        await expect(at.page.get_by_role("textbox", name="Your PIN")).to_be_focused()
        at.service.refuse("session", 429, "slowDown", Retry_After="900")
        await at.page.locator("#field").fill("0001")
        await at.page.keyboard.press("Enter")
        await expect(at.page.get_by_role("heading", name="Too many attempts")).to_be_visible()
        await expect(at.page.locator(".message p")).to_have_text("Please wait 15 minutes.")
        await at.tap(BEN)
        await expect(at.row("Minutes.pdf")).to_be_visible()


async def test_nobody_has_to_close_a_choice_of_language_that_was_left_open() -> None:
    async with kiosk() as at:
        await at.take_clock()
        await at.page.locator(".language").click()
        await expect(at.page.get_by_role("dialog")).to_be_visible()
        await at.page.clock.run_for(91_000)
        await expect(at.page.get_by_role("dialog")).to_be_hidden()


async def test_a_page_that_came_without_its_words_waits_for_the_service() -> None:
    async with kiosk() as at:
        await at.take_clock()
        away = "**/api/kiosk/assets/en.json"
        await at.page.route(away, lambda route: route.abort())
        await at.page.reload()
        await expect(at.page.locator(".idle")).to_be_hidden()
        await at.page.route("**/api/kiosk", lambda route: route.fulfill(status=503, body="away"))
        async with at.page.expect_response("**/api/kiosk"):
            await at.page.clock.run_for(6_000)
        await at.page.wait_for_load_state()
        assert "away" not in await at.page.content()
        await at.page.unroute_all()
        await at.page.clock.run_for(6_000)
        await at.idle()


async def test_who_goes_back_in_the_browser_finds_nobodys_documents() -> None:
    async with kiosk(two_people()) as at:
        await at.tap(ANNA)
        await expect(at.row("Salaries.pdf")).to_be_visible()
        # What a browser that keeps left pages tells them; the one under test keeps none.
        await at.page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
        await at.idle()
        assert not re.search("Anna|Salaries", await at.page.content())


async def test_what_was_typed_outlives_a_change_of_language() -> None:
    async with kiosk() as at:
        await at.button("Use name and PIN").click()
        await at.page.locator("#field").fill("anna@")
        await at.page.locator(".language").click()
        await at.button("Deutsch").click()
        await expect(at.page.get_by_role("textbox", name="Ihr Benutzername")).to_have_value("anna@")


async def test_a_field_that_was_left_empty_is_said() -> None:
    async with kiosk() as at:
        await at.button("Use name and PIN").click()
        await at.button("Next").click()
        await expect(at.page.get_by_role("status")).to_contain_text("Type your user name.")


async def test_nothing_of_a_person_stays_in_the_page_or_its_memory() -> None:
    service = two_people()
    async with kiosk(service) as at:
        await at.tap(ANNA)
        await at.row("Salaries.pdf").get_by_role("button", name="Settings").click()
        await at.button("Print 1 document").click()
        await expect(at.row("Salaries.pdf")).to_contain_text("Sent to the printer")
        await at.button("Sign out").click()
        await at.idle()
        assert not re.search("Anna|Salaries|session-", await at.page.content())
        kept = await at.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
        assert not re.search("Anna|anna|Salaries|session-", kept)
        memory = await at.page.context.new_cdp_session(at.page)
        pieces: list[str] = []
        memory.on("HeapProfiler.addHeapSnapshotChunk", lambda event: pieces.append(event["chunk"]))
        # A later person's strings show that the snapshot would have shown those of the earlier one.
        await at.tap(BEN)
        await expect(at.row("Minutes.pdf")).to_be_visible()
        await memory.send("HeapProfiler.collectGarbage")
        await memory.send("HeapProfiler.takeHeapSnapshot", {"reportProgress": False})
        snapshot = "".join(pieces)
        assert "Minutes.pdf" in snapshot
        assert "Salaries.pdf" not in snapshot
        assert "Anna Andersson" not in snapshot


async def test_a_session_ends_by_itself_a_touch_prolongs_it_and_the_service_has_the_last_word() -> None:
    service = two_people()
    service.session_seconds = 100
    async with kiosk(service) as at:
        await at.take_clock()
        await at.tap(ANNA)
        seconds = at.page.locator("#seconds")
        await expect(seconds).to_have_text("60 s")
        await at.page.clock.run_for(45_000)
        await expect(seconds).to_have_text("15 s")
        await expect(at.page.get_by_text("Touch the screen to stay", exact=True)).to_be_visible()
        await expect(at.page.get_by_role("status")).to_contain_text("The session ends in")
        await at.page.mouse.click(500, 400)
        await expect(seconds).to_have_text(re.compile(r"^5\d s$"))
        await at.page.clock.run_for(45_000)
        await at.page.mouse.click(500, 400)
        left = await seconds.inner_text()
        assert int(left.removesuffix(" s")) <= 13
        await at.page.clock.run_for(15_000)
        await at.idle()
        assert "Anna" not in await at.page.content()


async def test_a_session_that_the_service_ended_asks_for_the_badge_again() -> None:
    async with kiosk(two_people()) as at:
        await at.tap(ANNA)
        await expect(at.row("Salaries.pdf")).to_be_visible()
        at.service.sessions.clear()
        await at.button("Print 1 document").click()
        await expect(at.page.get_by_role("heading", name="Your session has ended")).to_be_visible()
        assert "Salaries" not in await at.page.content()
