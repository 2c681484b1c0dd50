"""What storage may put in the way of a document: leases, snapshots, tiers, and names that it does not copy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from azure.storage.blob import ContentSettings, StandardBlobTier
from azure.storage.blob.aio import BlobClient

from emulator.azurite import StorageAccount
from shared.bounds import DAY
from shared.names import ARCHIVE, FAILED, INBOX, TICKET_SUFFIX
from shared.storage import documents
from shared.submission.accepting import accept
from shared.submission.record import Record, State
from tests.support.crashes import Crash
from tests.support.documents import pdf
from tests.support.drop_world import DropWorld, drop_world


@pytest.fixture
async def world(storage_account: StorageAccount, tmp_path: Path) -> AsyncIterator[DropWorld]:
    async with drop_world(storage_account, tmp_path) as built:
        yield built
        assert built.failures == [], "nothing of this ends on the poison queue"


def _blob(world: DropWorld, name: str, container: str = INBOX) -> BlobClient:
    return world.storage.container(container).get_blob_client(name)


async def _accepted(world: DropWorld, name: str) -> str:
    key = await accept(INBOX, name, world.services)
    assert key is not None
    return key


async def _delivered(world: DropWorld, key: str, seconds: float) -> Record:
    """The record after so much time, in which every message was delivered that was due."""
    end = world.clock.now().timestamp() + seconds
    while world.clock.now().timestamp() < end:
        if not await world.deliver_one():
            world.clock.advance(30)
    return await world.record(key)


async def test_a_file_under_a_lease_prints_once_and_leaves_the_inbox_when_the_lease_ends(world: DropWorld) -> None:
    await world.put("office/leased.pdf", pdf())
    lease = await _blob(world, "office/leased.pdf").acquire_lease()
    key = await _accepted(world, "office/leased.pdf")

    record = await _delivered(world, key, 2 * 60 * 60)
    assert record.state is State.CLOSING
    assert record.waiting is not None
    assert record.waiting["code"] == "fileWithheld"
    assert "LeaseIdMissing" in record.waiting["reason"]

    await lease.release()
    await world.settle()
    assert (await world.receipt(key))["outcome"] == "completed"
    assert await world.places("leased.pdf") == [ARCHIVE]
    assert len(world.slips) == 1


async def test_a_file_with_snapshots_leaves_the_inbox_with_them(world: DropWorld) -> None:
    await world.put("office/saved.pdf", pdf())
    await _blob(world, "office/saved.pdf").create_snapshot()
    key = await _accepted(world, "office/saved.pdf")
    await world.settle()

    assert (await world.record(key)).state is State.CLOSED
    assert await world.places("saved.pdf") == [ARCHIVE]
    assert [blob.name async for blob in world.storage.container(INBOX).list_blobs(include=["snapshots"])] == []


async def test_a_file_in_the_archive_tier_waits_and_prints_when_it_is_back(world: DropWorld) -> None:
    await world.put("office/cold.pdf", pdf(), standard_blob_tier=StandardBlobTier.ARCHIVE)
    key = await _accepted(world, "office/cold.pdf")

    record = await _delivered(world, key, 60 * 60)
    assert record.waiting is not None
    assert record.waiting["code"] == "fileArchived"

    await _blob(world, "office/cold.pdf").set_standard_blob_tier(StandardBlobTier.HOT)
    await world.settle()
    assert (await world.receipt(key))["outcome"] == "completed"
    assert len(world.slips) == 1


async def test_a_file_that_stays_in_the_archive_tier_fails_in_the_end_and_is_kept_where_it_can_be_read(
    world: DropWorld,
) -> None:
    content = pdf()
    await world.put("office/cold.pdf", content, standard_blob_tier=StandardBlobTier.ARCHIVE)
    key = await _accepted(world, "office/cold.pdf")
    await world.deliver_one()
    world.clock.advance(13 * DAY)
    await world.settle()

    receipt = await world.receipt(key)
    assert receipt["code"] == "gaveUp"
    assert await world.places("cold.pdf") == [FAILED]
    kept = await _blob(world, receipt["document"]["movedTo"], FAILED).download_blob()
    assert await kept.readall() == content


async def test_a_file_whose_address_is_longer_than_storage_copies_is_moved_whole(
    world: DropWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "COPIED_BLOCK_BYTES", 64 * 1024)
    content = pdf(padding=200_000)
    name = f"office/{'請求書' * 100}.pdf"
    settings = ContentSettings(content_type="application/pdf", content_language="ja")
    await world.put(name + TICKET_SUFFIX, b'{"copies": 2}')
    await world.put(name, content, metadata={"Case": "4711"}, content_settings=settings)
    key = await _accepted(world, name)
    await world.settle()

    receipt = await world.receipt(key)
    assert receipt["settings"] == {"copies": 2}
    kept = _blob(world, receipt["document"]["movedTo"], ARCHIVE)
    facts = await kept.get_blob_properties()
    assert facts.copy.source is None, "an address above 2 KiB is refused"
    assert facts.metadata == {"Case": "4711"}
    assert (facts.content_settings.content_type, facts.content_settings.content_language) == ("application/pdf", "ja")
    assert await (await kept.download_blob()).readall() == content
    assert await world.names(INBOX) == []


async def test_settings_that_are_written_for_the_next_document_while_one_is_closed_stay_for_it(
    world: DropWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "office/daily.pdf"
    later = b'{"copies": 3}'
    remove = documents.Documents.remove

    async def dying(*_: object) -> None:
        """The worker dies when it has copied the file and its settings, and the next settings arrive."""
        monkeypatch.setattr(documents.Documents, "remove", remove)
        # Storage tells times in seconds.
        await asyncio.sleep(1)
        await world.put(name + TICKET_SUFFIX, later)
        raise Crash

    await world.put(name + TICKET_SUFFIX, b'{"copies": 2}')
    key = await world.drop(name, pdf())
    monkeypatch.setattr(documents.Documents, "remove", dying)
    await world.settle()

    assert world.deaths == 1
    receipt = await world.receipt(key)
    assert await world.names(INBOX) == [name + TICKET_SUFFIX]
    kept = await _blob(world, receipt["document"]["movedTo"] + TICKET_SUFFIX, ARCHIVE).download_blob()
    assert await kept.readall() == b'{"copies": 2}'
