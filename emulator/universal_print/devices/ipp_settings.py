"""Graph's print settings in the words of IPP, and an IPP printer's attributes in the words of Graph.

IPP names: RFC 8011, PWG 5100.1 (finishings), 5100.3 and 5100.7 (media-col), 5101.1 (media names), 5100.13 (scaling).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from emulator.universal_print.devices.ipp_message import Attributes, Content, Localized, Resolution, Span, Tag, Value

_SIDES = {"oneSided": "one-sided", "flipOnLongEdge": "two-sided-long-edge", "flipOnShortEdge": "two-sided-short-edge"}
_COLOR_MODES = {"blackAndWhite": "monochrome", "grayscale": "process-monochrome", "color": "color", "auto": "auto"}
_QUALITIES = {"low": 3, "medium": 4, "high": 5}
_ORIENTATIONS = {"portrait": 3, "landscape": 4, "reverseLandscape": 5, "reversePortrait": 6}
_SCALINGS = {"auto": "auto", "shrinkToFit": "auto-fit", "fill": "fill", "fit": "fit", "none": "none"}
_FEEDS = {"longEdgeFirst": "long-edge-first", "shortEdgeFirst": "short-edge-first"}
_LAYOUTS = {
    "clockwiseFromTopLeft": "toright-tobottom",
    "counterclockwiseFromTopLeft": "tobottom-toright",
    "counterclockwiseFromTopRight": "toleft-tobottom",
    "clockwiseFromTopRight": "tobottom-toleft",
    "counterclockwiseFromBottomLeft": "toright-totop",
    "clockwiseFromBottomLeft": "totop-toright",
    "counterclockwiseFromBottomRight": "totop-toleft",
    "clockwiseFromBottomRight": "toleft-totop",
}
_MEDIA = {
    "A3": "iso_a3_297x420mm",
    "A4": "iso_a4_210x297mm",
    "A5": "iso_a5_148x210mm",
    "A6": "iso_a6_105x148mm",
    "JIS B4": "jis_b4_257x364mm",
    "JIS B5": "jis_b5_182x257mm",
    "JPN Hagaki": "jpn_hagaki_100x148mm",
    "North America 5x7in": "na_5x7_5x7in",
    "North America Executive": "na_executive_7.25x10.5in",
    # Spelt as Graph spells it.
    "North America Goverment Letter": "na_govt-letter_8x10in",
    "North America Index 3x5in": "na_index-3x5_3x5in",
    "North America Index 4x8in": "custom_index-4x8_4x8in",
    "North America Index 5x8in": "na_index-5x8_5x8in",
    "North America Invoice": "na_invoice_5.5x8.5in",
    "North America Ledger": "na_ledger_11x17in",
    "North America Legal": "na_legal_8.5x14in",
    "North America Letter": "na_letter_8.5x11in",
    "Photo l 3.5x5in": "oe_photo-l_3.5x5in",
    "Business Card": "oe_business-card_2x3.5in",
}
_EDGES = ("Left", "Top", "Right", "Bottom")
_CORNERS = ("TopLeft", "BottomLeft", "TopRight", "BottomRight")
_FOLDS = ("Accordion", "DoubleGate", "Gate", "Half", "HalfZ", "LeftGate", "Letter", "Parallel", "Poster", "RightGate")


def _numbered(first: int, names: Sequence[str]) -> dict[str, int]:
    return {name: first + at for at, name in enumerate(names)}


FINISHINGS: dict[str, int] = {
    **_numbered(3, ["none", "staple", "punch", "cover", "bind", "saddleStitch", "stitchEdge", "fold", "trim", "bale"]),
    "bookletMaker": 13,
    "coat": 15,
    "laminate": 16,
    **_numbered(20, [f"staple{corner}" for corner in _CORNERS]),
    **_numbered(24, [f"stitch{edge}Edge" for edge in _EDGES]),
    **_numbered(28, [f"staple{count}{edge}" for count in ("Dual", "Triple") for edge in _EDGES]),
    **_numbered(50, [f"bind{edge}" for edge in _EDGES]),
    **_numbered(60, [f"trimAfter{what}" for what in ("Pages", "Documents", "Copies", "Job")]),
    **_numbered(70, [f"punch{corner}" for corner in _CORNERS]),
    **_numbered(74, [f"punch{count}{edge}" for count in ("Dual", "Triple", "Quad") for edge in _EDGES]),
    **_numbered(90, [*(f"fold{fold}" for fold in _FOLDS), "foldZ", "foldEngineeringZ"]),
}
_MEDIA_DIMENSIONS = re.compile(r"_([\d.]+)x([\d.]+)(mm|in)$")
_HUNDREDTHS_OF_MM = {"mm": 100, "in": 2540}


def job_attributes(configuration: Mapping[str, Any]) -> Attributes:
    """The IPP job attributes for a printJobConfiguration. A setting that IPP has no word for is left out."""
    attributes: dict[str, list[Value]] = {}
    for name, make in _JOB_ATTRIBUTES.items():
        wanted = configuration.get(name)
        if wanted is not None and wanted != []:
            attribute, values = make(wanted)
            if values:
                attributes[attribute] = values
    attributes.update(_media(configuration))
    return attributes


def _keyword(attribute: str, words: Mapping[str, str] | None = None) -> Callable[[Any], tuple[str, list[Value]]]:
    def make(wanted: Any) -> tuple[str, list[Value]]:
        word = str(wanted) if words is None else words.get(wanted)
        return attribute, [Value(Tag.KEYWORD, word)] if word else []

    return make


def _enumerated(attribute: str, numbers: Mapping[str, int]) -> Callable[[Any], tuple[str, list[Value]]]:
    def make(wanted: Any) -> tuple[str, list[Value]]:
        names = wanted if isinstance(wanted, list) else [wanted]
        return attribute, [Value(Tag.ENUM, numbers[name]) for name in names if name in numbers]

    return make


def _integer(attribute: str) -> Callable[[Any], tuple[str, list[Value]]]:
    return lambda wanted: (attribute, [Value(Tag.INTEGER, int(wanted))])


def _page_ranges(wanted: Any) -> tuple[str, list[Value]]:
    spans = sorted((int(span["start"]), int(span["end"])) for span in wanted)
    return "page-ranges", [Value(Tag.RANGE, Span(start, end)) for start, end in spans]


def _resolution(wanted: Any) -> tuple[str, list[Value]]:
    return "printer-resolution", [Value(Tag.RESOLUTION, Resolution(int(wanted), int(wanted)))]


def _collate(wanted: Any) -> tuple[str, list[Value]]:
    word = "collated" if wanted else "uncollated"
    return "multiple-document-handling", [Value(Tag.KEYWORD, f"separate-documents-{word}-copies")]


_JOB_ATTRIBUTES: dict[str, Callable[[Any], tuple[str, list[Value]]]] = {
    "copies": _integer("copies"),
    "duplexMode": _keyword("sides", _SIDES),
    "colorMode": _keyword("print-color-mode", _COLOR_MODES),
    "quality": _enumerated("print-quality", _QUALITIES),
    "orientation": _enumerated("orientation-requested", _ORIENTATIONS),
    "finishings": _enumerated("finishings", FINISHINGS),
    "pagesPerSheet": _integer("number-up"),
    "multipageLayout": _keyword("presentation-direction-number-up", _LAYOUTS),
    "scaling": _keyword("print-scaling", _SCALINGS),
    "feedOrientation": _keyword("feed-orientation", _FEEDS),
    "outputBin": _keyword("output-bin"),
    "pageRanges": _page_ranges,
    "dpi": _resolution,
    "collate": _collate,
}


def media_keyword(media_size: str) -> str:
    """The PWG 5101.1 name of a media size as Graph writes it; a name that is already one stays."""
    return _MEDIA.get(media_size, media_size)


def _media(configuration: Mapping[str, Any]) -> dict[str, list[Value]]:
    """`media`, or `media-col` when more than the size is asked for: a job has one of them (PWG 5100.7 6.3)."""
    size = configuration.get("mediaSize")
    keyword = media_keyword(str(size)) if size else None
    column: dict[str, list[Value]] = {}
    dimensions = _MEDIA_DIMENSIONS.search(keyword or "")
    if dimensions:
        factor = _HUNDREDTHS_OF_MM[dimensions[3]]
        column["media-size"] = [
            Value(
                Tag.COLLECTION,
                {
                    f"{axis}-dimension": [Value(Tag.INTEGER, round(float(dimensions[at]) * factor))]
                    for at, axis in ((1, "x"), (2, "y"))
                },
            )
        ]
    for side, microns in (configuration.get("margin") or {}).items():
        if microns is not None:
            column[f"media-{side}-margin"] = [Value(Tag.INTEGER, int(microns) // 10)]
    for name, member in (("inputBin", "media-source"), ("mediaType", "media-type")):
        if configuration.get(name):
            column[member] = [Value(Tag.KEYWORD, str(configuration[name]))]
    if column.keys() - {"media-size"}:
        return {"media-col": [Value(Tag.COLLECTION, column)]}
    return {"media": [Value(Tag.KEYWORD, keyword)]} if keyword else {}


def printer_capabilities(attributes: Attributes) -> dict[str, Any]:
    """Graph's printerCapabilities of a printer with these IPP attributes. What the printer does not say is left out."""
    copies = next((span for span in contents(attributes, "copies-supported") if isinstance(span, Span)), Span(1, 1))
    finishings = contents(attributes, "finishings-supported")
    handling = contents(attributes, "multiple-document-handling-supported")
    scalings = _names(_SCALINGS, contents(attributes, "print-scaling-supported"))
    capabilities: dict[str, Any] = {
        **{
            f"{side}Margins": sorted(
                {int(margin) * 10 for margin in _integers(attributes, f"media-{side}-margin-supported")}
            )
            for side in ("top", "bottom", "left", "right")
        },
        "collation": "separate-documents-collated-copies" in handling,
        "colorModes": _color_modes(contents(attributes, "print-color-mode-supported")),
        "contentTypes": [
            str(kind)
            for kind in contents(attributes, "document-format-supported")
            if kind != "application/octet-stream"
        ],
        "copiesPerJob": {"start": copies.lower, "end": copies.upper},
        "dpis": sorted(_dots_per_inch(attributes, "printer-resolution-supported")),
        "duplexModes": _names(_SIDES, contents(attributes, "sides-supported")),
        "feedOrientations": _names(_FEEDS, contents(attributes, "feed-orientation-supported")),
        "finishings": _names(FINISHINGS, finishings),
        "inputBins": _texts(attributes, "media-source-supported"),
        "isColorPrintingSupported": True in contents(attributes, "color-supported"),
        "isPageRangeSupported": True in contents(attributes, "page-ranges-supported"),
        "mediaColors": _texts(attributes, "media-color-supported"),
        "mediaSizes": [media_size(name) for name in _texts(attributes, "media-supported")],
        "mediaTypes": _texts(attributes, "media-type-supported"),
        "multipageLayouts": _names(_LAYOUTS, contents(attributes, "presentation-direction-number-up-supported")),
        "orientations": _names(_ORIENTATIONS, contents(attributes, "orientation-requested-supported")),
        "outputBins": _texts(attributes, "output-bin-supported"),
        "pagesPerSheet": _integers(attributes, "number-up-supported") or [1],
        "qualities": _names(_QUALITIES, contents(attributes, "print-quality-supported")),
        "scalings": scalings,
        "supportsFitPdfToPage": "fit" in scalings,
    }
    return {name: value for name, value in capabilities.items() if value != []}


