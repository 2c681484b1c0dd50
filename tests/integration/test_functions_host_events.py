"""New blobs are announced as Event Grid announces them, with its retries and with faults on demand."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from azure.storage.blob.aio import BlobServiceClient

from emulator.azurite import StorageAccount
from emulator.event_grid.delivery import Delay, Delivery, Duplicate, Lose, Reorder
from emulator.event_grid.watcher import Subscription, Watcher
from emulator.functions_host.events import announced_blobs
from tests.support.other_app import Shop, running_shop, storage_of, until
from tests.support.webhook import Receiver


async def no_wait(_seconds: float) -> None:
    await asyncio.sleep(0)


def watcher_of(shop: Shop, receiver: Receiver, **options: Any) -> tuple[Watcher, Subscription]:
    options.setdefault("now", lambda: datetime(2026, 1, 2, tzinfo=UTC))
    delivery = Delivery(
        "https://hook.example/",
        receiver.client,
        now=options["now"],
        sleep=no_wait,
        attempts=4,
    )
    subscription = Subscription("photos", delivery, "in/")
    blobs: BlobServiceClient = shop.blobs
    return Watcher(blobs, [subscription], **options), subscription


async def test_a_dropped_file_reaches_its_function(storage_account: StorageAccount) -> None:
    async with running_shop(storage_account) as (host, shop):
        await shop.put("photos", "old.jpg", b"")
        async with announced_blobs(host, interval=0.05) as deliveries:
            await shop.put("photos", "new.jpg", b"light")
            await until(lambda: deliveries["develop"].delivered)
            await host.idle()
            assert [json.loads(text)["BlobName"] for text in await shop.taken("seen")] == ["new.jpg"]


async def test_an_event_has_the_shape_of_event_grids(storage_account: StorageAccount) -> None:
    async with storage_of(storage_account) as shop:
        receiver = Receiver()
        watcher, subscription = watcher_of(shop, receiver)
        await shop.put("photos", "in/old.jpg", b"")
        await watcher.subscribe()
        await shop.put("photos", "in/a b.jpg", b"light")
        await shop.put("photos", "out/c.jpg", b"light")
        await watcher.look()
        await watcher.look()
        await subscription.delivery.settle()
        [event] = receiver.events
        assert event["eventType"] == "Microsoft.Storage.BlobCreated"
        assert event["subject"] == "/blobServices/default/containers/photos/blobs/in/a b.jpg"
        assert event["eventTime"] == "2026-01-02T00:00:00.000000Z"
        assert event["topic"].endswith(f"/storageAccounts/{storage_account.name}")
        assert event["data"]["url"].endswith("/photos/in/a%20b.jpg")
        assert (event["data"]["contentLength"], event["data"]["blobType"]) == (5, "BlockBlob")
        assert event["data"]["eTag"].startswith("0x")


async def test_an_overwritten_blob_is_announced_again_and_an_old_one_only_when_asked(
    storage_account: StorageAccount,
) -> None:
    async with storage_of(storage_account) as shop:
        receiver = Receiver()
        watcher, subscription = watcher_of(shop, receiver, announce_existing=True)
        await shop.put("photos", "in/a.jpg", b"1")
        await watcher.subscribe()
        for content in (b"1", b"2"):
            await shop.put("photos", "in/a.jpg", content)
            await watcher.look()
        await subscription.delivery.settle()
        assert [event["data"]["contentLength"] for event in receiver.events] == [1, 1]


@pytest.mark.parametrize(
    ("faults", "arrive"),
    [
        ([None], "abc"),
        ([Lose()], "bc"),
        ([None, Duplicate()], "abbc"),
        ([Reorder()], "bac"),
        ([Delay(60), None], "abc"),
        ([Lose(), Duplicate(2), Reorder()], "bbb"),
    ],
)
async def test_faults_come_when_asked_for(storage_account: StorageAccount, faults: list[Any], arrive: str) -> None:
    async with storage_of(storage_account) as shop:
        receiver = Receiver()
        watcher, subscription = watcher_of(shop, receiver)
        await watcher.subscribe()
        subscription.delivery.faults.extend(faults)
        for name in "abc":
            await shop.put("photos", f"in/{name}", b"")
            await watcher.look()
            if not (name == "a" and isinstance(faults[0], Delay)):
                await subscription.delivery.settle()
        await subscription.delivery.settle()
        arrived = "".join(event["subject"][-1] for event in receiver.events)
        assert arrived == arrive or (isinstance(faults[0], Delay) and sorted(arrived) == sorted(arrive))


@pytest.mark.parametrize(
    ("answers", "requests", "given_up"),
    [
        ([503, 500, 202], 3, []),
        ([400], 1, [400]),
        ([401], 1, [401]),
        ([404], 1, [404]),
        ([413], 1, [413]),
        ([503] * 4, 4, [503]),
        ([None, 202], 2, []),
    ],
)
async def test_what_an_answer_means(
    storage_account: StorageAccount, answers: list[int | None], requests: int, given_up: list[int]
) -> None:
    async with storage_of(storage_account) as shop:
        receiver = Receiver()
        watcher, subscription = watcher_of(shop, receiver)
        await watcher.subscribe()
        receiver.answers.extend(answers)
        await shop.put("photos", "in/a.jpg", b"")
        await watcher.look()
        await subscription.delivery.settle()
        assert len(receiver.events) == requests
        assert [letter.status for letter in subscription.delivery.dead_letters] == given_up
