"""The attributes of IPP as values: what RFC 8010 3.5 and RFC 8011 5.1 call attribute syntaxes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from shared.errors import PrintFunctionsError

# RFC 8010 3.1: a length is a SIGNED-SHORT, a name a keyword of at most 255 octets (RFC 8011 5.1.4).
LONGEST_VALUE_BYTES = 0x7FFF
LONGEST_NAME_BYTES = 255
SMALLEST_INTEGER = -(2**31)
LARGEST_INTEGER = 2**31 - 1
# Registered collections nest a few levels deep; this many are noise or an attack.
DEEPEST_COLLECTION = 16
LARGEST_MESSAGE_BYTES = 8 * 1024 * 1024


class IppError(PrintFunctionsError):
    """The root of what goes wrong with IPP attributes."""


class IppDecodeError(IppError):
    """The bytes are no IPP; `offset` is the byte, counted from 0, where that shows."""

    def __init__(self, offset: int, reason: str) -> None:
        self.offset = offset
        self.reason = reason
        super().__init__(f"at byte {offset}: {reason}")


class IppEncodeError(IppError):
    """An attribute has a value that IPP cannot carry; `path` names it, members of collections after a dot."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: {reason}")


class GroupTag(IntEnum):
    """Delimiters (RFC 8010 3.5.1). A group of another delimiter is kept under its number."""

    OPERATION = 0x01
    JOB = 0x02
    END = 0x03
    PRINTER = 0x04
    UNSUPPORTED = 0x05


class Tag(IntEnum):
    """Value tags (RFC 8010 3.5.2; not-settable, delete-attribute and admin-define: RFC 3380)."""

    UNSUPPORTED = 0x10
    UNKNOWN = 0x12
    NO_VALUE = 0x13
    NOT_SETTABLE = 0x15
    DELETE_ATTRIBUTE = 0x16
    ADMIN_DEFINE = 0x17
    INTEGER = 0x21
    BOOLEAN = 0x22
    ENUM = 0x23
    OCTET_STRING = 0x30
    DATE_TIME = 0x31
    RESOLUTION = 0x32
    RANGE_OF_INTEGER = 0x33
    COLLECTION = 0x34
    TEXT_WITH_LANGUAGE = 0x35
    NAME_WITH_LANGUAGE = 0x36
    END_COLLECTION = 0x37
    TEXT = 0x41
    NAME = 0x42
    KEYWORD = 0x44
    URI = 0x45
    URI_SCHEME = 0x46
    CHARSET = 0x47
    NATURAL_LANGUAGE = 0x48
    MIME_MEDIA_TYPE = 0x49
    MEMBER_NAME = 0x4A
    EXTENSION = 0x7F


FIRST_VALUE_TAG = 0x10
OUT_OF_BAND = frozenset(
    {Tag.UNSUPPORTED, Tag.UNKNOWN, Tag.NO_VALUE, Tag.NOT_SETTABLE, Tag.DELETE_ATTRIBUTE, Tag.ADMIN_DEFINE}
)
INTEGERS = frozenset({Tag.INTEGER, Tag.ENUM})
LOCALIZED = frozenset({Tag.TEXT_WITH_LANGUAGE, Tag.NAME_WITH_LANGUAGE})
STRINGS = frozenset(
    {
        Tag.TEXT,
        Tag.NAME,
        Tag.KEYWORD,
        Tag.URI,
        Tag.URI_SCHEME,
        Tag.CHARSET,
        Tag.NATURAL_LANGUAGE,
        Tag.MIME_MEDIA_TYPE,
    }
)
# They build collections and are no values.
STRUCTURE = frozenset({Tag.END_COLLECTION, Tag.MEMBER_NAME})


@dataclass(frozen=True, slots=True)
class IntegerRange:
    """A rangeOfInteger; both ends belong to it."""

    lower: int
    upper: int


@dataclass(frozen=True, slots=True)
class Resolution:
    """A resolution; `units` 3 is dots per inch, 4 dots per centimetre (RFC 8011 5.1.16)."""

    cross_feed: int
    feed: int
    units: int = 3


@dataclass(frozen=True, slots=True)
class DateTime:
    """A dateTime as it travels (RFC 2579 DateAndTime). `direction` is + or -, and -00:00 differs from +00:00."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    decisecond: int
    direction: str
    utc_hours: int
    utc_minutes: int


@dataclass(frozen=True, slots=True)
class Localized:
    """A textWithLanguage or nameWithLanguage."""

    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Value:
    """One value and its tag.

    `content` is int for integer and enum, bool for boolean, str for the character strings, a tuple of Attributes for a
    collection, and bytes for octetString, for out-of-band values (empty), for tags that are not known here, and for a
    character string that is not UTF-8: RFC 8011 4.1.4 lets a printer speak another charset, and the bytes must survive.
    """

    tag: int
    content: Content


@dataclass(frozen=True, slots=True)
class Attribute:
    """A named attribute, or a named member of a collection. More than one value is a 1setOf."""

    name: str
    values: tuple[Value, ...]


type Content = bool | int | str | bytes | IntegerRange | Resolution | DateTime | Localized | tuple[Attribute, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The attributes after one delimiter."""

    tag: int
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer: `code` is the operation or the status (RFC 8010 3.1.1)."""

    version: tuple[int, int]
    code: int
    request_id: int
    groups: tuple[Group, ...]

    def group(self, tag: GroupTag) -> tuple[Attribute, ...]:
        """The attributes of the first group with this tag, or none."""
        return next((group.attributes for group in self.groups if group.tag == tag), ())
