"""Short ways to write attributes down."""

from __future__ import annotations

import re
from collections.abc import Iterable

from shared.ipp.values import Attribute, IntegerRange, Resolution, Tag, Value

_KEYWORD = re.compile(r"[a-z0-9][a-z0-9._-]*", re.ASCII)


def strings(name: str, tag: Tag, texts: Iterable[str]) -> Attribute:
    """Keywords, MIME types, URIs and the like."""
    return Attribute(name, tuple(Value(tag, text) for text in texts))


def keywords(name: str, *words: str) -> Attribute:
    """An attribute of keywords."""
    return strings(name, Tag.KEYWORD, words)


def words(name: str, *texts: str) -> Attribute:
    """An attribute of type keyword | name: a text that is no keyword (RFC 8011 5.1.4) travels as a name."""
    tags = ((Tag.KEYWORD if _KEYWORD.fullmatch(text) else Tag.NAME, text) for text in texts)
    return Attribute(name, tuple(Value(tag, text) for tag, text in tags))


def integers(name: str, *numbers: int) -> Attribute:
    """An attribute of integers."""
    return Attribute(name, tuple(Value(Tag.INTEGER, number) for number in numbers))


def enums(name: str, *numbers: int) -> Attribute:
    """An attribute of enum values."""
    return Attribute(name, tuple(Value(Tag.ENUM, number) for number in numbers))


def boolean(name: str, truth: bool) -> Attribute:
    """A boolean attribute."""
    return Attribute(name, (Value(Tag.BOOLEAN, truth),))


def integer_range(name: str, lower: int, upper: int) -> Attribute:
    """An attribute of one range."""
    return Attribute(name, (Value(Tag.RANGE_OF_INTEGER, IntegerRange(lower, upper)),))


def resolutions(name: str, *dots_per_inch: int) -> Attribute:
    """An attribute of square resolutions in dots per inch."""
    return Attribute(name, tuple(Value(Tag.RESOLUTION, Resolution(dots, dots)) for dots in dots_per_inch))


def collections(name: str, *members: tuple[Attribute, ...]) -> Attribute:
    """An attribute of collections."""
    return Attribute(name, tuple(Value(Tag.COLLECTION, each) for each in members))
