"""Our Parquet files as others read them: pyarrow and DuckDB are the judges, and our own reader agrees with them."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.parquet.reader import ParquetUnreadable, read_table
from shared.parquet.thrift import I32, Reader, ThriftUnreadable, Value, encode
from shared.parquet.writer import ROW_GROUP_ROWS, Column, write_table

COLUMNS = [
    Column("person", "text"),
    Column("jobs", "integer"),
    Column("seconds", "number"),
    Column("color", "boolean"),
    Column("day", "date"),
    Column("ended", "datetime"),
    Column("cost", "decimal"),
]
TYPES = [
    pa.string(),
    pa.int64(),
    pa.float64(),
    pa.bool_(),
    pa.date32(),
    pa.timestamp("us", tz="UTC"),
    pa.decimal128(18, 6),
]
ROW = ("anna@contoso.com", 3, 1.5, True, "2026-11-20", "2026-11-20T10:11:12.000123Z", "12.340000")
READ = {
    "person": "anna@contoso.com",
    "jobs": 3,
    "seconds": 1.5,
    "color": True,
    "day": date(2026, 11, 20),
    "ended": datetime(2026, 11, 20, 10, 11, 12, 123, tzinfo=UTC),
    "cost": Decimal("12.340000"),
}
NOTHING = (None,) * len(COLUMNS)


def written(rows: list[tuple[Any, ...]], *, batch: int = 1000, columns: list[Column] | None = None) -> bytes:
    target = io.BytesIO()
    batches = [rows[start : start + batch] for start in range(0, len(rows), batch)]
    assert write_table(target, columns or COLUMNS, batches, created_by="tests") == len(rows)
    return target.getvalue()


def by_pyarrow(content: bytes) -> list[dict[str, Any]]:
    return pq.read_table(pa.BufferReader(content)).to_pylist()  # type: ignore[no-any-return]


def test_every_kind_of_value_arrives_typed_at_other_readers(tmp_path: Path) -> None:
    content = written([ROW, NOTHING])
    table = pq.read_table(pa.BufferReader(content))
    assert table.schema.types == TYPES
    assert table.to_pylist() == [READ, dict.fromkeys(READ)]
    (tmp_path / "part.parquet").write_bytes(content)
    relation = duckdb.read_parquet(str(tmp_path / "part.parquet")).filter("jobs = 3")
    found = relation.project("person, jobs, day, cost").fetchall()
    assert found == [("anna@contoso.com", 3, date(2026, 11, 20), Decimal("12.340000"))]
    assert list(read_table(io.BytesIO(content))) == by_pyarrow(content)


def test_a_file_without_rows_has_its_columns() -> None:
    table = pq.read_table(pa.BufferReader(written([])))
    assert (table.num_rows, table.schema.types) == (0, TYPES)


def test_rows_beyond_a_row_group_go_into_the_next_however_they_come() -> None:
    rows = [(f"person{n % 700}@contoso.com", n, n / 7, n % 3 == 0, None, None, None) for n in range(ROW_GROUP_ROWS + 9)]
    content = written(rows, batch=777)
    assert content == written(rows, batch=40_000)
    assert pq.ParquetFile(pa.BufferReader(content)).metadata.num_row_groups == 2
    assert [row["jobs"] for row in by_pyarrow(content)] == list(range(len(rows)))
    assert sum(row["jobs"] for row in read_table(io.BytesIO(content))) == sum(range(len(rows)))


def test_readers_can_skip_by_the_least_and_greatest_value() -> None:
    rows = [(f"p{n}", n, None, None, "2026-11-20", None, None) for n in range(5, 10)]
    group = pq.ParquetFile(pa.BufferReader(written(rows))).metadata.row_group(0)
    statistics = [group.column(index).statistics for index in (0, 1, 4)]
    assert [(entry.min, entry.max, entry.null_count) for entry in statistics] == [
        ("p5", "p9", 0),
        (5, 9, 0),
        (date(2026, 11, 20), date(2026, 11, 20), 0),
    ]


CELLS = {
    "text": st.text(max_size=90).map(lambda text: text.encode(errors="replace").decode()),
    "integer": st.integers(-(2**63), 2**63 - 1),
    "number": st.floats(allow_nan=False),
    "boolean": st.booleans(),
    "date": st.dates().map(date.isoformat),
    "datetime": st.datetimes().map(lambda moment: moment.isoformat(timespec="microseconds") + "Z"),
    "decimal": st.decimals(-(10**11), 10**11, places=6, allow_nan=False).map(lambda amount: f"{amount:f}"),
}


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.data())
def test_whatever_is_written_is_what_pyarrow_and_we_read(data: st.DataObject) -> None:
    # Few different values make dictionaries, many make none: both must be right.
    pools = [data.draw(st.lists(CELLS[column.kind], min_size=1, max_size=8)) for column in COLUMNS]
    row = st.tuples(*(st.one_of(st.none(), st.sampled_from(pool)) for pool in pools))
    rows = data.draw(st.lists(row, max_size=60))
    content = written(rows)
    read = list(read_table(io.BytesIO(content)))
    assert read == by_pyarrow(content)
    assert [(entry["person"], entry["jobs"], entry["seconds"]) for entry in read] == [entry[:3] for entry in rows]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_damaged_file_is_unreadable_and_nothing_worse(data: st.DataObject) -> None:
    content = bytearray(written([ROW, NOTHING, ROW]))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        rows = list(read_table(io.BytesIO(bytes(content[: data.draw(st.integers(0, len(content)))]))))
    except ParquetUnreadable:
        return
    assert all(isinstance(row, dict) for row in rows)


def test_the_file_of_another_program_is_refused_with_the_reason() -> None:
    target = pa.BufferOutputStream()
    pq.write_table(pa.table({"a": pa.array([1], pa.int8())}), target)
    with pytest.raises(ParquetUnreadable, match="column a is of a type that exports do not use"):
        list(read_table(io.BytesIO(target.getvalue().to_pybytes())))


def test_thrift_numbers_and_lists_of_every_length_come_back() -> None:
    fields: dict[int, Value] = {
        1: I32(-3),
        2: 2**40,
        3: "ü",
        4: [{1: n} for n in range(20)],
        40: True,
        41: False,
        90: [I32(1)],
        91: None,
    }
    read = Reader(encode(fields)).struct()
    assert read == {
        1: -3,
        2: 2**40,
        3: "ü".encode(),
        4: [{1: n} for n in range(20)],
        40: True,
        41: False,
        90: [1],
    }
    with pytest.raises(ThriftUnreadable):
        Reader(encode(fields)[:-5]).struct()
