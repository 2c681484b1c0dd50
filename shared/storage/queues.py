"""Delayed messages on a storage queue, written as the Functions host reads them."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from azure.storage.queue.aio import QueueClient

# Storage: a message can be hidden for seven days at most.
LONGEST_DELAY_SECONDS = 7 * 24 * 60 * 60 - 60
# The member of a delayed message that says from when it is to be seen.
DUE = "due"


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
        if seconds:
            # Storage tells nobody for how long it hid a message, and a planned wait does not make it late.
            message = {**message, DUE: (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()}
        await self._queue.send_message(json.dumps(message), visibility_timeout=seconds, time_to_live=-1)

    async def depth(self) -> int | None:
        """About how many messages wait, hidden ones included; None where the queue does not exist yet."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            properties = await self._queue.get_queue_properties()
        except ResourceNotFoundError:
            return None
        return int(properties.approximate_message_count or 0)

    async def late_seconds(self, now: datetime) -> float:
        """For how long the next message could have been taken, and was not; 0 where none can be."""
        for message in await self._queue.peek_messages(max_messages=1):
            # The later of the two: whoever delayed it put it there before.
            seen = max([message.inserted_on or now, *_due(str(message.content))])
            return max(0.0, (now - seen).total_seconds())
        return 0.0


def _due(content: str) -> list[datetime]:
    """From when a message of ours was to be seen, where it was delayed."""
    try:
        due = datetime.fromisoformat(json.loads(base64.b64decode(content))[DUE])
    except (ValueError, TypeError, KeyError, RecursionError):
        return []
    return [due] if due.tzinfo else []
