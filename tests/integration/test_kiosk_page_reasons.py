"""Why something did not print is told in the person's language; the service's own words only where they say more."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import expect

import shared.kiosk_page
from shared.held.reasons import Reason
from shared.kiosk_page import LANGUAGES
from tests.support.browser import shared_browser
from tests.support.kiosk_browser import ANNA, kiosk
from tests.support.kiosk_page import KioskService, job

FILES = Path(shared.kiosk_page.__file__).parent / "assets"
WORDS = {tag: json.loads((FILES / f"{tag}.json").read_text(encoding="utf-8")) for tag in LANGUAGES}
ENGLISH = "The service said so."
# The service's words are told too where they say more than the page can.
DETAILED = {Reason.ABORTED, Reason.SERVICE_REFUSED, Reason.SETTING_NOT_OFFERED}


pytestmark = [pytest.mark.timeout(600), pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def _browser() -> AsyncIterator[None]:
    async with shared_browser():
        yield


def sentence(tag: str, reason: str) -> str:
    words = str(WORDS[tag][f"reason_{reason}"]).replace("{printer}", "Laser")
    return f"{words} {ENGLISH}" if reason in DETAILED else words


async def test_every_reason_is_told_in_every_language() -> None:
    service = KioskService()
    # The page says what it says when an answer is lost.
    reasons = [reason for reason in Reason if reason is not Reason.UNCLEAR]
    service.jobs["Anna Andersson"] = [job(number, f"Document {number}.") for number in range(len(reasons))]
    service.outcomes = {
        f"job{number}": ("refused", ENGLISH, reason.value, "Laser") for number, reason in enumerate(reasons)
    }
    async with kiosk(service) as at:
        await at.tap(ANNA)
        await at.button(f"Print {len(reasons)} documents").click()
        outcomes = at.page.locator(".job-outcome")
        for tag in LANGUAGES:
            await at.page.locator(".bar .language").click()
            await at.page.locator(f"dialog [lang={tag}]").click()
            expected = [f"{WORDS[tag]['outcome_refused']} {sentence(tag, reason)}" for reason in reasons]
            await expect(outcomes).to_have_text(expected)
        assert await at.page.locator(".job-outcome .detail").count() == len(DETAILED)


async def test_an_outcome_is_told_in_the_persons_language_as_far_as_it_is_known() -> None:
    told: list[tuple[tuple[str, ...], str]] = [
        (("refused", ENGLISH, "somethingNew", ""), f"Abgelehnt. {ENGLISH}"),
        (("refused", ENGLISH), f"Abgelehnt. {ENGLISH}"),
        (("tryAgain", ENGLISH, "toString", ""), f"Das hat nicht geklappt. Versuchen Sie es erneut. {ENGLISH}"),
        (("alreadyGone", ENGLISH, "sentTo", "Laser"), "Bereits weg. Es wurde an Laser gesendet."),
        (("alreadyGone", ENGLISH, "sentTo", ""), f"Bereits weg. {ENGLISH}"),
        (("alreadyGone",), "Bereits weg."),
        (("released", ENGLISH, "sentTo", "Laser"), "An den Drucker gesendet"),
        (("tryAgain", ENGLISH, "unclear", ""), f"{WORDS['de']['outcome_unknown']}"),
    ]
    service = KioskService()
    service.jobs["Anna Andersson"] = [job(number, f"Document {number}.") for number in range(len(told))]
    service.outcomes = {f"job{number}": outcome for number, (outcome, _) in enumerate(told)}
    async with kiosk(service, locale="de-DE") as at:
        await at.tap(ANNA)
        await at.button(f"{len(told)} Dokumente drucken").click()
        await expect(at.page.locator(".job-outcome")).to_have_text([text for _, text in told], use_inner_text=True)
        english = at.page.locator(".job-outcome [lang=en]")
        assert await english.count() == len([text for _, text in told if ENGLISH in text])


async def test_a_document_that_is_deleted_later_is_called_neither_deleted_nor_still_here() -> None:
    service = KioskService()
    service.jobs["Anna Andersson"] = [job(1, "Report.pdf")]
    service.outcomes = {"job1": ("discarded", ENGLISH, "discarding")}
    async with kiosk(service) as at:
        await at.take_clock()
        await at.tap(ANNA)
        await at.button("Delete").click()
        await at.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        outcome = at.row("Report.pdf").locator(".job-outcome")
        await expect(outcome).to_have_text("Being deleted. It will not print.", use_inner_text=True)
        await at.page.clock.run_for(11_000)
        await expect(outcome).to_have_text("Being deleted. It will not print.", use_inner_text=True)
        await expect(at.button("Done")).to_be_visible()


@pytest.mark.parametrize("tag", LANGUAGES)
async def test_a_release_whose_worker_died_is_told_as_what_is_known_of_it(tag: str) -> None:
    words = WORDS[tag]
    service = KioskService()
    stuck, other = job(1, "Report.pdf", state="releasing"), job(2, "Plan.pdf")
    service.jobs["Anna Andersson"] = [stuck, other]
    service.outcomes = {"job1": ("alreadyGone", ENGLISH, "sentTo", "Laser"), "job2": ("tryAgain", "", "stillSending")}
    async with kiosk(service, locale=tag, viewport={"width": 390, "height": 844}) as at:
        await at.take_clock()
        await at.tap(ANNA)
        row = at.row("Report.pdf")
        await expect(row.locator(".job-outcome")).to_have_text(words["outcome_releasing"], use_inner_text=True)
        await expect(row.get_by_role("checkbox")).to_be_disabled()
        stuck["state"] = "unconfirmed"
        await at.page.clock.run_for(11_000)
        await expect(row.locator(".job-outcome")).to_have_text(words["outcome_unconfirmed"], use_inner_text=True)
        await row.get_by_role("checkbox").check()
        await at.page.locator(".button.main:visible").first.click()
        gone = f"{words['outcome_alreadyGone']} {words['reason_sentTo'].format(printer='Laser')}"
        await expect(row.locator(".job-outcome")).to_have_text(gone, use_inner_text=True)
        # Another request of this kiosk is at that one: it is followed, and not called a failure.
        shown = at.row("Plan.pdf").locator(".job-outcome")
        await expect(shown).to_have_text(words["outcome_releasing"], use_inner_text=True)
        other["state"] = "held"
        await at.page.clock.run_for(11_000)
        await expect(shown).to_have_text(words["outcome_notSent"], use_inner_text=True)


async def test_what_became_of_earlier_jobs_is_told_in_the_persons_language() -> None:
    now = datetime.now(UTC).isoformat()

    def notice(code: str, **values: Any) -> dict[str, Any]:
        return {"code": code, "document": f"{values['reasonCode']}.pdf", "reason": ENGLISH, "at": now, **values}

    service = KioskService()
    reasons = ["expired", "canceled", "stopped", "tookTooLong", "outcomeUnknown", "aborted", "somethingNew"]
    service.notices["Anna Andersson"] = [
        notice("expired" if reason == "expired" else "failed", reasonCode=reason) for reason in reasons
    ]
    async with kiosk(service, locale="ja-JP") as at:
        await at.tap(ANNA)
        shown = at.page.locator(".notice")
        await expect(shown).to_have_count(len(reasons))
        texts = await shown.all_inner_texts()
        for reason, text in zip(reasons, texts, strict=True):
            known = reason in Reason
            assert (sentence("ja", reason) if known else ENGLISH) in text
            assert (ENGLISH in text) is (not known or reason in DETAILED)


async def test_kiosks_that_are_switched_off_say_so() -> None:
    async with kiosk(locale="fr-FR") as at:
        at.service.refuse("session", 503, "kioskOff")
        await at.tap(ANNA)
        await expect(at.page.locator("h1")).to_have_text(WORDS["fr"]["kioskOffTitle"])
