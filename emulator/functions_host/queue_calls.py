"""What a queue function gets of a message (WebJobs queue trigger; azure-functions-host, gRPC messages)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from azure.storage.queue import QueueMessage

from emulator.functions_host.functions import Function
from emulator.functions_host.invoking import Call
from emulator.functions_host.worker_protocol import TypedValue


def queue_call(function: Function, message: QueueMessage, body: bytes) -> Call:
    """Make the call for one received message."""
    text = body.decode("utf-8", errors="replace")
    return Call(
        inputs={str(function.trigger["name"]): _input(function, text, body)},
        metadata={
            **body_properties(text),
            "QueueTrigger": ("string", text),
            "Id": ("string", message.id),
            "PopReceipt": ("string", message.pop_receipt),
            "DequeueCount": ("json", str(message.dequeue_count)),
            "InsertionTime": _moment(message.inserted_on),
            "ExpirationTime": _moment(message.expires_on),
            "NextVisibleTime": _moment(message.next_visible_on),
        },
        reason=f"New queue message detected on '{function.trigger['queueName']}'.",
    )


def hand_made_call(function: Function, text: str) -> Call:
    """Make the call for an input that came by the admin interface and never was a message."""
    return Call(
        inputs={str(function.trigger["name"]): _input(function, text, text.encode())},
        metadata={**body_properties(text), "QueueTrigger": ("string", text)},
        reason="This function was programmatically called via the host APIs.",
    )


def body_properties(text: str) -> dict[str, TypedValue]:
    """The top-level properties of a body that is a JSON object, which bindings may name in expressions."""
    try:
        document: Any = json.loads(text)
    except ValueError:
        return {}
    if not isinstance(document, dict):
        return {}
    return {
        name: ("string", value) if isinstance(value, str) else ("json", json.dumps(value))
        for name, value in document.items()
    }


def _input(function: Function, text: str, body: bytes) -> TypedValue:
    if str(function.trigger.get("dataType", "")).upper() == "BINARY":
        return "bytes", body
    return "string", text


def _moment(value: datetime | None) -> TypedValue:
    moment = (value or datetime.now(UTC)).astimezone(UTC)
    return "json", f'"{moment.strftime("%Y-%m-%dT%H:%M:%S+00:00")}"'
