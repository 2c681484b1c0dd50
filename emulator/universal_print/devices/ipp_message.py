"""IPP messages in bytes and back (RFC 8010).

Written here because the client library at hand, pyipp 0.17.2, joins the document to the message in memory, ends every
request after a fixed time, has no encoding for ranges, resolutions and collections, and gives up a whole answer when
a printer uses an enumeration value that it does not know. Those are the ones that a print job needs.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum


class Tag(IntEnum):
    """Delimiter and value tags (RFC 8010 3.5). Values of any other tag are kept as bytes."""

    OPERATION = 0x01
    JOB = 0x02
    END = 0x03
    PRINTER = 0x04
    UNSUPPORTED = 0x05
    INTEGER = 0x21
    BOOLEAN = 0x22
    ENUM = 0x23
    OCTETS = 0x30
    DATE_TIME = 0x31
    RESOLUTION = 0x32
    RANGE = 0x33
    COLLECTION = 0x34
    TEXT_WITH_LANGUAGE = 0x35
    NAME_WITH_LANGUAGE = 0x36
    COLLECTION_END = 0x37
    TEXT = 0x41
    NAME = 0x42
    KEYWORD = 0x44
    URI = 0x45
    URI_SCHEME = 0x46
    CHARSET = 0x47
    LANGUAGE = 0x48
    MIME_TYPE = 0x49
    MEMBER_NAME = 0x4A


_TEXTS = frozenset(range(Tag.TEXT, Tag.MEMBER_NAME))
_NUMBERS = frozenset({Tag.INTEGER, Tag.ENUM})
_FIRST_VALUE_TAG = 0x10
_DEEPEST_COLLECTION = 16


class IppFormatError(ValueError):
    """The bytes are no IPP message; the message says where."""


@dataclass(frozen=True, slots=True)
class Span:
    """A rangeOfInteger; both ends belong to it."""

    lower: int
    upper: int


@dataclass(frozen=True, slots=True)
class Resolution:
    """Dots per inch (`units` 3) or per centimetre (4)."""

    cross_feed: int
    feed: int
    units: int = 3


@dataclass(frozen=True, slots=True)
class Localized:
    """A text or name that names its language."""

    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Value:
    """One value and its tag. The content of a value that is out of band (`unknown`, `no-value`) is empty bytes."""

    tag: int
    content: Content


type Content = bool | int | str | bytes | Span | Resolution | Localized | Mapping[str, Sequence[Value]]
type Attributes = Mapping[str, Sequence[Value]]


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer: `code` is the operation or the status; groups are in the order of the bytes."""

    code: int
    request_id: int
    groups: Sequence[tuple[int, Attributes]]
    version: tuple[int, int] = (2, 0)

    def group(self, tag: Tag) -> Attributes:
        """The first group with this tag, or an empty one."""
        return next((attributes for found, attributes in self.groups if found == tag), {})


def encode_message(message: Message) -> bytes:
    """The bytes of a message, to which a document may be appended."""
    output = bytearray(struct.pack(">BBHi", *message.version, message.code, message.request_id))
    for tag, attributes in message.groups:
        output.append(tag)
        for name, values in attributes.items():
            _put_values(output, name.encode(), values)
    output.append(Tag.END)
    return bytes(output)


def _put_values(output: bytearray, name: bytes, values: Sequence[Value]) -> None:
    for index, value in enumerate(values):
        _put(output, value.tag, name if index == 0 else b"", _content_bytes(value))
        if value.tag == Tag.COLLECTION and isinstance(value.content, Mapping):
            for member, member_values in value.content.items():
                _put(output, Tag.MEMBER_NAME, b"", member.encode())
                # Members are told apart by the name before them, so their own name is empty (RFC 8010 3.1.6).
                _put_values(output, b"", member_values)
            _put(output, Tag.COLLECTION_END, b"", b"")


def _put(output: bytearray, tag: int, name: bytes, content: bytes) -> None:
    output += struct.pack(">BH", tag, len(name)) + name + struct.pack(">H", len(content)) + content


def _content_bytes(value: Value) -> bytes:
    match value.content:
        case bool() as content:
            return b"\x01" if content else b"\x00"
        case int() as content:
            return struct.pack(">i", content)
        case str() as content:
            return content.encode()
        case bytes() as content:
            return content
        case Span(lower, upper):
            return struct.pack(">ii", lower, upper)
        case Resolution(cross_feed, feed, units):
            return struct.pack(">iib", cross_feed, feed, units)
        case Localized(language, text):
            pieces = (language.encode(), text.encode())
            return b"".join(struct.pack(">H", len(piece)) + piece for piece in pieces)
        case _:
            return b""


