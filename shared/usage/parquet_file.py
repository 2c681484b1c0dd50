"""Parquet files of exported tables, typed, and the same bytes for the same rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from shared.usage.tables import Cell, Table

CREATED_BY = "universal-print-functions"


def write_parquet(table: Table, batches: Iterable[Sequence[Sequence[Cell]]], path: Path) -> None:
    """Write batches of rows to a file, a row group in memory at a time."""
    from shared.parquet.writer import Column, write_table

    columns = [Column(column.name, column.kind) for column in table.columns]
    with path.open("wb") as file:
        write_table(file, columns, batches, created_by=CREATED_BY)


def read_parquet(path: Path) -> Iterator[Mapping[str, Any]]:
    """The rows of a file by column name, a row group in memory at a time. Raises ParquetUnreadable."""
    from shared.parquet.reader import read_table

    with path.open("rb") as file:
        yield from read_table(file)
