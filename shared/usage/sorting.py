"""Sorts any number of rows in bounded memory: sorted runs on the disk, merged as they are read."""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count, groupby
from operator import itemgetter
from pathlib import Path

from shared.usage.tables import Cell

type Row = Sequence[Cell]
type SortKey = tuple[str, ...]

# Of each run so many rows are in memory while runs are merged.
_BLOCK_ROWS = 200
# More runs than these are first merged into one, which bounds files and memory whatever the number of rows.
_MOST_RUNS = 50


class Sorter:
    """Collects rows `(partition, *cells)`, then gives them sorted by partition and `key`, equal rows once.

    Runs lie in `folder` as lines of JSON, which belongs to the caller.
    """

    def __init__(self, folder: Path, key: Callable[[Row], SortKey], rows_in_memory: int) -> None:
        self._folder = folder
        self._key = key
        self._limit = rows_in_memory
        self._rows: list[Row] = []
        self._numbers = count()
        self.runs: list[Path] = []

    def add(self, rows: Iterable[Row]) -> None:
        """Take more rows."""
        self._rows.extend(rows)
        if len(self._rows) >= self._limit:
            self.spill()

    def spill(self) -> None:
        """Put what is in memory onto the disk."""
        if not self._rows:
            return
        if len(self.runs) >= _MOST_RUNS:
            merged = self._write(heapq.merge(*map(_read, self.runs), key=self._key))
            for run in self.runs:
                run.unlink()
            self.runs = [merged]
        self._rows.sort(key=self._key)
        self.runs.append(self._write(self._rows))
        self._rows = []

    def sorted(self) -> Iterator[Row]:
        """Every row in order. Rows with the same key are ordered by all that they hold."""
        self._rows.sort(key=self._key)
        if self.runs:
            merged: Iterator[Row] = heapq.merge(*map(_read, self.runs), self._rows, key=self._key)
        else:
            merged = iter(self._rows)
        return _settled(merged, self._key)

    def _write(self, rows: Iterable[Row]) -> Path:
        path = self._folder / f"run-{next(self._numbers):06}.jsonl"
        block: list[Row] = []
        with path.open("w", encoding="utf-8", newline="\n") as file:
            for row in rows:
                block.append(row)
                if len(block) == _BLOCK_ROWS:
                    file.write(json.dumps(block, separators=(",", ":")) + "\n")
                    block = []
            if block:
                file.write(json.dumps(block, separators=(",", ":")) + "\n")
        return path


def sort_key(places: Sequence[int]) -> Callable[[Row], SortKey]:
    """A key from the partition and the cells at `places` of a row `(partition, *cells)`; nothing comes first."""
    taken = itemgetter(0, *(place + 1 for place in places))

    def key(row: Row) -> SortKey:
        values: SortKey = taken(row)
        # Most keys are texts throughout, and then need no copy.
        return values if all(type(value) is str for value in values) else tuple(map(_sortable, values))

    return key


def _sortable(value: object) -> str:
    if value is None:
        return ""
    # Numbers in an order of their own, whatever their length; what matters is that it is always the same.
    return f"{value:+025}" if isinstance(value, int) else str(value)


def _settled(rows: Iterable[Row], key: Callable[[Row], SortKey]) -> Iterator[Row]:
    for _, group in groupby(rows, key):
        alike = list(group)
        if len(alike) > 1:
            texts = {json.dumps(row): row for row in alike}
            alike = [texts[text] for text in sorted(texts)]
        yield from alike


def _read(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield from json.loads(line)
