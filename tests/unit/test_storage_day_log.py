"""A log of a day goes on in a next file where one is full, changes the day at midnight UTC, and loses no line."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, cast

import pytest
from azure.core.exceptions import HttpResponseError

from shared.audit import Audit, entry
from shared.ledger import LedgerRow, LedgerWriter, rows_of_day
from shared.storage.day_log import FILES_OF_A_DAY, BlobDayLog, DayLogFull
from tests.support.append_blobs import MOST_BLOCKS, AppendContainer

DAY = date(2026, 3, 2)


def log_of(container: AppendContainer, **options: Any) -> BlobDayLog:
    return BlobDayLog(cast("Any", container), "audit", **options)


async def lines(log: BlobDayLog, day: date = DAY) -> list[Mapping[str, Any]]:
    return [line async for line in log.read(day)]


async def test_a_file_that_holds_all_the_blocks_that_storage_takes_is_followed_by_another() -> None:
    container = AppendContainer()
    container.blobs["audit/2026-03-02-00.jsonl"] = [b'{"line":0}\n'] * (MOST_BLOCKS - 1)
    log = log_of(container)
    for number in (1, 2, 3):
        await log.append(DAY, {"line": number})
    assert {name: len(blocks) for name, blocks in container.blobs.items()} == {
        "audit/2026-03-02-00.jsonl": MOST_BLOCKS,
        "audit/2026-03-02-01.jsonl": 2,
    }
    assert container.refusals == 1
    assert [line["line"] for line in (await lines(log))[MOST_BLOCKS - 1 :]] == [1, 2, 3]


async def test_instances_that_fill_files_together_lose_no_line() -> None:
    container = AppendContainer(most=7)
    logs = [log_of(container) for _ in range(4)]
    await asyncio.gather(
        *(log.append(DAY, {"line": f"{who}-{number}"}) for who, log in enumerate(logs) for number in range(20))
    )
    found = [line["line"] for line in await lines(log_of(container))]
    assert sorted(found) == sorted(f"{who}-{number}" for who in range(4) for number in range(20))
    assert max(len(blocks) for blocks in container.blobs.values()) == 7
    assert [day async for day in logs[0].days()] == [DAY]


async def test_a_day_that_is_full_is_told_and_storage_is_asked_no_more() -> None:
    container = AppendContainer(most=1)
    log = log_of(container, files=2)
    for number in range(2):
        await log.append(DAY, {"line": number})
    for _ in range(3):
        with pytest.raises(DayLogFull):
            await log.append(DAY, {"line": 2})
    assert container.refusals == 2
    await log.append(DAY + timedelta(days=1), {"line": 3})
    assert [line["line"] for line in await lines(log)] == [0, 1]
    assert FILES_OF_A_DAY * MOST_BLOCKS == 2_000_000


async def test_lines_around_midnight_go_to_their_days_and_to_the_file_that_has_room() -> None:
    container = AppendContainer(most=2)
    log, other = log_of(container), log_of(container)
    tomorrow = DAY + timedelta(days=1)
    for number in range(5):
        await log.append(DAY, {"line": number})
        await other.append(tomorrow, {"line": number})
        await log.append(tomorrow, {"line": number})
    assert len(await lines(log)) == 5
    assert len(await lines(log, tomorrow)) == 10
    assert [day async for day in log.days()] == [DAY, tomorrow]


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (datetime(2026, 3, 2, 23, 59, 59, 999_999, UTC), DAY),
        (datetime(2026, 3, 3, tzinfo=UTC), DAY + timedelta(days=1)),
        (datetime(2026, 3, 3, 1, 30, tzinfo=timezone(timedelta(hours=2))), DAY),
    ],
)
async def test_the_day_of_the_audit_changes_at_midnight_utc(now: datetime, day: date) -> None:
    container = AppendContainer()
    await Audit(log_of(container), lambda: now, 5).write(entry("release", "lobby", "p", person=None))
    (line,) = await lines(log_of(container), day)
    assert line["at"].startswith(day.isoformat())
    assert "person" not in line


@pytest.mark.parametrize("ended", ["2026-03-02T23:59:59.999Z", "2026-03-03T01:30:00.000+02:00"])
async def test_the_day_of_the_ledger_changes_at_midnight_utc_and_goes_on_in_a_next_file(ended: str) -> None:
    container = AppendContainer(most=1)
    log = log_of(container)
    for name in ("a", "b", "c"):
        await LedgerWriter(log).write(LedgerRow(name, "tap", ended, "completed", "completed", "It was printed."))
    assert [name for name in container.blobs if name.startswith("audit/2026-03-02-")] == list(container.blobs)
    rows, unreadable = await rows_of_day(log, DAY)
    assert ([row.id for row in rows], unreadable) == (["a", "b", "c"], 0)


async def test_an_audit_that_is_full_goes_to_the_log_and_costs_no_answer(caplog: pytest.LogCaptureFixture) -> None:
    container = AppendContainer(most=0)
    now = datetime(2026, 3, 2, 8, tzinfo=UTC)
    await Audit(log_of(container, files=1), lambda: now, 5).write(entry("release", "lobby", "p", person="anna"))
    (record,) = caplog.records
    assert record.exc_info is None
    assert '"person": "anna"' in record.getMessage()


async def test_trouble_that_is_not_a_full_file_is_raised() -> None:
    container = AppendContainer(code="AuthorizationFailure", most=0)
    with pytest.raises(HttpResponseError, match="AuthorizationFailure"):
        await log_of(container).append(DAY, {"line": 1})
    assert container.refusals == 1
