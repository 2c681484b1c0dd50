"""Whatever JSON there is, for parsers of outside input."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

ODD = [
    "", " ", "\x00", "é", "../x", "[", "-1", "1e999", "2026-11-01", "2026-11-01T00:00:00Z", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00", "http://[", "https://graph.example/v1.0/print/printers/p/jobs/7",
]  # fmt: skip
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=12) | st.sampled_from(ODD)
)


def json_values(*names: str) -> st.SearchStrategy[Any]:
    """Any value; objects have some of these names."""
    keys = st.sampled_from(names) | st.text(max_size=4) if names else st.text(max_size=4)
    return st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=10
    )


def changed(whole: Mapping[str, Any], values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A good object with some members of another kind, and some missing."""
    others = st.dictionaries(st.sampled_from(sorted(whole)), values, max_size=3)
    missing = st.sets(st.sampled_from(sorted(whole)), max_size=2)
    return st.builds(
        lambda other, gone: {name: value for name, value in {**whole, **other}.items() if name not in gone},
        others,
        missing,
    )


def bodies(values: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    """What may come as the body of a request or an answer: such JSON, deep JSON, no JSON."""
    deep = st.sampled_from([b"[" * 100_000, b'{"error":' * 100_000, b"", b"\xff\xfe", b'"\\ud800"', b"NaN"])
    return st.binary(max_size=60) | deep | values.map(lambda value: json.dumps(value).encode())
