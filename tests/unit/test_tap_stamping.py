"""A stamp names who printed and when, on every page, and never spoils a document silently."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, NumberObject

from shared.tasks.rules import Stamp
from shared.tasks.stamping import StampRefused, StampText, stamp_pdf
from tests.support.documents import pdf

TEXT = StampText("Zoë Müller", "zoe@contoso.example", "report (final).pdf", "2026-03-02 17:30 UTC")
FOOTER, BANNER = Stamp(footer=True), Stamp(banner=True, text="Confidential")


def pages(content: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]


def changed(**changes: object) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf(2))))
    for page in writer.pages:
        if "rotate" in changes:
            page[NameObject("/Rotate")] = NumberObject(int(str(changes["rotate"])))
    if "password" in changes:
        writer.encrypt(str(changes["password"]), algorithm="RC4-128")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def test_a_footer_is_on_every_page_below_what_was_there() -> None:
    stamped = pages(stamp_pdf(pdf(3), FOOTER, TEXT, "t1"))

    assert len(stamped) == 3
    for number, text in enumerate(stamped, 1):
        assert f"Hello, paper, page {number}" in text
        assert "Zoë Müller (zoe@contoso.example)  2026-03-02 17:30 UTC" in text


def test_a_banner_is_a_page_before_the_document() -> None:
    stamped = pages(stamp_pdf(pdf(2), BANNER, TEXT, "t1"))

    assert len(stamped) == 3
    for line in ("Zoë Müller (zoe@contoso.example)", "report (final).pdf", "2026-03-02 17:30 UTC", "Confidential"):
        assert line in stamped[0]
    assert "Hello, paper, page 1" in stamped[1]
    assert "Zoë" not in stamped[1]


@pytest.mark.parametrize("name", ["山田太郎", "Łukasz", "", " ", "Tab\there", "\x80"])
def test_a_name_that_helvetica_lacks_gives_way_to_the_user_name(name: str) -> None:
    text = StampText(name, "taro@contoso.example", "文書.pdf", "now")
    (first, _) = pages(stamp_pdf(pdf(1), BANNER, text, "t1"))

    assert first.splitlines()[0] == "taro@contoso.example"
    assert "??.pdf" in first


def test_a_document_is_stamped_once_for_a_task() -> None:
    once = stamp_pdf(pdf(1), Stamp(banner=True, footer=True), TEXT, "t1")

    assert stamp_pdf(once, Stamp(banner=True, footer=True), TEXT, "t1") is once
    assert len(pages(stamp_pdf(once, BANNER, TEXT, "t2"))) == 3


@pytest.mark.parametrize("rotate", [90, 180, 270])
def test_a_turned_page_keeps_its_text_and_gets_the_footer(rotate: int) -> None:
    first = pages(stamp_pdf(changed(rotate=rotate), FOOTER, TEXT, "t1"))[0]

    assert "2026-03-02 17:30 UTC" in first
    assert "Hello" in first


@pytest.mark.parametrize(
    "content",
    [b"", b"not a pdf", b"%PDF-1.7\n%%EOF", pdf(1)[:200], pdf(1)[: len(pdf(1)) // 2], changed(password="secret")],
)
def test_a_document_that_cannot_be_stamped_is_refused(content: bytes) -> None:
    with pytest.raises(StampRefused):
        stamp_pdf(content, FOOTER, TEXT, "t1")
