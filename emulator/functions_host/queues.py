"""Listens to a storage queue as the host does: batches, visibility, renewal, poison (WebJobs QueueListener)."""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from emulator.functions_host.connections import made
from emulator.functions_host.errors import HostError
from emulator.functions_host.host_json import QueueOptions

LEASE = timedelta(minutes=10)
"""How long a received message stays invisible when nothing renews it, as when the instance is lost."""
FIRST_POLLING_SECONDS = 0.1
ERROR_SECONDS = 2.0
_TAKEN = (400, 404)
_OF_THE_HOST = "azure-webjobs-"

type Handler = Callable[[QueueMessage, bytes], Awaitable[None]]

logger = logging.getLogger(__name__)


class Undecodable(ValueError):
    """A message is not in the encoding that host.json declares."""


@dataclass(frozen=True, slots=True)
class After:
    """What becomes of a message when its function failed: poisoned, or visible again after a time."""

    poison: bool
    visible_after: timedelta = timedelta()


def after_failure(dequeue_count: int, options: QueueOptions) -> After:
    """Decide after a failed run of a message that has been received `dequeue_count` times."""
    if dequeue_count >= options.max_dequeue_count:
        return After(poison=True)
    return After(poison=False, visible_after=options.visibility_timeout)


def decode(text: str, *, is_base64: bool) -> bytes:
    """Read a message's text. Raises Undecodable when base64 is declared and this is not."""
    if not is_base64:
        return text.encode()
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Undecodable(str(error)) from error


def next_delay(last: float, maximum: float) -> float:
    """How long to wait after an empty poll: grows with chance up to `maximum` seconds."""
    if last < FIRST_POLLING_SECONDS:
        return min(FIRST_POLLING_SECONDS, maximum)
    return min(maximum, last * random.uniform(1.2, 2.2))  # noqa: S311 - spreads polls, guards nothing