def printer_defaults(attributes: Attributes) -> dict[str, Any]:
    """Graph's printerDefaults of a printer with these IPP attributes."""

    def first(name: str) -> Content | None:
        return next(iter(contents(attributes, name)), None)

    media = first("media-default")
    column = first("media-col-default")
    members = column if isinstance(column, Mapping) else {}
    defaults: dict[str, Any] = {
        "colorMode": next(iter(_color_modes(contents(attributes, "print-color-mode-default"))), None),
        "contentType": first("document-format-default"),
        "copiesPerJob": first("copies-default"),
        "dpi": next(iter(_dots_per_inch(attributes, "printer-resolution-default")), None),
        "duplexMode": next(iter(_names(_SIDES, contents(attributes, "sides-default"))), None),
        "finishings": _names(FINISHINGS, contents(attributes, "finishings-default")) or None,
        "inputBin": next(iter(_texts(members, "media-source")), None),
        "mediaColor": next(iter(_texts(members, "media-color")), None),
        "mediaSize": media_size(media) if isinstance(media, str) else None,
        "mediaType": next(iter(_texts(members, "media-type")), None),
        "orientation": next(iter(_names(_ORIENTATIONS, contents(attributes, "orientation-requested-default"))), None),
        "outputBin": first("output-bin-default"),
        "pagesPerSheet": first("number-up-default"),
        "quality": next(iter(_names(_QUALITIES, contents(attributes, "print-quality-default"))), None),
        "scaling": next(iter(_names(_SCALINGS, contents(attributes, "print-scaling-default"))), None),
    }
    return {name: value for name, value in defaults.items() if value is not None}


