"""Any IPP attributes, for property tests."""

from __future__ import annotations

import string

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from shared.ipp.values import (
    OUT_OF_BAND,
    STRINGS,
    Attribute,
    DateTime,
    IntegerRange,
    Localized,
    Resolution,
    Tag,
    Value,
)

_INTEGER = st.integers(-(2**31), 2**31 - 1)
_TEXT = st.text(max_size=12)
_NAME = st.text(string.ascii_lowercase + string.digits + "-_.", min_size=1, max_size=12)
_TIME = st.builds(
    DateTime,
    st.integers(0, 65535),
    st.integers(1, 12),
    st.integers(1, 31),
    st.integers(0, 23),
    st.integers(0, 59),
    st.integers(0, 60),
    st.integers(0, 9),
    st.sampled_from("+-"),
    st.integers(0, 14),
    st.integers(0, 59),
)
_SIMPLE = st.one_of(
    st.builds(Value, st.sampled_from([int(Tag.INTEGER), int(Tag.ENUM)]), _INTEGER),
    st.builds(Value, st.just(int(Tag.BOOLEAN)), st.booleans()),
    st.builds(Value, st.sampled_from(sorted(map(int, STRINGS))), _TEXT),
    st.builds(Value, st.sampled_from(sorted(map(int, OUT_OF_BAND))), st.just(b"")),
    st.builds(
        Value, st.sampled_from([int(Tag.OCTET_STRING), int(Tag.EXTENSION), 0x20, 0x39, 0xFF]), st.binary(max_size=9)
    ),
    st.builds(Value, st.just(int(Tag.DATE_TIME)), _TIME),
    st.builds(Value, st.just(int(Tag.RESOLUTION)), st.builds(Resolution, _INTEGER, _INTEGER, st.integers(-128, 127))),
    st.builds(Value, st.just(int(Tag.RANGE_OF_INTEGER)), st.builds(IntegerRange, _INTEGER, _INTEGER)),
    st.builds(
        Value,
        st.sampled_from([int(Tag.TEXT_WITH_LANGUAGE), int(Tag.NAME_WITH_LANGUAGE)]),
        st.builds(Localized, _TEXT, _TEXT),
    ),
)


def _named(values: SearchStrategy[Value]) -> SearchStrategy[tuple[Attribute, ...]]:
    some = st.lists(values, min_size=1, max_size=3).map(tuple)
    attributes = st.lists(st.builds(Attribute, _NAME, some), max_size=3, unique_by=lambda one: one.name)
    return attributes.map(tuple)


def groups() -> SearchStrategy[tuple[Attribute, ...]]:
    """Attributes of every syntax, collections within collections among them."""
    values = st.recursive(
        _SIMPLE, lambda inner: st.builds(Value, st.just(int(Tag.COLLECTION)), _named(inner)), max_leaves=6
    )
    return _named(values)
