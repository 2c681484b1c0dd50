"""Walks PWG Raster (PWG 5102.4) and Apple Raster (URF) page by page, to count pages and to find what is broken.

Both formats give each page a header and then lines packed as runs of pixels: a byte that says how often the line
repeats, then runs. Page length is nowhere written, so counting pages means walking the runs.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

PWG_SYNC_WORD = b"RaS2"
PWG_HEADER_BYTES = 1796
URF_SYNC_WORD = b"UNIRAST\x00"
URF_PAGE_HEADER_BYTES = 32

# PWG 5102.4 table 7: sGray, sRGB, Black and device colours that the printers here know.
PWG_GRAY_SPACES = {3, 18}
# In URF 0 is grey, 1 sRGB, 3 Adobe RGB, 4 device white, 5 device RGB, 6 device CMYK.
_URF_GRAY_SPACES = {0, 4}
_MOST_PIXELS = 1 << 20


class RasterError(ValueError):
    """The raster is damaged; the message says at which page and how."""


@dataclass(frozen=True, slots=True)
class RasterPage:
    """One page: size in pixels and whether it has colour."""

    width: int
    height: int
    color: bool


def pwg_pages(stream: BinaryIO) -> Iterator[RasterPage]:
    """The pages of a PWG raster, in order. Raises RasterError."""
    if stream.read(4) != PWG_SYNC_WORD:
        raise RasterError("it does not begin with the PWG raster sync word")
    number = 0
    while header := stream.read(PWG_HEADER_BYTES):
        number += 1
        if len(header) < PWG_HEADER_BYTES:
            raise RasterError(f"the header of page {number} ends early")
        if not header.startswith(b"PwgRaster\x00"):
            raise RasterError(f"page {number} does not begin with a PWG raster header")
        width, height = struct.unpack_from(">2I", header, 372)
        bits_per_pixel, bytes_per_line = struct.unpack_from(">2I", header, 388)
        (color_space,) = struct.unpack_from(">I", header, 400)
        if bytes_per_line != (width * bits_per_pixel + 7) // 8:
            raise RasterError(f"the line length of page {number} does not fit its width")
        _skip_lines(stream, number, height, bytes_per_line, max(1, bits_per_pixel // 8))
        yield RasterPage(width, height, color_space not in PWG_GRAY_SPACES)


def urf_pages(stream: BinaryIO) -> Iterator[RasterPage]:
    """The pages of an Apple raster, in order. Raises RasterError, also when the announced number is not there."""
    if stream.read(8) != URF_SYNC_WORD:
        raise RasterError("it does not begin with the URF sync word")
    announced = int.from_bytes(_exactly(stream, 4, 1), "big")
    number = 0
    while header := stream.read(URF_PAGE_HEADER_BYTES):
        number += 1
        if len(header) < URF_PAGE_HEADER_BYTES:
            raise RasterError(f"the header of page {number} ends early")
        bits_per_pixel, color_space = header[0], header[1]
        width, height = struct.unpack_from(">2I", header, 12)
        if bits_per_pixel not in {8, 16, 24, 32, 48, 64}:
            raise RasterError(f"page {number} has {bits_per_pixel} bits per pixel, which URF does not know")
        _skip_lines(stream, number, height, width * bits_per_pixel // 8, bits_per_pixel // 8)
        yield RasterPage(width, height, color_space not in _URF_GRAY_SPACES)
    # 0 is written by senders that stream and do not know the number yet.
    if announced not in {0, number}:
        raise RasterError(f"it announces {announced} pages and holds {number}")


def _skip_lines(stream: BinaryIO, number: int, height: int, line_bytes: int, pixel_bytes: int) -> None:
    if not 0 < line_bytes <= _MOST_PIXELS or not 0 < height <= _MOST_PIXELS:
        raise RasterError(f"page {number} has an impossible size")
    lines = 0
    while lines < height:
        lines += _exactly(stream, 1, number)[0] + 1
        filled = 0
        while filled < line_bytes:
            code = _exactly(stream, 1, number)[0]
            if code == 128:
                filled = line_bytes
            elif code < 128:
                _exactly(stream, pixel_bytes, number)
                filled += (code + 1) * pixel_bytes
            else:
                literal = (257 - code) * pixel_bytes
                _exactly(stream, literal, number)
                filled += literal
        if filled > line_bytes:
            raise RasterError(f"a line of page {number} is longer than the page is wide")
    if lines > height:
        raise RasterError(f"page {number} has more lines than its header says")


def _exactly(stream: BinaryIO, count: int, number: int) -> bytes:
    content = stream.read(count)
    if len(content) < count:
        raise RasterError(f"page {number} ends early")
    return content
