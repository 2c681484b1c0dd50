"""Retry policies, log records and restarts of workers."""

from __future__ import annotations

import asyncio
import logging
import shutil
from pathlib import Path

import pytest

from emulator.azurite import StorageAccount
from emulator.functions_host.host import FunctionsHost
from tests.support.other_app import APP, running_shop, settings_of, storage_of, until


class Sleeps:
    """Takes the place of sleeping, and notes for how long."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        # The shop's timer sleeps for an hour at a time.
        if seconds >= 3600:
            await asyncio.Event().wait()
        self.seconds.append(seconds)
        await asyncio.sleep(0)


async def test_a_retry_policy_repeats_within_one_delivery(storage_account: StorageAccount) -> None:
    sleeps = Sleeps()
    async with running_shop(storage_account, sleep=sleeps) as (host, shop):
        await shop.order("one apple", queue="refunds")
        await host.idle()
        assert [item.outcome for item in host.invocations] == ["Failed", "Failed", "Succeeded"]
        assert sleeps.seconds == [7.0, 7.0]
        assert await shop.taken("paid") == ["one apple"]


async def test_a_retry_policy_multiplies_the_deliveries_of_a_queue(storage_account: StorageAccount) -> None:
    async with running_shop(storage_account, sleep=Sleeps()) as (host, shop):
        await shop.order("bad", queue="refunds")
        await host.idle()
        assert len(host.invocations) == 9
        assert await shop.taken("refunds-poison") == ["bad"]


async def test_what_a_function_logs_comes_with_its_invocation(
    storage_account: StorageAccount, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        async with running_shop(storage_account) as (host, _):
            await host.request("GET", "/shop/files/x")
            await host.request("GET", "/shop/broken")
            invocation = host.invocations[0].id
    messages = [record.getMessage() for record in caplog.records]
    assert f"[{invocation[:8]}] asked for a file" in messages
    assert any("RuntimeError: the till is stuck" in message for message in messages)
    assert any(message.startswith("Executed 'Functions.broken' (Failed") for message in messages)


async def test_a_worker_that_cannot_start_again_fails_its_invocations(
    storage_account: StorageAccount, tmp_path: Path
) -> None:
    app = tmp_path / "app"
    shutil.copytree(APP, app)
    async with (
        storage_of(storage_account),
        FunctionsHost(app, settings_of(storage_account), restart_seconds=0.01) as host,
    ):
        assert (await host.request("GET", "/shop/counter")).status_code == 200
        (app / "function_app.py").write_text("import gone\n")
        before = host.worker_pid
        host.kill_worker()
        await until(lambda: host.worker_pid != before)
        assert (await host.request("GET", "/shop/counter")).status_code == 500
        assert "No module named 'gone'" in (host.invocations[-1].error or "")
        shutil.copy(APP / "function_app.py", app)
        answer = await host.request("GET", "/shop/counter")
        assert (answer.status_code, answer.text.split()[0]) == (200, "1")
