"""Makes the two files of a partition from sorted rows, on the disk, and says what is in them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import IO

from shared.usage.csv_file import append_csv, begin_csv
from shared.usage.parquet_file import write_parquet
from shared.usage.tables import Cell, Table

type Total = int | float | str

_BATCH_ROWS = 4_000
_SUMMED = ("integer", "number", "decimal")


@dataclass(frozen=True, slots=True)
class FileMade:
    """One file: where it lies, its SHA-256 in hexadecimal and its size."""

    path: Path
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class FilesMade:
    """Both files of a partition, how many rows they have, and the sums of its columns of numbers."""

    parquet: FileMade
    csv: FileMade
    rows: int
    totals: Mapping[str, Total]


def make_files(table: Table, rows: Iterable[Sequence[Cell]], folder: Path) -> FilesMade:
    """Write the files into `folder`, over those of the partition before. The rows are in order already."""
    parquet, text = folder / "part.parquet", folder / "part.csv"
    sums = Sums(table)
    with text.open("w", encoding="utf-8", newline="") as file:
        begin_csv(table, file)
        write_parquet(table, _passing(table, iter(rows), file, sums), parquet)
    return FilesMade(_made(parquet), _made(text), sums.rows, sums.totals)


class Sums:
    """Adds up the columns of numbers. What is unknown adds nothing; decimals stay exact."""

    def __init__(self, table: Table) -> None:
        self._summed = [(place, column) for place, column in enumerate(table.columns) if column.kind in _SUMMED]
        self._sums: list[int | float | Decimal] = [
            Decimal(0) if column.kind == "decimal" else 0 for _, column in self._summed
        ]
        self.rows = 0

    def add(self, rows: Sequence[Sequence[Cell]]) -> None:
        """Count more rows."""
        self.rows += len(rows)
        for number, (place, column) in enumerate(self._summed):
            values = [value for row in rows if (value := row[place]) is not None]
            if column.kind == "decimal":
                self._sums[number] += sum((Decimal(str(value)) for value in values), Decimal(0))  # type: ignore[operator]
            else:
                self._sums[number] += sum(values)  # type: ignore[arg-type,operator]

    @property
    def totals(self) -> dict[str, Total]:
        """The sums by column name, decimals as text."""
        return {
            column.name: str(value) if isinstance(value, Decimal) else value
            for (_, column), value in zip(self._summed, self._sums, strict=True)
        }


def _passing(
    table: Table, rows: Iterator[Sequence[Cell]], file: IO[str], sums: Sums
) -> Iterator[Sequence[Sequence[Cell]]]:
    """The rows in batches, each written to the CSV file and counted on its way."""
    while batch := list(islice(rows, _BATCH_ROWS)):
        append_csv(table, batch, file)
        sums.add(batch)
        yield batch


def _made(path: Path) -> FileMade:
    with path.open("rb") as file:
        return FileMade(path, hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size)
