"""IPP attributes from bytes (RFC 8010 3), strictly: what is accepted here encodes to the very same bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from shared.ipp.datetimes import datetime_from_octets
from shared.ipp.values import (
    DEEPEST_COLLECTION,
    FIRST_VALUE_TAG,
    INTEGERS,
    LARGEST_MESSAGE_BYTES,
    LOCALIZED,
    LONGEST_NAME_BYTES,
    LONGEST_VALUE_BYTES,
    STRINGS,
    STRUCTURE,
    Attribute,
    Content,
    Group,
    GroupTag,
    IntegerRange,
    IppDecodeError,
    Localized,
    Message,
    Resolution,
    Tag,
    Value,
)

_HEADER_BYTES = 8
_BOOLEANS = {b"\x00": False, b"\x01": True}


def decode_response(content: bytes) -> Message:
    """A whole message: header, groups, end tag and nothing after it. Raises IppDecodeError."""
    return _message(_Reader(content))


def decode_printers_answer(content: bytes) -> tuple[Message, tuple[str, ...]]:
    """As decode_response, but an attribute that occurs again in its group is dropped; the names of those.

    Printers are known to repeat attributes (HPInc/jipp issue 133), and no administrator can mend a printer's program.
    Raises IppDecodeError.
    """
    reader = _Reader(content, keep_first=True)
    return _message(reader), tuple(reader.repeated)


def _message(reader: _Reader) -> Message:
    major, minor, code, request_id = struct.unpack(">BBHi", reader.take(_HEADER_BYTES, "the header"))
    groups: list[Group] = []
    while (tag := reader.tag()) != GroupTag.END:
        groups.append(Group(tag, tuple(reader.attributes())))
    reader.expect_the_end("something follows the end tag")
    return Message((major, minor), code, request_id, tuple(groups))


def decode_group(content: bytes, tag: GroupTag = GroupTag.PRINTER) -> tuple[Attribute, ...]:
    """One group that stands alone, as Graph takes it: its delimiter, attributes, and no end tag.

    Raises IppDecodeError.
    """
    reader = _Reader(content)
    if reader.tag() != tag:
        raise IppDecodeError(0, f"the group does not begin with its delimiter, {tag.value:#04x}")
    attributes = tuple(reader.attributes())
    reader.expect_the_end("another delimiter follows the group")
    return attributes


class _Reader:
    def __init__(self, content: bytes, *, keep_first: bool = False) -> None:
        if len(content) > LARGEST_MESSAGE_BYTES:
            raise IppDecodeError(LARGEST_MESSAGE_BYTES, f"there are more than {LARGEST_MESSAGE_BYTES} bytes")
        self._content = content
        self._keep_first = keep_first
        self.repeated: list[str] = []
        self.position = 0

    def expect_the_end(self, otherwise: str) -> None:
        """Nothing is left."""
        if self.position < len(self._content):
            raise IppDecodeError(self.position, otherwise)

    def take(self, count: int, what: str) -> bytes:
        """The next `count` bytes."""
        start, end = self.position, self.position + count
        if end > len(self._content):
            raise IppDecodeError(start, f"the bytes end within {what}")
        self.position = end
        return self._content[start:end]

    def tag(self) -> int:
        """The delimiter at this place."""
        tag = self.take(1, "a message without an end tag")[0]
        if not 0 < tag < FIRST_VALUE_TAG:
            raise IppDecodeError(self.position - 1, f"tag {tag:#04x} is no delimiter")
        return tag

    def attributes(self) -> Iterator[Attribute]:
        """The attributes up to the next delimiter or the end of the bytes."""
        seen: set[str] = set()
        while (tag := self._peek()) is not None and tag >= FIRST_VALUE_TAG:
            start = self.position
            name = self._name(self._field("a tag and the name of an attribute"), start)
            if name in seen and not self._keep_first:
                # RFC 8011 4.1.3: such a group is malformed.
                raise IppDecodeError(start, f"{name} occurs twice in its group")
            values = [self._value(tag, start, 0)]
            while self._continues():
                start = self.position
                tag = self._next_tag()
                self._field("a name")
                values.append(self._value(tag, start, 0))
            if name in seen:
                self.repeated.append(name)
                continue
            seen.add(name)
            yield Attribute(name, tuple(values))

    def _peek(self) -> int | None:
        return self._content[self.position] if self.position < len(self._content) else None

    def _continues(self) -> bool:
        """Whether a further value of the same 1setOf follows: a value tag and an empty name."""
        following = self._content[self.position : self.position + 3]
        return len(following) == 3 and following[0] >= FIRST_VALUE_TAG and following[1:] == b"\x00\x00"

    def _next_tag(self) -> int:
        return self._content[self.position]

    def _field(self, what: str) -> bytes:
        """The tag at this place and the name after it."""
        self.take(1, what)
        return self._piece("a name")

    def _piece(self, what: str) -> bytes:
        start = self.position
        (length,) = struct.unpack(">H", self.take(2, f"the length of {what}"))
        if length > LONGEST_VALUE_BYTES:
            raise IppDecodeError(start, f"the length of {what} is negative")
        return self.take(length, what)

    def _name(self, octets: bytes, offset: int) -> str:
        if not octets:
            raise IppDecodeError(offset, "a value has no name, and no attribute comes before it")
        if len(octets) > LONGEST_NAME_BYTES:
            raise IppDecodeError(offset, f"a name has more than {LONGEST_NAME_BYTES} bytes")
        if not all(0x20 < octet < 0x7F for octet in octets):
            raise IppDecodeError(offset, "a name has characters other than printable ASCII")
        return octets.decode("ascii")

    def _value(self, tag: int, offset: int, depth: int) -> Value:
        """The value whose tag, at `offset`, and name were read."""
        if tag in STRUCTURE:
            raise IppDecodeError(offset, f"tag {tag:#04x} stands outside of a collection")
        start = self.position + 2
        octets = self._piece("a value")
        if tag != Tag.COLLECTION:
            return Value(tag, _content(tag, octets, start))
        if octets:
            raise IppDecodeError(start, "the beginning of a collection has a value")
        if depth == DEEPEST_COLLECTION:
            raise IppDecodeError(offset, f"collections are nested deeper than {DEEPEST_COLLECTION}")
        return Value(tag, tuple(self._members(depth + 1)))

    def _members(self, depth: int) -> Iterator[Attribute]:
        seen: set[str] = set()
        while True:
            start = self.position
            tag, octets = self._structural()
            if tag == Tag.END_COLLECTION:
                if octets:
                    raise IppDecodeError(start, "the end of a collection has a value")
                return
            name = self._name(octets, start)
            if name in seen:
                raise IppDecodeError(start, f"{name} occurs twice in its collection")
            seen.add(name)
            values: list[Value] = []
            while (tag := self._peek() or 0) not in STRUCTURE:
                value_start = self.position
                if self._field("a collection"):
                    raise IppDecodeError(value_start, "a value within a collection has a name of its own")
                if tag < FIRST_VALUE_TAG:
                    raise IppDecodeError(value_start, f"a collection is not ended before delimiter {tag:#04x}")
                values.append(self._value(tag, value_start, depth))
            if not values:
                raise IppDecodeError(start, f"member {name} of a collection has no value")
            yield Attribute(name, tuple(values))

    def _structural(self) -> tuple[int, bytes]:
        """The member name, or the end of the collection, at this place."""
        start = self.position
        tag = self._peek()
        if tag is None:
            raise IppDecodeError(start, "the bytes end within a collection")
        if tag not in STRUCTURE:
            raise IppDecodeError(start, f"tag {tag:#04x} stands where a collection names a member or ends")
        if self._field("a collection"):
            raise IppDecodeError(start, "a value within a collection has a name of its own")
        return tag, self._piece("a member's name")


def _content(tag: int, octets: bytes, offset: int) -> Content:
    if tag in INTEGERS:
        return int(struct.unpack(">i", _sized(octets, 4, offset))[0])
    if tag == Tag.BOOLEAN:
        if octets not in _BOOLEANS:
            raise IppDecodeError(offset, "a boolean is neither 00 nor 01")
        return _BOOLEANS[octets]
    if tag == Tag.RANGE_OF_INTEGER:
        return IntegerRange(*struct.unpack(">ii", _sized(octets, 8, offset)))
    if tag == Tag.RESOLUTION:
        return Resolution(*struct.unpack(">iib", _sized(octets, 9, offset)))
    if tag == Tag.DATE_TIME:
        try:
            return datetime_from_octets(_sized(octets, 11, offset))
        except ValueError as error:
            raise IppDecodeError(offset, str(error)) from error
    if tag in LOCALIZED:
        return _localized(octets, offset)
    if tag in STRINGS:
        try:
            return octets.decode()
        except UnicodeDecodeError:
            return octets
    return octets


def _sized(octets: bytes, size: int, offset: int) -> bytes:
    if len(octets) != size:
        raise IppDecodeError(offset, f"a value has {len(octets)} bytes where its tag asks for {size}")
    return octets


def _localized(octets: bytes, offset: int) -> Content:
    """Its two strings; the bytes themselves where they are not UTF-8."""
    pieces: list[bytes] = []
    at = 0
    for what in ("language", "text"):
        if at + 2 > len(octets):
            raise IppDecodeError(offset + at, f"a value ends before the length of its {what}")
        (length,) = struct.unpack_from(">H", octets, at)
        at += 2
        if at + length > len(octets):
            raise IppDecodeError(offset + at, f"a value ends within its {what}")
        pieces.append(octets[at : at + length])
        at += length
    if at != len(octets):
        raise IppDecodeError(offset + at, "something follows the text within its value")
    try:
        return Localized(pieces[0].decode(), pieces[1].decode())
    except UnicodeDecodeError:
        return octets
