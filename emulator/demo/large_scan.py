"""A large document made on the spot: a colour scan without compression, as office devices send them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

# A page of 8.5 by 11.7 inches at 300 dots per inch, three bytes each: 26.8 MB.
WIDTH, HEIGHT = 2550, 3508
PAGE_POINTS = (612, 842)


def write_large_scan(path: Path, pages: int = 4) -> int:
    """Write a PDF of `pages` raw colour pages (26.8 MB each) to `path`; give its size in bytes."""
    offsets: list[int] = []
    with path.open("wb") as file:
        file.write(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
        for number, parts in enumerate(_objects(pages), 1):
            offsets.append(file.tell())
            file.write(b"%d 0 obj\n" % number)
            for part in parts:
                file.write(part)
            file.write(b"\nendobj\n")
        table = file.tell()
        file.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1))
        file.writelines(b"%010d 00000 n \n" % offset for offset in offsets)
        file.write(b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(offsets) + 1, table))
        return file.tell()


def _objects(pages: int) -> Iterator[Iterator[bytes]]:
    """The PDF's objects in order: catalog, page tree, then page, content and image of each page."""
    first_page = 3
    kids = b" ".join(b"%d 0 R" % (first_page + 3 * page) for page in range(pages))
    yield iter([b"<< /Type /Catalog /Pages 2 0 R >>"])
    yield iter([b"<< /Type /Pages /Count %d /Kids [ %s ] >>" % (pages, kids)])
    draw = b"q %d 0 0 %d 0 0 cm /Scan Do Q" % PAGE_POINTS
    for page in range(pages):
        content, image = first_page + 3 * page + 1, first_page + 3 * page + 2
        yield iter(
            [
                b"<< /Type /Page /Parent 2 0 R /MediaBox [ 0 0 %d %d ] " % PAGE_POINTS,
                b"/Resources << /XObject << /Scan %d 0 R >> >> /Contents %d 0 R >>" % (image, content),
            ]
        )
        yield iter([b"<< /Length %d >>\nstream\n%s\nendstream" % (len(draw), draw)])
        yield _image(page)


def _image(page: int) -> Iterator[bytes]:
    yield b"<< /Type /XObject /Subtype /Image /Width %d /Height %d " % (WIDTH, HEIGHT)
    yield b"/ColorSpace /DeviceRGB /BitsPerComponent 8 /Length %d >>\nstream\n" % (WIDTH * HEIGHT * 3)
    ramp = bytes((column * (page + 1) // 10) % 256 for column in range(WIDTH * 3))
    for row in range(HEIGHT):
        turn = row * 3 % len(ramp)
        yield ramp[turn:] + ramp[:turn]
    yield b"\nendstream"
