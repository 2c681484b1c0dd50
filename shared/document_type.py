"""Tells what a document is from its first bytes, and whether a share can print it."""

from __future__ import annotations

import re
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
_PDF_HEADER = re.compile(rb"%PDF-\d\.\d")
# How much of a package's part is inflated to look at it.
_LONGEST_PART = 64 * 1024

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
# Windows names both kinds of XPS .xps, so only .oxps is a promise.
_EXTENSIONS = {
    "pdf": (PDF,),
    "xps": (XPS, OXPS),
    "oxps": (OXPS,),
    **dict.fromkeys(("jpg", "jpeg", "jpe", "jfif"), (JPEG,)),
    "pwg": (PWG,),
    "urf": (URF,),
    "png": ("image/png",),
    **dict.fromkeys(("tif", "tiff"), ("image/tiff",)),
    "gif": ("image/gif",),
    **dict.fromkeys(("ps", "eps"), ("application/postscript",)),
    **dict.fromkeys(("docx", "xlsx", "pptx", "odt", "ods", "odp"), ("application/x-office",)),
    **dict.fromkeys(("doc", "xls", "ppt"), ("application/x-ole-storage",)),
    "zip": ("application/zip",),
}
# What a declared content type may turn out to be: clients derive it from the extension.
_DECLARED = {PDF: (PDF,), OXPS: (OXPS,), XPS: (XPS, OXPS), JPEG: (JPEG,), PWG: (PWG,), URF: (URF,)}
# What a printer that names no content types can be sent: Universal Print passes these on or converts them.
_TAKEN_UNSAID = (PDF, OXPS)
_XPS_NAMESPACE = b"schemas.microsoft.com/xps/"
_OXPS_NAMESPACE = b"schemas.openxps.org/oxps/"
_XPS_MARK = b"application/vnd.ms-package.xps-"
_OFFICE_MARKS = (b"schemas.openxmlformats.org/officedocument", b"vnd.openxmlformats-officedocument", b"opendocument")
_OFFICE_PREFIXES = (b"word/", b"xl/", b"ppt/")
# Parts that only an XPS document has; a part may come in pieces (OPC: interleaving).
_XPS_PART = re.compile(rb"\.(fdseq|fdoc|fpage|odttf)(/\[\d+\](\.last)?\.piece)?$")
# Parts that say what a package is; `mimetype` is OpenDocument's.
_MARKUP_PART = re.compile(rb"(_rels/\.rels|\[content_types\]\.xml)(/|$)|mimetype$")
# Parts with which an XPS document may begin, as other packages may.
_PACKAGE_PART = re.compile(rb"(documents/|resources/|metadata/|\[content_types\]\.xml|_rels/)")


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
    extension = _extension(name)
    expected = _EXTENSIONS.get(extension)
    if expected and found not in expected:
        raise DocumentRejected(
            "contentMismatch",
            f"The file is named .{extension} but holds {describe_type(found)}. "
            "Send the document itself, under its own extension.",
        )
    said = (declared or "").split(";")[0].strip().lower()
    # A client that does not know the type says so with a general one; only a printable type is a statement.
    if found not in _DECLARED.get(said, (found,)):
        raise DocumentRejected(
            "contentMismatch",
            f"The upload declared {said} but the file holds {describe_type(found)}. "
            "Correct the declared content type or send the right file.",
        )
    return found


def sniff(head: bytes, name: str = "") -> str | None:
    """The content type that the first bytes show, or None. `name` decides only between XPS and OpenXPS."""
    # What a file begins with comes first: an archive or a picture may have a PDF inside its first bytes.
    for signature, content_type in _SIGNATURES:
        if head.startswith(signature):
            return content_type
    if head.startswith(b"PK\x03\x04"):
        return _package_type(head, name)
    return PDF if _PDF_HEADER.search(head, 0, PDF_HEADER_WINDOW) else None


def uploaded_type(content_type: str, capabilities: Mapping[str, Any], *, conversion: bool) -> str:
    """The content type to announce to Graph for a share with these capabilities.

    OpenXPS goes to a printer that takes PDF only when the tenant converts documents (Graph:
    printdocument-createuploadsession). A printer that names no content types is taken to print what the service
    converts or passes on, and no more. Raises DocumentRejected with code `contentNotSupported`.
    """
    taken = [str(value).lower() for value in capabilities.get("contentTypes") or []]
    if content_type.lower() in (taken or _TAKEN_UNSAID):
        return content_type
    if content_type == OXPS and conversion and PDF in taken:
        return OXPS
    offered = ", ".join(sorted(taken or _TAKEN_UNSAID))
    raise DocumentRejected(
        "contentNotSupported",
        f"The file is {describe_type(content_type)}, which this printer does not take. It takes: {offered}. "
        "Save the document as one of these and send it again.",
    )


def _extension(name: str) -> str:
    _, dot, extension = name.strip().rpartition(".")
    return extension.lower() if dot else ""


def _package_type(head: bytes, name: str) -> str:
    """Namespaces in what can be read decide, then parts' names, and the file's name where neither shows anything."""
    entries = [(entry.lower(), content) for entry, content in _zip_entries(head)]
    # Only these parts speak for the package: any other may be about XPS or Office. OPC: markup may be UTF-16.
    contents = [
        content.replace(b"\x00", b"").lower()
        for entry, content in entries
        if _MARKUP_PART.match(entry) or _XPS_PART.search(entry)
    ]
    for marks, content_type in (
        ((_OXPS_NAMESPACE,), OXPS),
        ((_XPS_NAMESPACE,), XPS),
        (_OFFICE_MARKS, "application/x-office"),
    ):
        if any(mark in content for content in contents for mark in marks):
            return content_type
    extension = _extension(name)
    by_name = XPS if extension == "xps" else OXPS
    if any(_XPS_PART.search(entry) for entry, _ in entries) or any(_XPS_MARK in content for content in contents):
        return by_name
    if any(entry.startswith(_OFFICE_PREFIXES) for entry, _ in entries):
        return "application/x-office"
    if extension in ("xps", "oxps") and all(_PACKAGE_PART.match(entry) for entry, _ in entries):
        return by_name
    return "application/zip"


def _zip_entries(head: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names of the entries that begin in `head`, with as much of their content as it shows (APPNOTE 4.3.7)."""
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
            yield name, _inflate(head[start : start + size], method)
            position = start + size


def _inflate(data: bytes, method: int) -> bytes:
    if method == 0:
        return data
    if method != 8:
        return b""
    try:
        # The bound keeps a deliberately dense stream from filling memory.
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, _LONGEST_PART)
    except zlib.error:
        return b""
