"""Parquet files of exported tables, typed, and the same bytes for the same rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.usage.tables import Cell, Table

if TYPE_CHECKING:
    from arro3.core import Array, DataType, Schema

# Readers skip row groups by their statistics; smaller ones would cost them more than they save.
ROW_GROUP_ROWS = 100_000
# Good for the repeated names and small numbers of usage; higher levels cost more time than they save space.
COMPRESSION = "zstd(3)"
CREATED_BY = "universal-print-functions"
READ_ROWS = 1_000


def write_parquet(table: Table, batches: Iterable[Sequence[Sequence[Cell]]], path: Path) -> None:
    """Write batches of rows to a file. Whatever the batches, a file of the same rows has the same bytes.

    Each row group is filled by the writer, so its limits do not depend on the batches.
    """
    from arro3.core import RecordBatch, RecordBatchReader
    from arro3.io import write_parquet as write

    schema, arrays = _schema(table), _Arrays(table)

    def record_batches() -> Iterator[RecordBatch]:
        for rows in batches:
            if rows:
                yield RecordBatch.from_arrays(arrays.of(rows), schema=schema)

    write(
        RecordBatchReader.from_batches(schema, record_batches()),
        path,
        compression=COMPRESSION,
        created_by=CREATED_BY,
        max_row_group_size=ROW_GROUP_ROWS,
        writer_version="parquet_1_0",
    )


def read_parquet(path: Path) -> Iterator[Mapping[str, Any]]:
    """The rows of a file by column name, READ_ROWS in memory at a time."""
    from arro3.io import read_parquet as read

    for batch in read(path, batch_size=READ_ROWS):
        names = batch.schema.names
        for values in zip(*(_values(batch.column(name)) for name in names), strict=True):
            yield dict(zip(names, values, strict=True))


class _Arrays:
    """Makes the columns of a batch."""

    def __init__(self, table: Table) -> None:
        self._types = [_types(column.kind) for column in table.columns]

    def of(self, rows: Sequence[Sequence[Cell]]) -> list[Array]:
        from arro3.core import Array

        columns = zip(*rows, strict=True)
        made = []
        for values, (built, wanted) in zip(columns, self._types, strict=True):
            array = Array(list(values), built)
            # Dates, times and decimals come as text; what text to what value is for the library, in bulk.
            made.append(array if wanted is None else array.cast(wanted))
        return made


def _schema(table: Table) -> Schema:
    from arro3.core import Field, Schema

    fields = []
    for column in table.columns:
        built, wanted = _types(column.kind)
        fields.append(Field(column.name, wanted or built, nullable=True))
    return Schema(fields)


def _types(kind: str) -> tuple[DataType, DataType | None]:
    """What the cells of a kind are built as, and what that is then made into."""
    from arro3.core import DataType

    text = DataType.utf8()
    types: dict[str, tuple[DataType, DataType | None]] = {
        "text": (text, None),
        "integer": (DataType.int64(), None),
        "number": (DataType.float64(), None),
        "decimal": (text, DataType.decimal128(18, 6)),
        "date": (text, DataType.date32()),
        "datetime": (text, DataType.timestamp("us", tz="UTC")),
        "boolean": (DataType.bool(), None),
    }
    return types[kind]


def _values(array: Array) -> Sequence[Any]:
    values: Sequence[Any] = array.to_pylist()
    return values
