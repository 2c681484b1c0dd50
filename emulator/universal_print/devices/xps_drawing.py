"""Draws an OpenXPS document as PDF, as far as office documents need it: text, filled and stroked shapes, transforms.

Pictures, gradients, opacity and obfuscated fonts are left out: text in such a font is drawn in Helvetica.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from emulator.universal_print.devices.documents import MOST_MARKUP_BYTES, UnprintableDocumentError, xps_pages

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas
    from reportlab.pdfgen.pathobject import PDFPathObject

POINTS_PER_UNIT = 72 / 96
_NUMBERS = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_GEOMETRY = re.compile(r"([FMLHVCZfmlhvcz])([^A-DF-Za-df-z]*)")
_COLOR = re.compile(r"#(?:[0-9A-Fa-f]{2})?([0-9A-Fa-f]{6})$")
_IDENTITY = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


def draw_xps(document: Path, target: Path) -> int:
    """Write `document`, an OpenXPS or XPS package, to `target` as PDF; gives the number of pages.

    Raises UnprintableDocumentError.
    """
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(target), invariant=1)
    count = 0
    try:
        with zipfile.ZipFile(document) as package:
            fonts = _Fonts(package)
            for page in xps_pages(package):
                _draw_page(canvas, page, fonts)
                count += 1
    except (zipfile.BadZipFile, zlib.error, ValueError) as error:
        if isinstance(error, UnprintableDocumentError):
            raise
        raise UnprintableDocumentError(f"The XPS document is damaged ({error}).") from error
    if count == 0:
        raise UnprintableDocumentError("The document has no pages.")
    canvas.save()
    return count


def _draw_page(canvas: Canvas, page: ElementTree.Element, fonts: _Fonts) -> None:
    width, height = float(page.get("Width", 816)), float(page.get("Height", 1056))
    canvas.setPageSize((width * POINTS_PER_UNIT, height * POINTS_PER_UNIT))
    # XPS counts from the top left and downwards, PDF from the bottom left and upwards.
    canvas.transform(POINTS_PER_UNIT, 0, 0, -POINTS_PER_UNIT, 0, height * POINTS_PER_UNIT)
    _draw(canvas, page, fonts)
    canvas.showPage()


class _Fonts:
    """The fonts of a package under the names that the PDF knows them by."""

    def __init__(self, package: zipfile.ZipFile) -> None:
        self._package = package
        self._parts = {name.casefold(): name for name in package.namelist()}
        self._names: dict[str, str] = {}

    def name(self, uri: str) -> str:
        if uri not in self._names:
            self._names[uri] = self._registered(uri)
        return self._names[uri]

    def _registered(self, uri: str) -> str:
        from reportlab.pdfbase import pdfmetrics
        from reportlab.pdfbase.ttfonts import TTFError, TTFont

        part = self._parts.get(uri.partition("#")[0].lstrip("/").casefold())
        if part is None or self._package.getinfo(part).file_size > MOST_MARKUP_BYTES:
            return "Helvetica"
        name = f"xps-{self._package.getinfo(part).CRC:08x}"
        try:
            pdfmetrics.registerFont(TTFont(name, io.BytesIO(self._package.read(part))))
        except TTFError:
            return "Helvetica"
        return name


def _draw(canvas: Canvas, parent: ElementTree.Element, fonts: _Fonts) -> None:
    for element in parent:
        kind = element.tag.rpartition("}")[2]
        if kind not in {"Canvas", "Glyphs", "Path"}:
            continue
        canvas.saveState()
        canvas.transform(*_matrix(element))
        if kind == "Canvas":
            _draw(canvas, element, fonts)
        elif kind == "Glyphs":
            _draw_text(canvas, element, fonts)
        else:
            _draw_shape(canvas, element)
        canvas.restoreState()


def _matrix(element: ElementTree.Element) -> tuple[float, ...]:
    numbers = tuple(float(number) for number in _NUMBERS.findall(element.get("RenderTransform", "")))
    return numbers if len(numbers) == len(_IDENTITY) else _IDENTITY


def _draw_text(canvas: Canvas, element: ElementTree.Element, fonts: _Fonts) -> None:
    text = element.get("UnicodeString", "").removeprefix("{}")
    color = _color(element.get("Fill"))
    if not text or color is None:
        return
    canvas.setFillColorRGB(*color)
    canvas.setFont(fonts.name(element.get("FontUri", "")), float(element.get("FontRenderingEmSize", 12)))
    canvas.translate(float(element.get("OriginX", 0)), float(element.get("OriginY", 0)))
    # The page is turned over, so letters are turned back.
    canvas.scale(1, -1)
    canvas.drawString(0, 0, text)


def _draw_shape(canvas: Canvas, element: ElementTree.Element) -> None:
    fill, stroke = _color(element.get("Fill")), _color(element.get("Stroke"))
    data = element.get("Data")
    if not data or (fill is None and stroke is None):
        return
    path = canvas.beginPath()
    for command, numbers in _geometry(data):
        _trace(path, command, numbers)
    if fill is not None:
        canvas.setFillColorRGB(*fill)
    if stroke is not None:
        canvas.setStrokeColorRGB(*stroke)
        canvas.setLineWidth(float(element.get("StrokeThickness", 1)))
    canvas.drawPath(path, stroke=int(stroke is not None), fill=int(fill is not None))


def _geometry(data: str) -> Iterator[tuple[str, list[float]]]:
    """Absolute commands M, L, C and Z of the abbreviated geometry syntax (ECMA-388 11.2.3), one segment each."""
    x = y = 0.0
    for letter, text in _GEOMETRY.findall(data):
        values = [float(number) for number in _NUMBERS.findall(text)]
        command, relative = letter.upper(), letter.islower()
        if command == "Z":
            yield "Z", []
        step = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6}.get(command, 0)
        for start in range(0, len(values) - step + 1 if step else 0, step or 1):
            piece = values[start : start + step]
            if command == "H":
                piece = [piece[0] + (x if relative else 0), y]
            elif command == "V":
                piece = [x, piece[0] + (y if relative else 0)]
            elif relative:
                piece = [value + (x if at % 2 == 0 else y) for at, value in enumerate(piece)]
            x, y = piece[-2:]
            yield "M" if command == "M" and start == 0 else ("C" if command == "C" else "L"), piece


def _trace(path: PDFPathObject, command: str, numbers: list[float]) -> None:
    if command == "M":
        path.moveTo(*numbers)
    elif command == "L":
        path.lineTo(*numbers)
    elif command == "C":
        path.curveTo(*numbers)
    else:
        path.close()


def _color(value: str | None) -> tuple[float, float, float] | None:
    found = _COLOR.match(value or "")
    if found is None:
        return None
    red, green, blue = bytes.fromhex(found[1])
    return red / 255, green / 255, blue / 255
