"""The small shop in `tests/data/other_app`, run by the local host on a storage account of the test's own."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueServiceClient

from emulator.azurite import StorageAccount
from emulator.functions_host.host import FunctionsHost

APP = Path(__file__).resolve().parent.parent / "data" / "other_app"
NEVER = "0 0 0 29 2 *"


def settings_of(account: StorageAccount, **more: str) -> dict[str, str]:
    """The shop's settings on a storage account."""
    return {
        "AzureWebJobsStorage": account.connection_string,
        "ShopStorage": account.connection_string,
        "CLOSING_TIME": NEVER,
        **more,
    }


async def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for something that other processes bring about. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


class Shop:
    """The storage of the shop, as its customers see it."""

    def __init__(self, account: StorageAccount) -> None:
        self.queues = QueueServiceClient.from_connection_string(account.connection_string)
        self.blobs = BlobServiceClient.from_connection_string(account.connection_string)

    async def order(self, text: str, *, queue: str = "orders", is_base64: bool = True) -> None:
        """Send a message."""
        client = self.queues.get_queue_client(queue)
        with contextlib.suppress(ResourceExistsError):
            await client.create_queue()
        await client.send_message(base64.b64encode(text.encode()).decode() if is_base64 else text)

    async def taken(self, queue: str) -> list[str]:
        """Take all visible messages out of a queue and give their texts; none when there is no queue."""
        client = self.queues.get_queue_client(queue)
        texts = []
        try:
            async for message in client.receive_messages(messages_per_page=32):
                texts.append(message.content)
                await client.delete_message(message)
        except ResourceNotFoundError:
            return []
        return [base64.b64decode(text).decode() for text in texts]

    async def depth(self, queue: str) -> int:
        """How many messages a queue holds, visible or not."""
        properties = await self.queues.get_queue_client(queue).get_queue_properties()
        return properties.approximate_message_count or 0

    async def put(self, container: str, name: str, content: bytes, **options: Any) -> None:
        """Write a blob."""
        client = self.blobs.get_container_client(container)
        with contextlib.suppress(ResourceExistsError):
            await client.create_container()
        await client.upload_blob(name, content, overwrite=True, **options)


@asynccontextmanager
async def running_shop(account: StorageAccount, **options: Any) -> AsyncIterator[tuple[FunctionsHost, Shop]]:
    """Run the shop; `options` are those of FunctionsHost."""
    options.setdefault("settings", settings_of(account))
    async with storage_of(account) as shop, FunctionsHost(APP, **options) as host:
        yield host, shop


@asynccontextmanager
async def storage_of(account: StorageAccount) -> AsyncIterator[Shop]:
    """The shop's storage without the shop."""
    shop = Shop(account)
    try:
        yield shop
    finally:
        await shop.queues.close()
        await shop.blobs.close()