def decode_message(content: bytes) -> Message:
    """The message at the start of `content`. Raises IppFormatError."""
    try:
        return _Reader(content).message()
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise IppFormatError(f"the bytes are no whole IPP message ({error})") from error


def decode_group(content: bytes, tag: Tag) -> Attributes:
    """The attributes of a group that stands alone: its delimiter and nothing after it. Raises IppFormatError."""
    if content[:1] != bytes([tag]):
        raise IppFormatError(f"the bytes do not begin with the delimiter of the group, {tag.value:#04x}")
    attributes: dict[str, list[Value]] = {}
    # The reader stops at a delimiter: one of its own marks the end of the bytes.
    reader = _Reader(content + bytes([Tag.END]), 1)
    try:
        reader.fill(attributes)
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise IppFormatError(f"the bytes are no whole group of attributes ({error})") from error
    if reader.position < len(content):
        raise IppFormatError(f"another delimiter follows, at byte {reader.position}")
    return attributes


@dataclass(slots=True)
class _Reader:
    content: bytes
    position: int = field(default=8)

    def message(self) -> Message:
        major, minor, code, request_id = struct.unpack_from(">BBHi", self.content, 0)
        groups: list[tuple[int, dict[str, list[Value]]]] = []
        while (tag := self.content[self.position]) != Tag.END:
            self.position += 1
            if tag >= _FIRST_VALUE_TAG:
                raise IppFormatError(f"a value stands outside every group, at byte {self.position - 1}")
            attributes: dict[str, list[Value]] = {}
            self.fill(attributes)
            groups.append((tag, attributes))
        return Message(code, request_id, groups, (major, minor))

    def fill(self, attributes: dict[str, list[Value]]) -> None:
        """Read attributes up to the next delimiter."""
        values: list[Value] | None = None
        while (tag := self.content[self.position]) >= _FIRST_VALUE_TAG:
            name, content = self._field()
            if name:
                values = attributes.setdefault(name.decode(), [])
            if values is None:
                raise IppFormatError(f"a group begins with a value that has no name, at byte {self.position}")
            values.append(self._value(tag, content, 0))

    def _field(self) -> tuple[bytes, bytes]:
        """The name and value that follow the tag at the present position."""
        self.position += 1
        return self._piece(), self._piece()

    def _piece(self) -> bytes:
        (length,) = struct.unpack_from(">H", self.content, self.position)
        start = self.position + 2
        self.position = start + length
        if self.position > len(self.content):
            raise IppFormatError(f"the message ends within a field, at byte {start}")
        return self.content[start : self.position]

    def _value(self, tag: int, content: bytes, depth: int) -> Value:
        if tag == Tag.COLLECTION:
            return Value(tag, self._collection(depth + 1))
        return Value(tag, _decoded(tag, content))

    def _collection(self, depth: int) -> dict[str, list[Value]]:
        if depth > _DEEPEST_COLLECTION:
            raise IppFormatError("collections are nested too deeply")
        members: dict[str, list[Value]] = {}
        values: list[Value] | None = None
        while (tag := self.content[self.position]) != Tag.COLLECTION_END:
            _, content = self._field()
            if tag == Tag.MEMBER_NAME:
                values = members.setdefault(content.decode(), [])
            elif values is None:
                raise IppFormatError(f"a collection begins with a value that has no name, at byte {self.position}")
            else:
                values.append(self._value(tag, content, depth))
        self._field()
        return members


def _decoded(tag: int, content: bytes) -> Content:
    if tag in _NUMBERS:
        return int(struct.unpack(">i", content)[0])
    if tag == Tag.BOOLEAN:
        return content != b"\x00"
    if tag == Tag.RANGE:
        return Span(*struct.unpack(">ii", content))
    if tag == Tag.RESOLUTION:
        return Resolution(*struct.unpack(">iib", content))
    if tag in {Tag.TEXT_WITH_LANGUAGE, Tag.NAME_WITH_LANGUAGE}:
        (length,) = struct.unpack_from(">H", content, 0)
        return Localized(content[2 : 2 + length].decode(), content[4 + length :].decode())
    return content.decode() if tag in _TEXTS else content
