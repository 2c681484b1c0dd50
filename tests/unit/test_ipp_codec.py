"""IPP attributes in bytes and back."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.ipp.decoding import decode_group, decode_response
from shared.ipp.encoding import encode_group, encode_message
from shared.ipp.values import (
    OUT_OF_BAND,
    STRINGS,
    Attribute,
    Content,
    GroupTag,
    IppDecodeError,
    IppEncodeError,
    Localized,
    Resolution,
    Tag,
    Value,
)
from tests.support.ipp_attributes import groups

RECORDED = (Path(__file__).parent.parent / "data" / "ipp-printer-mono.response.bin").read_bytes()


def test_the_whole_answer_of_a_real_printer_survives_byte_by_byte() -> None:
    message = decode_response(RECORDED)
    assert (message.version, message.code, message.request_id) == ((2, 0), 0, 1)
    assert [group.tag for group in message.groups] == [GroupTag.OPERATION, GroupTag.PRINTER]
    assert encode_message(message) == RECORDED


def test_a_group_alone_is_the_part_of_the_answer_from_its_delimiter_to_the_end_tag() -> None:
    attributes = decode_response(RECORDED).group(GroupTag.PRINTER)
    body = encode_group(attributes)
    assert body[0] == 0x04
    assert RECORDED.endswith(body + b"\x03")
    assert decode_group(body) == attributes


@settings(max_examples=150, deadline=None)
@given(groups())
def test_any_group_round_trips(attributes: tuple[Attribute, ...]) -> None:
    assert decode_group(encode_group(attributes)) == attributes


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80).map(lambda rest: b"\x04" + rest))
@example(b"\x04\x34\x00\x01a\x00\x00\x4a\x00\x00\x00\x01b\x03\x00\x00")
@example(b"\x04\x34\x00\x01a\x00\x00\x4a\x00\x00\x00\x01b")
def test_any_bytes_are_refused_with_a_place_or_encode_to_themselves(content: bytes) -> None:
    offset, encoded = 0, content
    try:
        encoded = encode_group(decode_group(content))
    except IppDecodeError as error:
        offset = error.offset
    assert encoded == content
    assert 0 <= offset <= len(content)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(RECORDED) - 1), st.integers(0, 255))
def test_a_damaged_answer_is_refused_with_a_place_or_encodes_to_itself(at: int, octet: int) -> None:
    damaged = RECORDED[:at] + bytes([octet]) + RECORDED[at + 1 :]
    offset, encoded = 0, damaged
    try:
        encoded = encode_message(decode_response(damaged))
    except IppDecodeError as error:
        offset = error.offset
    assert encoded == damaged
    assert 0 <= offset <= len(damaged)


def test_an_answer_that_was_cut_is_refused_wherever_it_was_cut() -> None:
    for length in range(0, len(RECORDED), 7):
        with pytest.raises(IppDecodeError):
            decode_response(RECORDED[:length])


def attribute(tag: int, content: bytes, name: bytes = b"x") -> bytes:
    return struct.pack(">BH", tag, len(name)) + name + struct.pack(">H", len(content)) + content


MEMBER, END = attribute(Tag.MEMBER_NAME, b"m", b""), attribute(Tag.END_COLLECTION, b"", b"")
NESTED = attribute(Tag.COLLECTION, b"") + (MEMBER + attribute(Tag.COLLECTION, b"", b"")) * 16 + END * 17


@pytest.mark.parametrize(
    ("content", "offset", "reason"),
    [
        (b"", 0, "bytes end"),
        (b"\x01", 0, "does not begin with its delimiter"),
        (b"\x04\x03", 1, "another delimiter"),
        (b"\x04" + attribute(Tag.INTEGER, b"\x01"), 7, "has 1 bytes where its tag asks for 4"),
        (b"\x04" + attribute(Tag.BOOLEAN, b"\x02"), 7, "neither 00 nor 01"),
        (b"\x04" + attribute(Tag.DATE_TIME, b"\x07\xea\x0d\x01\x00\x00\x00\x00+\x00\x00"), 7, "month"),
        (b"\x04" + attribute(Tag.INTEGER, b"\x00" * 4, b""), 1, "has no name"),
        (b"\x04" + attribute(Tag.INTEGER, b"\x00" * 4) * 2, 11, "x occurs twice"),
        (b"\x04" + attribute(Tag.KEYWORD, b"a", b"\xff"), 1, "printable ASCII"),
        (b"\x04" + attribute(Tag.KEYWORD, b"a", b"n" * 256), 1, "more than 255"),
        (b"\x04\x44\x00\x01x\xff\xff", 5, "negative"),
        (b"\x04\x44\x00\x01x\x00\x05abc", 7, "end within a value"),
        (b"\x04" + attribute(Tag.TEXT_WITH_LANGUAGE, b"\x00\x02de\x00\x05abc"), 13, "within its text"),
        (b"\x04" + attribute(Tag.TEXT_WITH_LANGUAGE, b"\x00\x02de\x00\x01abc"), 14, "follows the text"),
        (b"\x04" + attribute(Tag.MEMBER_NAME, b"m"), 1, "outside of a collection"),
        (b"\x04" + attribute(Tag.COLLECTION, b"a"), 7, "has a value"),
        (b"\x04" + attribute(Tag.COLLECTION, b""), 7, "end within a collection"),
        (b"\x04" + attribute(Tag.COLLECTION, b"") + MEMBER + END, 7, "member m of a collection has no value"),
        (b"\x04" + NESTED, 178, "deeper than 16"),
    ],
)
def test_what_is_no_group_is_refused_with_the_place_of_the_trouble(content: bytes, offset: int, reason: str) -> None:
    with pytest.raises(IppDecodeError, match=reason) as caught:
        decode_group(content)
    assert caught.value.offset == offset


def test_values_of_unknown_tags_and_texts_that_are_not_utf8_keep_their_bytes() -> None:
    body = b"\x04" + attribute(0x7F, b"\x00\x00\x12\x34more", b"extension") + attribute(0x39, b"\x00\xff", b"future")
    body += attribute(Tag.TEXT, b"B\xfcro", b"printer-location")
    attributes = decode_group(body)
    assert [one.values[0].content for one in attributes] == [b"\x00\x00\x12\x34more", b"\x00\xff", b"B\xfcro"]
    assert encode_group(attributes) == body


@pytest.mark.parametrize(
    ("tag", "content", "reason"),
    [
        (Tag.INTEGER, True, "not a whole number"),
        (Tag.INTEGER, 2**31, "32 bits"),
        (Tag.BOOLEAN, 1, "not true or false"),
        (Tag.KEYWORD, 1, "0x44"),
        (Tag.KEYWORD, "\ud800", "UTF-8"),
        (Tag.RANGE_OF_INTEGER, 5, "not a range"),
        (Tag.RESOLUTION, Resolution(1, 1, 300), "not a resolution"),
        (Tag.TEXT_WITH_LANGUAGE, "text", "0x35"),
        (Tag.OCTET_STRING, "text", "0x30"),
        (Tag.TEXT, "x" * 40_000, "40000 bytes"),
        (Tag.COLLECTION, "text", "not a collection"),
        (Tag.COLLECTION, (Attribute("m", ()),), "no value"),
        (Tag.MEMBER_NAME, "m", "no tag of a value"),
        (0x04, "m", "no tag of a value"),
    ],
)
def test_what_ipp_cannot_carry_is_refused_by_name(tag: int, content: Content, reason: str) -> None:
    with pytest.raises(IppEncodeError, match=reason) as caught:
        encode_group([Attribute("copies-default", (Value(tag, content),))])
    assert caught.value.path.startswith("copies-default")


def test_tags_have_the_numbers_of_the_registry() -> None:
    body = encode_group(
        [
            Attribute("a", tuple(Value(tag, b"") for tag in sorted(OUT_OF_BAND))),
            Attribute("b", tuple(Value(tag, "x") for tag in sorted(STRINGS))),
            Attribute("c", (Value(Tag.NAME_WITH_LANGUAGE, Localized("de", "x")),)),
        ]
    )
    out_of_band = b"\x10\x00\x01a\x00\x00" + b"".join(bytes([tag]) + b"\x00" * 4 for tag in b"\x12\x13\x15\x16\x17")
    strings = b"\x41\x00\x01b\x00\x01x" + b"".join(
        bytes([tag]) + b"\x00\x00\x00\x01x" for tag in b"\x42\x44\x45\x46\x47\x48\x49"
    )
    assert body == b"\x04" + out_of_band + strings + b"\x36\x00\x01c\x00\x07\x00\x02de\x00\x01x"
