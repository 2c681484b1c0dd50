"""Tells what a document is from its first bytes, and whether a share can print it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from shared.errors import DocumentRejected

PDF = "application/pdf"
OXPS = "application/oxps"
XPS = "application/vnd.ms-xpsdocument"
JPEG = "image/jpeg"
PWG = "image/pwg-raster"
URF = "image/urf"

# ISO 32000 annex H: readers accept the header anywhere in the first 1,024 bytes.
PDF_HEADER_WINDOW = 1024

_SIGNATURES = (
    (b"\xff\xd8\xff", JPEG),
    (b"RaS2", PWG),
    (b"UNIRAST\x00", URF),
    (b"%!PS", "application/postscript"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"GIF8", "image/gif"),
    (b"\x1b%-12345X", "application/vnd.hp-PCL"),
    (b"\x1bE", "application/vnd.hp-PCL"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
)
_NAMES = {
    PDF: "a PDF document",
    OXPS: "an OpenXPS document",
    XPS: "an XPS document",
    JPEG: "a JPEG picture",
    PWG: "PWG raster",
    URF: "URF raster",
    "image/png": "a PNG picture",
    "image/tiff": "a TIFF picture",
    "image/gif": "a GIF picture",
    "application/postscript": "PostScript",
    "application/vnd.hp-PCL": "PCL",
    "application/zip": "a ZIP archive",
    "application/x-office": "an Office document",
    "application/x-ole-storage": "an old Office document",
}
_EXTENSIONS = {
    "pdf": (PDF,),
    "xps": (XPS, OXPS),
    "oxps": (OXPS,),
    "jpg": (JPEG,),
    "jpeg": (JPEG,),
    "pwg": (PWG,),
    "urf": (URF,),
}
_OFFICE_PREFIXES = (b"word/", b"xl/", b"ppt/")
_XPS_NAMESPACE = b"schemas.microsoft.com/xps/"
_OXPS_NAMESPACE = b"schemas.openxps.org/oxps/"


def describe_type(content_type: str) -> str:
    """A content type in words that a person uses."""
    return _NAMES.get(content_type, content_type)


def document_type(name: str, declared: str | None, head: bytes) -> str:
    """The content type of the document called `name` whose first bytes are `head`.

    The bytes decide; the name and the declared content type may not contradict them. Raises DocumentRejected with
    code `contentUnknown` or `contentMismatch`.
    """
    found = sniff(head, name)
    if found is None:
        raise DocumentRejected(
            "contentUnknown",
            "The first bytes of the file are of no type that printers take. Save it as PDF and send it again.",
        )
    expected = _EXTENSIONS.get(name.rpartition(".")[2].lower() if "." in name else "")
    if expected and found not in expected:
        raise DocumentRejected(
            "contentMismatch",
            f"The file is named .{name.rpartition('.')[2]} but holds {describe_type(found)}. "
            "Send the document itself, under its own extension.",
        )
    said = (declared or "").split(";")[0].strip().lower()
    # A client that does not know the type says so with a general one; only a printable type is a statement.
    if said in {PDF, OXPS, XPS, JPEG, PWG, URF} and said != found:
        raise DocumentRejected(
            "contentMismatch",
            f"The upload declared {said} but the file holds {describe_type(found)}. "
            "Correct the declared content type or send the right file.",
        )
    return found


def sniff(head: bytes, name: str = "") -> str | None:
    """The content type that the first bytes show, or None. `name` decides only between XPS and OpenXPS."""
    if b"%PDF-" in head[: PDF_HEADER_WINDOW + 5]:
        return PDF
    for signature, content_type in _SIGNATURES:
        if head.startswith(signature):
            return content_type
    if head.startswith(b"PK\x03\x04"):
        return _package_type(head, name)
    return None


def uploaded_type(content_type: str, capabilities: Mapping[str, Any], *, conversion: bool) -> str:
    """The content type to announce to Graph for a share with these capabilities.

    OpenXPS goes to a printer that takes PDF only when the tenant converts documents (Graph:
    printdocument-createuploadsession). Raises DocumentRejected with code `contentNotSupported`.
    """
    taken = [str(value).lower() for value in capabilities.get("contentTypes") or []]
    if not taken or content_type.lower() in taken:
        return content_type
    if content_type == OXPS and conversion and PDF in taken:
        return OXPS
    offered = ", ".join(sorted(taken))
    raise DocumentRejected(
        "contentNotSupported",
        f"The file is {describe_type(content_type)}, which this printer does not take. It takes: {offered}.",
    )


def _package_type(head: bytes, name: str) -> str:
    entries = list(_zip_entries(head))
    for entry, content in entries:
        if entry == b"_rels/.rels" and content is not None:
            if _OXPS_NAMESPACE in content:
                return OXPS
            if _XPS_NAMESPACE in content:
                return XPS
    names = [entry.lower() for entry, _ in entries]
    if any(entry.startswith(_OFFICE_PREFIXES) for entry in names):
        return "application/x-office"
    parts = (b".fdseq", b".fdoc", b".fpage", b".rels", b"[content_types].xml")
    if any(entry.endswith(parts) or entry.startswith((b"documents/", b"resources/")) for entry in names):
        return XPS if name.lower().endswith(".xps") else OXPS
    return "application/zip"


def _zip_entries(head: bytes) -> Iterator[tuple[bytes, bytes | None]]:
    """Names of the entries that begin in `head`, with the content of those that also end there (APPNOTE 4.3.7)."""
    position = 0
    while head[position : position + 4] == b"PK\x03\x04" and position + 30 <= len(head):
        flags = int.from_bytes(head[position + 6 : position + 8], "little")
        method = int.from_bytes(head[position + 8 : position + 10], "little")
        size = int.from_bytes(head[position + 18 : position + 22], "little")
        name_length = int.from_bytes(head[position + 26 : position + 28], "little")
        extra_length = int.from_bytes(head[position + 28 : position + 30], "little")
        name = head[position + 30 : position + 30 + name_length]
        start = position + 30 + name_length + extra_length
        if flags & 0x08:
            # The size stands behind the data: find the next header instead.
            following = head.find(b"PK\x03\x04", start)
            yield name, _inflate(head[start:] if following < 0 else head[start:following], method)
            if following < 0:
                return
            position = following
        else:
            whole = start + size <= len(head)
            yield name, _inflate(head[start : start + size], method) if whole else None
            position = start + size


def _inflate(data: bytes, method: int) -> bytes | None:
    if method == 0:
        return data
    if method != 8:
        return None
    try:
        # The bound keeps a deliberately dense stream from filling memory.
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, 64 * 1024)
    except zlib.error:
        return None
