"""Makes real documents on the spot, the same ones for the same seed: PDF, JPEG, PWG raster and OpenXPS."""

from __future__ import annotations

import io
import math
import random
import struct
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.universal_print.sample_xps import xps_package

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

MOST_PDF_BYTES = 1024**3
LEAST_LARGE_PDF_BYTES = 64 * 1024
_NOISE_BYTES = 1024 * 1024
_IMAGE_WIDTH = 2048
_MOST_IMAGE_BYTES = 32 * 1024 * 1024

_WARES = (
    "A4 paper, 80 g, 2,500 sheets",
    "Toner cartridge, black",
    "Toner cartridge, cyan",
    "Staples, 5,000",
    "Fuser kit, 200,000 pages",
    "Badge reader, USB",
    "Service visit, half a day",
    "Waste toner container",
)
_CUSTOMERS = ("Adatum Corporation", "Litware Inc.", "Proseware Ltd", "Wide World Importers", "Woodgrove Bank")


def write_invoice(path: Path, *, pages: int = 3, seed: int = 1) -> Path:
    """Write an invoice of `pages` A4 pages as PDF."""
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfgen.canvas import Canvas

    chance = random.Random(seed)  # noqa: S311 - the contents of a sample, no secret
    number = f"2026-{seed:05d}"
    customer = chance.choice(_CUSTOMERS)
    issued = date(2026, 1, 5) + timedelta(days=chance.randrange(300))
    canvas = Canvas(str(path), pagesize=A4, invariant=1, pageCompression=1)
    canvas.setTitle(f"Invoice {number}")
    canvas.setAuthor("Contoso Office Supplies")
    total = 0
    for page in range(1, pages + 1):
        _invoice_head(canvas, number, customer, issued, A4)
        total = _invoice_lines(canvas, chance, total, A4, last=page == pages)
        canvas.setFont("Helvetica", 8)
        canvas.setFillGray(0.45)
        canvas.drawCentredString(A4[0] / 2, 36, f"Invoice {number}  ·  page {page} of {pages}")
        canvas.showPage()
    canvas.save()
    return path


def _invoice_head(canvas: Canvas, number: str, customer: str, issued: date, size: tuple[float, float]) -> None:
    width, height = size
    canvas.setFillColorRGB(0.07, 0.24, 0.42)
    canvas.rect(0, height - 96, width, 96, stroke=0, fill=1)
    canvas.setFillGray(1)
    canvas.setFont("Helvetica-Bold", 24)
    canvas.drawString(48, height - 60, "Contoso Office Supplies")
    canvas.setFont("Helvetica", 11)
    canvas.drawRightString(width - 48, height - 46, f"Invoice {number}")
    canvas.drawRightString(width - 48, height - 64, f"{issued:%d %B %Y}")
    canvas.setFillGray(0.15)
    canvas.setFont("Helvetica-Bold", 11)
    canvas.drawString(48, height - 132, customer)
    canvas.setFont("Helvetica", 10)
    canvas.drawString(48, height - 148, f"Due {issued + timedelta(days=30):%d %B %Y}, thirty days net")


def _invoice_lines(canvas: Canvas, chance: random.Random, total: int, size: tuple[float, float], *, last: bool) -> int:
    """Draw one page of lines; amounts are in cents. Gives the total so far."""
    width, height = size
    y = height - 190.0
    canvas.setFont("Helvetica-Bold", 9)
    canvas.drawString(48, y, "Item")
    for right, title in ((380, "Quantity"), (470, "Price"), (width - 48, "Amount")):
        canvas.drawRightString(right, y, title)
    for row in range(22):
        y -= 22
        if row % 2 == 0:
            canvas.setFillColorRGB(0.93, 0.95, 0.98)
            canvas.rect(42, y - 6, width - 84, 21, stroke=0, fill=1)
        quantity, price = chance.randrange(1, 40), chance.randrange(199, 24999)
        total += quantity * price
        canvas.setFillGray(0.15)
        canvas.setFont("Helvetica", 9)
        canvas.drawString(48, y, chance.choice(_WARES))
        canvas.drawRightString(380, y, str(quantity))
        canvas.drawRightString(470, y, _money(price))
        canvas.drawRightString(width - 48, y, _money(quantity * price))
    canvas.setFont("Helvetica-Bold", 11)
    canvas.drawRightString(width - 48, y - 34, f"{'Total' if last else 'Carried forward'}   EUR {_money(total)}")
    return total