class QueueListener:
    """Receives the messages of one queue and runs `handle` on each.

    `poison_of` tells from a message's text which queue takes it when it is given up.
    """

    def __init__(
        self,
        queue: QueueClient,
        poison_of: Callable[[str], QueueClient],
        options: QueueOptions,
        handle: Handler,
        lease: timedelta = LEASE,
    ) -> None:
        self.name: str = queue.queue_name
        self._queue = queue
        self._poison_of = poison_of
        self._options = options
        self._handle = handle
        self._lease = lease
        self._woken = asyncio.Event()
        self._freed = asyncio.Event()
        self._processing: set[asyncio.Task[None]] = set()
        self._is_missed = False
        self.received = 0
        self.empty_polls = 0

    @property
    def busy(self) -> bool:
        """Whether messages are being processed."""
        return bool(self._processing)

    def wake(self) -> None:
        """Poll now: somebody knows of a new message."""
        self._woken.set()

    async def run(self) -> None:
        """Listen until cancelled; then leave what runs alone: see `finish` and `abandon`."""
        delay = 0.0
        while True:
            try:
                found = await self._receive()
            except AzureError as error:
                logger.warning("The queue %s could not be read: %s", self.name, error.message)
                delay = max(next_delay(delay, self._options.max_polling_interval.total_seconds()), ERROR_SECONDS)
                await self._pause(delay)
                continue
            if found:
                delay = 0.0
                while len(self._processing) > self._options.new_batch_threshold:
                    self._freed.clear()
                    await self._freed.wait()
            else:
                self.empty_polls += 1
                delay = next_delay(delay, self._options.max_polling_interval.total_seconds())
                await self._pause(delay)

    async def finish(self, seconds: float) -> None:
        """Wait for running messages; those that take longer stay invisible until their lease lapses."""
        if self._processing:
            await asyncio.wait(self._processing, timeout=seconds)
        await self.abandon()

    async def abandon(self) -> None:
        """Drop everything at once, as an instance that is lost does: nothing is deleted or made visible."""
        for task in self._processing:
            task.cancel()
        await asyncio.gather(*self._processing, return_exceptions=True)

    async def _receive(self) -> int:
        try:
            pages = self._queue.receive_messages(
                messages_per_page=self._options.batch_size,
                max_messages=self._options.batch_size,
                visibility_timeout=int(self._lease.total_seconds()),
            )
            messages = [message async for message in pages]
        except ResourceNotFoundError:
            # WebJobs' QueueListener makes no queue: it looks again, for ever, and says nothing. The host's own queue
            # comes with its first message.
            if not self._is_missed and not self.name.startswith(_OF_THE_HOST):
                logger.warning("There is no queue %s: its function never runs.", self.name)
            self._is_missed = True
            return 0
        self._is_missed = False
        for message in messages:
            self.received += 1
            task = asyncio.create_task(self._process(message))
            self._processing.add(task)
            task.add_done_callback(self._processed)
        return len(messages)

    def _processed(self, task: asyncio.Task[None]) -> None:
        self._processing.discard(task)
        self._freed.set()
        if not task.cancelled() and (error := task.exception()):
            logger.error("A message of %s could not be settled.", self.name, exc_info=error)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            pass
        self._woken.clear()

    async def _process(self, message: QueueMessage) -> None:
        if (message.dequeue_count or 0) > self._options.max_dequeue_count:
            await self._to_poison(message)
            return
        try:
            body = decode(message.content, is_base64=self._options.base64)
        except Undecodable:
            logger.error("Message %s of %s is not base64 and goes to poison.", message.id, self.name)  # noqa: TRY400 - the text may be private
            await self._to_poison(message)
            return
        # A renewal changes the receipt, so it must not be cut off between its request and its answer.
        renewing = asyncio.Lock()
        renewal = asyncio.create_task(self._renew(message, renewing))
        try:
            await self._handle(message, body)
        except (HostError, AzureError):
            succeeded = False
        except asyncio.CancelledError:
            renewal.cancel()
            raise
        else:
            succeeded = True
        async with renewing:
            renewal.cancel()
        if succeeded:
            await self._delete(message)
            return
        after = after_failure(message.dequeue_count or 0, self._options)
        if after.poison:
            logger.error(
                "Message %s of %s has reached MaxDequeueCount of %s and goes to poison.",
                *(message.id, self.name, self._options.max_dequeue_count),
            )
            await self._to_poison(message)
        else:
            await self._show(message, after.visible_after)

    async def _renew(self, message: QueueMessage, renewing: asyncio.Lock) -> None:
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 2)
            async with renewing:
                try:
                    renewed = await self._queue.update_message(
                        message, visibility_timeout=int(self._lease.total_seconds())
                    )
                except AzureError as error:
                    logger.warning("Message %s of %s was not kept invisible: %s", message.id, self.name, error.message)
                else:
                    message.pop_receipt = renewed.pop_receipt

    async def _delete(self, message: QueueMessage) -> None:
        try:
            await self._queue.delete_message(message.id, message.pop_receipt)
        except HttpResponseError as error:
            self._complain_unless_taken(message, error)

    async def _show(self, message: QueueMessage, after: timedelta) -> None:
        try:
            await self._queue.update_message(message, visibility_timeout=int(after.total_seconds()))
        except HttpResponseError as error:
            self._complain_unless_taken(message, error)
        else:
            if not after:
                self.wake()

    def _complain_unless_taken(self, message: QueueMessage, error: HttpResponseError) -> None:
        if error.status_code not in _TAKEN:
            raise error
        logger.warning("Message %s of %s was received by somebody else meanwhile.", message.id, self.name)

    async def _to_poison(self, message: QueueMessage) -> None:
        poison = self._poison_of(message.content)
        try:
            await poison.send_message(message.content)
        except ResourceNotFoundError:
            await made(poison)
            await poison.send_message(message.content)
        await self._delete(message)
