"""IPP attributes as a file that people read and edit: JSON that keeps the type of every value.

    {"attributes": {"copies-supported": {"rangeOfInteger": "1-999"},
                    "sides-supported": {"keyword": ["one-sided", "two-sided-long-edge"]},
                    "number-up-supported": [{"integer": 1}, {"rangeOfInteger": "2-4"}],
                    "printer-geo-location": {"unknown": null}}}

A type with a list is a 1setOf; a list of types is a 1setOf of several types. docs/ipp.md has every form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from shared.ipp.datetimes import datetime_from_text, datetime_to_text
from shared.ipp.enumerations import names_of
from shared.ipp.values import (
    INTEGERS,
    LARGEST_MESSAGE_BYTES,
    LOCALIZED,
    OUT_OF_BAND,
    STRINGS,
    Attribute,
    Content,
    DateTime,
    IntegerRange,
    IppError,
    Localized,
    Resolution,
    Tag,
    Value,
)

SYNTAXES: Mapping[str, Tag] = {
    "unsupported": Tag.UNSUPPORTED,
    "unknown": Tag.UNKNOWN,
    "no-value": Tag.NO_VALUE,
    "not-settable": Tag.NOT_SETTABLE,
    "delete-attribute": Tag.DELETE_ATTRIBUTE,
    "admin-define": Tag.ADMIN_DEFINE,
    "integer": Tag.INTEGER,
    "boolean": Tag.BOOLEAN,
    "enum": Tag.ENUM,
    "octetString": Tag.OCTET_STRING,
    "dateTime": Tag.DATE_TIME,
    "resolution": Tag.RESOLUTION,
    "rangeOfInteger": Tag.RANGE_OF_INTEGER,
    "collection": Tag.COLLECTION,
    "textWithLanguage": Tag.TEXT_WITH_LANGUAGE,
    "nameWithLanguage": Tag.NAME_WITH_LANGUAGE,
    "text": Tag.TEXT,
    "name": Tag.NAME,
    "keyword": Tag.KEYWORD,
    "uri": Tag.URI,
    "uriScheme": Tag.URI_SCHEME,
    "charset": Tag.CHARSET,
    "naturalLanguage": Tag.NATURAL_LANGUAGE,
    "mimeMediaType": Tag.MIME_MEDIA_TYPE,
}
_NAMES = {int(tag): name for name, tag in SYNTAXES.items()}
_OTHER = re.compile(r"tag-0x([0-9a-f]{2})", re.ASCII)
_RANGE = re.compile(r"(-?\d{1,10})-(-?\d{1,10})", re.ASCII)
_RESOLUTION = re.compile(r"(-?\d{1,10})(?:x(-?\d{1,10}))?(dpi|dpcm| units (-?\d{1,3}))", re.ASCII)
_UNITS = {3: "dpi", 4: "dpcm"}
_DEEPEST_FILE = 80


class IppDocumentError(IppError):
    """The file has no IPP attributes in its form; `path` names the place."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: {reason}")


def write_document(attributes: Sequence[Attribute]) -> str:
    """The text of the file."""
    return json.dumps(to_document(attributes), indent=2, ensure_ascii=False) + "\n"


def read_document(text: str) -> tuple[Attribute, ...]:
    """The attributes of the file's text. Raises IppDocumentError."""
    if len(text) > LARGEST_MESSAGE_BYTES:
        raise IppDocumentError("the file", f"it has more than {LARGEST_MESSAGE_BYTES} characters")
    try:
        document = json.loads(text, object_pairs_hook=_unique)
    except ValueError as error:
        raise IppDocumentError("the file", f"it is no JSON: {error}") from error
    except RecursionError as error:
        raise IppDocumentError("the file", "it is nested too deeply") from error
    return from_document(document)


def to_document(attributes: Sequence[Attribute]) -> dict[str, Any]:
    """The attributes as a JSON object."""
    return {"attributes": _members(attributes)}


def from_document(document: object) -> tuple[Attribute, ...]:
    """The attributes of a JSON object. Raises IppDocumentError.

    Says what the form allows; whether IPP can carry the values is for the encoder to say.
    """
    if not isinstance(document, dict) or document.keys() != {"attributes"}:
        raise IppDocumentError("the file", 'it is no object with "attributes" alone')
    return tuple(_attributes(document["attributes"], "attributes", 0))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise IppDocumentError(twice, "it occurs twice in its object")
    return members


def _members(attributes: Sequence[Attribute]) -> dict[str, Any]:
    return {attribute.name: _written(attribute) for attribute in attributes}


def _written(attribute: Attribute) -> Any:
    tags = {value.tag for value in attribute.values}
    contents = [_shown(value, attribute.name) for value in attribute.values]
    if len(tags) == 1:
        return {_syntax(attribute.values[0].tag): contents[0] if len(contents) == 1 else contents}
    return [{_syntax(value.tag): content} for value, content in zip(attribute.values, contents, strict=True)]


