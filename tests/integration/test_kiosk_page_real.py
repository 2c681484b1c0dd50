"""The page on the real parts: a person prints, shows a badge in a browser, and paper comes out."""

from __future__ import annotations

import asyncio
import base64
import ssl
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import expect

from emulator.demo.outcomes import Slip, read_slips
from emulator.demo.system import running_system
from emulator.demo.tap import BADGE, PERSON, VIRTUAL_PRINTER, subscribed
from emulator.universal_print.sample_documents import write_invoice
from tests.support.browser import browser
from tests.support.kiosk_browser import Kiosk
from tests.support.kiosk_page import KioskService
from tests.support.tenant import ROOT

# The first use installs Debian packages where they are missing.
pytestmark = pytest.mark.timeout(600)


async def test_paper_comes_out_at_the_printer_of_the_kiosk_where_the_badge_was_shown(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    write_invoice(tmp_path / "invoice.pdf")
    content = base64.b64encode((tmp_path / "invoice.pdf").read_bytes()).decode()
    folder.mkdir()
    async with running_system(ROOT, folder, lambda _: None) as system, browser() as running:
        trust = ssl.create_default_context(cafile=system.ca_bundle)
        async with httpx.AsyncClient(verify=trust, timeout=30) as http:
            await subscribed(system.emulator_url, http, system.check)
            for name in ("Wanted.pdf", "Unwanted.pdf"):
                body: dict[str, Any] = {
                    "user": PERSON,
                    "printer": VIRTUAL_PRINTER,
                    "documentName": name,
                    "contentBase64": content,
                }
                body |= {"contentType": "application/pdf", "configuration": {"duplexMode": "oneSided"}}
                printed = await http.post(f"{system.emulator_url}/emulator/print", json=body)
                printed.raise_for_status()
        page = await running.new_page(locale="de", viewport={"width": 1024, "height": 600})
        at = Kiosk(page, KioskService(), [])
        answer = await page.goto(system.kiosk.page)
        assert answer is not None
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        await at.idle()
        await at.tap("0123456789ABCD")
        await expect(page.get_by_role("heading", name="Dieser Ausweis ist nicht bekannt")).to_be_visible()
        await at.tap(BADGE)
        # What is held a moment after the tap comes into the list by itself.
        await expect(page.locator(".job")).to_have_count(2, timeout=30_000)
        await page.get_by_role("checkbox", name="Alle auswählen").check()
        await at.row("Unwanted.pdf").get_by_role("checkbox").uncheck()
        wanted = page.locator(".job").filter(has=page.get_by_text("Wanted.pdf", exact=True))
        await wanted.get_by_role("button", name="Einstellungen").click()
        await wanted.get_by_role("button", name="Ein Exemplar mehr").click()
        await at.button("1 Dokument drucken").click()
        await expect(wanted).to_contain_text("An den Drucker gesendet", timeout=20_000)
        await at.row("Unwanted.pdf").get_by_role("checkbox").check()
        await at.button("Löschen").click()
        await page.get_by_role("dialog").get_by_role("button", name="Löschen").click()
        await expect(at.row("Unwanted.pdf")).to_contain_text("Gelöscht", timeout=20_000)
        await at.button("Abmelden").click()
        await at.idle()
        async with asyncio.timeout(30):
            while not (slips := [slip for slip in read_slips(system.paper) if _is(slip)]):
                await asyncio.sleep(0.2)
        assert [slip.printer for slip in slips] == ["Office MFP"]
        assert slips[0].paper.name.endswith("Wanted.pdf")


def _is(slip: Slip) -> bool:
    return slip.paper.name.endswith("anted.pdf")
