"""Arithmetic on sets of byte ranges: pairs of first and last byte, both inclusive, in order and never touching."""

from __future__ import annotations

type Range = tuple[int, int]


def add(held: list[Range], new: Range) -> list[Range]:
    """`held` with `new` in it; neighbours grow together."""
    start, end = new
    result: list[Range] = []
    for first, last in held:
        if last + 1 < start or end + 1 < first:
            result.append((first, last))
        else:
            start, end = min(start, first), max(end, last)
    result.append((start, end))
    return sorted(result)


def overlaps(held: list[Range], new: Range) -> bool:
    """Whether any byte of `new` is held already."""
    return any(first <= new[1] and new[0] <= last for first, last in held)


def missing(held: list[Range], size: int) -> list[Range]:
    """What `held` lacks of `size` bytes."""
    result: list[Range] = []
    position = 0
    for first, last in held:
        if first > position:
            result.append((position, first - 1))
        position = last + 1
    if position < size:
        result.append((position, size - 1))
    return result
