"""Delayed messages on a storage queue, written as the Functions host reads them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from azure.storage.queue.aio import QueueClient

# Storage: a message can be hidden for seven days at most.
LONGEST_DELAY_SECONDS = 7 * 24 * 60 * 60 - 60


class MessageQueue(Protocol):
    """What the core asks of a queue."""

    async def send(self, message: Mapping[str, Any], delay: float = 0) -> None:
        """Put a message on the queue that nobody sees for `delay` seconds."""
        ...


class StorageQueue:
    """A storage queue whose messages are JSON in base64, and never expire before they were handled."""

    def __init__(self, queue: QueueClient) -> None:
        self._queue = queue

    async def send(self, message: Mapping[str, Any], delay: float = 0) -> None:
        """See MessageQueue."""
        seconds = min(max(0, math.ceil(delay)), LONGEST_DELAY_SECONDS)
        await self._queue.send_message(json.dumps(message), visibility_timeout=seconds, time_to_live=-1)

    async def depth(self) -> int | None:
        """About how many messages wait, hidden ones included; None where the queue does not exist yet."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            properties = await self._queue.get_queue_properties()
        except ResourceNotFoundError:
            return None
        return int(properties.approximate_message_count or 0)
