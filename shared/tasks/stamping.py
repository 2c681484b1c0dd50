"""Writes who printed a document, and when, onto a PDF: a banner page before it, or a footer on every page. Pure.

pypdf draws no text, so a stamp is a content stream of our own in Helvetica, which every reader has built in. Its
encoding is that of Latin-1; a name in another script is shown by the user principal name instead.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.errors import PrintFunctionsError
from shared.tasks.rules import Stamp

if TYPE_CHECKING:
    from pypdf import PageObject, PdfWriter

# The information dictionary of a stamped document names the task, so that a resumed task does not stamp it twice.
MARK = "/PrintTask"
FOOTER_POINTS = 8.0
BANNER_POINTS = 18.0
MARGIN_POINTS = 14.0
_FONT = "/StampHelvetica"
_LINE_CHARACTERS = 110


class StampRefused(PrintFunctionsError):
    """The document cannot be stamped: it is no PDF that can be read, or is encrypted. The message says which."""


@dataclass(frozen=True, slots=True)
class StampText:
    """What a stamp says. `when` is a time as people write it."""

    name: str
    user_principal_name: str
    document: str
    when: str

    @property
    def person(self) -> str:
        """The name where Helvetica can write it, else the user principal name."""
        if not _is_safe(self.name) or not self.name.strip():
            return self.user_principal_name
        return f"{self.name} ({self.user_principal_name})"


def stamp_pdf(content: bytes, stamp: Stamp, text: StampText, task_id: str) -> bytes:
    """The stamped document; the same bytes where this task stamped it already. Raises StampRefused.

    Takes the time of reading and writing the whole document: run it in a thread.
    """
    try:
        return _stamped(content, stamp, text, task_id)
    except StampRefused:
        raise
    except Exception as error:
        # A damaged PDF makes pypdf raise almost anything, RecursionError and KeyError among them.
        raise StampRefused(f"the PDF cannot be read ({type(error).__name__})") from error


def _stamped(content: bytes, stamp: Stamp, text: StampText, task_id: str) -> bytes:
    from pypdf import PdfReader, PdfWriter

    reader = PdfReader(io.BytesIO(content))
    if reader.is_encrypted:
        raise StampRefused("the PDF is encrypted")
    known = reader.metadata
    if known is not None and known.get(MARK) == task_id:
        return content
    writer = PdfWriter(clone_from=reader)
    if not writer.pages:
        raise StampRefused("the PDF has no page")
    if stamp.footer:
        line = _line(f"{text.person}  {text.when}  {stamp.text}".strip())
        for page in writer.pages:
            _footer(writer, page, line)
    if stamp.banner:
        _banner(writer, stamp, text)
    writer.add_metadata({MARK: task_id})
    stamped = io.BytesIO()
    writer.write(stamped)
    return stamped.getvalue()


def _footer(writer: PdfWriter, page: PageObject, line: bytes) -> None:
    if page.rotation:
        # Text drawn on a turned page would stand on its side.
        page.transfer_rotation_to_content()
    box = page.cropbox
    left, bottom = float(box.left) + MARGIN_POINTS, float(box.bottom) + MARGIN_POINTS
    _draw(writer, page, [(left, bottom, FOOTER_POINTS, line)])


def _banner(writer: PdfWriter, stamp: Stamp, text: StampText) -> None:
    first = writer.pages[0]
    width, height = float(first.cropbox.width), float(first.cropbox.height)
    writer.insert_blank_page(width, height, 0)
    lines = [text.person, text.document, text.when, *([stamp.text] if stamp.text else [])]
    top = height - 5 * MARGIN_POINTS
    places = [
        (2 * MARGIN_POINTS, top - number * 2 * BANNER_POINTS, BANNER_POINTS, _line(line))
        for number, line in enumerate(lines)
    ]
    _draw(writer, writer.pages[0], places)


def _draw(writer: PdfWriter, page: PageObject, texts: list[tuple[float, float, float, bytes]]) -> None:
    """Draw texts (left, bottom, size in points, PDF string) after what the page holds, whose state cannot leak in."""
    from pypdf.generic import ArrayObject, ContentStream, DecodedStreamObject, NameObject

    drawn = b"".join(
        b"BT %s %.2f Tf %.2f %.2f Td (%s) Tj ET\n" % (_FONT.encode(), size, left, bottom, line)
        for left, bottom, size, line in texts
    )
    before, after = DecodedStreamObject(), DecodedStreamObject()
    before.set_data(b"q\n")
    after.set_data(b"\nQ\nq\n0 g\n" + drawn + b"Q\n")
    existing: Any = page.get("/Contents")
    held = existing.get_object() if existing is not None else None
    parts = list(held) if isinstance(held, ArrayObject) else [] if existing is None else [existing]
    if parts and isinstance(parts[0], ContentStream):
        parts = [writer._add_object(parts[0])]  # noqa: SLF001 - pypdf has no public way to make an object indirect
    ends = [writer._add_object(stream) for stream in (before, after)]  # noqa: SLF001
    page[NameObject("/Contents")] = ArrayObject([ends[0], *parts, ends[1]])
    _add_font(page)


def _add_font(page: PageObject) -> None:
    from pypdf.generic import DictionaryObject, NameObject

    inherited: Any = page.get_inherited("/Resources", None)
    # Pages may share resources: the stamp's font goes into a copy.
    resources = DictionaryObject(inherited.get_object() if inherited is not None else {})
    fonts: Any = resources.get("/Font")
    fonts = DictionaryObject(fonts.get_object() if fonts is not None else {})
    fonts[NameObject(_FONT)] = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
            NameObject("/Encoding"): NameObject("/WinAnsiEncoding"),
        }
    )
    resources[NameObject("/Font")] = fonts
    page[NameObject("/Resources")] = resources


def _is_safe(text: str) -> bool:
    # WinAnsi is Latin-1 from 0xA0 on, and ASCII below.
    return all(" " <= character <= "~" or "\xa0" <= character <= "\xff" for character in text)


def _line(text: str) -> bytes:
    """A PDF string of one line; what Helvetica cannot write becomes a question mark."""
    cut = text if len(text) <= _LINE_CHARACTERS else text[: _LINE_CHARACTERS - 3] + "..."
    safe = "".join(character if _is_safe(character) else "?" for character in cut).encode("latin-1")
    return safe.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
