"""A printer opens each document and refuses what it cannot print, with a reason."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator.universal_print.devices.documents import (
    JPEG,
    OXPS,
    PDF,
    PWG,
    URF,
    Inspection,
    UnprintableDocumentError,
    inspect_document,
)
from emulator.universal_print.devices.raster import pwg_pages
from emulator.universal_print.sample_documents import (
    LEAST_LARGE_PDF_BYTES,
    MOST_PDF_BYTES,
    WRITERS,
    write_invoice,
    write_jpeg,
    write_large_pdf,
    write_oxps,
    write_pwg_raster,
)


def _urf(pages: int, announced: int, *, cut: int = 0) -> bytes:
    header = struct.pack(">4B8x3I8x", 24, 1, 0, 4, 100, 40, 300)
    page = header + bytes([39]) + bytes([98, 10, 20, 30]) + bytes([128])
    content = b"UNIRAST\x00" + announced.to_bytes(4, "big") + page * pages
    return content[: len(content) - cut]


def test_pages_of_every_kind_of_sample_are_counted(tmp_path: Path) -> None:
    assert inspect_document(write_invoice(tmp_path / "a", pages=7), PDF) == Inspection(7, color=True)
    assert inspect_document(write_jpeg(tmp_path / "b"), JPEG) == Inspection(1, color=True)
    assert inspect_document(write_pwg_raster(tmp_path / "c", pages=4), PWG) == Inspection(4, color=False)
    assert inspect_document(write_oxps(tmp_path / "d", pages=5), OXPS) == Inspection(5, color=True)
    (tmp_path / "e").write_bytes(_urf(3, 3))
    assert inspect_document(tmp_path / "e", URF) == Inspection(3, color=True)


@pytest.mark.parametrize("content_type", WRITERS)
def test_the_same_seed_makes_the_same_document(tmp_path: Path, content_type: str) -> None:
    first, second = (WRITERS[content_type](tmp_path / name).read_bytes() for name in ("first", "second"))
    assert first == second


@pytest.mark.parametrize("size", [LEAST_LARGE_PDF_BYTES, 999_999, 1_000_000, 9_999_999, 10_000_000, 40_000_001])
def test_a_large_pdf_has_exactly_the_size_asked_for_and_can_be_printed(tmp_path: Path, size: int) -> None:
    path = write_large_pdf(tmp_path / "large.pdf", size)
    assert path.stat().st_size == size
    assert inspect_document(path, PDF).pages == -(-size // (32 * 1024 * 1024))


def test_a_large_pdf_is_the_same_for_a_seed_and_another_for_another(tmp_path: Path) -> None:
    digests = [
        hashlib.sha256(write_large_pdf(tmp_path / str(at), 3_000_000, seed=seed).read_bytes()).digest()
        for at, seed in enumerate((1, 1, 2))
    ]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize("size", [LEAST_LARGE_PDF_BYTES - 1, MOST_PDF_BYTES + 1])
def test_a_large_pdf_of_an_impossible_size_is_refused(tmp_path: Path, size: int) -> None:
    with pytest.raises(ValueError, match="size must lie between"):
        write_large_pdf(tmp_path / "large.pdf", size)


def _truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _zeroed_middle(content: bytes) -> bytes:
    third = len(content) // 3
    return content[:third] + bytes(third) + content[2 * third :]


@pytest.mark.parametrize("damage", [_truncated, _zeroed_middle])
@pytest.mark.parametrize(
    ("content_type", "words"),
    [(PDF, "The PDF is damaged"), (PWG, "The PWG raster is damaged"), (OXPS, "The XPS")],
)
def test_a_damaged_document_is_refused_with_a_reason(
    tmp_path: Path, content_type: str, words: str, damage: Callable[[bytes], bytes]
) -> None:
    path = WRITERS[content_type](tmp_path / "document")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UnprintableDocumentError, match=words):
        inspect_document(path, content_type)


def test_a_picture_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = write_jpeg(tmp_path / "picture.jpg")
    path.write_bytes(path.read_bytes()[:-4000])
    with pytest.raises(UnprintableDocumentError, match="The JPEG picture is damaged"):
        inspect_document(path, JPEG)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (_urf(2, 2, cut=3), "page 2 ends early"),
        (_urf(2, 3), "announces 3 pages and holds 2"),
        (b"UNIRAST\x00" + bytes(4), "has no pages"),
        (b"RaS2" + bytes(1796), "does not begin with the URF"),
    ],
)
def test_an_urf_raster_that_is_not_whole_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "raster.urf"
    path.write_bytes(content)
    with pytest.raises(UnprintableDocumentError, match=words):
        inspect_document(path, URF)


def test_a_document_that_is_not_what_its_content_type_says_is_refused(tmp_path: Path) -> None:
    picture = write_jpeg(tmp_path / "picture.pdf")
    with pytest.raises(UnprintableDocumentError, match="not PDF"):
        inspect_document(picture, PDF)
    with pytest.raises(UnprintableDocumentError, match="no interpreter for text/plain"):
        inspect_document(picture, "text/plain")
    (tmp_path / "empty").touch()
    with pytest.raises(UnprintableDocumentError, match="empty"):
        inspect_document(tmp_path / "empty", PDF)


def test_a_zip_archive_and_an_xps_that_lacks_a_page_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "plain.zip", "w") as archive:
        archive.writestr("_rels/.rels", "<Relationships/>")
    with pytest.raises(UnprintableDocumentError, match="names no fixed representation"):
        inspect_document(tmp_path / "plain.zip", OXPS)
    whole = write_oxps(tmp_path / "whole.oxps", pages=2)
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(tmp_path / "part.oxps", "w") as target:
        for name in source.namelist():
            if name != "Documents/1/Pages/2.fpage":
                target.writestr(name, source.read(name))
    with pytest.raises(UnprintableDocumentError, match=r"lacks its part /Documents/1/Pages/2\.fpage"):
        inspect_document(tmp_path / "part.oxps", OXPS)


def test_a_pwg_page_has_the_size_that_its_header_says(tmp_path: Path) -> None:
    path = write_pwg_raster(tmp_path / "raster", pages=1, dpi=150)
    page = next(pwg_pages(io.BytesIO(path.read_bytes())))
    assert (page.width, page.height, page.color) == (1240, 1754, False)
