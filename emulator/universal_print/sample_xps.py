"""The parts of a small OpenXPS package (ECMA-388): a sequence, a document, pages with real text, and the font."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from xml.sax.saxutils import quoteattr

OXPS_NAMESPACE = "http://schemas.openxps.org/oxps/v1.0"
# A4 in XPS units of 1/96 inch.
_WIDTH, _HEIGHT = 793.76, 1122.56
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_FONT = "/Resources/Fonts/Vera.ttf"

_CONTENT_TYPES = f"""<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="{_PACKAGE}/content-types">
  <Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
  <Default Extension="fdseq" ContentType="application/vnd.ms-package.xps-fixeddocumentsequence+xml"/>
  <Default Extension="fdoc" ContentType="application/vnd.ms-package.xps-fixeddocument+xml"/>
  <Default Extension="fpage" ContentType="application/vnd.ms-package.xps-fixedpage+xml"/>
  <Default Extension="ttf" ContentType="application/vnd.ms-opentype"/>
</Types>
"""


def xps_package(*, pages: int, title: str) -> Iterator[tuple[str, str | bytes]]:
    """Name and content of each part, in the order in which a streaming reader wants them."""
    yield "[Content_Types].xml", _CONTENT_TYPES
    yield "_rels/.rels", _relationships("fixedrepresentation", "/FixedDocumentSequence.fdseq")
    reference = '<DocumentReference Source="/Documents/1/FixedDocument.fdoc"/>'
    yield (
        "FixedDocumentSequence.fdseq",
        f'<FixedDocumentSequence xmlns="{OXPS_NAMESPACE}">{reference}</FixedDocumentSequence>',
    )
    contents = "".join(f'<PageContent Source="Pages/{number}.fpage"/>' for number in range(1, pages + 1))
    yield "Documents/1/FixedDocument.fdoc", f'<FixedDocument xmlns="{OXPS_NAMESPACE}">{contents}</FixedDocument>'
    for number in range(1, pages + 1):
        yield f"Documents/1/Pages/{number}.fpage", _page(number, pages, title)
        yield f"Documents/1/Pages/_rels/{number}.fpage.rels", _relationships("required-resource", _FONT)
    # Bitstream Vera comes with reportlab, and its licence lets documents embed it.
    yield _FONT.lstrip("/"), files("reportlab").joinpath("fonts", "Vera.ttf").read_bytes()


def _relationships(kind: str, target: str) -> str:
    return (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="R1" Type="{OXPS_NAMESPACE}/{kind}" Target="{target}"/></Relationships>'
    )


def _page(number: int, pages: int, title: str) -> str:
    lines = [_glyphs(title, 72, 132, 26, "#FF123D6B"), _glyphs(f"Page {number} of {pages}", 72, 1060, 11, "#FF666666")]
    lines += [
        _glyphs(f"{number}.{item}  The committee looked at tray {item} and found paper in it.", 72, 150 + 42 * item, 14)
        for item in range(1, 16)
    ]
    return (
        f'<FixedPage xmlns="{OXPS_NAMESPACE}" xml:lang="en-US" Width="{_WIDTH}" Height="{_HEIGHT}">'
        f'<Path Data="M 72,150 L 721,150 721,153 72,153 Z" Fill="#FF123D6B"/>{"".join(lines)}</FixedPage>'
    )


def _glyphs(text: str, x: float, y: float, size: float, color: str = "#FF222222") -> str:
    return (
        f'<Glyphs FontUri="{_FONT}" FontRenderingEmSize="{size}" OriginX="{x}" OriginY="{y}" Fill="{color}" '
        f"UnicodeString={quoteattr(text)}/>"
    )
