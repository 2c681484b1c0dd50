"""IPP attributes as a file that people edit."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.ipp.datetimes import datetime_to_text
from shared.ipp.decoding import decode_group, decode_response
from shared.ipp.document import SYNTAXES, IppDocumentError, from_document, read_document, to_document, write_document
from shared.ipp.encoding import encode_group
from shared.ipp.enumerations import names_of
from shared.ipp.values import Attribute, DateTime, GroupTag, IntegerRange, Resolution, Tag, Value
from tests.support.ipp_attributes import groups

DATA = Path(__file__).parent.parent / "data"
PRINTER = decode_response((DATA / "ipp-printer-mono.response.bin").read_bytes()).group(GroupTag.PRINTER)
# ipptool's words for what the syntaxes are called here.
IPPTOOL = {"textWithoutLanguage": "text", "nameWithoutLanguage": "name"}


def in_words(attribute: Attribute) -> str:
    """An attribute as `ipptool -tv` prints it."""
    syntaxes = {tag: name for name, tag in SYNTAXES.items()}
    [syntax] = {syntaxes[Tag(value.tag)] for value in attribute.values}
    syntax = next((word for word, ours in IPPTOOL.items() if ours == syntax), syntax)
    several = "1setOf " if len(attribute.values) > 1 else ""
    return (
        f"{attribute.name} ({several}{syntax}) = {','.join(word(value, attribute.name) for value in attribute.values)}"
    )


def word(value: Value, name: str) -> str:
    match value.content:
        case bool() as truth:
            return str(truth).lower()
        case bytes() as octets:
            return octets.decode() if value.tag == Tag.OCTET_STRING else "unknown"
        case DateTime() as time:
            return re.sub(r"\.0\+00:00$", "Z", datetime_to_text(time))
        case IntegerRange(lower, upper):
            return f"{lower}-{upper}"
        case Resolution(cross_feed, _, 3):
            return f"{cross_feed}dpi"
        case tuple() as members:
            inner = " ".join(f"{one.name}={','.join(word(value, one.name) for value in one.values)}" for one in members)
            return f"{{{inner}}}"
        case int() as number if value.tag == Tag.ENUM:
            return {number: word for word, number in names_of(name).items()}[number]
        case content:
            return str(content)


def test_a_real_printers_attributes_are_what_ipptool_says_they_are() -> None:
    lines = (DATA / "ipp-printer-mono.attributes.txt").read_text("utf-8").splitlines()
    printed = [line.strip() for line in lines if not re.match(r"\s*(status-code|attributes-)", line)]
    # The two recordings are seconds apart.
    clock = re.compile(r"(?<=printer-current-time \(dateTime\) = ).*|(?<=printer-up-time \(integer\) = ).*")
    ours = [clock.sub("", in_words(attribute).strip()) for attribute in PRINTER]
    assert ours == [clock.sub("", line) for line in printed]


def test_the_file_of_a_real_printer_gives_its_bytes_again() -> None:
    assert encode_group(read_document(write_document(PRINTER))) == encode_group(PRINTER)


@settings(max_examples=150, deadline=None)
@given(groups())
def test_any_attributes_survive_the_file(attributes: tuple[Attribute, ...]) -> None:
    assert read_document(write_document(attributes)) == attributes


def test_people_read_names_and_types() -> None:
    shown = to_document(PRINTER)["attributes"]
    assert shown["copies-supported"] == {"rangeOfInteger": "1-999"}
    assert shown["print-quality-supported"] == {"enum": ["draft", "normal", "high"]}
    assert shown["printer-resolution-default"] == {"resolution": "600dpi"}
    assert shown["printer-geo-location"] == {"unknown": None}
    assert shown["printer-state-change-date-time"] == {"dateTime": "2026-11-21T02:38:51.0+00:00"}
    assert shown["media-col-default"]["collection"]["media-size"] == {
        "collection": {"x-dimension": {"integer": 21590}, "y-dimension": {"integer": 27940}}
    }


def test_a_value_edited_by_hand_is_sent_as_it_was_written() -> None:
    document = json.loads(write_document(PRINTER))
    document["attributes"]["copies-supported"] = {"rangeOfInteger": "1-5"}
    document["attributes"]["sides-supported"] = {"keyword": ["one-sided", "two-sided-long-edge"]}
    document["attributes"]["finishings-default"] = {"enum": ["staple-top-left", 1234]}
    document["attributes"]["number-up-supported"] = [{"integer": 1}, {"rangeOfInteger": "2-4"}]
    sent = {attribute.name: attribute.values for attribute in decode_group(encode_group(from_document(document)))}
    assert sent["copies-supported"] == (Value(Tag.RANGE_OF_INTEGER, IntegerRange(1, 5)),)
    assert [value.content for value in sent["sides-supported"]] == ["one-sided", "two-sided-long-edge"]
    assert [value.content for value in sent["finishings-default"]] == [20, 1234]
    assert [value.tag for value in sent["number-up-supported"]] == [Tag.INTEGER, Tag.RANGE_OF_INTEGER]
    assert len(sent) == len(PRINTER) + 1


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ({"integer": "1"}, "'1' is not of the type integer"),
        ({"nameWithLanguage": {"language": None, "text": "A"}}, "is not of the type nameWithLanguage"),
        ({"integer": True}, "not of the type integer"),
        ({"boolean": 1}, "not of the type boolean"),
        ({"int": 1}, "'int' is no type"),
        ({"integer": 1, "boolean": True}, "an object with its type alone"),
        (1, "an object with its type alone"),
        ({"integer": []}, "it has no value"),
        ({"rangeOfInteger": "1..9"}, "not of the type rangeOfInteger"),
        ({"resolution": "600"}, "not of the type resolution"),
        ({"dateTime": "yesterday"}, "no time as in"),
        ({"dateTime": "2026-13-01T00:00:00Z"}, "the month of a dateTime is 13"),
        ({"octetString": {"hex": "0g"}}, "no hexadecimal digits"),
        ({"enum": "stapled"}, "this attribute takes numbers"),
        ({"collection": {"m": 1}}, "attributes.x.m: a value is an object"),
        ({"textWithLanguage": "text"}, "not of the type textWithLanguage"),
        ({"no-value": 1}, "not of the type no-value"),
    ],
)
def test_a_slip_is_named_by_its_place(written: Any, reason: str) -> None:
    with pytest.raises(IppDocumentError, match=re.escape(reason)) as caught:
        from_document({"attributes": {"x": written}})
    assert caught.value.path.startswith("attributes.x")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "no JSON"),
        ("[]", "no object with"),
        ('{"attributes": {}, "more": 1}', "no object with"),
        ('{"attributes": {"x": {"integer": 1}, "x": {"integer": 2}}}', "x: it occurs twice"),
        ("[" * 200_000, "nested too deeply"),
    ],
)
def test_what_is_no_such_file_is_refused(text: str, reason: str) -> None:
    with pytest.raises(IppDocumentError, match=reason):
        read_document(text)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*SYNTAXES, "attributes", "hex", "x"]), inner, max_size=2)
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(_JSON)
def test_any_json_has_attributes_or_is_refused_with_a_place(document: Any) -> None:
    refused = ""
    try:
        attributes = from_document({"attributes": {"x": document}})
    except IppDocumentError as error:
        refused = error.path
        attributes = ()
    assert bool(attributes) != bool(refused)
