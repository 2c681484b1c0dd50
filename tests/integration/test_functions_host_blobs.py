"""Blob functions run on Event Grid's events, get a reference or the bytes, and fail as under the real host."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from emulator.azurite import StorageAccount
from emulator.functions_host.blobs import POISON_QUEUE, internal_queue_name
from emulator.functions_host.host import FunctionsHost
from tests.support.other_app import Shop, running_shop, settings_of

WEBHOOK = "/runtime/webhooks/blobs"


async def notify(host: FunctionsHost, function: str, *urls: str, kind: str = "Notification", **options: Any) -> int:
    events = [{"data": {"url": url, "eTag": "0x1", "blobType": "BlockBlob"}} for url in urls]
    answer = await host.request(
        "POST",
        f"{WEBHOOK}?functionName=Host.Functions.{function}",
        json=events[0] if len(events) == 1 else events,
        headers={"aeg-event-type": kind},
        **options,
    )
    return answer.status_code


def url_of(shop: Shop, container: str, name: str) -> str:
    return shop.blobs.get_blob_client(container, name).url


async def test_a_deferred_parameter_gets_a_reference_and_not_the_bytes(storage_account: StorageAccount) -> None:
    async with running_shop(storage_account) as (host, shop):
        await shop.put("photos", "a b/ä.jpg", b"light")
        assert await notify(host, "develop", url_of(shop, "photos", "a b/ä.jpg")) == 202
        await host.idle()
        [seen] = [json.loads(text) for text in await shop.taken("seen")]
        assert {key: seen[key] for key in ("Connection", "ContainerName", "BlobName", "source", "version")} == {
            "Connection": "ShopStorage",
            "ContainerName": "photos",
            "BlobName": "a b/ä.jpg",
            "source": "AzureStorageBlobs",
            "version": "1.0",
        }
        assert seen["pid"] == host.worker_pids["blob"]


async def test_an_input_stream_gets_the_bytes_and_the_properties(storage_account: StorageAccount) -> None:
    async with running_shop(storage_account) as (host, shop):
        await shop.put("letters", "one.txt", b"dear shop", metadata={"from": "me"})
        assert await notify(host, "read", url_of(shop, "letters", "one.txt")) == 202
        await host.idle()
        [seen] = [json.loads(text) for text in await shop.taken("seen")]
        assert seen == {
            "name": "letters/one.txt",
            "length": 9,
            "content": "dear shop",
            "metadata": {"from": "me"},
        }


async def test_a_failure_is_tried_five_times_at_once_and_then_kept(storage_account: StorageAccount) -> None:
    async with running_shop(storage_account) as (host, shop):
        await shop.put("photos", "dark.jpg", b"")
        await notify(host, "develop", url_of(shop, "photos", "dark.jpg"))
        await host.idle()
        assert [item.outcome for item in host.invocations] == ["Failed"] * 5
        [poisoned] = [json.loads(text) for text in await shop.taken(POISON_QUEUE)]
        assert poisoned == {
            "Type": "BlobTrigger",
            "FunctionId": "Host.Functions.develop",
            "BlobType": "BlockBlob",
            "ContainerName": "photos",
            "BlobName": "dark.jpg",
            "ETag": '"0x1"',
        }


async def test_events_of_blobs_that_are_gone_or_do_not_fit_the_path(storage_account: StorageAccount) -> None:
    async with running_shop(storage_account) as (host, shop):
        await shop.put("elsewhere", "unfit.png", b"")
        assert await notify(host, "develop", url_of(shop, "photos", "gone.jpg")) == 202
        await host.idle()
        assert host.invocations == []
        # The real host does not look at the pattern again: the subscription's filter has to.
        await notify(host, "develop", url_of(shop, "elsewhere", "unfit.png"))
        await host.idle()
        assert [item.outcome for item in host.invocations] == ["Succeeded"]


async def test_several_events_in_one_request_all_run(storage_account: StorageAccount) -> None:
    async with running_shop(storage_account) as (host, shop):
        for name in ("1.jpg", "2.jpg"):
            await shop.put("photos", name, b"")
        assert await notify(host, "develop", *(url_of(shop, "photos", name) for name in ("1.jpg", "2.jpg"))) == 202
        await host.idle()
        assert len(await shop.taken("seen")) == 2


async def test_an_event_for_a_blob_that_was_overwritten_meanwhile_runs_too(storage_account: StorageAccount) -> None:
    async with running_shop(storage_account) as (host, shop):
        await shop.put("letters", "one.txt", b"first")
        await shop.put("letters", "one.txt", b"second")
        for _ in range(2):
            await notify(host, "read", url_of(shop, "letters", "one.txt"))
        await host.idle()
        assert [json.loads(text)["content"] for text in await shop.taken("seen")] == ["second", "second"]


@pytest.mark.parametrize(
    ("kind", "status"), [("Unsubscribe", 202), ("Surprise", 400), ("", 400), ("SubscriptionValidation", 400)]
)
async def test_other_kinds_of_requests(storage_account: StorageAccount, kind: str, status: int) -> None:
    async with running_shop(storage_account) as (host, shop):
        assert await notify(host, "develop", url_of(shop, "photos", "a.jpg"), kind=kind) == status


async def test_handshakes_keys_and_names_of_the_webhook(storage_account: StorageAccount) -> None:
    async with running_shop(storage_account) as (host, shop):
        path = f"{WEBHOOK}?functionName=Host.Functions.develop"
        event = [{"data": {"validationCode": "4711"}}]
        headers = {"aeg-event-type": "SubscriptionValidation"}
        answer = await host.request("POST", path, key=host.webhook_key, json=event, headers=headers)
        assert answer.json() == {"validationResponse": "4711"}
        options = await host.request("OPTIONS", path, headers={"WebHook-Request-Origin": "eventgrid.azure.net"})
        assert options.headers["WebHook-Allowed-Origin"] == "eventgrid.azure.net"
        address = url_of(shop, "photos", "a.jpg")
        assert await notify(host, "develop", address, key="") == 401
        assert await notify(host, "develop", address, key="wrong") == 401
        assert await notify(host, "nobody", address) == 404
        assert await notify(host, "develop", "https://elsewhere.example/") == 400
        assert (await host.request("GET", "/shop/private", key=host.webhook_key)).status_code == 401


async def test_a_lost_event_waits_in_the_hosts_own_queue(storage_account: StorageAccount) -> None:
    settings = settings_of(storage_account, AzureFunctionsWebHost__hostid="shop")
    async with running_shop(storage_account, settings=settings) as (host, shop):
        await shop.put("photos", "a.jpg", b"")
        queue = shop.queues.get_queue_client(internal_queue_name("shop"))
        message = {"FunctionId": "Host.Functions.develop", "ContainerName": "photos", "BlobName": "a.jpg"}
        await host.idle()
        await queue.create_queue()
        await queue.send_message(base64.b64encode(json.dumps(message).encode()).decode())
        await host.idle()
        assert [item.function for item in host.invocations] == ["develop"]
