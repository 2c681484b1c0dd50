"""Cuts reports into pages."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

# One page looks through no more records than this, and may be short or empty for it.
MOST_SCANNED = 150_000

type Row = dict[str, Any]
# The rows of one day or month, and how many records were looked at for them.
type Rows = Callable[[date], tuple[list[Row], int]]


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page begins: in the group of `group`, after `offset` of its rows. An `empty` page shows none."""

    group: date
    offset: int = 0
    empty: bool = False

    def written(self) -> list[Any]:
        """In the form that a token holds."""
        return [self.group.isoformat(), self.offset, self.empty]

    @classmethod
    def read(cls, place: list[Any] | None) -> Self | None:
        """What `written` gave; None for the first page."""
        return cls(date.fromisoformat(place[0]), *place[1:]) if place is not None else None


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, and where the next page begins."""

    rows: list[Row]
    following: Position | None


def in_order(groups: Iterable[date]) -> list[date]:
    """The groups as lists have them. Graph promises no order, so that this is not the order of time."""
    return sorted(groups, key=_rank)


def cut(groups: list[date], rows_of: Rows, start: Position | None, size: int, *, empty_pages: bool) -> Page:
    """One page of at most `size` rows. `groups` are in order; with `empty_pages` the second page has no rows."""
    if start is not None and start.empty:
        return Page([], Position(start.group, start.offset))
    rows: list[Row] = []
    scanned = 0
    for group in groups if start is None else [one for one in groups if _rank(one) >= _rank(start.group)]:
        offset = start.offset if start is not None and group == start.group else 0
        if len(rows) >= size or scanned >= MOST_SCANNED:
            return Page(rows, Position(group, offset, empty_pages and start is None))
        found, looked_at = rows_of(group)
        scanned += looked_at
        room = size - len(rows)
        rows += found[offset : offset + room]
        if offset + room < len(found):
            return Page(rows, Position(group, offset + room, empty_pages and start is None))
    return Page(rows, None)


def _rank(group: date) -> tuple[int, date]:
    return zlib.crc32(group.isoformat().encode()), group
