"""Keys guard functions as in Azure, last over restarts, and are looked up again when they are not known."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from emulator.azurite import StorageAccount
from emulator.functions_host.host import FunctionsHost
from emulator.functions_host.keys import CONTAINER
from tests.support.other_app import APP, Shop, running_shop, settings_of


async def stored(shop: Shop, host: FunctionsHost, name: str) -> dict[str, object]:
    blob = shop.blobs.get_blob_client(CONTAINER, f"{host.host_id}/{name}.json")
    document: dict[str, object] = json.loads(await (await blob.download_blob()).readall())
    return document


async def statuses(host: FunctionsHost, key: str) -> list[int]:
    paths = ("/shop/counter", "/shop/private", "/shop/keeper", "/admin/host/status")
    return [(await host.request("GET", path, key=key)).status_code for path in paths]


async def test_each_level_opens_to_its_keys(storage_account: StorageAccount) -> None:
    async with running_shop(storage_account) as (host, shop):
        function = (await stored(shop, host, "private"))["keys"][0]["value"]  # type: ignore[index]
        other = (await stored(shop, host, "bill"))["keys"][0]["value"]  # type: ignore[index]
        whole = (await stored(shop, host, "host"))["functionKeys"][0]["value"]  # type: ignore[index]
        assert await statuses(host, "") == [200, 401, 401, 401]
        assert await statuses(host, other) == [200, 401, 401, 401]
        assert await statuses(host, function) == [200, 200, 401, 401]
        assert await statuses(host, whole) == [200, 200, 401, 401]
        assert await statuses(host, host.master_key) == [200, 200, 200, 200]
        by_query = await host.request("GET", f"/shop/private?code={function}", key="")
        assert by_query.status_code == 200
        header_wins = await host.request("GET", f"/shop/private?code={function}", key="wrong")
        assert (header_wins.status_code, header_wins.content) == (401, b"")


async def test_keys_last_over_a_restart(storage_account: StorageAccount) -> None:
    async with running_shop(storage_account) as (host, _):
        first = (host.master_key, host.webhook_key)
    async with running_shop(storage_account) as (host, _):
        assert (host.master_key, host.webhook_key) == first


async def test_a_key_that_was_changed_in_storage_is_found_within_a_minute(storage_account: StorageAccount) -> None:
    moments = [datetime(2026, 1, 1, tzinfo=UTC)]
    async with running_shop(storage_account, now=lambda: moments[-1]) as (host, shop):
        document = {"keys": [{"name": "kiosk", "value": "new-key", "encrypted": False}]}
        await shop.put(CONTAINER, f"{host.host_id}/private.json", json.dumps(document).encode())
        assert (await host.request("GET", "/shop/private", key="new-key")).status_code == 401
        moments.append(moments[-1] + timedelta(minutes=1))
        assert (await host.request("GET", "/shop/private", key="new-key")).status_code == 200


async def test_without_keys_everything_is_open_as_under_core_tools(storage_account: StorageAccount) -> None:
    async with running_shop(storage_account, check_keys=False) as (host, _):
        assert await statuses(host, "") == [200, 200, 200, 200]


async def test_http_functions_run_without_any_storage(tmp_path: Path) -> None:
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    (tmp_path / "function_app.py").write_text(
        "import azure.functions as func\n"
        "app = func.FunctionApp()\n"
        "@app.route(route='hello')\n"
        "def hello(req: func.HttpRequest) -> str:\n"
        "    return 'hello'\n"
    )
    async with FunctionsHost(tmp_path, {"AzureWebJobsStorage": ""}) as host:
        assert (await host.request("GET", "/api/hello")).text == "hello"
        assert (await host.request("GET", "/api/hello", key="")).status_code == 401


async def test_a_disabled_function_is_not_reached(storage_account: StorageAccount) -> None:
    settings = settings_of(storage_account, **{"AzureWebJobs.counter.Disabled": "1", "AzureWebJobs.bill.Disabled": "1"})
    async with running_shop(storage_account, settings=settings) as (host, shop):
        await shop.order("apple")
        assert (await host.request("GET", "/shop/counter")).status_code == 404
        await host.idle()
        assert await shop.taken("orders") == ["apple"]


async def test_the_status_and_the_list_of_functions(storage_account: StorageAccount) -> None:
    async with running_shop(storage_account) as (host, _):
        status = (await host.request("GET", "/admin/host/status")).json()
        assert (status["state"], status["id"]) == ("Running", host.host_id)
        listed = (await host.request("GET", "/admin/functions")).json()
        assert {item["name"] for item in listed} == set(host.functions)
        assert host.app == APP
