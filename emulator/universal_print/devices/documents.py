"""Opens a document the way a printer does, to learn whether it is what it claims to be and how many pages it has."""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from xml.etree import ElementTree

from emulator.universal_print.devices.raster import RasterError, RasterPage, pwg_pages, urf_pages

PDF = "application/pdf"
OXPS = "application/oxps"
XPS = "application/vnd.ms-xpsdocument"
JPEG = "image/jpeg"
PWG = "image/pwg-raster"
URF = "image/urf"

# A lenient reader mends a damaged PDF by taking all of it into memory; above this size the strict one is used.
MENDABLE_PDF_BYTES = 64 * 1024 * 1024
# XPS markup parts are small; a larger one is a zip bomb rather than a page.
MOST_MARKUP_BYTES = 16 * 1024 * 1024
_FIXED_REPRESENTATION = ("/fixedrepresentation",)


class UnprintableDocumentError(ValueError):
    """The document cannot be printed; the message says why, in words for the person who sent it."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a printer learns from a document before it prints: the number of pages and whether any has colour."""

    pages: int
    color: bool


def inspect_document(path: Path, content_type: str) -> Inspection:
    """Open the document at `path` as `content_type`. Reads in pieces. Raises UnprintableDocumentError."""
    reader = _READERS.get(content_type.split(";")[0].strip().lower())
    if reader is None:
        raise UnprintableDocumentError(f"The printer has no interpreter for {content_type}.")
    if path.stat().st_size == 0:
        raise UnprintableDocumentError("The document is empty.")
    with path.open("rb") as stream:
        inspection = reader(stream)
    if inspection.pages == 0:
        raise UnprintableDocumentError("The document has no pages.")
    return inspection


def _read_pdf(stream: BinaryIO) -> Inspection:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    if b"%PDF-" not in stream.read(1024 + 5):
        raise UnprintableDocumentError("The document is not PDF: it has no PDF header.")
    large = stream.seek(0, 2) > MENDABLE_PDF_BYTES
    stream.seek(0)
    try:
        reader = PdfReader(stream, strict=large)
        if reader.is_encrypted:
            raise UnprintableDocumentError("The PDF is protected by a password. Send it without one.")
        pages = 0
        for page in reader.pages:
            pages += 1
            if "/Contents" in page and page["/Contents"].get_object() is None:
                raise UnprintableDocumentError(f"The PDF is damaged (page {pages} has lost its contents).")
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError, zlib.error, OSError) as error:
        if isinstance(error, UnprintableDocumentError):
            raise
        raise UnprintableDocumentError(f"The PDF is damaged ({_short(error)}).") from error
    return Inspection(pages, color=True)


def _read_jpeg(stream: BinaryIO) -> Inspection:
    from PIL import Image

    try:
        with Image.open(stream, formats=["JPEG"]) as picture:
            color = picture.mode not in {"1", "L"}
            # An eighth of the size is decoded from all of the data: enough to find where it is cut off.
            picture.draft(picture.mode, (picture.width // 8 or 1, picture.height // 8 or 1))
            picture.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UnprintableDocumentError(f"The JPEG picture is damaged ({_short(error)}).") from error
    return Inspection(1, color)


def _raster_reader(name: str, walk: Callable[[BinaryIO], Iterable[RasterPage]]) -> Callable[[BinaryIO], Inspection]:
    def read(stream: BinaryIO) -> Inspection:
        count, color = 0, False
        try:
            for page in walk(stream):
                count += 1
                color = color or page.color
        except RasterError as error:
            raise UnprintableDocumentError(f"The {name} raster is damaged ({error}).") from error
        return Inspection(count, color)

    return read


def _read_xps(stream: BinaryIO) -> Inspection:
    try:
        with zipfile.ZipFile(stream) as package:
            # Checks every part in pieces against its checksum, fonts and pictures included.
            if damaged := package.testzip():
                raise UnprintableDocumentError(f"The XPS document is damaged (its part {damaged} is not whole).")
            count = sum(1 for _ in xps_pages(package))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise UnprintableDocumentError(f"The XPS document is damaged ({_short(error)}).") from error
    return Inspection(count, color=True)


def xps_pages(package: zipfile.ZipFile) -> Iterator[ElementTree.Element]:
    """The FixedPage elements in order: package relationship, document sequence, documents, pages (ECMA-388 clause 9).

    Raises UnprintableDocumentError, and what zipfile raises for a damaged package.
    """
    parts = {name.casefold(): name for name in package.namelist()}
    sequence = _package_start(package, parts)
    for document in _references(package, parts, sequence, "DocumentReference"):
        for part in _references(package, parts, document, "PageContent"):
            page = _markup(package, parts, part)
            if page.tag.rpartition("}")[2] != "FixedPage":
                raise UnprintableDocumentError(f"The XPS part {part} is not a page.")
            yield page


def _package_start(package: zipfile.ZipFile, parts: dict[str, str]) -> str:
    for relationship in _markup(package, parts, "/_rels/.rels"):
        if relationship.get("Type", "").endswith(_FIXED_REPRESENTATION):
            return posixpath.join("/", relationship.get("Target", ""))
    raise UnprintableDocumentError("The package is not an XPS document: it names no fixed representation.")


def _references(package: zipfile.ZipFile, parts: dict[str, str], part: str, element: str) -> list[str]:
    folder = posixpath.dirname(part)
    return [
        posixpath.normpath(posixpath.join(folder, child.get("Source", "")))
        for child in _markup(package, parts, part)
        if child.tag.rpartition("}")[2] == element
    ]


def _markup(package: zipfile.ZipFile, parts: dict[str, str], part: str) -> ElementTree.Element:
    name = parts.get(part.lstrip("/").casefold())
    if name is None:
        raise UnprintableDocumentError(f"The XPS document lacks its part {part}.")
    if package.getinfo(name).file_size > MOST_MARKUP_BYTES:
        raise UnprintableDocumentError(f"The XPS part {part} is too large for the printer's memory.")
    try:
        return ElementTree.fromstring(package.read(name))  # noqa: S314 - expat bounds entity growth itself
    except ElementTree.ParseError as error:
        raise UnprintableDocumentError(f"The XPS part {part} is damaged ({error}).") from error


def _short(error: BaseException) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__


_READERS: dict[str, Callable[[BinaryIO], Inspection]] = {
    PDF: _read_pdf,
    OXPS: _read_xps,
    XPS: _read_xps,
    JPEG: _read_jpeg,
    PWG: _raster_reader("PWG", pwg_pages),
    URF: _raster_reader("URF", urf_pages),
}