def _money(cents: int) -> str:
    return f"{cents / 100:,.2f}"


def write_large_pdf(path: Path, size: int, *, seed: int = 1) -> Path:
    """Write a valid PDF of exactly `size` bytes: pages that each show one grey picture of noise, which does not shrink.

    Written in pieces, so memory stays at a few MiB whatever the size. Raises ValueError when `size` is below
    LEAST_LARGE_PDF_BYTES or above MOST_PDF_BYTES.
    """
    if not LEAST_LARGE_PDF_BYTES <= size <= MOST_PDF_BYTES:
        raise ValueError(f"size must lie between {LEAST_LARGE_PDF_BYTES} and {MOST_PDF_BYTES} bytes, not {size}")
    with path.open("wb") as file:
        _LargePdf(file, size, seed).write()
    return path


class _LargePdf:
    """Writes objects one by one and remembers where each begins, which the table at the end needs (ISO 32000 7.5)."""

    def __init__(self, file: io.BufferedWriter, size: int, seed: int) -> None:
        self._file = file
        self._size = size
        self._offsets: list[int] = []
        chance = random.Random(seed)  # noqa: S311 - the contents of a sample, no secret
        self._chance = chance
        self._noise = chance.randbytes(_NOISE_BYTES)

    def write(self) -> None:
        pages = math.ceil(self._size / _MOST_IMAGE_BYTES)
        image_bytes = (self._size // pages - 4096) // _IMAGE_WIDTH * _IMAGE_WIDTH
        self._file.write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        kids = " ".join(f"{3 + 3 * page} 0 R" for page in range(pages))
        self._object(b"<< /Type /Catalog /Pages 2 0 R >>")
        self._object(f"<< /Type /Pages /Count {pages} /Kids [{kids}] >>".encode())
        for page in range(pages):
            first = 3 + 3 * page
            self._object(
                f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {first + 1} 0 R "
                f"/Resources << /XObject << /Picture {first + 2} 0 R >> >> >>".encode()
            )
            drawing = b"q 523 0 0 770 36 36 cm /Picture Do Q"
            self._object(f"<< /Length {len(drawing)} >>".encode(), drawing)
            picture = (
                f"<< /Type /XObject /Subtype /Image /Width {_IMAGE_WIDTH} /Height {image_bytes // _IMAGE_WIDTH} "
                f"/ColorSpace /DeviceGray /BitsPerComponent 8 /Length {image_bytes} >>"
            )
            self._object(picture.encode(), self._pieces(image_bytes))
        self._finish()

    def _pieces(self, size: int) -> Iterator[bytes]:
        """`size` bytes of noise. Each piece starts elsewhere, so that no two parts of the file are alike."""
        while size > 0:
            start = self._chance.randrange(_NOISE_BYTES)
            piece = self._noise[start:] + self._noise[:start]
            yield piece[:size]
            size -= len(piece)

    def _object(self, dictionary: bytes, stream: bytes | Iterator[bytes] | None = None) -> None:
        self._offsets.append(self._file.tell())
        self._file.write(b"%d 0 obj\n%b\n" % (len(self._offsets), dictionary))
        if stream is not None:
            self._file.write(b"stream\n")
            self._file.writelines([stream] if isinstance(stream, bytes) else stream)
            self._file.write(b"\nendstream\n")
        self._file.write(b"endobj\n")

    def _finish(self) -> None:
        """Fill up with a comment, then write the table, whose own length is known beforehand."""
        count = len(self._offsets) + 1
        table = b"xref\n0 %d\n0000000000 65535 f \n" % count
        table += b"".join(b"%010d 00000 n \n" % offset for offset in self._offsets)
        table += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n" % count
        # The offset has as many digits as the size, or one less when the padding just reaches a power of ten.
        for digits in (len(str(self._size)), len(str(self._size)) - 1):
            start = self._size - len(table) - digits - len(b"\n%%EOF\n")
            if len(str(start)) == digits:
                break
        padding = start - self._file.tell()
        self._file.write(b"%" + b"." * (padding - 2) + b"\n")
        self._file.write(table + b"%d\n%%%%EOF\n" % start)


def write_jpeg(path: Path, *, width: int = 1600, height: int = 1200, seed: int = 1) -> Path:
    """Write a colour picture: hills under an evening sky."""
    from PIL import Image, ImageDraw

    chance = random.Random(seed)  # noqa: S311 - the contents of a sample, no secret
    picture = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(picture)
    for y in range(height):
        share = y / height
        draw.line((0, y, width, y), fill=(int(40 + 215 * share), int(60 + 120 * share), int(130 - 30 * share)))
    sun, radius = chance.randrange(width // 4, 3 * width // 4), height // 9
    draw.ellipse((sun - radius, height // 3 - radius, sun + radius, height // 3 + radius), fill=(255, 236, 170))
    for layer in range(4):
        base, swing, phase = height * (0.55 + 0.12 * layer), height * 0.07, chance.uniform(0, 6.28)
        hills = [(x, base + swing * math.sin(phase + x / width * (5 + 2 * layer))) for x in range(0, width + 8, 8)]
        shade = 90 - 20 * layer
        draw.polygon([*hills, (width, height), (0, height)], fill=(shade // 2, shade, shade // 2 + 10))
    picture.save(path, "JPEG", quality=88)
    return path


def write_pwg_raster(path: Path, *, pages: int = 2, dpi: int = 300, seed: int = 1) -> Path:
    """Write A4 pages of 8-bit grey as PWG Raster (PWG 5102.4), drawn as bars, with repeated lines packed."""
    chance = random.Random(seed)  # noqa: S311 - the contents of a sample, no secret
    width, height = 2480 * dpi // 300, 3508 * dpi // 300
    band = max(2, min(256, height // 24))
    with path.open("wb") as file:
        file.write(b"RaS2")
        for _ in range(pages):
            file.write(_pwg_header(width, height, dpi, pages))
            for top in range(0, height, band):
                lines = min(band, height - top)
                shade, bar = chance.randrange(40, 230), chance.randrange(width // 8, width // 2)
                file.write(bytes([lines - 1]) + _runs(bar, shade) + _runs(width - bar, 255))
    return path


def _runs(pixels: int, shade: int) -> bytes:
    whole, rest = divmod(pixels, 128)
    return bytes([127, shade]) * whole + (bytes([rest - 1, shade]) if rest else b"")


def _pwg_header(width: int, height: int, dpi: int, pages: int) -> bytes:
    """A page header (PWG 5102.4 table 1). What is not set here stays zero, which the format reads as its default."""
    header = bytearray(1796)

    def text(offset: int, value: str) -> None:
        header[offset : offset + len(value)] = value.encode("ascii")

    def numbers(offset: int, *values: int) -> None:
        struct.pack_into(f">{len(values)}I", header, offset, *values)

    text(0, "PwgRaster")
    text(128, "stationery")
    numbers(276, dpi, dpi)
    numbers(340, 1)
    numbers(352, 595, 842)
    numbers(372, width, height)
    numbers(384, 8, 8, width)
    # Chunky pixels, sGray, one colour; then the number of pages.
    numbers(396, 0, 18)
    numbers(420, 1)
    numbers(452, pages, 1, 1, 0, 0, width, height)
    numbers(480, (1 << 24) - 1, 4)
    text(1732, "iso_a4_210x297mm")
    return bytes(header)


def write_oxps(path: Path, *, pages: int = 2, title: str = "Minutes of the printing committee") -> Path:
    """Write a minimal OpenXPS document (ECMA-388)."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in xps_package(pages=pages, title=title):
            # A fixed time of change keeps the file the same for the same input.
            package.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return path


WRITERS: dict[str, Callable[[Path], Path]] = {
    "application/pdf": write_invoice,
    "image/jpeg": write_jpeg,
    "image/pwg-raster": write_pwg_raster,
    "application/oxps": write_oxps,
}
