"""Blob triggers with source EventGrid: the webhook, the internal queue, and the runs (WebJobs storage extension)."""

from __future__ import annotations

import base64
import json
import logging
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.blob import BlobProperties
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from emulator.functions_host.connections import HOST_CONNECTION, Connections, container_and_name, made
from emulator.functions_host.errors import InvocationFailed
from emulator.functions_host.functions import Function
from emulator.functions_host.host_json import MAXIMUM_BATCH_SIZE, HostOptions, QueueOptions
from emulator.functions_host.invoking import Call, Invoker
from emulator.functions_host.worker_protocol import TypedValue

POISON_QUEUE = "webjobs-blobtrigger-poison"
FUNCTION_PREFIX = "Host.Functions."
_TOKEN = re.compile(r"\{(\w+)\}")

logger = logging.getLogger(__name__)


def internal_queue_name(host_id: str) -> str:
    """The queue in the host's storage through which events reach functions."""
    return f"azure-webjobs-blobtrigger-{host_id}"


def internal_queue_options(options: HostOptions) -> QueueOptions:
    """The internal queue is retried without delay, and is base64 whatever host.json says of other queues."""
    batch_size = min(options.blob_parallelism, MAXIMUM_BATCH_SIZE)
    return QueueOptions(
        batch_size=batch_size,
        new_batch_threshold=max(options.blob_parallelism - batch_size, batch_size // 2),
        max_dequeue_count=options.poison_blob_threshold,
        visibility_timeout=timedelta(),
        max_polling_interval=options.queues.max_polling_interval,
    )


def path_values(pattern: str, path: str) -> dict[str, str]:
    """Values of the `{tokens}` of a trigger's path. Empty when the path does not fit, which is no error."""
    parts = _TOKEN.split(pattern.strip("/"))
    expression = "".join(f"(?P<{part}>.+)" if index % 2 else re.escape(part) for index, part in enumerate(parts))
    match = re.fullmatch(expression, path, re.DOTALL)
    return match.groupdict() if match else {}


def trigger_message(function: str, event: Mapping[str, Any], service_url: str) -> dict[str, str]:
    """Make the internal message of an Event Grid event. Raises ValueError or KeyError when it is not a blob's."""
    data = event["data"]
    container, name = container_and_name(str(data["url"]), service_url)
    return {
        "Type": "BlobTrigger",
        "FunctionId": FUNCTION_PREFIX + function,
        "BlobType": str(data.get("blobType", "BlockBlob")),
        "ContainerName": container,
        "BlobName": name,
        "ETag": f'"{str(data.get("eTag", "")).strip(chr(34))}"',
    }


class BlobTriggers:
    """The blob functions of an app: events in, runs out. `on_queued` wakes the internal queue's listener."""

    def __init__(
        self,
        functions: Mapping[str, Function],
        queue: QueueClient,
        connections: Connections,
        invoker: Invoker,
        on_queued: Callable[[str], None],
    ) -> None:
        self._functions = functions
        self._queue = queue
        self._connections = connections
        self._invoker = invoker
        self._on_queued = on_queued

    async def answer(self, request: Request) -> Response:
        """Answer the webhook `/runtime/webhooks/blobs?functionName=Host.Functions.X`."""
        if request.method == "OPTIONS":
            origin = request.headers.get("webhook-request-origin", "*")
            return Response(headers={"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*"})
        name = request.query_params.get("functionName", "")
        function = self._functions.get(name.removeprefix(FUNCTION_PREFIX))
        if function is None:
            return Response(f"cannot find function: '{name}'", status_code=404, media_type="text/plain")
        kind = request.headers.get("aeg-event-type", "").lower()
        if kind == "unsubscribe":
            return Response(status_code=202)
        try:
            content = json.loads(await request.body())
            events = content if isinstance(content, list) else [content]
            if kind == "subscriptionvalidation":
                return JSONResponse({"validationResponse": events[0]["data"]["validationCode"]})
            if kind != "notification":
                return Response(status_code=400)
            service_url = self._connections.blobs(function.connection).url
            messages = [trigger_message(function.name, event, service_url) for event in events]
        except (ValueError, KeyError, TypeError, IndexError) as error:
            return Response(f"not an event of a blob: {error!r}", status_code=400, media_type="text/plain")
        try:
            for message in messages:
                await self._enqueue(message)
        except AzureError:
            logger.exception("An event could not be queued.")
            return Response(status_code=500)
        return Response(status_code=202)

    async def _enqueue(self, message: Mapping[str, str]) -> None:
        text = base64.b64encode(json.dumps(message).encode()).decode()
        try:
            await self._queue.send_message(text)
        except ResourceNotFoundError:
            await made(self._queue)
            await self._queue.send_message(text)
        self._on_queued(self._queue.queue_name)

    async def handle(self, _message: QueueMessage, body: bytes) -> None:
        """Run the function that an internal message names. A missing blob or function is dropped without a word."""
        try:
            content = json.loads(body)
            name, container, blob = (str(content[key]) for key in ("FunctionId", "ContainerName", "BlobName"))
        except (ValueError, KeyError, TypeError) as error:
            raise InvocationFailed(f"not a message of a blob trigger: {error!r}") from error
        function = self._functions.get(name.removeprefix(FUNCTION_PREFIX))
        if function is not None and not function.disabled:
            await self.run(function, container, blob)

    def poison_of(self, text: str) -> QueueClient:
        """The poison queue of an internal message: in the storage account of its trigger, else of the host."""
        try:
            name = str(json.loads(base64.b64decode(text))["FunctionId"]).removeprefix(FUNCTION_PREFIX)
            connection = self._functions[name].connection
        except (ValueError, KeyError, TypeError):
            connection = HOST_CONNECTION
        return self._connections.queues(connection).get_queue_client(POISON_QUEUE)

    async def run(self, function: Function, container: str, name: str) -> None:
        """Run a blob function on one blob; do nothing when the blob is gone. Raises as Invoker.invoke."""
        blob = self._connections.blobs(function.connection).get_blob_client(container, name)
        try:
            properties = await blob.get_blob_properties()
        except ResourceNotFoundError:
            return
        path = f"{container}/{name}"
        value: TypedValue
        if function.deferred:
            value = reference(function.connection, container, name)
        else:
            try:
                value = ("bytes", await (await blob.download_blob()).readall())
            except ResourceNotFoundError as error:
                raise InvocationFailed(f"the blob {path} went away") from error
        call = Call(
            inputs={str(function.trigger["name"]): value},
            metadata={
                **{token: ("string", text) for token, text in path_values(str(function.trigger["path"]), path).items()},
                "BlobTrigger": ("string", path),
                "Uri": ("json", json.dumps(blob.url)),
                "Properties": ("json", json.dumps(_net_properties(properties))),
                "Metadata": ("json", json.dumps(properties.metadata or {})),
            },
            reason=f"New blob detected(EventGrid): {path}",
        )
        await self._invoker.invoke(function, call)


def reference(connection: str, container: str, name: str) -> TypedValue:
    """Make the value that a deferred blob binding gets: which blob it is, and never its content."""
    content = {"Connection": connection, "ContainerName": container, "BlobName": name}
    return "model_binding_data", {
        "version": "1.0",
        "source": "AzureStorageBlobs",
        "content_type": "application/json",
        "content": json.dumps(content).encode(),
    }


def _net_properties(properties: BlobProperties) -> dict[str, Any]:
    return {
        "LastModified": properties.last_modified.isoformat(),
        "CreatedOn": properties.creation_time.isoformat(),
        "BlobType": 0,
        "ContentLength": properties.size,
        "ContentType": properties.content_settings.content_type,
        "ETag": str(properties.etag),
        "Metadata": properties.metadata or {},
    }
