"""Comparing the exported files with Graph finds a file that somebody has changed, and says which."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from emulator.azurite import StorageAccount
from shared.errors import NotNow
from shared.parquet.reader import ParquetUnreadable
from shared.usage.partitions import read_partition
from shared.usage.reading import no_progress
from shared.usage.series import DAILY_BY_USER
from shared.usage.verify import Compared, compare
from shared.usage.watermark import Span
from tests.support.usage_emulator import UsageWorld, usage_world

KEY = "2026-03-18"
DAY = Span(date(2026, 3, 18), date(2026, 3, 18))


async def compared(world: UsageWorld) -> Compared:
    async def wait(error: NotNow) -> None:
        raise error

    (found,) = [one async for one in compare(DAILY_BY_USER, DAY, world.services, wait=wait, progress=no_progress)]
    return found


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda content: content.replace(b",", b";"), id="saved with semicolons"),
        pytest.param(lambda content: content + b"one,column,too,few\r\n", id="a short row"),
        pytest.param(lambda content: content.replace(b",1,", b",1.0,"), id="numbers with decimals"),
        pytest.param(lambda content: content.decode("utf-8-sig").encode("utf-16"), id="another encoding"),
        pytest.param(lambda content: content + b'"' + b"x" * 200_000, id="a field without an end"),
        pytest.param(lambda _: b"", id="empty"),
    ],
)
async def test_a_csv_file_that_was_saved_by_another_program_differs(
    storage_account: StorageAccount, tmp_path: Path, damage: object
) -> None:
    assert callable(damage)
    async with usage_world(storage_account, tmp_path) as world:
        await world.run(series=(DAILY_BY_USER,))
        assert (await compared(world)).equal
        path = DAILY_BY_USER.table.csv_path(KEY)
        content = (await world.files())[path]
        await world.services.container.get_blob_client(path).upload_blob(damage(content), overwrite=True)
        found = await compared(world)
        assert not found.equal
        assert found.graph == found.parquet
        assert found.differences


async def test_a_damaged_parquet_file_differs(storage_account: StorageAccount, tmp_path: Path) -> None:
    async with usage_world(storage_account, tmp_path) as world:
        await world.run(series=(DAILY_BY_USER,))
        path = DAILY_BY_USER.table.parquet_path(KEY)
        content = (await world.files())[path]
        for damaged in (content[: len(content) // 2], b"PAR1", content[:40] + b"\x00" * 40 + content[80:]):
            await world.services.container.get_blob_client(path).upload_blob(damaged, overwrite=True)
            found = await compared(world)
            assert (found.equal, found.graph == found.csv) == (False, True)
            with pytest.raises(ParquetUnreadable, match=path):
                [row async for row in read_partition(DAILY_BY_USER.table, KEY, services=world.services)]
        await world.run(series=(DAILY_BY_USER,), span=DAY)
        assert (await compared(world)).equal
