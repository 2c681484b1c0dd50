"""Sets of byte ranges behave as sets of bytes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.upload.ranges import ALIGNMENT, ByteRange, ByteRanges, balanced_part_bytes

SPAN = 60


def bytes_of(ranges: ByteRanges) -> set[int]:
    return {byte for piece in ranges for byte in range(piece.start, piece.end + 1)}


@st.composite
def range_lists(draw: st.DrawFn) -> list[ByteRange]:
    pairs = draw(st.lists(st.tuples(st.integers(0, SPAN), st.integers(0, SPAN)), max_size=8))
    return [ByteRange(min(pair), max(pair)) for pair in pairs]


@given(range_lists())
def test_merging_keeps_the_bytes_in_the_fewest_ordered_ranges(ranges: list[ByteRange]) -> None:
    merged = ByteRanges.of(ranges)
    assert bytes_of(merged) == {byte for piece in ranges for byte in range(piece.start, piece.end + 1)}
    assert all(left.end + 1 < right.start for left, right in zip(merged.ranges, merged.ranges[1:], strict=False))
    assert merged.total() == len(bytes_of(merged))


@given(range_lists(), range_lists())
def test_union_difference_and_intersection_are_those_of_sets(left: list[ByteRange], right: list[ByteRange]) -> None:
    one, other = ByteRanges.of(left), ByteRanges.of(right)
    assert bytes_of(one.union(other)) == bytes_of(one) | bytes_of(other)
    assert bytes_of(one.difference(other)) == bytes_of(one) - bytes_of(other)
    assert bytes_of(one.intersection(other)) == bytes_of(one) & bytes_of(other)
    assert one.difference(other) == ByteRanges.of(one.difference(other).ranges)


@given(
    st.lists(st.tuples(st.integers(0, 20 * ALIGNMENT), st.integers(1, 9 * ALIGNMENT)), max_size=5),
    st.integers(1, 6),
)
def test_parts_cover_the_set_once_within_the_limit_and_end_on_the_grid(
    spans: list[tuple[int, int]], multiple: int
) -> None:
    missing = ByteRanges.of(ByteRange(start, start + length - 1) for start, length in spans)
    parts = list(missing.split(multiple * ALIGNMENT))
    assert ByteRanges.of(parts) == missing
    assert sum(len(part) for part in parts) == missing.total()
    ends = {piece.end for piece in missing}
    for part in parts:
        assert len(part) <= multiple * ALIGNMENT
        assert part.end in ends or (part.end + 1) % ALIGNMENT == 0


@given(range_lists())
def test_what_is_written_as_texts_is_read_back(ranges: list[ByteRange]) -> None:
    whole = ByteRanges.of(ranges)
    assert ByteRanges.parse([f"{piece.start}-{piece.end}" for piece in ranges], SPAN + 1) == whole


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["10-"], [ByteRange(10, 99)]),
        (["0-99"], [ByteRange(0, 99)]),
        (["0-100"], [ByteRange(0, 99)]),
        ([" 3-4 ", "5-6"], [ByteRange(3, 6)]),
        (["100-"], []),
        (["100-100"], []),
        (["120-150", "1-1"], [ByteRange(1, 1)]),
        ([], []),
    ],
)
def test_every_documented_form_is_read_and_cut_at_the_size(texts: list[str], expected: list[ByteRange]) -> None:
    assert list(ByteRanges.parse(texts, 100)) == expected


@pytest.mark.parametrize("text", ["", "-", "-5", "5", "5-4", "a-b", "1-2-3", "bytes 0-1", "1" * 5000 + "-"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        ByteRanges.parse([text], 100)


def test_a_part_after_a_resume_off_the_grid_brings_the_next_back_to_it() -> None:
    missing = ByteRanges((ByteRange(1000, 5 * ALIGNMENT),))
    starts = [part.start for part in missing.split(2 * ALIGNMENT)]
    assert starts == [1000, 2 * ALIGNMENT, 4 * ALIGNMENT]


def test_a_range_knows_its_header_and_its_length() -> None:
    assert ByteRange(5, 9).content_range(10) == "bytes 5-9/10"
    assert len(ByteRange(5, 9)) == 5
    with pytest.raises(ValueError):
        ByteRange(5, 4)


@given(st.integers(1, 1_000_000_000), st.integers(1, 4))
def test_balanced_parts_keep_the_limit_and_the_number_of_rounds(total: int, at_once: int) -> None:
    largest = 30 * ALIGNMENT
    part_bytes = balanced_part_bytes(total, largest=largest, at_once=at_once)
    assert part_bytes % ALIGNMENT == 0
    assert ALIGNMENT <= part_bytes <= largest
    parts = math.ceil(total / part_bytes)
    assert math.ceil(parts / at_once) == math.ceil(total / (largest * at_once))


def test_a_document_of_one_large_part_is_spread_over_all_senders() -> None:
    part_bytes = balanced_part_bytes(9_000_000, largest=30 * ALIGNMENT, at_once=4)
    assert len(list(ByteRanges.whole(9_000_000).split(part_bytes))) == 4
