"""What is found wrong with a printer's attributes."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.ipp.checking import Finding, Level, check
from shared.ipp.decoding import decode_response
from shared.ipp.making import boolean, enums, integer_range, integers, keywords, strings
from shared.ipp.requirements import EXPECTED, REQUIRED, Requirement
from shared.ipp.values import Attribute, GroupTag, Tag, Value

RECORDED = (Path(__file__).parent.parent / "data" / "ipp-printer-mono.response.bin").read_bytes()
PRINTER = decode_response(RECORDED).group(GroupTag.PRINTER)


def changed(*attributes: Attribute) -> list[Finding]:
    """The findings about a real printer with these attributes instead of its own."""
    kept = {attribute.name: attribute for attribute in PRINTER} | {
        attribute.name: attribute for attribute in attributes
    }
    return [finding for finding in check(list(kept.values())) if finding not in check(PRINTER)]


def test_a_real_printer_lacks_only_the_mark_that_it_does_not_have() -> None:
    assert [(finding.level, finding.attribute, finding.problem) for finding in check(PRINTER)] == [
        (Level.EXPECTED, "mopria-certified", "is missing")
    ]


@pytest.mark.parametrize("requirement", REQUIRED, ids=lambda one: one.name)
def test_each_attribute_that_rfc_8011_requires_is_missed(requirement: Requirement) -> None:
    found = [one for one in check([one for one in PRINTER if one.name != requirement.name]) if one.required]
    assert [(one.attribute, one.problem) for one in found] == [(requirement.name, "is missing")]
    assert found[0].what_for


def test_nothing_at_all_lacks_everything() -> None:
    names = [finding.attribute for finding in check([])]
    assert names == [one.name for one in (*REQUIRED, *EXPECTED)]


@pytest.mark.parametrize(
    ("attribute", "level", "problem"),
    [
        (keywords("printer-state", "idle"), Level.REQUIRED, "is of type keyword, not enum"),
        (enums("printer-state", 3, 4), Level.REQUIRED, "has 2 values instead of one"),
        (strings("charset-supported", Tag.CHARSET, ["us-ascii"]), Level.REQUIRED, "lacks utf-8"),
        (integers("copies-supported", 99), Level.EXPECTED, "is of type integer, not rangeOfInteger"),
        (integer_range("copies-supported", 9, 1), Level.WRONG, "has the range 9-1"),
        (keywords("sides-default", "two-sided"), Level.WRONG, "two-sided is not among sides-supported"),
        (integers("copies-default", 5000), Level.WRONG, "5000 is not among copies-supported"),
        (keywords("hologram-default", "on"), Level.WRONG, "stands without hologram-supported"),
        (keywords("media-supported", "A4", "na_letter_8.5x11in"), Level.WRONG, "A4 is no self-describing name"),
        (Attribute("printer-info", (Value(Tag.TEXT, b"B\xfcro"),)), Level.WRONG, "has a text that is not UTF-8"),
        (strings("printer-info", Tag.TEXT, ["x" * 1024]), Level.WRONG, "has a value of 1024 bytes; 1023 is the most"),
        (
            strings("document-format-supported", Tag.MIME_MEDIA_TYPE, ["application/postscript"]),
            Level.EXPECTED,
            "has none of application/pdf",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(attribute: Attribute, level: Level, problem: str) -> None:
    found = changed(attribute)
    assert [(one.level, one.attribute) for one in found if one.problem.startswith(problem)] == [(level, attribute.name)]


def test_raster_attributes_are_missed_only_where_raster_is_taken() -> None:
    without = [one for one in PRINTER if not one.name.startswith("pwg-raster-")]
    missed = {one.attribute for one in check(without)} - {one.attribute for one in check(PRINTER)}
    assert missed == {"pwg-raster-document-resolution-supported", "pwg-raster-document-type-supported"}
    pdf = strings("document-format-supported", Tag.MIME_MEDIA_TYPE, ["application/pdf"])
    formats = [one for one in without if one.name != pdf.name]
    assert not any(one.attribute.startswith("pwg-raster-") for one in check([*formats, pdf]))


def test_values_out_of_band_say_that_the_attribute_is_known() -> None:
    assert changed(Attribute("media-default", (Value(Tag.NO_VALUE, b""),))) == []
    assert changed(boolean("color-supported", True)) == []
