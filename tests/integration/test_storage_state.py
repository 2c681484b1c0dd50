"""State summaries and day logs on a real storage service."""

from __future__ import annotations

import asyncio
import socket
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from typing import Any

import pytest
from azure.core.exceptions import ServiceRequestError
from azure.storage.blob._shared import policies_async as blob_policies
from azure.storage.queue._shared import policies_async as queue_policies

from emulator.azurite import StorageAccount
from shared.errors import StorageConflict
from shared.names import STATE
from shared.settings import StorageConnection
from shared.storage.clients import Storage, open_storage
from shared.storage.day_log import BlobDayLog
from shared.storage.state import SUMMARY_BYTES

DAY = date(2026, 11, 21)


@pytest.fixture
async def storage(storage_account: StorageAccount) -> AsyncIterator[Storage]:
    async with open_storage(StorageConnection(storage_account.connection_string)) as opened:
        await opened.container(STATE).create_container()
        yield opened


async def test_a_listing_shows_summaries_in_any_script_without_reading_documents(storage: Storage) -> None:
    prefix = f"held/{uuid.uuid4()}/"
    summary = {"document": "見積書 „Q4“ - \x07.pdf", "pages": 3}
    etag = await storage.state.create(prefix + "p/2", b"{}", summary)
    await storage.state.create(prefix + "p/1", b"{}")
    found = [entry async for entry in storage.state.list_summaries(prefix)]
    assert [(entry.path, dict(entry.values)) for entry in found] == [(prefix + "p/1", {}), (prefix + "p/2", summary)]
    assert found[1].etag == etag
    await storage.state.replace(prefix + "p/2", b"{}", found[1].etag, {"pages": 4})
    assert [dict(entry.values) async for entry in storage.state.list_summaries(prefix + "p/2")] == [{"pages": 4}]


async def test_only_the_version_that_a_listing_showed_is_removed(storage: Storage) -> None:
    path = f"attempts/{uuid.uuid4()}"
    first = await storage.state.create(path, b"1")
    (shown,) = [entry async for entry in storage.state.list_summaries(path)]
    assert shown.etag == first
    await storage.state.replace(path, b"2", first)
    with pytest.raises(StorageConflict):
        await storage.state.delete(path, shown.etag)
    (shown,) = [entry async for entry in storage.state.list_summaries(path)]
    await storage.state.delete(path, shown.etag)
    assert await storage.state.read(path) is None


async def test_a_summary_too_large_for_a_listing_is_refused(storage: Storage) -> None:
    with pytest.raises(ValueError, match="summary"):
        await storage.state.create(f"held/{uuid.uuid4()}", b"{}", {"document": "x" * SUMMARY_BYTES})


async def test_lines_that_instances_append_at_once_are_all_there(storage: Storage) -> None:
    prefix = f"audit-{uuid.uuid4()}"
    logs = [BlobDayLog(storage.container(STATE), prefix) for _ in range(4)]
    await asyncio.gather(*(log.append(DAY, {"line": f"{who}/{n} ü"}) for who, log in enumerate(logs) for n in range(5)))
    entries = [entry["line"] async for entry in logs[0].read(DAY)]
    assert sorted(entries) == sorted(f"{who}/{n} ü" for who in range(4) for n in range(5))
    assert [day async for day in logs[0].days()] == [DAY]


async def test_a_day_without_lines_reads_as_empty(storage: Storage) -> None:
    log = BlobDayLog(storage.container(STATE), f"audit-{uuid.uuid4()}")
    assert [entry async for entry in log.read(DAY)] == []


async def test_a_line_goes_to_the_next_file_when_the_first_is_full(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    from azure.core.exceptions import ResourceExistsError
    from azure.storage.blob.aio import BlobClient

    prefix = f"audit-{uuid.uuid4()}"
    append = BlobClient.append_block

    async def full_at_first(self: BlobClient, data: bytes) -> object:
        if self.blob_name.endswith("-00.jsonl"):
            error = ResourceExistsError("full")
            # The storage client sets it from a header, which no type declares.
            vars(error)["error_code"] = "BlockCountExceedsLimit"
            raise error
        return await append(self, data)

    log = BlobDayLog(storage.container(STATE), prefix)
    await log.append(DAY, {"line": 1})
    monkeypatch.setattr(BlobClient, "append_block", full_at_first)
    await log.append(DAY, {"line": 2})
    monkeypatch.undo()
    assert [entry["line"] async for entry in BlobDayLog(storage.container(STATE), prefix).read(DAY)] == [1, 2]


async def test_a_storage_that_is_away_is_told_of_while_a_person_still_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    for module in (blob_policies, queue_policies):
        wanted = module.ExponentialRetry.get_backoff_time

        def no_wait(self: Any, settings: dict[str, Any], wanted: Any = wanted) -> float:
            waits.append(wanted(self, settings))
            return 0

        monkeypatch.setattr(module.ExponentialRetry, "get_backoff_time", no_wait)
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    # Nobody listens at the port any more.
    text = (
        "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=a2V5;"
        f"BlobEndpoint=http://127.0.0.1:{port}/devstoreaccount1;QueueEndpoint=http://127.0.0.1:{port}/devstoreaccount1;"
    )
    async with open_storage(StorageConnection(text)) as storage:
        asked: list[Callable[[], Awaitable[object]]] = [
            lambda: storage.state.read("x"),
            lambda: storage.queue("x").send({}),
        ]
        for work in asked:
            waits.clear()
            with pytest.raises(ServiceRequestError):
                await work()
            # Chance is up to three seconds for each.
            assert len(waits) == 3
            assert sum(waits) <= 17 + 3 * 3
