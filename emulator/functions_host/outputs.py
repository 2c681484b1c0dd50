"""Stores what a function gives through its output bindings: queue messages and blobs."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from azure.core.exceptions import AzureError, ResourceNotFoundError

from emulator.functions_host.connections import HOST_CONNECTION, Connections, made
from emulator.functions_host.errors import InvocationFailed
from emulator.functions_host.functions import Function
from emulator.functions_host.worker_protocol import TypedValue

_EXPRESSION = re.compile(r"\{([^{}]+)\}")


class Outputs:
    """Writes queue messages and blobs. `on_queued` is told the queue, whose listener then need not wait."""

    def __init__(self, connections: Connections, base64_messages: bool, on_queued: Callable[[str], None]) -> None:
        self._connections = connections
        self._base64 = base64_messages
        self._on_queued = on_queued

    async def store(
        self, function: Function, given: Mapping[str, TypedValue], metadata: Mapping[str, TypedValue]
    ) -> None:
        """Store the values by the name of their binding. Raises InvocationFailed when one cannot be stored."""
        for binding in function.outputs:
            value = given.get(str(binding["name"]))
            if value is None or binding["type"] == "http":
                continue
            try:
                if binding["type"] == "queue":
                    await self._send(binding, value, metadata)
                else:
                    await self._write(binding, value, metadata)
            except AzureError as error:
                raise InvocationFailed(f"the output {binding['name']} could not be stored: {error}") from error

    async def _send(self, binding: Mapping[str, Any], value: TypedValue, metadata: Mapping[str, TypedValue]) -> None:
        name = resolve(str(binding["queueName"]), metadata)
        queue = self._connections.sender(str(binding.get("connection") or HOST_CONNECTION), name)
        for message in queue_messages(value):
            text = base64.b64encode(message).decode() if self._base64 else message.decode("utf-8", errors="replace")
            try:
                await queue.send(text)
            except ResourceNotFoundError:
                await made(queue.queue)
                await queue.send(text)
        self._on_queued(name)

    async def _write(self, binding: Mapping[str, Any], value: TypedValue, metadata: Mapping[str, TypedValue]) -> None:
        container, _, name = resolve(str(binding["path"]), metadata).strip("/").partition("/")
        blobs = self._connections.blobs(str(binding.get("connection") or HOST_CONNECTION))
        target = blobs.get_container_client(container)
        content = _content(value)
        try:
            await target.upload_blob(name, content, overwrite=True)
        except ResourceNotFoundError:
            await made(target)
            await target.upload_blob(name, content, overwrite=True)


def queue_messages(value: TypedValue) -> list[bytes]:
    """One value as messages: a JSON array becomes a message per element, an object with a body that body."""
    kind, content = value
    if kind != "json":
        return [_content(value)]
    document = json.loads(content)
    elements = document if isinstance(document, list) else [document]
    return [_message(element) for element in elements]


def _message(element: Any) -> bytes:
    if isinstance(element, str):
        return element.encode()
    # A QueueMessage arrives as {"id", "body"} (azure-functions 2.3.0, queue.py).
    if isinstance(element, dict) and element.keys() == {"id", "body"}:
        return str(element["body"]).encode()
    return json.dumps(element, separators=(",", ":")).encode()


def _content(value: TypedValue) -> bytes:
    content = value[1]
    return content if isinstance(content, bytes) else str(content).encode()


def resolve(template: str, metadata: Mapping[str, TypedValue]) -> str:
    """Fill in `{name}` from trigger metadata, `{rand-guid}` and `{DateTime}`.

    Raises InvocationFailed when the trigger knows no value.
    """

    def value_of(match: re.Match[str]) -> str:
        expression = match[1]
        if expression.lower() == "rand-guid":
            return str(uuid4())
        if expression.lower() == "datetime":
            return datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
        for name, (kind, content) in metadata.items():
            if name.lower() == expression.lower():
                return str(json.loads(content) if kind == "json" else content)
        raise InvocationFailed(f"no value for {{{expression}}} in {template!r}")

    return _EXPRESSION.sub(value_of, template)
