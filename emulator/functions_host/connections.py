"""From a binding's `connection` to clients of the storage account that it names in the settings."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import aiohttp
from azure.core.exceptions import ResourceExistsError
from azure.storage.blob.aio import BlobServiceClient, ContainerClient
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from emulator.functions_host.errors import StartError
from emulator.functions_host.queue_sender import QueueSender

HOST_CONNECTION = "AzureWebJobsStorage"
_DEVELOPMENT = "UseDevelopmentStorage=true"
_DEVELOPMENT_STORAGE = (
    "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;"
    "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"
    "BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1;"
)


def setting_of(connection: str, settings: Mapping[str, str]) -> str | None:
    """Find the connection string that `connection` names: the setting itself, or with the `AzureWebJobs` prefix."""
    text = settings.get(connection) or settings.get(f"AzureWebJobs{connection}")
    if text and text.strip().rstrip(";").lower() == _DEVELOPMENT.lower():
        return _DEVELOPMENT_STORAGE
    return text


class Connections:
    """Storage clients by connection name, made once each, and closed together."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._settings = settings
        self._blobs: dict[str, BlobServiceClient] = {}
        self._queues: dict[str, QueueServiceClient] = {}
        self._senders: dict[tuple[str, str], QueueSender] = {}
        self._http: aiohttp.ClientSession | None = None
        self._credential: Any = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for blobs in self._blobs.values():
            await blobs.close()
        for queues in self._queues.values():
            await queues.close()
        if self._http:
            await self._http.close()
        if self._credential:
            await self._credential.close()

    def __contains__(self, connection: str) -> bool:
        return bool(
            setting_of(connection, self._settings)
            or self._uri(connection, "blobServiceUri")
            or self._uri(connection, "queueServiceUri")
        )

    def blobs(self, connection: str) -> BlobServiceClient:
        """Give the blob service of a connection. Raises StartError when the settings do not tell it."""
        if connection not in self._blobs:
            if text := setting_of(connection, self._settings):
                self._blobs[connection] = BlobServiceClient.from_connection_string(text)
            else:
                uri = self._required_uri(connection, "blobServiceUri")
                self._blobs[connection] = BlobServiceClient(uri, credential=self._own_credential())
        return self._blobs[connection]

    def queues(self, connection: str) -> QueueServiceClient:
        """Give the queue service of a connection. Raises StartError when the settings do not tell it."""
        if connection not in self._queues:
            if text := setting_of(connection, self._settings):
                self._queues[connection] = QueueServiceClient.from_connection_string(text)
            else:
                uri = self._required_uri(connection, "queueServiceUri")
                self._queues[connection] = QueueServiceClient(uri, credential=self._own_credential())
        return self._queues[connection]

    def sender(self, connection: str, name: str) -> QueueSender:
        """Give what sends to one queue. Raises StartError when the settings do not tell its service."""
        key = connection, name
        if key not in self._senders:
            self._http = self._http or aiohttp.ClientSession()
            self._senders[key] = QueueSender(self.queues(connection).get_queue_client(name), self._http)
        return self._senders[key]

    def _uri(self, connection: str, name: str) -> str | None:
        return self._settings.get(f"{connection}__{name}") or self._settings.get(f"{connection}:{name}")

    def _required_uri(self, connection: str, name: str) -> str:
        if uri := self._uri(connection, name):
            return uri
        raise StartError(
            f"the settings name no storage account for the connection {connection!r}: "
            f"set {connection} to a connection string, or {connection}__{name}"
        )

    def _own_credential(self) -> Any:
        # Whoever runs the host: an identity of Azure cannot be had outside of it.
        if self._credential is None:
            from azure.identity.aio import DefaultAzureCredential

            self._credential = DefaultAzureCredential()
        return self._credential


async def made(client: ContainerClient | QueueClient) -> None:
    """Create a container or a queue unless it is there."""
    with contextlib.suppress(ResourceExistsError):
        if isinstance(client, ContainerClient):
            await client.create_container()
        else:
            await client.create_queue()


def container_and_name(url: str, service_url: str) -> tuple[str, str]:
    """Take a blob's URL apart, given the URL of its blob service. Raises ValueError when it is not a blob's URL."""
    base = urlsplit(service_url).path.strip("/")
    path = urlsplit(url).path.strip("/")
    if base and not path.startswith(base + "/"):
        raise ValueError(f"{url!r} is not in the storage account of this connection")
    container, _, name = path[len(base) :].lstrip("/").partition("/")
    if not container or not name:
        raise ValueError(f"{url!r} is not the address of a blob")
    return container, unquote(name)
