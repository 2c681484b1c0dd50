"""Opens the storage account that keeps documents, state and queues."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from shared.deferred import deferred
from shared.names import STATE
from shared.storage.queues import StorageQueue
from shared.storage.state import BlobStateStore

if TYPE_CHECKING:
    from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential
    from azure.storage.blob.aio import BlobServiceClient, ContainerClient
    from azure.storage.queue.aio import QueueClient, QueueServiceClient

    from shared.settings import StorageConnection


# Storage is asked four times within some 17 seconds: a person at a kiosk waits no longer for an answer, and every other
# work comes back by itself. With the SDK's own waits the last is asked after more than a minute.
RETRIES: Mapping[str, Any] = {"retry_total": 4, "initial_backoff": 1, "increment_base": 2, "connection_timeout": 5}


class Storage:
    """The clients of one storage account; made by `open_storage`."""

    def __init__(self, blobs: BlobServiceClient, queues: Callable[[], QueueServiceClient]) -> None:
        self._blobs = blobs
        self._queues = queues
        self.state = BlobStateStore(blobs.get_container_client(STATE))

    def container(self, name: str) -> ContainerClient:
        """The client of a container."""
        return self._blobs.get_container_client(name)

    def queue(self, name: str) -> StorageQueue:
        """The client of a queue, with the host's message encoding."""
        return StorageQueue(deferred(lambda: self.queue_client(name)))

    def queue_client(self, name: str) -> QueueClient:
        """The SDK's client of a queue, with the host's message encoding."""
        from azure.storage.queue import TextBase64EncodePolicy

        return self._queues().get_queue_client(name, message_encode_policy=TextBase64EncodePolicy())


@asynccontextmanager
async def open_storage(connection: StorageConnection) -> AsyncIterator[Storage]:
    """Clients for a connection string, or for service URIs and an identity (Functions: identity-based connections).

    That of the queues is made at its first use.
    """
    from azure.storage.blob.aio import BlobServiceClient

    text = connection.connection_string
    credential: DefaultAzureCredential | ManagedIdentityCredential | None = None
    async with AsyncExitStack() as stack:
        if text:
            blobs = BlobServiceClient.from_connection_string(text, **RETRIES)
        else:
            credential = _credential(connection)
            await stack.enter_async_context(credential)
            blobs = BlobServiceClient(str(connection.blob_service_uri), credential=credential, **RETRIES)
        await stack.enter_async_context(blobs)

        @cache
        def queues() -> QueueServiceClient:
            from azure.storage.queue.aio import QueueServiceClient

            if text:
                made = QueueServiceClient.from_connection_string(text, **RETRIES)
            else:
                made = QueueServiceClient(str(connection.queue_service_uri), credential=credential, **RETRIES)
            stack.push_async_callback(made.close)
            return made

        yield Storage(blobs, queues)


def _credential(connection: StorageConnection) -> DefaultAzureCredential | ManagedIdentityCredential:
    from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

    if connection.credential == "managedidentity":
        return ManagedIdentityCredential(client_id=connection.client_id)
    return DefaultAzureCredential()
