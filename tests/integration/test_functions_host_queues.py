"""Queue messages run, fail, wait, are given up and survive crashes as under the real host."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest

from emulator.azurite import StorageAccount
from emulator.functions_host.host import FunctionsHost
from tests.support.other_app import APP, running_shop, settings_of, storage_of, until


async def test_a_message_runs_once_and_its_metadata_reach_the_function(storage_account: StorageAccount) -> None:
    async with running_shop(storage_account) as (host, shop):
        await shop.order("apple — ripe <&>")
        await host.idle()
        [bill] = [json.loads(text) for text in await shop.taken("bills")]
        assert (bill["order"], bill["count"]) == ("apple — ripe <&>", 1)
        assert bill["id"]
        assert bill["inserted"].endswith("+00:00")
        assert await shop.depth("orders") == 0
        assert [item.outcome for item in host.invocations] == ["Succeeded"]


async def test_a_failing_message_is_tried_again_then_kept_in_the_poison_queue(storage_account: StorageAccount) -> None:
    async with running_shop(storage_account) as (host, shop):
        await shop.order("bad apple")
        await host.idle()
        assert [item.outcome for item in host.invocations] == ["Failed"] * 3
        assert await shop.taken("orders-poison") == ["bad apple"]
        assert await shop.depth("orders") == 0


async def test_a_message_that_is_not_base64_is_never_run(storage_account: StorageAccount) -> None:
    async with running_shop(storage_account) as (host, shop):
        await shop.order("apple & pear", is_base64=False)
        await host.idle()
        assert host.invocations == []
        [message] = [item async for item in shop.queues.get_queue_client("orders-poison").receive_messages()]
        assert message.content == "apple & pear"


async def test_plain_messages_run_where_host_settings_say_none(storage_account: StorageAccount) -> None:
    settings = settings_of(storage_account, AzureFunctionsJobHost__extensions__queues__messageEncoding="none")
    async with running_shop(storage_account, settings=settings) as (host, shop):
        await shop.order("apple & pear", is_base64=False)
        await host.idle()
        [message] = [item async for item in shop.queues.get_queue_client("bills").receive_messages()]
        assert json.loads(message.content)["order"] == "apple & pear"


async def test_an_output_takes_its_place_from_the_fields_of_the_message(storage_account: StorageAccount) -> None:
    async with running_shop(storage_account) as (host, shop):
        await shop.order(json.dumps({"street": "Elm", "number": 7}), queue="parcels")
        await host.idle()
        label = await shop.blobs.get_blob_client("labels", "Elm/7.txt").download_blob()
        assert await label.readall() == b"to Elm"


async def test_an_output_without_its_field_fails_the_message(storage_account: StorageAccount) -> None:
    async with running_shop(storage_account) as (host, shop):
        await shop.order(json.dumps({"street": "Elm"}), queue="parcels")
        await host.idle()
        assert len(host.invocations) == 3
        assert "no value for {number}" in (host.invocations[0].error or "")
        assert len(await shop.taken("parcels-poison")) == 1


async def test_a_queue_that_nobody_made_is_waited_for_and_not_made(
    storage_account: StorageAccount, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_shop(storage_account) as (host, shop):
        await host.idle()
        assert [queue.name async for queue in shop.queues.list_queues()] == []
        said = [record.message for record in caplog.records if "There is no queue orders" in record.message]
        assert said == ["There is no queue orders: its function never runs."]
        await shop.order("apple")
        await until(lambda: host.invocations)
        await host.idle()
        assert [item.outcome for item in host.invocations] == ["Succeeded"]


async def test_no_more_run_at_once_than_a_batch_and_the_threshold_allow(storage_account: StorageAccount) -> None:
    async with storage_of(storage_account) as shop:
        for number in range(9):
            await shop.order(f"slow {number}")
        async with FunctionsHost(APP, settings_of(storage_account)) as host:
            await until(lambda: len(host.invocations) >= 4)
            await asyncio.sleep(0.5)
            # Batches of 4; another one is fetched only when at most 2 are left.
            assert len(host.invocations) == 4
            await host.abort()


async def test_a_crashed_worker_fails_its_run_and_the_next_worker_takes_the_message(
    storage_account: StorageAccount,
) -> None:
    async with running_shop(storage_account) as (host, shop):
        await shop.order("slow apple")
        await until(lambda: host.invocations)
        first = host.worker_pids["function:bill"]
        host.kill_worker("bill")
        await until(lambda: len(host.invocations) == 2)
        assert host.invocations[0].outcome == "Failed"
        assert "worker process ended" in (host.invocations[0].error or "")
        await until(lambda: host.worker_pids.get("function:bill", first) != first)
        await host.abort()


async def test_a_lost_host_leaves_the_message_for_the_next_one_when_its_lease_lapses(
    storage_account: StorageAccount,
) -> None:
    async with storage_of(storage_account) as shop:
        lease = timedelta(seconds=2)
        async with FunctionsHost(APP, settings_of(storage_account), lease=lease) as first:
            await shop.order("slow apple")
            await until(lambda: first.invocations)
            await first.abort()
            assert first.invocations[0].outcome == "Failed"
        assert await shop.taken("orders") == []
        assert await shop.depth("orders") == 1
        async with FunctionsHost(APP, settings_of(storage_account), lease=lease) as second:
            await until(lambda: second.invocations)
            await second.abort()
        assert await shop.depth("orders") == 1


async def test_a_long_run_keeps_its_message_invisible(storage_account: StorageAccount) -> None:
    settings = settings_of(storage_account)
    async with running_shop(storage_account, lease=timedelta(seconds=2), settings=settings) as (host, shop):
        await shop.order("slow apple")
        await until(lambda: host.invocations)
        await asyncio.sleep(3.5)
        assert len(host.invocations) == 1
        assert await shop.taken("orders") == []
        await host.abort()


async def test_functions_of_other_scale_groups_share_no_memory(storage_account: StorageAccount) -> None:
    async with running_shop(storage_account) as (host, shop):
        page = await host.request("GET", "/shop/counter")
        await shop.order("apple")
        await host.idle()
        [bill] = [json.loads(text) for text in await shop.taken("bills")]
        assert {"http", "function:bill"} <= host.worker_pids.keys()
        assert bill["pid"] == host.worker_pids["function:bill"]
        assert page.text == f"1 {host.worker_pids['http']}"
        assert host.worker_pids["http"] != bill["pid"]


async def test_one_worker_serves_all_when_asked_to(storage_account: StorageAccount) -> None:
    async with running_shop(storage_account, isolated=False) as (host, shop):
        page = await host.request("GET", "/shop/counter")
        await shop.order("apple")
        await host.idle()
        [bill] = [json.loads(text) for text in await shop.taken("bills")]
        assert page.text == f"1 {bill['pid']}"


async def test_a_function_that_overruns_its_time_fails_with_its_worker(storage_account: StorageAccount) -> None:
    settings = settings_of(storage_account, AzureFunctionsJobHost__functionTimeout="00:00:01")
    async with running_shop(storage_account, settings=settings) as (host, shop):
        await shop.order("slow apple")
        await until(lambda: len(host.invocations) == 2)
        assert "did not end within" in (host.invocations[0].error or "")
        await host.abort()


@pytest.mark.parametrize("text", ["apple", ""])
async def test_the_master_key_starts_a_function_by_hand(storage_account: StorageAccount, text: str) -> None:
    async with running_shop(storage_account) as (host, shop):
        refused = await host.request("POST", "/admin/functions/bill", key="wrong", json={"input": text})
        accepted = await host.request("POST", "/admin/functions/bill", json={"input": text})
        assert (refused.status_code, accepted.status_code) == (401, 202)
        await host.idle()
        [bill] = [json.loads(message) for message in await shop.taken("bills")]
        assert (bill["order"], bill["count"]) == (text, None)
