"""IPP attributes to bytes (RFC 8010 3)."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from shared.ipp.datetimes import datetime_to_octets
from shared.ipp.values import (
    DEEPEST_COLLECTION,
    FIRST_VALUE_TAG,
    INTEGERS,
    LARGEST_INTEGER,
    LARGEST_MESSAGE_BYTES,
    LOCALIZED,
    LONGEST_NAME_BYTES,
    LONGEST_VALUE_BYTES,
    SMALLEST_INTEGER,
    STRINGS,
    STRUCTURE,
    Attribute,
    Content,
    DateTime,
    GroupTag,
    IntegerRange,
    IppEncodeError,
    Localized,
    Message,
    Resolution,
    Tag,
    Value,
)


def encode_group(attributes: Iterable[Attribute], tag: GroupTag = GroupTag.PRINTER) -> bytes:
    """One group that stands alone: delimiter and attributes, without header, operation attributes and end tag.

    This is the body that Graph's printer-update takes as `application/ipp`. Raises IppEncodeError.
    """
    output = bytearray([tag])
    _put_all(output, attributes)
    return bytes(output)


def encode_message(message: Message) -> bytes:
    """A whole message, ended. Raises IppEncodeError."""
    output = bytearray(struct.pack(">BBHi", *message.version, message.code, message.request_id))
    for group in message.groups:
        output.append(group.tag)
        _put_all(output, group.attributes)
    output.append(GroupTag.END)
    return bytes(output)


def _put_all(output: bytearray, attributes: Iterable[Attribute]) -> None:
    seen: set[str] = set()
    for attribute in attributes:
        name = _name(attribute.name, attribute.name, seen)
        for index, value in enumerate(_some(attribute, attribute.name)):
            _put_value(output, value, name if index == 0 else b"", attribute.name, 0)
    if len(output) > LARGEST_MESSAGE_BYTES:
        raise IppEncodeError("the group", f"it has more than {LARGEST_MESSAGE_BYTES} bytes")


def _some(attribute: Attribute, path: str) -> tuple[Value, ...]:
    if not attribute.values:
        raise IppEncodeError(path, "it has no value; an attribute without one is written as no-value or unknown")
    return attribute.values


def _name(name: str, path: str, seen: set[str]) -> bytes:
    if name in seen:
        raise IppEncodeError(path, "it occurs twice")
    seen.add(name)
    octets = name.encode()
    if not 0 < len(octets) <= LONGEST_NAME_BYTES or not all(0x20 < octet < 0x7F for octet in octets):
        raise IppEncodeError(path, f"a name has 1 to {LONGEST_NAME_BYTES} printable ASCII characters")
    return octets


def _put_value(output: bytearray, value: Value, name: bytes, path: str, depth: int) -> None:
    if not FIRST_VALUE_TAG <= value.tag <= 0xFF or value.tag in STRUCTURE:
        raise IppEncodeError(path, f"{value.tag:#04x} is no tag of a value")
    if value.tag != Tag.COLLECTION:
        _put(output, value.tag, name, _octets(value.tag, value.content, path), path)
        return
    if not isinstance(value.content, tuple):
        raise _wrong(path, "a collection", value.content)
    if depth == DEEPEST_COLLECTION:
        raise IppEncodeError(path, f"collections are nested deeper than {DEEPEST_COLLECTION}")
    _put(output, value.tag, name, b"", path)
    seen: set[str] = set()
    for member in value.content:
        member_path = f"{path}.{member.name}"
        _put(output, Tag.MEMBER_NAME, b"", _name(member.name, member_path, seen), member_path)
        for member_value in _some(member, member_path):
            # Members are told apart by the name before them, so their own name is empty (RFC 8010 3.1.6).
            _put_value(output, member_value, b"", member_path, depth + 1)
    _put(output, Tag.END_COLLECTION, b"", b"", path)


def _put(output: bytearray, tag: int, name: bytes, octets: bytes, path: str) -> None:
    if len(octets) > LONGEST_VALUE_BYTES:
        raise IppEncodeError(path, f"a value has {len(octets)} bytes; {LONGEST_VALUE_BYTES} is the most")
    output += struct.pack(">BH", tag, len(name)) + name + struct.pack(">H", len(octets)) + octets


def _octets(tag: int, content: Content, path: str) -> bytes:
    if tag in INTEGERS:
        return _integers(path, content)
    if tag == Tag.BOOLEAN:
        if not isinstance(content, bool):
            raise _wrong(path, "true or false", content)
        return bytes([content])
    if tag == Tag.RANGE_OF_INTEGER:
        if not isinstance(content, IntegerRange):
            raise _wrong(path, "a range", content)
        return _integers(path, content.lower, content.upper)
    if tag == Tag.RESOLUTION:
        if not isinstance(content, Resolution) or not -128 <= content.units <= 127:
            raise _wrong(path, "a resolution", content)
        return _integers(path, content.cross_feed, content.feed) + struct.pack(">b", content.units)
    if tag == Tag.DATE_TIME:
        if not isinstance(content, DateTime):
            raise _wrong(path, "a dateTime", content)
        try:
            return datetime_to_octets(content)
        except ValueError as error:
            raise IppEncodeError(path, str(error)) from error
    return _string(tag, content, path)


def _string(tag: int, content: Content, path: str) -> bytes:
    if isinstance(content, bytes):
        return content
    try:
        if tag in LOCALIZED and isinstance(content, Localized):
            pieces = (content.language.encode(), content.text.encode())
            if max(map(len, pieces)) > LONGEST_VALUE_BYTES:
                raise IppEncodeError(path, f"a text has more than {LONGEST_VALUE_BYTES} bytes")
            return b"".join(struct.pack(">H", len(piece)) + piece for piece in pieces)
        if tag in STRINGS and isinstance(content, str):
            return content.encode()
    except UnicodeEncodeError as error:
        raise IppEncodeError(path, "a text has characters that UTF-8 cannot carry") from error
    raise _wrong(path, f"what tag {tag:#04x} stands for", content)


def _integers(path: str, *numbers: Content) -> bytes:
    for number in numbers:
        if not isinstance(number, int) or isinstance(number, bool):
            raise _wrong(path, "a whole number", number)
        if not SMALLEST_INTEGER <= number <= LARGEST_INTEGER:
            raise IppEncodeError(path, f"{number} does not fit into 32 bits")
    return struct.pack(f">{len(numbers)}i", *numbers)


def _wrong(path: str, wanted: str, content: object) -> IppEncodeError:
    return IppEncodeError(path, f"{content!r:.60} is not {wanted}")
