"""Sets of byte ranges: what an upload session still lacks, as a value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# Graph: upload-data-to-upload-session recommends parts that are multiples of 320 KiB.
ALIGNMENT = 320 * 1024

# No service names an offset of more digits, and Python refuses to read texts of thousands of them.
_RANGE = re.compile(r"(\d{1,19})-(\d{1,19})?")


@dataclass(frozen=True, slots=True, order=True)
class ByteRange:
    """The bytes from `start` to `end`, both inclusive as in Content-Range. Raises ValueError for an empty range."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"{self.start}-{self.end} is not a range of bytes")

    def __len__(self) -> int:
        return self.end - self.start + 1

    def content_range(self, size: int) -> str:
        """The Content-Range header of a request that sends this range of a document of `size` bytes."""
        return f"bytes {self.start}-{self.end}/{size}"


@dataclass(frozen=True, slots=True)
class ByteRanges:
    """An immutable set of bytes, kept as the fewest ranges in ascending order. Make it with `of` or `parse`."""

    ranges: tuple[ByteRange, ...] = ()

    @classmethod
    def of(cls, ranges: Iterable[ByteRange]) -> ByteRanges:
        """The union of `ranges`, which may overlap, touch and come in any order."""
        merged: list[ByteRange] = []
        for piece in sorted(ranges):
            if merged and piece.start <= merged[-1].end + 1:
                merged[-1] = ByteRange(merged[-1].start, max(merged[-1].end, piece.end))
            else:
                merged.append(piece)
        return cls(tuple(merged))

    @classmethod
    def whole(cls, size: int) -> ByteRanges:
        """Every byte of a document of `size` bytes."""
        return cls((ByteRange(0, size - 1),)) if size > 0 else cls()

    @classmethod
    def parse(cls, texts: Iterable[str], size: int) -> ByteRanges:
        """Read `nextExpectedRanges` of a document of `size` bytes (Graph: uploadSession).

        Takes "a-b" and "a-" (to the end). An end at or past `size` is cut to the last byte, because a documented
        answer ends at `size` itself, and a range wholly past the end is empty. Raises ValueError for anything else.
        """
        found: list[ByteRange] = []
        for text in texts:
            match = _RANGE.fullmatch(text.strip())
            if match is None:
                raise ValueError("an expected range is neither 'a-b' nor 'a-'")
            start = int(match[1])
            end = int(match[2]) if match[2] is not None else size - 1
            if match[2] is not None and end < start:
                raise ValueError("an expected range ends before it starts")
            if start < size:
                found.append(ByteRange(start, min(end, size - 1)))
        return cls.of(found)

    def __iter__(self) -> Iterator[ByteRange]:
        return iter(self.ranges)

    def __bool__(self) -> bool:
        return bool(self.ranges)

    def total(self) -> int:
        """How many bytes the set holds."""
        return sum(len(piece) for piece in self.ranges)

    def union(self, other: ByteRanges) -> ByteRanges:
        """The bytes that are in either set."""
        return ByteRanges.of((*self.ranges, *other.ranges))

    def difference(self, other: ByteRanges) -> ByteRanges:
        """The bytes of this set that are not in `other`."""
        left: list[ByteRange] = []
        holes = list(other.ranges)
        for piece in self.ranges:
            start = piece.start
            for hole in holes:
                if hole.end < start:
                    continue
                if hole.start > piece.end:
                    break
                if hole.start > start:
                    left.append(ByteRange(start, hole.start - 1))
                start = hole.end + 1
            if start <= piece.end:
                left.append(ByteRange(start, piece.end))
        return ByteRanges(tuple(left))

    def intersection(self, other: ByteRanges) -> ByteRanges:
        """The bytes that are in both sets."""
        return self.difference(self.difference(other))

    def first_part(self, part_bytes: int) -> ByteRange | None:
        """The next part to send: at most `part_bytes` from the first range, ending on the grid where it can.

        `part_bytes` is at least `ALIGNMENT`. A part that starts off the grid, after a resume, ends on it, so that
        the parts after it are whole again. None when the set is empty.
        """
        if not self.ranges:
            return None
        first = self.ranges[0]
        after = (first.start + part_bytes) // ALIGNMENT * ALIGNMENT
        return ByteRange(first.start, min(first.end, after - 1))

    def split(self, part_bytes: int) -> Iterator[ByteRange]:
        """The set as parts, in ascending order; see `first_part`."""
        left = self
        while (part := left.first_part(part_bytes)) is not None:
            yield part
            left = left.difference(ByteRanges((part,)))


def balanced_part_bytes(total: int, *, largest: int, at_once: int, smallest: int = 4 * ALIGNMENT) -> int:
    """The part size, a multiple of `ALIGNMENT`, that ends all of `at_once` senders at about the same time.

    `total` bytes are to be sent in parts of at most `largest`. Without this a 10 MB document would be one part and
    a remnant, and three senders would stand idle. Below `smallest` a further request costs more than it saves.
    """
    rounds = max(1, -(-total // (largest * at_once)))
    even = -(-total // (rounds * at_once))
    aligned = -(-even // ALIGNMENT) * ALIGNMENT
    return min(largest // ALIGNMENT * ALIGNMENT, max(smallest, aligned))
