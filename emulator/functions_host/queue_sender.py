"""Puts messages on a queue at the price of one request (Storage: Put Message).

The SDK's pipeline costs three times what storage takes for the write, and whoever posts to a function with an output
binding waits for it. Azure's own host is not that slow.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape

import aiohttp
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError, ServiceRequestError
from azure.storage.queue import QueueSasPermissions, generate_queue_sas
from azure.storage.queue.aio import QueueClient
from yarl import URL

VERSION = "2021-02-12"
_SIGNED_FOR = timedelta(hours=1)


class QueueSender:
    """Sends to one queue. A queue that is reached with an identity is left to the SDK."""

    def __init__(self, queue: QueueClient, http: aiohttp.ClientSession) -> None:
        self.queue = queue
        self._http = http
        self._key = getattr(queue.credential, "account_key", None)
        self._address: URL | None = None
        self._until = datetime.min.replace(tzinfo=UTC)

    async def send(self, text: str) -> None:
        """Put one message. Raises AzureError, ResourceNotFoundError where there is no such queue."""
        if self._key is None:
            await self.queue.send_message(text)
            return
        body = f"<QueueMessage><MessageText>{escape(text)}</MessageText></QueueMessage>".encode()
        try:
            async with self._http.post(self._signed(), data=body, headers={"x-ms-version": VERSION}) as answer:
                await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ServiceRequestError(f"{self.queue.queue_name}: {type(error).__name__}") from error
        if answer.status == 404:
            raise ResourceNotFoundError(f"there is no queue {self.queue.queue_name}")
        if answer.status != 201:
            raise HttpResponseError(f"{self.queue.queue_name}: {answer.status} {answer.reason}")

    def _signed(self) -> URL:
        now = datetime.now(UTC)
        if self._address is None or now >= self._until:
            token = generate_queue_sas(
                str(self.queue.account_name),
                self.queue.queue_name,
                str(self._key),
                permission=QueueSasPermissions(add=True),
                expiry=now + 2 * _SIGNED_FOR,
            )
            self._address = URL(f"{self.queue.url}/messages?{token}", encoded=True)
            self._until = now + _SIGNED_FOR
        return self._address
