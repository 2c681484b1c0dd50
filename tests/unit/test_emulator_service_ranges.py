"""Arithmetic of byte ranges, held against a plain set of bytes."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from emulator.universal_print.byte_ranges import Range, add, missing, overlaps

SIZE = 60
RANGES = st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1)).map(lambda pair: (min(pair), max(pair)))


def bytes_of(ranges: list[Range]) -> set[int]:
    return {position for first, last in ranges for position in range(first, last + 1)}


@given(st.lists(RANGES, max_size=12), RANGES)
def test_ranges_are_as_good_as_a_set_of_bytes(parts: list[Range], further: Range) -> None:
    held: list[Range] = []
    for part in parts:
        held = add(held, part)
    assert bytes_of(held) == bytes_of(parts)
    assert bytes_of(missing(held, SIZE)) == set(range(SIZE)) - bytes_of(parts)
    assert overlaps(held, further) == bool(bytes_of(held) & bytes_of([further]))
    assert all(one[1] + 1 < other[0] for one, other in pairwise(held))
