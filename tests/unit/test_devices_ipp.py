"""IPP in bytes, and settings in the words of IPP and of Graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.universal_print.devices.ipp import job_report, printer_detail
from emulator.universal_print.devices.ipp_message import (
    Attributes,
    IppFormatError,
    Localized,
    Message,
    Resolution,
    Span,
    Tag,
    Value,
    decode_message,
    encode_message,
)
from emulator.universal_print.devices.ipp_settings import (
    FINISHINGS,
    contents,
    job_attributes,
    printer_capabilities,
    printer_defaults,
)

_RECORDED = (Path(__file__).parent.parent / "data" / "ipp-printer-mono.response.bin").read_bytes()


@pytest.fixture(scope="module")
def printer() -> Attributes:
    return decode_message(_RECORDED).group(Tag.PRINTER)


def test_a_recorded_answer_of_a_real_printer_survives_decoding_and_encoding() -> None:
    assert encode_message(decode_message(_RECORDED)) == _RECORDED


def test_attributes_of_a_real_printer_are_read_as_it_meant_them(printer: Attributes) -> None:
    assert contents(printer, "copies-supported") == [Span(1, 999)]
    assert contents(printer, "printer-resolution-supported") == [Resolution(600, 600)]
    assert contents(printer, "media-source-supported") == ["auto", "main", "manual", "by-pass-tray"]
    assert contents(printer, "printer-geo-location") == []
    [size, *_] = contents(printer, "media-col-database")
    assert isinstance(size, dict)
    assert contents(size["media-size"][0].content, "x-dimension") == [21590]


_TEXT = st.text(max_size=20)
_NUMBER = st.integers(-(2**31), 2**31 - 1)
_PLAIN = st.one_of(
    st.builds(Value, st.sampled_from([Tag.INTEGER, Tag.ENUM]).map(int), _NUMBER),
    st.builds(Value, st.just(int(Tag.BOOLEAN)), st.booleans()),
    st.builds(Value, st.sampled_from([Tag.KEYWORD, Tag.NAME, Tag.TEXT, Tag.URI]).map(int), _TEXT),
    st.builds(Value, st.sampled_from([0x10, 0x12, 0x13]), st.just(b"")),
    st.builds(Value, st.sampled_from([Tag.OCTETS, Tag.DATE_TIME]).map(int), st.binary(max_size=20)),
    st.builds(Value, st.just(int(Tag.RANGE)), st.builds(Span, _NUMBER, _NUMBER)),
    st.builds(Value, st.just(int(Tag.RESOLUTION)), st.builds(Resolution, _NUMBER, _NUMBER, st.sampled_from([3, 4]))),
    st.builds(Value, st.just(int(Tag.NAME_WITH_LANGUAGE)), st.builds(Localized, _TEXT, _TEXT)),
)
_NAME = st.text(min_size=1, max_size=10)


def _collection(values: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
    members = st.dictionaries(_NAME, st.lists(values, min_size=1, max_size=3), max_size=3)
    return st.builds(Value, st.just(int(Tag.COLLECTION)), members)


_ATTRIBUTES = st.dictionaries(
    _NAME, st.lists(st.recursive(_PLAIN, _collection, max_leaves=5), min_size=1, max_size=3), max_size=4
)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from([Tag.OPERATION, Tag.JOB]).map(int), _ATTRIBUTES), max_size=3))
def test_every_message_survives_encoding_and_decoding(groups: list[tuple[int, Any]]) -> None:
    message = Message(0x0002, 7, groups)
    assert decode_message(encode_message(message) + b"%PDF-1.7") == message


@given(st.binary(max_size=200), st.integers(0, len(_RECORDED) - 1))
def test_bytes_that_are_no_whole_message_are_refused(noise: bytes, length: int) -> None:
    with pytest.raises(IppFormatError):
        decode_message(_RECORDED[:length])
    try:
        decode_message(noise)
    except IppFormatError:
        return


def test_settings_of_a_job_become_ipp_attributes() -> None:
    attributes = job_attributes(
        {
            "copies": 3,
            "duplexMode": "flipOnShortEdge",
            "colorMode": "blackAndWhite",
            "mediaSize": "A4",
            "pageRanges": [{"start": 7, "end": 9}, {"start": 1, "end": 2}],
            "quality": "high",
            "orientation": "landscape",
            "finishings": ["stapleTopLeft", "punchDualLeft"],
            "pagesPerSheet": 2,
            "dpi": 600,
            "collate": True,
        }
    )
    assert {name: [value.content for value in values] for name, values in attributes.items()} == {
        "copies": [3],
        "sides": ["two-sided-short-edge"],
        "print-color-mode": ["monochrome"],
        "media": ["iso_a4_210x297mm"],
        "page-ranges": [Span(1, 2), Span(7, 9)],
        "print-quality": [5],
        "orientation-requested": [4],
        "finishings": [20, 74],
        "number-up": [2],
        "printer-resolution": [Resolution(600, 600)],
        "multiple-document-handling": ["separate-documents-collated-copies"],
    }


def test_a_tray_or_a_paper_type_is_asked_for_together_with_the_size() -> None:
    attributes = job_attributes({"mediaSize": "North America Letter", "inputBin": "tray-2", "margin": {"top": 4230}})
    assert list(attributes) == ["media-col"]
    column = attributes["media-col"][0].content
    assert isinstance(column, dict)
    assert contents(column, "media-source") == ["tray-2"]
    assert contents(column, "media-top-margin") == [423]
    [size] = contents(column, "media-size")
    assert isinstance(size, dict)
    assert contents(size, "x-dimension") + contents(size, "y-dimension") == [21590, 27940]


def test_finishings_have_the_numbers_that_ipp_registered() -> None:
    # PWG 5100.1 table 1, one of each family.
    registered = {"none": 3, "stitchEdge": 9, "bale": 12, "stapleBottomRight": 23, "stitchBottomEdge": 27}
    registered |= {"stapleTripleBottom": 35, "bindLeft": 50, "trimAfterJob": 63, "punchQuadBottom": 85}
    registered |= {"foldHalf": 93, "foldEngineeringZ": 101, "laminate": 16}
    assert {name: FINISHINGS[name] for name in registered} == registered


def test_a_printer_offers_in_graphs_words_what_it_said_in_ipp(printer: Attributes) -> None:
    capabilities = printer_capabilities(printer)
    assert capabilities["contentTypes"] == ["application/pdf", "image/jpeg", "image/pwg-raster", "image/urf"]
    assert capabilities["copiesPerJob"] == {"start": 1, "end": 999}
    assert capabilities["colorModes"] == ["blackAndWhite"]
    assert capabilities["isColorPrintingSupported"] is False
    assert capabilities["isPageRangeSupported"] is True
    assert capabilities["dpis"] == [600]
    assert capabilities["duplexModes"] == ["oneSided"]
    assert capabilities["mediaSizes"][:3] == ["North America Letter", "North America Legal", "A4"]
    assert capabilities["bottomMargins"] == [0, 11680]
    assert capabilities["qualities"] == ["low", "medium", "high"]
    assert "multipageLayouts" not in capabilities
    defaults = printer_defaults(printer)
    assert defaults["mediaSize"] == "North America Letter"
    assert (defaults["inputBin"], defaults["mediaType"], defaults["quality"]) == ("main", "stationery", "medium")


@pytest.mark.parametrize(
    ("reason", "detail"),
    [
        ("media-jam", "mediaJam"),
        ("media-empty-error", "mediaEmpty"),
        ("toner-low-warning", "tonerLow"),
        ("none", None),
        ("com.example.coffee-spilt", "other"),
    ],
)
def test_a_reason_of_the_printer_is_a_detail_that_graph_knows(reason: str, detail: str | None) -> None:
    assert printer_detail(reason) == detail


@pytest.mark.parametrize(
    ("state", "reasons", "expected"),
    [
        (3, ["none"], ("pending", (), False)),
        (5, ["job-interpreting", "job-printing"], ("processing", ("interpreting",), True)),
        (6, ["printer-stopped"], ("stopped", (), True)),
        (7, ["job-canceled-by-user"], ("canceled", (), True)),
        (8, ["aborted-by-system"], ("aborted", ("completedWithErrors",), True)),
        (9, ["job-completed-with-warnings"], ("completed", ("completedWithWarnings",), True)),
        (9, [], ("completed", ("completedSuccessfully",), True)),
    ],
)
def test_a_job_at_the_printer_is_reported_in_graphs_words(
    state: int, reasons: list[str], expected: tuple[str, tuple[str, ...], bool]
) -> None:
    attributes = {
        "job-state": [Value(Tag.ENUM, state)],
        "job-state-reasons": [Value(Tag.KEYWORD, reason) for reason in reasons],
        "job-impressions-completed": [Value(Tag.INTEGER, 4)],
    }
    report = job_report(attributes, [])
    assert (report.state, report.details, report.acquired, report.pages) == (*expected, 4)


def test_settings_that_the_printer_ignored_are_named() -> None:
    report = job_report({"job-state": [Value(Tag.ENUM, 9)]}, ["sides", "finishings"])
    assert report.details == ("completedWithWarnings",)
    assert report.description.endswith("the printer ignored finishings, sides.")
