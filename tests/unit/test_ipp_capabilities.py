"""Graph's capabilities in the words of IPP, read back by the other side."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.universal_print.csdl.schema import graph_schema
from emulator.universal_print.devices.ipp_message import Tag as TheirTag
from emulator.universal_print.devices.ipp_message import decode_group as their_decode_group
from emulator.universal_print.devices.ipp_settings import printer_capabilities, printer_defaults
from shared.ipp.capabilities import NoEquivalent, from_capabilities
from shared.ipp.decoding import decode_group
from shared.ipp.document import to_document
from shared.ipp.encoding import encode_group
from shared.ipp.words import finishing

CAPABILITIES: dict[str, Any] = {
    "bottomMargins": [6350],
    "topMargins": [6350, 0],
    "leftMargins": [3400],
    "rightMargins": [3400],
    "collation": True,
    "colorModes": ["blackAndWhite", "color"],
    "contentTypes": ["application/pdf", "image/pwg-raster"],
    "copiesPerJob": {"start": 1, "end": 99},
    "dpis": [300, 600],
    "duplexModes": ["oneSided", "flipOnLongEdge", "flipOnShortEdge"],
    "feedOrientations": ["longEdgeFirst"],
    "finishings": ["none", "stapleTopLeft", "stitchEdge", "stitchLeftEdge", "foldHalfZ", "trimAfterJob"],
    "inputBins": ["auto", "tray-1"],
    "isColorPrintingSupported": True,
    "isPageRangeSupported": True,
    "mediaColors": ["white"],
    "mediaSizes": ["A4", "North America Letter", "iso_c5_162x229mm"],
    "mediaTypes": ["stationery"],
    "multipageLayouts": ["clockwiseFromTopLeft"],
    "orientations": ["portrait", "landscape"],
    "outputBins": ["face-down"],
    "pagesPerSheet": [1, 2, 4],
    "qualities": ["low", "medium", "high"],
    "scalings": ["auto", "fit", "shrinkToFit"],
    "supportsFitPdfToPage": True,
}
DEFAULTS: dict[str, Any] = {
    "colorMode": "blackAndWhite",
    "contentType": "application/pdf",
    "copiesPerJob": 1,
    "dpi": 600,
    "duplexMode": "flipOnLongEdge",
    "finishings": ["none"],
    "inputBin": "tray-1",
    "mediaColor": "white",
    "mediaSize": "A4",
    "mediaType": "stationery",
    "orientation": "portrait",
    "outputBin": "face-down",
    "pagesPerSheet": 1,
    "quality": "medium",
    "scaling": "fit",
}


def test_what_graph_says_comes_back_in_graphs_words_from_the_bytes() -> None:
    converted = from_capabilities(CAPABILITIES, DEFAULTS)
    assert converted.left_out == ()
    body = encode_group(converted.attributes)
    assert decode_group(body) == converted.attributes
    theirs = their_decode_group(body, TheirTag.PRINTER)
    ours = {name: sorted(value) if isinstance(value, list) else value for name, value in CAPABILITIES.items()}
    assert ours == {
        name: sorted(value) if isinstance(value, list) else value
        for name, value in printer_capabilities(theirs).items()
    }
    assert printer_defaults(theirs) == DEFAULTS


def test_media_sizes_have_their_names_and_hundredths_of_millimetres() -> None:
    shown = to_document(from_capabilities(CAPABILITIES, DEFAULTS).attributes)["attributes"]
    assert shown["media-supported"] == {"keyword": ["iso_a4_210x297mm", "na_letter_8.5x11in", "iso_c5_162x229mm"]}
    letter = shown["media-col-database"]["collection"][1]
    assert letter["media-size"] == {
        "collection": {"x-dimension": {"integer": 21590}, "y-dimension": {"integer": 27940}}
    }
    assert (letter["media-top-margin"], letter["media-left-margin"]) == ({"integer": 0}, {"integer": 340})
    assert shown["media-col-default"]["collection"]["media-source"] == {"keyword": "tray-1"}


def test_every_property_of_graphs_objects_is_written_or_listed() -> None:
    schema = graph_schema()
    for kind, given in (("printerCapabilities", CAPABILITIES), ("printerDefaults", DEFAULTS)):
        assert set(schema.type_of(kind).properties) - {"fitPdfToPage", "multipageLayout"} == set(given)


def test_every_finishing_of_graph_has_its_number_but_the_one_that_says_nothing() -> None:
    numbers = {word: finishing(word) for word in graph_schema().members_of("printFinishing")}
    assert [word for word, number in numbers.items() if number is None] == ["unknownFutureValue"]
    assert len({number for number in numbers.values() if number}) == len(numbers) - 1
    assert (numbers["stitchEdge"], numbers["stitchTopEdge"], numbers["punchQuadBottom"]) == (9, 25, 85)


WORDLESS = "IPP has no word for it"


@pytest.mark.parametrize(
    ("capability", "value", "lost", "reason"),
    [
        ("mediaSizes", ["A4", "Photo"], "Photo", WORDLESS),
        ("colorModes", ["unknownFutureValue"], "unknownFutureValue", WORDLESS),
        ("dpis", [0], 0, WORDLESS),
        ("copiesPerJob", {"start": 9, "end": 1}, {"start": 9, "end": 1}, "it is no range of copies"),
        ("hologram", True, True, "IPP has no attribute for it"),
        ("supportsFitPdfToPage", True, True, "IPP says it with print-scaling, which has no `fit` here"),
    ],
)
def test_what_has_no_equivalent_is_listed(capability: str, value: Any, lost: Any, reason: str) -> None:
    converted = from_capabilities({capability: value})
    assert converted.left_out == (NoEquivalent(f"capabilities.{capability}", lost, reason),)


def test_a_makers_word_that_is_no_keyword_travels_as_a_name() -> None:
    shown = to_document(from_capabilities({"inputBins": ["auto", "Tray 1"]}).attributes)["attributes"]
    assert shown["media-source-supported"] == [{"keyword": "auto"}, {"name": "Tray 1"}]


def test_what_graph_does_not_say_is_not_said() -> None:
    assert from_capabilities({"@odata.type": "#x", "dpis": [], "collation": None}, {"dpi": None}).attributes == ()
