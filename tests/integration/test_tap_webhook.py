"""The webhook on the local host: Graph's handshake, its notifications, and what is queued before it is answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from azure.core.exceptions import AzureError
from azure.storage.queue import TextBase64DecodePolicy
from azure.storage.queue.aio import QueueClient

from emulator.azurite import StorageAccount
from emulator.functions_host.host import FunctionsHost
from emulator.functions_host.outputs import Outputs
from shared.names import EVENTS_QUEUE
from tests.support.full_stack import NEVER
from tests.support.notices import SETTINGS, body_of, lifecycle, notice, task_id
from tests.support.tenant import ROOT

TRACE = f"00-{'a' * 32}-{'b' * 16}-01"


@dataclass
class Webhook:
    """The app on the local host, whose events nobody takes from the queue."""

    host: FunctionsHost
    queue: QueueClient

    async def post(self, content: bytes, path: str = "/api/notifications", **headers: str) -> httpx.Response:
        return await self.host.request("POST", path, content=content, headers=headers, key="")

    async def queued(self) -> list[dict[str, Any]]:
        return [json.loads(message.content) for message in await self.queue.peek_messages(32)]


@pytest.fixture
async def webhook(storage_account: StorageAccount) -> AsyncIterator[Webhook]:
    settings = SETTINGS | {
        "PrintStorage": storage_account.connection_string,
        "AzureWebJobsStorage": storage_account.connection_string,
        "RECONCILE_SCHEDULE": NEVER,
        "UPKEEP_SCHEDULE": NEVER,
        "USAGE_EXPORT_SCHEDULE": NEVER,
        "AzureWebJobs.print_tasks.Disabled": "true",
    }
    queue = QueueClient.from_connection_string(
        storage_account.connection_string, EVENTS_QUEUE, message_decode_policy=TextBase64DecodePolicy()
    )
    async with FunctionsHost(ROOT, settings, isolated=False) as host, queue:
        yield Webhook(host, queue)


async def test_an_endpoint_is_validated_and_takes_what_graph_sends(webhook: Webhook) -> None:
    for path in ("/api/notifications", "/api/notifications/lifecycle"):
        token = "Validation%3A+Testing%20%3Cb%3E%20%2B%26%C3%A9"
        answer = await webhook.post(b"", f"{path}?validationToken={token}", **{"Content-Type": "text/plain"})
        assert (answer.status_code, answer.text) == (200, "Validation: Testing <b> +&é")
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.headers["x-content-type-options"] == "nosniff"

    answer = await webhook.post(body_of(notice(1), notice(2, clientState="forged"), notice(3)), traceparent=TRACE)
    assert (answer.status_code, answer.content) == (202, b"")
    answer = await webhook.post(body_of(lifecycle()), "/api/notifications/lifecycle")
    assert answer.status_code == 202
    tasks, event = await webhook.queued()
    assert (tasks["kind"], tasks["tasks"]) == ("tasks", [{"taskId": task_id(1)}, {"taskId": task_id(3)}])
    assert tasks["traceparent"].split("-")[1] == "a" * 32
    assert (event["kind"], event["event"]) == ("lifecycle", "reauthorizationRequired")

    answer = await webhook.post(b"<html>")
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert (await webhook.host.request("GET", "/api/notifications", key="")).status_code == 404
    assert len(await webhook.queued()) == 2


async def test_what_cannot_be_queued_is_answered_with_an_error_so_that_graph_sends_it_again(
    webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> None:
        raise AzureError("the queue is away")

    monkeypatch.setattr(Outputs, "_send", broken)
    assert (await webhook.post(body_of(notice(1)))).status_code == 500
    monkeypatch.undo()
    answers = await asyncio.gather(*(webhook.post(body_of(notice(number))) for number in range(8)))
    assert {answer.status_code for answer in answers} == {202}
    assert len(await webhook.queued()) == 8
