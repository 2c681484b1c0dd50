"""Looks for new blobs in containers and announces them: a system topic with its subscriptions."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.blob import BlobProperties
from azure.storage.blob.aio import BlobServiceClient, ContainerClient

from emulator.event_grid.delivery import Delivery
from emulator.event_grid.events import SeenBlob, blob_created, changed_blobs

INTERVAL_SECONDS = 0.3

logger = logging.getLogger(__name__)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Subscription:
    """Events of one container whose blob names start with `prefix`, and where they go."""

    container: str
    delivery: Delivery
    prefix: str = ""
    seen: dict[str, str] = field(default_factory=dict)


class Watcher:
    """Lists the containers of subscriptions every `interval` seconds and announces what is new.

    Blobs that exist at the start are not announced unless `announce_existing`: a subscription knows no past.
    """

    def __init__(
        self,
        blobs: BlobServiceClient,
        subscriptions: Sequence[Subscription],
        *,
        announce_existing: bool = False,
        interval: float = INTERVAL_SECONDS,
        now: Callable[[], datetime] = _utc_now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._blobs = blobs
        self._subscriptions = subscriptions
        self._announce_existing = announce_existing
        self._interval = interval
        self._now = now
        self._sleep = sleep
        self.topic = (
            "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local"
            f"/providers/Microsoft.Storage/storageAccounts/{blobs.account_name}"
        )

    async def subscribe(self) -> None:
        """Do each webhook's handshake and remember what exists. Raises SubscriptionRefused."""
        for subscription in self._subscriptions:
            await subscription.delivery.validate(self.topic)
            if not self._announce_existing:
                listed = await self._listed(subscription)
                subscription.seen = {blob.name: blob.etag for blob in listed}

    async def run(self) -> None:
        """Look and announce until cancelled."""
        while True:
            for subscription in self._subscriptions:
                try:
                    await self.look(subscription)
                except AzureError as error:
                    logger.info("The container %s could not be listed: %s", subscription.container, error.message)
            await self._sleep(self._interval)

    async def look(self, subscription: Subscription | None = None) -> None:
        """Look once, at one container or all. Raises AzureError."""
        for one in [subscription] if subscription else self._subscriptions:
            listed = await self._listed(one)
            for blob in changed_blobs(one.seen, listed):
                one.delivery.announce(blob_created(blob, one.container, self.topic, self._now()))
            one.seen = {blob.name: blob.etag for blob in listed}

    async def _listed(self, subscription: Subscription) -> list[SeenBlob]:
        container = self._blobs.get_container_client(subscription.container)
        try:
            return [
                _seen(container, properties)
                async for properties in container.list_blobs(name_starts_with=subscription.prefix or None)
            ]
        except ResourceNotFoundError:
            return []


def _seen(container: ContainerClient, properties: BlobProperties) -> SeenBlob:
    name = str(properties.name)
    return SeenBlob(
        name=name,
        etag=str(properties.etag).strip('"'),
        size=properties.size,
        content_type=properties.content_settings.content_type or "application/octet-stream",
        blob_type="BlockBlob",
        url=container.get_blob_client(name).url.partition("?")[0],
    )


@asynccontextmanager
async def announcing(
    connection_string: str,
    webhooks: Sequence[tuple[str, str, str]],
    *,
    announce_existing: bool = False,
    interval: float = INTERVAL_SECONDS,
) -> AsyncIterator[dict[str, Delivery]]:
    """Announce the blobs of an account for the length of the block; give the deliveries by container.

    `webhooks` are (container, prefix of blob names, URL). Raises SubscriptionRefused.
    """
    async with (
        BlobServiceClient.from_connection_string(connection_string) as blobs,
        httpx.AsyncClient(trust_env=False) as http,
    ):
        subscriptions = [
            Subscription(container, Delivery(url, http, now=_utc_now), prefix) for container, prefix, url in webhooks
        ]
        watcher = Watcher(blobs, subscriptions, announce_existing=announce_existing, interval=interval)
        await watcher.subscribe()
        watching = asyncio.create_task(watcher.run())
        try:
            yield {subscription.container: subscription.delivery for subscription in subscriptions}
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            for subscription in subscriptions:
                await subscription.delivery.stop()
