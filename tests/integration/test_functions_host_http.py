"""An app that this project did not shape answers over HTTP as it would in Azure."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from emulator.azurite import StorageAccount
from emulator.functions_host.host import FunctionsHost
from tests.support.other_app import running_shop, settings_of


@pytest.fixture
async def host(storage_account: StorageAccount) -> AsyncIterator[FunctionsHost]:
    async with running_shop(storage_account) as (host, _):
        yield host


async def test_a_function_gets_route_query_headers_and_body(host: FunctionsHost) -> None:
    answer = await host.request(
        "PUT", "/shop/Items/nut%20bolt/7?size=9&colour=&size=10", content=b"by hand", headers={"X-Shelf": "three"}
    )
    assert answer.status_code == 203
    assert answer.json() == {
        "route": {"kind": "nut bolt", "number": "7"},
        "query": {"size": "9,10"},
        "method": "PUT",
        "url": f"{host.url}/shop/Items/nut%20bolt/7?size=9&colour=&size=10",
        "header": "three",
        "body": "by hand",
    }
    assert answer.headers["x-shop"] == "open"
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["set-cookie"].lower() == "basket=7; path=/; samesite=lax; httponly"


async def test_a_body_of_undeclared_length_arrives_empty(host: FunctionsHost) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"by "
        yield b"hand"

    answer = await host.request("PUT", "/shop/items/nut/7", content=parts())
    assert answer.json()["body"] == ""


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/shop/items/nut/7"),
        ("GET", "/shop/items/nut/seven"),
        ("GET", "/api/items/nut/7"),
        ("GET", "/shop/items/nut/7/more"),
        ("GET", "/shop/nothing"),
    ],
)
async def test_what_no_route_takes_is_not_found(host: FunctionsHost, method: str, path: str) -> None:
    answer = await host.request(method, path)
    assert (answer.status_code, answer.content) == (404, b"")
    assert host.invocations == []


async def test_a_returned_text_is_the_body_and_the_context_names_the_invocation(host: FunctionsHost) -> None:
    answer = await host.request("GET", "/shop/files/a/b%2Fc/d", key="")
    assert answer.text == f"files {host.invocations[0].id} a/b%2Fc/d"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert (host.invocations[0].function, host.invocations[0].outcome) == ("files", "Succeeded")


async def test_a_failure_tells_the_caller_nothing(host: FunctionsHost) -> None:
    answer = await host.request("GET", "/shop/broken")
    assert (answer.status_code, answer.content) == (500, b"")
    assert host.invocations[0].outcome == "Failed"
    assert "RuntimeError: the till is stuck" in (host.invocations[0].error or "")


async def test_async_functions_run_side_by_side(host: FunctionsHost) -> None:
    answers = await asyncio.gather(*(host.request("GET", "/shop/wait/0.3") for _ in range(5)))
    assert [answer.text for answer in answers] == ["waited"] * 5
    ends = [invocation.ended for invocation in host.invocations]
    assert all(invocation.started < end for invocation in host.invocations for end in ends if end)


async def test_a_list_of_queue_messages_becomes_a_message_each(storage_account: StorageAccount) -> None:
    async with running_shop(storage_account) as (host, shop):
        answer = await host.request("POST", "/shop/order", content=b"apple\npear")
        assert answer.status_code == 202
        await host.idle()
        bills = [json.loads(text) for text in await shop.taken("bills")]
        assert sorted(bill["order"] for bill in bills) == ["apple", "pear"]


async def test_an_answer_that_takes_too_long_is_given_up_and_the_function_goes_on(
    storage_account: StorageAccount,
) -> None:
    async with running_shop(storage_account, answer_seconds=0.1) as (host, _):
        answer = await host.request("GET", "/shop/wait/1")
        assert answer.status_code == 502
        assert host.invocations[0].outcome == "Running"
        await host.idle()
        assert host.invocations[0].outcome == "Succeeded"


async def test_a_body_above_the_limit_is_refused(storage_account: StorageAccount) -> None:
    settings = settings_of(storage_account, FUNCTIONS_REQUEST_BODY_SIZE_LIMIT="10")
    async with running_shop(storage_account, settings=settings) as (host, _):
        assert (await host.request("PUT", "/shop/items/nut/7", content=b"0123456789")).status_code == 203
        assert (await host.request("PUT", "/shop/items/nut/7", content=b"0123456789a")).status_code == 413


async def test_plain_functions_have_the_threads_and_the_clock_of_a_small_instance(
    storage_account: StorageAccount,
) -> None:
    settings = settings_of(storage_account, TZ="Asia/Tokyo")
    async with running_shop(storage_account, settings=settings) as (host, _):
        answers = await asyncio.gather(*(host.request("GET", "/shop/sleep") for _ in range(6)))
        assert {answer.text for answer in answers} == {"UTC"}
        ends = sorted(invocation.ended for invocation in host.invocations if invocation.ended)
        # Five threads: the sixth one sleeps after another has.
        assert (ends[5] - ends[0]).total_seconds() > 0.25
