"""Small real documents, made in memory."""

from __future__ import annotations

import io
import random

from reportlab.pdfgen.canvas import Canvas


def pdf(pages: int = 1, *, text: str = "Hello, paper", padding: int = 0, seed: int = 1) -> bytes:
    """A PDF that a printer can open. `padding` adds so many bytes of noise that no page shows."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, invariant=1)
    for number in range(1, pages + 1):
        canvas.drawString(72, 720, f"{text}, page {number}")
        canvas.showPage()
    canvas.save()
    content = buffer.getvalue()
    if not padding:
        return content
    head, newline, rest = content.partition(b"\n")
    # A comment line after the header moves every offset, so it goes before the header, where readers allow 1,024 bytes
    # only; a trailing comment is safe at any length.
    noise = random.Random(seed).randbytes(padding)  # noqa: S311 - no secret hangs on it
    noise = noise.replace(b"\n", b" ").replace(b"\r", b" ")
    return head + newline + rest + b"%" + noise + b"\n" + rest[rest.rindex(b"startxref") :]
