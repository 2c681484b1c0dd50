"""The first bytes decide what a document is; its name and declared type may not contradict them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bounds import Bounds
from shared.document_type import (
    JPEG,
    OXPS,
    PDF,
    PWG,
    URF,
    XPS,
    describe_type,
    document_type,
    sniff,
    uploaded_type,
)
from shared.errors import DocumentRejected

HEAD = Bounds().sniff_bytes
OFFICE = "application/x-office"
ZIP = "application/zip"
OXPS_RELATION = '<Relationship Type="http://schemas.openxps.org/oxps/v1.0/fixedrepresentation"/>'
XPS_RELATION = '<Relationship Type="http://schemas.microsoft.com/xps/2005/06/fixedrepresentation"/>'
WORD_RELATION = (
    '<Relationship Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/>'
)
WORD_TYPES = (
    '<Override ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>'
)
XPS_TYPES = '<Default Extension="fpage" ContentType="application/vnd.ms-package.xps-fixedpage+xml"/>'
NOISE = bytes(range(1, 256)) * 40


class _Pipe(io.RawIOBase):
    """A target that cannot seek, so that zipfile writes data descriptors."""

    def __init__(self) -> None:
        self.content = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.content += bytes(data)
        return len(bytes(data))


def package(parts: Mapping[str, str | bytes], *, streamed: bool = False, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target: Any = _Pipe() if streamed else io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    whole = bytes(target.content) if streamed else target.getvalue()
    if streamed:
        assert whole[6] & 0x08, "the entries must have data descriptors"
    return whole[:HEAD]


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", PDF),
        (b"%PDF-2.0\n", PDF),
        (b"\xef\xbb\xbf%PDF-1.4\n", PDF),
        (b"\r\n" * 500 + b"%PDF-1.3\n", PDF),
        (b"x" * 1016 + b"%PDF-1.3\n", PDF),
        (b"x" * 1017 + b"%PDF-1.3\n", None),
        (b"%PDF-", None),
        (b"How to find %PDF-files on disk", None),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", JPEG),
        (b"\xff\xd8\xff\xe1Exif about %PDF-1.4", JPEG),
        (b"RaS2PwgRaster\x00", PWG),
        (b"RaS3" + bytes(60), None),
        (b"UNIRAST\x00\x00\x00\x00\x01", URF),
        (b"%!PS-Adobe-3.0\n%PDF-1.4", "application/postscript"),
        (b"\x1b%-12345X@PJL ENTER LANGUAGE=PDF\n%PDF-1.4", "application/vnd.hp-PCL"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
        (b"", None),
        (b"PK", None),
        (b"plain text", None),
    ],
)
def test_the_first_bytes_tell_the_type(head: bytes, found: str | None) -> None:
    assert sniff(head) == found


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize(("relation", "found"), [(OXPS_RELATION, OXPS), (XPS_RELATION, XPS)])
def test_an_xps_package_is_told_by_its_relationships(*, streamed: bool, method: int, relation: str, found: str) -> None:
    head = package({"[Content_Types].xml": XPS_TYPES, "_rels/.rels": relation}, streamed=streamed, method=method)
    assert sniff(head, "scan.xps") == found
    assert sniff(head) == found


@pytest.mark.parametrize("streamed", [False, True])
def test_relationships_behind_a_few_parts_are_still_found(*, streamed: bool) -> None:
    parts = {"Documents/1/Pages/1.fpage": "<FixedPage/>" * 50, "a.txt": "x", "_rels/.rels": XPS_RELATION}
    assert sniff(package(parts, streamed=streamed), "a.oxps") == XPS


def test_relationships_that_go_on_past_the_bytes_read_still_count() -> None:
    padded = XPS_RELATION + "".join(f"<!-- {number:09} -->" for number in range(9000))
    head = package({"_rels/.rels": padded})
    assert len(head) == HEAD
    assert sniff(head) == XPS


def test_interleaved_pieces_and_utf_16_are_read_as_other_parts_are() -> None:
    assert sniff(package({"_rels/.rels/[0].piece": XPS_RELATION[:40], "_rels/.rels/[1].last.piece": "…"})) == ZIP
    assert sniff(package({"_rels/.rels/[0].piece": XPS_RELATION})) == XPS
    assert sniff(package({"_RELS/.RELS": OXPS_RELATION.encode("utf-16")})) == OXPS
    assert sniff(package({"Documents/1/Pages/1.fpage/[0].piece": "x"}), "a.xps") == XPS


def test_without_namespaces_the_name_decides_between_the_two_kinds_of_xps() -> None:
    head = package({"Documents/1/Pages/1.fpage": NOISE})
    assert (sniff(head, "a.xps"), sniff(head, "a.oxps"), sniff(head)) == (XPS, OXPS, OXPS)
    picture_first = package({"Resources/Images/1.jpg": NOISE})
    assert (sniff(picture_first, "a.xps"), sniff(picture_first, "a.zip")) == (XPS, ZIP)


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        ({"[Content_Types].xml": WORD_TYPES, "_rels/.rels": WORD_RELATION, "word/document.xml": "<w/>"}, OFFICE),
        ({"[Content_Types].xml": WORD_TYPES + "x" * 9000}, OFFICE),
        ({"xl/workbook.xml": NOISE}, OFFICE),
        ({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "x"}, OFFICE),
        ({"mimetype": "application/epub+zip"}, ZIP),
        ({"[Content_Types].xml": NOISE}, ZIP),
        ({"Documents/letter.txt": "dear"}, ZIP),
        ({"invoice.pdf": b"%PDF-1.7\n"}, ZIP),
        ({"about.txt": "see schemas.openxps.org/oxps/ and schemas.microsoft.com/xps/"}, ZIP),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_another_package_is_not_taken_for_a_document(parts: dict[str, str], found: str, *, streamed: bool) -> None:
    head = package(parts, streamed=streamed, method=zipfile.ZIP_STORED)
    assert sniff(head, "report.pdf") == found
    with pytest.raises(DocumentRejected, match=r"named \.pdf but holds") as caught:
        document_type("report.pdf", "application/pdf", head)
    assert caught.value.code == "contentMismatch"
    with pytest.raises(DocumentRejected, match="does not take"):
        uploaded_type(found, {}, conversion=True)


def test_a_word_document_is_not_printed_as_xps_because_it_is_called_so() -> None:
    head = package({"[Content_Types].xml": WORD_TYPES, "_rels/.rels": WORD_RELATION})
    with pytest.raises(DocumentRejected, match=r"named \.oxps but holds an Office document"):
        document_type("letter.oxps", None, head)


@pytest.mark.parametrize(
    ("name", "declared", "head", "found"),
    [
        ("a.pdf", None, b"%PDF-1.4", PDF),
        ("A.PDF ", "application/octet-stream", b"%PDF-1.4", PDF),
        ("a", "", b"%PDF-1.4", PDF),
        ("scan.0001", "text/plain", b"%PDF-1.4", PDF),
        ("a.pdf", "Application/PDF; charset=binary", b"%PDF-1.4", PDF),
        ("photo.jfif", "image/jpeg", b"\xff\xd8\xff\xe0", JPEG),
        ("a.xps", "application/vnd.ms-xpsdocument", package({"_rels/.rels": OXPS_RELATION}), OXPS),
        ("a.pwg", PWG, b"RaS2", PWG),
        ("a.urf", URF, b"UNIRAST\x00", URF),
    ],
)
def test_a_name_and_a_declared_type_that_agree_or_say_nothing_pass(
    name: str, declared: str | None, head: bytes, found: str
) -> None:
    assert document_type(name, declared, head) == found


@pytest.mark.parametrize(
    ("name", "declared", "head", "code"),
    [
        ("a.pdf ", None, b"\xff\xd8\xff\xe0", "contentMismatch"),
        ("a.docx", None, b"%PDF-1.4", "contentMismatch"),
        ("a.png", None, b"%PDF-1.4", "contentMismatch"),
        ("a.oxps", None, package({"_rels/.rels": XPS_RELATION}), "contentMismatch"),
        ("a.bin", "application/oxps", package({"_rels/.rels": XPS_RELATION}), "contentMismatch"),
        ("a.bin", "image/jpeg", b"%PDF-1.4", "contentMismatch"),
        ("a.pdf", "application/pdf", b"<html>", "contentUnknown"),
        ("a.pdf", "application/pdf", b"\x00" * 2000 + b"%PDF-1.4", "contentUnknown"),
    ],
)
def test_a_contradiction_is_refused_with_what_to_do(name: str, declared: str | None, head: bytes, code: str) -> None:
    with pytest.raises(DocumentRejected) as caught:
        document_type(name, declared, head)
    assert caught.value.code == code
    assert "send" in caught.value.reason.lower()


@pytest.mark.parametrize(
    ("found", "taken", "conversion", "announced"),
    [
        (PDF, ["application/pdf"], False, PDF),
        (PDF, ["Application/PDF"], False, PDF),
        (OXPS, ["application/oxps"], False, OXPS),
        (OXPS, ["application/pdf"], True, OXPS),
        (OXPS, ["application/pdf"], False, None),
        (OXPS, ["image/jpeg"], True, None),
        (XPS, ["application/pdf"], True, None),
        (XPS, [XPS], False, XPS),
        (PDF, ["application/oxps"], True, None),
        (JPEG, ["application/pdf", "image/jpeg"], False, JPEG),
        (JPEG, ["application/pdf"], True, None),
        ("image/tiff", ["image/tiff"], False, "image/tiff"),
        ("application/vnd.hp-PCL", ["application/vnd.hp-pcl"], False, "application/vnd.hp-PCL"),
        (PDF, [], False, PDF),
        (OXPS, None, False, OXPS),
        (JPEG, [], True, None),
        (ZIP, None, True, None),
    ],
)
def test_only_what_the_printer_takes_or_the_service_converts_is_uploaded(
    found: str, taken: list[str] | None, *, conversion: bool, announced: str | None
) -> None:
    capabilities = {"contentTypes": taken}
    if announced is not None:
        assert uploaded_type(found, capabilities, conversion=conversion) == announced
        return
    with pytest.raises(DocumentRejected, match="Save the document as one of these") as caught:
        uploaded_type(found, capabilities, conversion=conversion)
    assert caught.value.code == "contentNotSupported"
    assert describe_type(found) in caught.value.reason


@given(st.binary(max_size=600), st.sampled_from([b"", b"PK\x03\x04", b"PK\x03\x04" + bytes(4) + b"\x08"]))
def test_no_bytes_upset_the_sniffing(tail: bytes, prefix: bytes) -> None:
    found = sniff(prefix + tail, "a.xps")
    assert found is None or describe_type(found)


@given(
    st.lists(st.sampled_from(["[Content_Types].xml", "_rels/.rels", "Documents/1/a.fdoc", "word/a", "a.txt"])),
    st.binary(max_size=400),
    st.booleans(),
    st.integers(30, HEAD),
    st.integers(0, HEAD),
    st.integers(0, 255),
)
def test_a_cut_or_damaged_package_gets_some_type(
    names: list[str], content: bytes, streamed: bool, cut: int, place: int, value: int
) -> None:
    head = bytearray(package(dict.fromkeys([*names, "z"], content), streamed=streamed)[:cut])
    head[4 + place % (len(head) - 4)] = value
    assert sniff(bytes(head), "a.oxps") in {XPS, OXPS, OFFICE, ZIP}


def test_a_dense_stream_is_not_inflated_whole() -> None:
    bomb = package({"_rels/.rels": bytes(3_000_000) + OXPS_RELATION.encode()})
    assert len(bomb) < HEAD
    assert sniff(bomb) == ZIP


@given(st.text(max_size=1024), st.none() | st.text(max_size=200))
def test_no_name_or_declared_type_upsets_the_check(name: str, declared: str | None) -> None:
    try:
        assert document_type(name, declared, b"%PDF-1.4") == PDF
    except DocumentRejected as error:
        assert error.code == "contentMismatch"  # noqa: PT017 - most names are no contradiction