def _syntax(tag: int) -> str:
    return _NAMES.get(tag, f"tag-{tag:#04x}")


def _shown(value: Value, name: str) -> Any:
    content = value.content
    match content:
        case bytes():
            return _shown_octets(value.tag, content)
        case DateTime():
            return datetime_to_text(content)
        case IntegerRange(lower, upper):
            return f"{lower}-{upper}"
        case Resolution(cross_feed, feed, units):
            dots = f"{cross_feed}" if cross_feed == feed else f"{cross_feed}x{feed}"
            return dots + _UNITS.get(units, f" units {units}")
        case Localized(language, text):
            return {"language": language, "text": text}
        case tuple():
            return _members(content)
        case int() if value.tag == Tag.ENUM:
            return next((word for word, number in names_of(name).items() if number == content), content)
    return content


def _shown_octets(tag: int, octets: bytes) -> Any:
    if tag in OUT_OF_BAND and not octets:
        return None
    if tag == Tag.OCTET_STRING and all(0x20 <= octet < 0x7F for octet in octets):
        return octets.decode("ascii")
    return {"hex": octets.hex()}


def _attributes(members: object, path: str, depth: int) -> Iterator[Attribute]:
    if not isinstance(members, dict):
        raise IppDocumentError(path, "it is no object of attributes")
    if depth > _DEEPEST_FILE:
        raise IppDocumentError(path, "it is nested too deeply")
    for name, written in members.items():
        place = f"{path}.{name}"
        several = written if isinstance(written, list) else [written]
        values = tuple(value for one in several for value in _values(one, name, place, depth))
        if not values:
            raise IppDocumentError(place, "it has no value")
        yield Attribute(name, values)


def _values(written: object, name: str, path: str, depth: int) -> Iterator[Value]:
    if not isinstance(written, dict) or len(written) != 1:
        raise IppDocumentError(path, 'a value is an object with its type alone, as in {"integer": 1}')
    [(syntax, contents)] = written.items()
    tag = _tag(str(syntax), path)
    for content in contents if isinstance(contents, list) else [contents]:
        yield Value(tag, _content(tag, content, name, path, depth))


def _tag(syntax: str, path: str) -> int:
    if syntax in SYNTAXES:
        return int(SYNTAXES[syntax])
    other = _OTHER.fullmatch(syntax)
    if other is None:
        raise IppDocumentError(path, f"{syntax!r} is no type; there are {', '.join(SYNTAXES)}, and tag-0x… by number")
    return int(other[1], 16)


def _content(tag: int, content: object, name: str, path: str, depth: int) -> Content:
    if isinstance(content, dict) and content.keys() == {"hex"} and tag != Tag.COLLECTION:
        return _from_hex(content["hex"], path)
    if tag in OUT_OF_BAND and content is None:
        return b""
    if tag in INTEGERS and isinstance(content, int) and not isinstance(content, bool):
        return content
    if tag == Tag.ENUM and isinstance(content, str):
        return _from_name(content, name, path)
    if tag == Tag.BOOLEAN and isinstance(content, bool):
        return content
    if tag == Tag.COLLECTION:
        return tuple(_attributes(content, path, depth + 1))
    if tag in LOCALIZED and isinstance(content, dict) and content.keys() == {"language", "text"}:
        language, text = content["language"], content["text"]
        if isinstance(language, str) and isinstance(text, str):
            return Localized(language, text)
    if isinstance(content, str):
        return _from_text(tag, content, path)
    raise _wrong(tag, content, path)


def _from_text(tag: int, text: str, path: str) -> Content:
    if tag in STRINGS:
        return text
    if tag == Tag.OCTET_STRING and text.isascii():
        return text.encode("ascii")
    if tag == Tag.RANGE_OF_INTEGER and (found := _RANGE.fullmatch(text)):
        return IntegerRange(int(found[1]), int(found[2]))
    if tag == Tag.RESOLUTION and (found := _RESOLUTION.fullmatch(text)):
        units = int(found[4]) if found[4] else 3 if found[3] == "dpi" else 4
        return Resolution(int(found[1]), int(found[2] or found[1]), units)
    if tag == Tag.DATE_TIME:
        try:
            return datetime_from_text(text)
        except ValueError as error:
            raise IppDocumentError(path, str(error)) from error
    raise _wrong(tag, text, path)


def _from_hex(digits: object, path: str) -> bytes:
    try:
        return bytes.fromhex(str(digits))
    except ValueError as error:
        raise IppDocumentError(path, f"{digits!r:.40} are no hexadecimal digits") from error


def _from_name(word: str, name: str, path: str) -> int:
    known = names_of(name)
    if word not in known:
        offered = f"known names are {', '.join(known)}" if known else "this attribute takes numbers"
        raise IppDocumentError(path, f"{word!r:.40} is no name of a value; {offered}")
    return known[word]


def _wrong(tag: int, content: object, path: str) -> IppDocumentError:
    return IppDocumentError(path, f"{content!r:.60} is not of the type {_syntax(tag)}")