def media_size(keyword: str) -> str:
    """A PWG 5101.1 media name as Graph writes it; one that Graph's pages do not list stays as it is."""
    return next((name for name, known in _MEDIA.items() if known == keyword), keyword)


def contents(attributes: Attributes, name: str) -> list[Content]:
    """The values of an attribute, without those that are out of band."""
    return [
        value.content.text if isinstance(value.content, Localized) else value.content
        for value in attributes.get(name, ())
        if value.tag >= Tag.INTEGER
    ]


def _texts(attributes: Attributes, name: str) -> list[str]:
    return [content for content in contents(attributes, name) if isinstance(content, str)]


def _integers(attributes: Attributes, name: str) -> list[int]:
    """Whole numbers, with a span of at most sixteen (number-up-supported) written out."""
    numbers: list[int] = []
    for content in contents(attributes, name):
        if isinstance(content, Span):
            numbers.extend(range(content.lower, min(content.upper, content.lower + 15) + 1))
        elif isinstance(content, int) and not isinstance(content, bool):
            numbers.append(content)
    return numbers


def _dots_per_inch(attributes: Attributes, name: str) -> list[int]:
    found = (content for content in contents(attributes, name) if isinstance(content, Resolution))
    return [round(each.feed * (2.54 if each.units == 4 else 1)) for each in found]


def _names(words: Mapping[str, Any], found: Sequence[Content]) -> list[str]:
    return [name for name, word in words.items() if word in found]


def _color_modes(found: Sequence[Content]) -> list[str]:
    modes = _names(_COLOR_MODES, found)
    # A printer that says bi-level or highlight prints black and white at least.
    return modes or (["blackAndWhite"] if found else [])
