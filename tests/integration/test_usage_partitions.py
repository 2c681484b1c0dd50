"""Partitions on real blob storage, read by the programs that people use."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet
import pytest

from emulator.azurite import StorageAccount
from shared.errors import StorageConflict
from shared.usage import partitions
from shared.usage.csv_file import unguarded
from shared.usage.partitions import list_partitions, read_partition, write_partition
from shared.usage.services import UsageServices
from shared.usage.tables import Column, PartitionResult, Table
from tests.support.clock import Clock
from tests.support.usage_world import blobs, usage_storage

TABLE = Table(
    "loans",
    (
        Column("day", "date"),
        Column("who", "text", "pseudonym"),
        Column("count", "integer"),
        Column("share", "number"),
        Column("cost", "decimal"),
        Column("at", "datetime"),
        Column("done", "boolean"),
        Column("note", "text", "omitted"),
    ),
    "day",
    sort_by=("who", "count"),
)
MOMENT = datetime(2026, 11, 20, 10, 11, 12, 345678, UTC)


def rows(count: int, day: date = date(2026, 11, 20)) -> list[tuple[object, ...]]:
    return [
        (day, f"p{number * 7919 % count:05}@x", number, number / 8, Decimal(number) / 4, MOMENT, number % 2 == 0, None)
        for number in range(count)
    ]


async def local_copy(services: UsageServices, folder: Path) -> Path:
    for name, content in (await blobs(services)).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


async def test_rows_come_back_typed_and_sorted(storage_account: StorageAccount) -> None:
    async with usage_storage(storage_account, Clock()) as services:
        result = await write_partition(TABLE, "2026-11-20", iter(rows(120)), services=services)
        found = [row async for row in read_partition(TABLE, "2026-11-20", services=services)]
        assert [row["who"] for row in found] == sorted(row["who"] for row in found)
        assert {tuple(row.values()) for row in found} == set(rows(120))
        assert (result.rows, result.changed, result.before) == (120, True, None)
        assert result.totals["count"] == sum(range(120))
        assert Decimal(result.totals["cost"]) == Decimal(sum(range(120))) / 4
        assert await list_partitions(TABLE, services=services) == ["2026-11-20"]
        assert [row async for row in read_partition(TABLE, "2026-11-21", services=services)] == []


async def test_the_same_rows_in_any_order_give_the_same_bytes(storage_account: StorageAccount) -> None:
    async with usage_storage(storage_account, Clock()) as services:
        first = await write_partition(TABLE, "2026-11-20", iter(rows(300)), services=services)
        before = await blobs(services)
        again = await write_partition(TABLE, "2026-11-20", reversed(rows(300) + rows(300)[:20]), services=services)
        assert await blobs(services) == before
        assert (again.changed, again.sha256, again.rows) == (False, first.sha256, 300)


async def test_a_change_tells_the_sums_before(storage_account: StorageAccount) -> None:
    async with usage_storage(storage_account, Clock()) as services:
        await write_partition(TABLE, "2026-11-20", iter(rows(3)), services=services)
        result = await write_partition(TABLE, "2026-11-20", iter(rows(4)), services=services)
        assert result.changed
        assert (result.before or {})["count"] == 3
        assert (result.rows_before, result.totals["count"]) == (3, 6)


async def test_no_rows_leave_what_was_reported_once(storage_account: StorageAccount) -> None:
    async with usage_storage(storage_account, Clock()) as services:
        await write_partition(TABLE, "2026-11-20", iter(rows(3)), services=services)
        before = await blobs(services)
        result = await write_partition(TABLE, "2026-11-20", iter(()), services=services)
        assert (result.rows, result.changed) == (0, False)
        assert await blobs(services) == before


async def test_a_writer_that_dies_leaves_the_partition_as_it_was(
    storage_account: StorageAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with usage_storage(storage_account, Clock()) as services:
        await write_partition(TABLE, "2026-11-20", iter(rows(3)), services=services)
        before = await blobs(services)

        async def dies(*_: Any) -> list[str]:
            await real(*_)
            raise asyncio.CancelledError

        real = partitions.stage_file
        monkeypatch.setattr(partitions, "_BLOCK_BYTES", 1_000)
        monkeypatch.setattr(partitions, "stage_file", dies)
        with pytest.raises(asyncio.CancelledError):
            await write_partition(TABLE, "2026-11-20", iter(rows(900)), services=services)
        assert await blobs(services) == before


async def test_two_writers_at_once_leave_the_files_of_one(
    storage_account: StorageAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with usage_storage(storage_account, Clock()) as services:
        met = asyncio.Barrier(2)
        real = partitions.stage_file
        staged = 0

        async def together(*arguments: Any) -> list[str]:
            nonlocal staged
            blocks = await real(*arguments)
            staged += 1
            if staged <= 2:
                await met.wait()
            return blocks

        monkeypatch.setattr(partitions, "_BLOCK_BYTES", 500)
        monkeypatch.setattr(partitions, "stage_file", together)
        ended = await asyncio.wait_for(
            asyncio.gather(
                write_partition(TABLE, "2026-11-20", iter(rows(10)), services=services),
                write_partition(TABLE, "2026-11-20", iter(rows(20)), services=services),
                return_exceptions=True,
            ),
            20,
        )
        monkeypatch.undo()
        (winner,) = [one for one in ended if isinstance(one, PartitionResult)]
        assert [type(one) for one in ended if one is not winner] == [StorageConflict]
        assert len([row async for row in read_partition(TABLE, "2026-11-20", services=services)]) == winner.rows


async def test_a_writer_whose_blocks_another_has_discarded_leaves_the_partition_to_that_one(
    storage_account: StorageAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with usage_storage(storage_account, Clock()) as services:
        real = partitions.stage_file

        async def discarded(*arguments: Any) -> list[str]:
            return [block[::-1] for block in await real(*arguments)]

        monkeypatch.setattr(partitions, "_BLOCK_BYTES", 500)
        monkeypatch.setattr(partitions, "stage_file", discarded)
        with pytest.raises(StorageConflict):
            await write_partition(TABLE, "2026-11-20", iter(rows(20)), services=services)


async def test_the_folder_is_one_typed_table(storage_account: StorageAccount, tmp_path: Path) -> None:
    async with usage_storage(storage_account, Clock()) as services:
        for day in (19, 20):
            await write_partition(TABLE, f"2026-11-{day}", iter(rows(5, date(2026, 11, day))), services=services)
        folder = await local_copy(services, tmp_path)
    table = duckdb.read_parquet(f"{folder}/loans/**", hive_partitioning=True)
    assert dict(zip(table.columns, map(str, table.types), strict=True)) == {
        "day": "DATE",
        "who": "VARCHAR",
        "count": "BIGINT",
        "share": "DOUBLE",
        "cost": "DECIMAL(18,6)",
        "at": "TIMESTAMP WITH TIME ZONE",
        "done": "BOOLEAN",
        "note": "VARCHAR",
        "date": "DATE",
    }
    sums = table.aggregate("date, day, sum(count), sum(cost)").order("date").fetchall()
    assert sums == [(date(2026, 11, day), date(2026, 11, day), 10, Decimal("2.5")) for day in (19, 20)]
    # Spark and Fabric read every file of a folder as Parquet.
    dataset = pyarrow.dataset.dataset(folder / "loans", format="parquet", partitioning="hive")
    assert dataset.count_rows() == 10
    assert dataset.schema.field("day").type == pa.date32()


async def test_excel_and_duckdb_read_the_csv(storage_account: StorageAccount, tmp_path: Path) -> None:
    hostile = '=HYPERLINK("http://x";"a")'
    async with usage_storage(storage_account, Clock()) as services:
        values = (date(2026, 11, 20), "Ünal, 'Ö'", -5, -0.5, Decimal("-1.5"), MOMENT, True, hostile)
        await write_partition(TABLE, "2026-11-20", iter([values]), services=services)
        folder = await local_copy(services, tmp_path)
    file = folder / "csv/loans/date=2026-11-20/loans-2026-11-20.csv"
    assert file.read_bytes().startswith(b"\xef\xbb\xbfday,who,")
    assert file.read_bytes().endswith(b"\r\n")
    (row,) = duckdb.read_csv(str(file)).project("day, who, count, share, cost, note").fetchall()
    assert row[:5] == (date(2026, 11, 20), "Ünal, 'Ö'", -5, -0.5, -1.5)
    assert row[5] == "'" + hostile
    assert unguarded(row[5]) == hostile


async def test_pseudonyms_replace_people_and_what_may_name_them(storage_account: StorageAccount) -> None:
    def named() -> Iterator[tuple[object, ...]]:
        for who in ("Anna@contoso.example", "anna@contoso.example", "bruno@contoso.example"):
            yield date(2026, 11, 20), who, len(who), 0.0, 0, MOMENT, False, "Anna's letter"

    async with usage_storage(storage_account, Clock(), pseudonyms=True) as services:
        await write_partition(TABLE, "2026-11-20", named(), services=services)
        found = [row async for row in read_partition(TABLE, "2026-11-20", services=services)]
        everything = b"".join((await blobs(services)).values()).lower()
    assert len({row["who"] for row in found}) == 2
    assert {row["note"] for row in found} == {None}
    assert b"anna" not in everything
    assert b"bruno" not in everything


async def test_a_large_partition_goes_up_in_blocks(
    storage_account: StorageAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "_BLOCK_BYTES", 1_000)
    async with usage_storage(storage_account, Clock()) as services:
        result = await write_partition(TABLE, "2026-11-20", iter(rows(2_000)), services=services)
        content = (await blobs(services))["loans/date=2026-11-20/part.parquet"]
        assert len(content) == result.bytes > 5_000
        assert pyarrow.parquet.read_table(io.BytesIO(content)).num_rows == 2_000
