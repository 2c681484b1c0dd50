"""The list of jobs: what is shown of each, what is sent, and what is said of the answers or of their loss."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.support.browser import shared_browser
from tests.support.kiosk_browser import ANNA, kiosk
from tests.support.kiosk_page import PRINTER, KioskService, job

# The first use installs Debian packages where they are missing.
pytestmark = [pytest.mark.timeout(600), pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def _browser() -> AsyncIterator[None]:
    async with shared_browser():
        yield


SENT = "Sent to the printer"


def annas(*jobs: dict[str, object]) -> KioskService:
    return KioskService({"Anna Andersson": list(jobs)})


async def test_a_job_shows_what_it_is_and_goes_out_with_what_was_chosen() -> None:
    ben = {"displayName": "Ben Berg", "userPrincipalName": "ben@contoso.example"}
    service = annas(
        job(1, "Report.pdf"),
        job(2, "Photo.jpg", contentType="image/jpeg", pages=None, size=2_400_000, colorMode=None, copies=2),
        job(3, "Contract.pdf", owner=ben),
    )
    async with kiosk(service) as at:
        await at.tap(ANNA)
        report, photo, contract = (at.row(name) for name in ("Report.pdf", "Photo.jpg", "Contract.pdf"))
        await expect(report).to_contain_text(re.compile(r"PDF · 3 pages · (today|yesterday) \d+:\d\d"))
        await expect(photo).to_contain_text("JPEG · 2.4 MB")
        await expect(contract).to_contain_text("From Ben Berg")
        # Another person's job is printed by choice only.
        await expect(contract.get_by_role("checkbox")).not_to_be_checked()
        await photo.get_by_role("button", name="Settings of Photo.jpg").click()
        await photo.get_by_role("button", name="One copy more").click()
        await expect(photo.get_by_role("radio", name="As sent")).to_be_checked()
        await photo.get_by_role("radio", name="Greyscale").check()
        await photo.get_by_role("radio", name="One side").check()
        await expect(photo.locator(".job-settings")).to_contain_text("3 copies · One side · Greyscale")
        await at.button("Print 2 documents").click()
        await expect(report).to_contain_text(SENT)
        await expect(photo).to_contain_text(SENT)
        changed = {"id": "job2", "copies": 3, "duplexMode": "oneSided", "colorMode": "grayscale"}
        assert service.requests("redirect") == [{"jobs": [{"id": "job1"}, changed]}]
        await expect(at.page.get_by_role("status")).to_contain_text("2 sent to Office MFP.")


async def test_only_what_the_printer_offers_can_be_chosen() -> None:
    service = annas(job(1, "Report.pdf", copies=9))
    service.printer = {**PRINTER, "colorModes": ["blackAndWhite"], "duplexModes": [], "copies": {"start": 1, "end": 4}}
    async with kiosk(service) as at:
        await at.tap(ANNA)
        row = at.row("Report.pdf")
        await row.get_by_role("button", name="Settings").click()
        await expect(row.get_by_role("radio")).to_have_count(0)
        more = row.get_by_role("button", name="One copy more")
        await expect(more).to_have_attribute("aria-disabled", "true")
        await more.click(force=True)
        await expect(row.locator("output")).to_have_text("4")
        await row.get_by_role("button", name="One copy less").click()
        await at.button("Print 1 document").click()
        await expect(row).to_contain_text(SENT)
        assert service.requests("redirect") == [{"jobs": [{"id": "job1", "copies": 3}]}]
    service = annas(job(1, "Plan.pdf"))
    service.printer = {**PRINTER, "colorModes": [], "duplexModes": [], "copies": None}
    async with kiosk(service) as at:
        await at.tap(ANNA)
        await expect(at.row("Plan.pdf")).to_be_visible()
        await expect(at.page.locator(".job-settings")).to_be_hidden()


async def test_each_job_has_its_own_outcome_and_what_failed_can_be_tried_again() -> None:
    service = annas(*(job(number, f"Document {number}.pdf") for number in range(1, 5)))
    service.outcomes = {
        "job2": ("alreadyGone", ""),
        "job3": ("refused", "The printer takes no PDF."),
        "job4": ("tryAgain", "The printer is stopped."),
    }
    async with kiosk(service) as at:
        await at.tap(ANNA)
        await at.button("Print 4 documents").click()
        await expect(at.row("Document 1")).to_contain_text(SENT)
        await expect(at.row("Document 2")).to_contain_text("Already gone")
        await expect(at.row("Document 3")).to_contain_text("Refused. The printer takes no PDF.")
        await expect(at.row("Document 4")).to_contain_text("That did not work. Try again. The printer is stopped.")
        await expect(at.page.locator(".summary")).to_have_text(
            "1 sent to Office MFP. 1 already gone. 2 not done.", use_inner_text=True
        )
        await expect(at.row("Document 1").get_by_role("checkbox")).to_be_disabled()
        service.outcomes.clear()
        await at.row("Document 4").get_by_role("checkbox").check()
        await at.button("Print 1 document").click()
        await expect(at.row("Document 4")).to_contain_text(SENT)
        assert service.requests("redirect")[1] == {"jobs": [{"id": "job4"}]}


async def test_deleting_is_confirmed() -> None:
    service = annas(job(1, "Report.pdf"), job(2, "Plan.pdf"))
    async with kiosk(service) as at:
        await at.tap(ANNA)
        await at.page.get_by_role("checkbox", name="Select all").uncheck()
        await expect(at.button("Print")).to_have_attribute("aria-disabled", "true")
        await at.row("Plan.pdf").get_by_role("checkbox").check()
        await at.button("Delete").click()
        dialog = at.page.get_by_role("dialog", name="Delete 1 document?")
        await expect(dialog).to_contain_text("Plan.pdf")
        await expect(dialog.get_by_role("button", name="Keep")).to_be_focused()
        await at.page.keyboard.press("Enter")
        await expect(dialog).to_be_hidden()
        assert service.requests("discard") == []
        await at.button("Delete").click()
        await dialog.get_by_role("button", name="Delete").click()
        await expect(at.row("Plan.pdf")).to_contain_text("Deleted")
        assert service.requests("discard") == [{"jobs": [{"id": "job2"}]}]
        assert [each["id"] for each in service.jobs["Anna Andersson"]] == ["job1"]


async def test_a_release_whose_answer_was_lost_is_looked_up_and_never_sent_again() -> None:
    service = annas(job(1, "Report.pdf"), job(2, "Plan.pdf"))
    service.outcomes = {"job2": ("tryAgain", "")}
    async with kiosk(service) as at:
        await at.tap(ANNA)
        service.lose += [("redirect", "after"), ("jobs", "after")]
        await at.button("Print 2 documents").click()
        # One has left the list, the other still waits.
        await expect(at.row("Report.pdf")).to_contain_text("No longer waiting. Please look at the printer.")
        await expect(at.row("Plan.pdf")).to_contain_text("It was not sent. Try again.")
        # Nobody said that it was sent, so neither does the page.
        await expect(at.page.locator(".summary")).to_have_text("1 not done. 1 unknown: look at the printer.")
        assert len(service.requests("redirect")) == 1


async def test_a_job_that_is_on_its_way_after_a_lost_answer_is_waited_for() -> None:
    service = annas(job(1, "Report.pdf"))
    async with kiosk(service) as at:
        await at.tap(ANNA)
        await expect(at.button("Print 1 document")).to_be_visible()
        service.lose += [("redirect", "before")]
        service.jobs["Anna Andersson"][0]["state"] = "releasing"
        await at.button("Print 1 document").click()
        await expect(at.row("Report.pdf")).to_contain_text("No answer came. Looking what happened")
        service.jobs["Anna Andersson"][0]["state"] = "released"
        await expect(at.row("Report.pdf")).to_contain_text(SENT)
        await expect(at.button("Done")).to_be_focused()
        assert len(service.requests("redirect")) == 1


async def test_a_release_that_got_stuck_is_not_called_sent_and_can_be_done_again_when_it_is_let_go() -> None:
    service = annas(job(1, "Report.pdf"), job(2, "Plan.pdf"))
    async with kiosk(service) as at:
        await at.take_clock()
        await at.tap(ANNA)
        await expect(at.button("Print 2 documents")).to_be_visible()
        service.lose += [("redirect", "before")]
        for each in service.jobs["Anna Andersson"]:
            each["state"] = "releasing"
        await at.button("Print 2 documents").click()
        summary = at.page.locator(".summary")
        while not await summary.inner_text():
            await at.page.clock.run_for(500)
            await asyncio.sleep(0.02)
        await expect(summary).to_have_text("2 unknown: look at the printer.")
        await expect(at.row("Report.pdf")).to_contain_text("Being sent, not confirmed yet.")
        # It takes two minutes until a claim lapses: the session does not end early meanwhile.
        await expect(at.page.locator("#seconds")).to_have_text(re.compile("^[3-6]"))
        service.jobs["Anna Andersson"][0]["state"] = "held"
        service.jobs["Anna Andersson"].pop()
        await at.page.clock.run_for(11_000)
        await expect(at.row("Report.pdf")).to_contain_text("It was not sent. Try again.")
        await expect(at.row("Plan.pdf")).to_contain_text("No longer waiting. Please look at the printer.")
        await at.row("Report.pdf").get_by_role("checkbox").check()
        await at.button("Print 1 document").click()
        await expect(at.row("Report.pdf")).to_contain_text(SENT)
        assert service.requests("redirect")[1:] == [{"jobs": [{"id": "job1"}]}]


async def test_a_notice_that_comes_while_a_release_is_looked_up_is_told() -> None:
    service = annas(job(1, "Report.pdf"))
    async with kiosk(service) as at:
        await at.tap(ANNA)
        await expect(at.button("Print 1 document")).to_be_visible()
        service.lose += [("redirect", "after")]
        now = datetime.now(UTC).isoformat()
        service.notices["Anna Andersson"] = [{"code": "failed", "document": "Report.pdf", "reason": "Jam.", "at": now}]
        await at.button("Print 1 document").click()
        await expect(at.row("Report.pdf")).to_contain_text("No longer waiting.")
        await expect(at.page.get_by_role("list", name="Notices")).to_contain_text("“Report.pdf” did not print. Jam.")


async def test_while_nothing_can_be_looked_up_the_page_claims_nothing() -> None:
    service = annas(job(1, "Report.pdf"))
    async with kiosk(service) as at:
        await at.take_clock()
        await at.tap(ANNA)
        service.lose += [("redirect", "after"), *[("jobs", "before")] * 4]
        await at.button("Print 1 document").click()
        while ("jobs", "before") in service.lose:
            await at.page.clock.run_for(500)
            await asyncio.sleep(0.02)
        await expect(at.row("Report.pdf")).to_contain_text("It is not known whether it prints.")
        await at.button("Look again").click()
        await expect(at.row("Report.pdf")).to_contain_text("No longer waiting.")
        assert len(service.requests("redirect")) == 1


async def test_more_jobs_than_one_request_takes_go_in_several() -> None:
    service = annas(*(job(number, f"Page {number:03}.pdf") for number in range(1, 121)))
    async with kiosk(service) as at:
        await at.tap(ANNA)
        await at.button("Print 120 documents").click()
        await expect(at.page.locator(".summary")).to_have_text("120 sent to Office MFP.")
        assert [len(body["jobs"]) for body in service.requests("redirect")] == [50, 50, 20]


async def test_what_became_of_earlier_jobs_is_told_and_the_list_stays_true() -> None:
    service = annas(job(1, "Report.pdf"), job(2, "Plan.pdf", state="releasing"))
    now = datetime.now(UTC).isoformat()
    service.notices["Anna Andersson"] = [
        {"code": "expired", "document": "Old.pdf", "reason": "It was held for 24 hours.", "at": now},
        {"code": "failed", "document": "Poster.pdf", "reason": "The printer ran out of paper.", "at": now},
    ]
    async with kiosk(service) as at:
        await at.take_clock()
        await at.tap(ANNA)
        notices = at.page.get_by_role("list", name="Notices")
        await expect(notices).to_contain_text("“Old.pdf” was not collected in time. It was held for 24 hours.")
        await expect(notices).to_contain_text("“Poster.pdf” did not print. The printer ran out of paper.")
        await expect(at.row("Plan.pdf")).to_contain_text("Being sent, not confirmed yet.")
        service.jobs["Anna Andersson"] = [job(3, "Just printed.pdf")]
        late = {"code": "failed", "document": "Plan.pdf", "reason": "Paper jam.", "at": now}
        service.notices["Anna Andersson"] = [late]
        await at.page.clock.run_for(11_000)
        await expect(at.row("Just printed.pdf").get_by_role("checkbox")).not_to_be_checked()
        await expect(at.row("Report.pdf")).to_contain_text("Already gone")
        await expect(notices).to_contain_text("“Plan.pdf” did not print. Paper jam.")


async def test_a_notice_whose_answer_was_lost_is_told_and_one_that_was_shown_is_told_no_more() -> None:
    service = annas(job(1, "Report.pdf"))
    now = datetime.now(UTC).isoformat()
    old = {"code": "expired", "document": "Old.pdf", "reason": "It was held for 24 hours.", "at": now}
    service.notices["Anna Andersson"] = [old]
    service.lose = [("session", "after")]
    async with kiosk(service) as at:
        await at.tap(ANNA)
        await expect(at.page.locator(".notice")).to_contain_text("“Old.pdf” was not collected in time.")
        assert len(service.requests("session")) == 2
        async with asyncio.timeout(10):
            while service.notices["Anna Andersson"]:
                await asyncio.sleep(0.02)
        await expect(at.page.locator(".notice")).to_have_count(1)
        await at.button("Sign out").click()
        await at.idle()
        await at.tap(ANNA)
        await expect(at.row("Report.pdf")).to_be_visible()
        await expect(at.page.locator(".notice")).to_have_count(0)


async def test_everything_is_done_by_keyboard_alone() -> None:
    service = annas(job(1, "Report.pdf"))
    async with kiosk(service) as at:
        await at.tap(ANNA)
        await expect(at.page.get_by_role("heading", name="1 document")).to_be_focused()
        order = []
        for _ in range(5):
            await at.page.keyboard.press("Tab")
            order.append(await at.page.evaluate("document.activeElement.closest('label, button').innerText.trim()"))
        assert [text.split("\n")[0] for text in order] == [
            "Select all", "Report.pdf", "Settings of Report.pdf", "Delete", "Print 1 document",
        ]  # fmt: skip
        await at.page.keyboard.press("Shift+Tab")
        await at.page.keyboard.press("Shift+Tab")
        await at.page.keyboard.press("Enter")
        await at.page.keyboard.press("Tab")
        await at.page.keyboard.press("Tab")
        await at.page.keyboard.press(" ")
        await expect(at.row("Report.pdf").locator("output")).to_have_text("2")
        await at.page.keyboard.press("Tab")
        await at.page.keyboard.press("ArrowRight")
        await at.button("Print 1 document").focus()
        await at.page.keyboard.press("Enter")
        await expect(at.button("Done")).to_be_focused()
        assert service.requests("redirect") == [
            {"jobs": [{"id": "job1", "copies": 2, "duplexMode": "flipOnShortEdge"}]}
        ]
        await at.page.keyboard.press("Enter")
        await at.idle()


async def test_a_document_name_is_only_ever_text() -> None:
    name = '<img src=x onerror="alert(1)"><b>bold</b>'
    async with kiosk(annas(job(1, name))) as at:
        await at.tap(ANNA)
        await expect(at.page.locator(".job-name")).to_have_text(name)
        assert await at.page.locator("main img, main b").count() == 0
