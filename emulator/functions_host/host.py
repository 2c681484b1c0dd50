"""The local Functions host: an app's functions behind their triggers, without Core Tools."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from azure.core.exceptions import AzureError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from emulator.functions_host.blobs import BlobTriggers, internal_queue_name, internal_queue_options
from emulator.functions_host.connections import HOST_CONNECTION, Connections
from emulator.functions_host.errors import StartError
from emulator.functions_host.functions import Function, read_functions
from emulator.functions_host.host_json import HostOptions, load_host_options
from emulator.functions_host.http_front import ANSWER_SECONDS, BODY_LIMIT, HttpFront, routes_of
from emulator.functions_host.http_server import HttpServer
from emulator.functions_host.invoking import Invocation, Invoker
from emulator.functions_host.keys import BLOBS_SYSTEM_KEY, CONTAINER, KeyRing
from emulator.functions_host.outputs import Outputs
from emulator.functions_host.queue_calls import hand_made_call, queue_call
from emulator.functions_host.queues import LEASE, Handler, QueueListener
from emulator.functions_host.timers import STATUS_CONTAINER, Timer, timer_schedule
from emulator.functions_host.worker_process import FIRST_RESTART_SECONDS
from emulator.functions_host.workers import Workers

VERSION = "4.0.0-local"
STOP_SECONDS = 3.0

logger = logging.getLogger(__name__)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class FunctionsHost:
    """Runs one app for the length of an `async with` block.

    `settings` are the app settings; they cover the environment of this process, which the worker gets too unless
    `inherit_environment` is off. With `isolated`, every scale group has a worker process of its own, so that nothing
    is shared in memory that Flex Consumption does not share. `lease` is how long a received message stays invisible
    when the host is lost. After a crash a worker is started again in `restart_seconds`, which doubles with each crash.
    `now` and `sleep` are the clock of timers. Raises AppBroken, when the app cannot be loaded,
    or StartError, when it asks for what this host or the real one refuses.
    """

    def __init__(
        self,
        app: Path,
        settings: Mapping[str, str] | None = None,
        *,
        port: int = 0,
        check_keys: bool = True,
        master_key: str | None = None,
        isolated: bool = True,
        inherit_environment: bool = True,
        lease: timedelta = LEASE,
        restart_seconds: float = FIRST_RESTART_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
        now: Callable[[], datetime] = _utc_now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.app = app.resolve()
        self.settings = {**(os.environ if inherit_environment else {}), **(settings or {})}
        self.functions: dict[str, Function] = {}
        self.url = ""
        self._port = port
        self._check_keys = check_keys
        self._master_key = master_key
        self._lease = lease
        self._answer_seconds = answer_seconds
        self._now = now
        self._sleep = sleep
        self._workers = Workers(
            self.app, self._worker_environment(), isolated=isolated, restart_seconds=restart_seconds
        )
        self._connections = Connections(self.settings)
        self._listeners: list[QueueListener] = []
        self._timers: dict[str, Timer] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._invoker: Invoker | None = None
        self._keys: KeyRing | None = None
        self._blobs: BlobTriggers | None = None
        self._front: HttpFront | None = None
        self._server: HttpServer | None = None
        self._started = now()

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._release()
            raise
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def host_id(self) -> str:
        """What names this app in the host's storage: `AzureFunctionsWebHost__hostid`, or made from the app's folder."""
        chosen = self.settings.get("AzureFunctionsWebHost__hostid")
        return chosen or "local-" + hashlib.sha256(str(self.app).encode()).hexdigest()[:24]

    @property
    def invocations(self) -> list[Invocation]:
        """Every run so far, the oldest first."""
        return self._invoker.invocations if self._invoker else []

    @property
    def worker_pids(self) -> dict[str, int]:
        """The worker processes that run now, by scale group."""
        return self._workers.pids

    @property
    def worker_pid(self) -> int | None:
        """The first worker process; None while there is none."""
        return next(iter(self._workers.pids.values()), None)

    @property
    def master_key(self) -> str:
        """The key that opens everything."""
        return self._ready(self._keys).keys.master

    @property
    def webhook_key(self) -> str:
        """The system key that Event Grid's subscription carries."""
        return self._ready(self._keys).keys.system[BLOBS_SYSTEM_KEY]

    def webhook_url(self, function: str) -> str:
        """Where Event Grid delivers the events of a blob function, with its key."""
        return f"{self.url}/runtime/webhooks/blobs?functionName=Host.Functions.{function}&code={self.webhook_key}"

    def connections(self) -> Connections:
        """The storage accounts that the app's bindings name."""
        return self._connections

    def kill_worker(self, function: str | None = None) -> None:
        """Crash the worker process of a function, or all of them, with whatever they are doing."""
        self._workers.kill(self.functions[function] if function else None)

    async def request(
        self, method: str, path: str, *, key: str | None = None, timeout_seconds: float = 60.0, **options: Any
    ) -> httpx.Response:
        """Send a request to the host, with the master key unless `key` says another; an empty one sends none."""
        headers = httpx.Headers(options.pop("headers", None))
        if sent := self.master_key if key is None else key:
            headers.setdefault("x-functions-key", sent)
        async with httpx.AsyncClient(base_url=self.url, timeout=timeout_seconds, trust_env=False) as client:
            return await client.request(method, path, headers=headers, **options)

    async def run_function(self, name: str, text: str = "") -> None:
        """Run a function that is not an HTTP one, as the admin interface does. `text` is its message or blob path.

        Raises InvocationFailed when it failed.
        """
        function = self.functions[name]
        if function.kind == "timerTrigger":
            await self._timer(function).fire(past_due=False)
        elif function.kind == "blobTrigger":
            container, _, blob = text.partition("/")
            await self._ready(self._blobs).run(function, container, blob)
        else:
            await self._ready(self._invoker).invoke(function, hand_made_call(function, text))

    async def idle(self, timeout_seconds: float = 60.0) -> None:
        """Wait until nothing runs and no listened queue has a visible message. Raises TimeoutError.

        A message that becomes visible later is not waited for.
        """
        async with asyncio.timeout(timeout_seconds):
            while True:
                # Only tests wait for everything, so nothing that ends is made to say so.
                while self._busy():  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
                before = self._progress()
                # An answer that is on its way now may be older than the last message; the one after it is not.
                await self._each_queue_is_found_empty()
                await self._each_queue_is_found_empty()
                if not self._busy() and before == self._progress():
                    return

    async def stop(self) -> None:
        """Stop as an instance that is taken away with notice: listen no more, let runs end for `STOP_SECONDS`."""
        await _cancel(self._tasks)
        finishing = [listener.finish(STOP_SECONDS) for listener in self._listeners]
        await asyncio.gather(*finishing, *([self._server.stop()] if self._server else []))
        await self._release()

    async def abort(self) -> None:
        """Go down as an instance that is lost: received messages stay invisible until their lease lapses."""
        await _cancel(self._tasks)
        await asyncio.gather(*(listener.abandon() for listener in self._listeners))
        self._workers.kill()
        if self._server:
            await self._server.abort()
        await self._release()

    async def _release(self) -> None:
        if self._front:
            self._front.cancel()
        self._listeners.clear()
        self._server = None
        await self._workers.stop()
        await self._connections.__aexit__(None, None, None)

    async def _start(self) -> None:
        options = load_host_options(self.app, self.settings)
        described = await self._workers.index()
        self.functions = {function.name: function for function in read_functions(described, self.settings)}
        functions = list(self.functions.values())
        routes_of(functions, options.route_prefix)
        self._check_connections()
        outputs = Outputs(self._connections, options.queues.base64, self._wake)
        self._invoker = Invoker(self._workers.slot_of, outputs, options.function_timeout, self._now, self._sleep)
        blobs = self._connections.blobs(HOST_CONNECTION) if HOST_CONNECTION in self._connections else None
        secrets = blobs.get_container_client(CONTAINER) if blobs else None
        self._keys = KeyRing(secrets, self.host_id, list(self.functions), self._now, self._master_key)
        try:
            await self._keys.load()
        except AzureError as error:
            raise StartError(f"the storage account of {HOST_CONNECTION} cannot be used: {error}") from error
        self._listen_to_queues(options)
        status = blobs.get_container_client(STATUS_CONTAINER) if blobs else None
        for function in functions:
            if function.kind == "timerTrigger":
                timer = Timer(function, self._invoker, status, self.host_id, self._now, self._sleep)
                self._timers[function.name] = timer
        self._front = HttpFront(
            functions,
            options.route_prefix,
            self._invoker,
            self._keys,
            self._blobs,
            check_keys=self._check_keys,
            body_limit=int(self.settings.get("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT", BODY_LIMIT)),
            answer_seconds=self._answer_seconds,
            run_by_name=lambda function, text: self.run_function(function.name, text),
            status=self._status,
        )
        self._server = HttpServer(self._front, self._port)
        await self._server.start()
        self.url = self._server.url
        runs = [listener.run() for listener in self._listeners]
        runs += [timer.run() for timer in self._timers.values() if not timer.function.disabled]
        self._tasks = [asyncio.create_task(run) for run in runs]
        if not functions:
            logger.warning("No functions were found in %s.", self.app)

    def _check_connections(self) -> None:
        """Refuse what would only fail later. A blob trigger needs queues too (Functions: blob trigger connections)."""
        for function in self.functions.values():
            if function.kind == "timerTrigger":
                timer_schedule(function)
            if function.kind != "httpTrigger" and HOST_CONNECTION not in self._connections:
                raise StartError(f"the function {function.name} needs the setting {HOST_CONNECTION}, which is not set")
            try:
                if function.kind in ("queueTrigger", "blobTrigger"):
                    self._connections.queues(function.connection)
                if function.kind == "blobTrigger":
                    self._connections.blobs(function.connection)
                for output in function.outputs:
                    connection = str(output.get("connection") or HOST_CONNECTION)
                    if output["type"] == "queue":
                        self._connections.queues(connection)
                    elif output["type"] == "blob":
                        self._connections.blobs(connection)
            except (StartError, ValueError) as error:
                raise StartError(f"the function {function.name} cannot start: {error}") from None

    def _listen_to_queues(self, options: HostOptions) -> None:
        invoker = self._ready(self._invoker)
        for function in self.functions.values():
            if function.kind == "queueTrigger" and not function.disabled:
                service = self._connections.queues(function.connection)
                queue = service.get_queue_client(str(function.trigger["queueName"]))
                poison = service.get_queue_client(f"{queue.queue_name}-poison")
                handle = _handler(function, invoker)
                self._listeners.append(QueueListener(queue, _always(poison), options.queues, handle, self._lease))
        triggers = {name: function for name, function in self.functions.items() if function.kind == "blobTrigger"}
        if triggers:
            service = self._connections.queues(HOST_CONNECTION)
            queue = service.get_queue_client(internal_queue_name(self.host_id))
            self._blobs = BlobTriggers(triggers, queue, self._connections, invoker, self._wake)
            self._listeners.append(
                QueueListener(
                    queue, self._blobs.poison_of, internal_queue_options(options), self._blobs.handle, self._lease
                )
            )

    def _wake(self, queue: str) -> None:
        for listener in self._listeners:
            if listener.name == queue:
                listener.wake()

    def _busy(self) -> bool:
        return bool(self._ready(self._invoker).running) or any(listener.busy for listener in self._listeners)

    def _progress(self) -> tuple[int, int]:
        return len(self.invocations), sum(listener.received for listener in self._listeners)

    async def _each_queue_is_found_empty(self) -> None:
        polls = {(listener, listener.empty_polls) for listener in self._listeners}
        for listener in self._listeners:
            listener.wake()
        while polls & {(listener, listener.empty_polls) for listener in self._listeners}:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)

    def _timer(self, function: Function) -> Timer:
        return self._timers[function.name]

    def _status(self) -> dict[str, Any]:
        uptime = (self._now() - self._started).total_seconds() * 1000
        return {"id": self.host_id, "state": "Running", "version": VERSION, "processUptime": int(uptime)}

    def _worker_environment(self) -> dict[str, str]:
        return {
            # What Python takes on the single core of a 2,048 MB instance, however many cores there are here.
            "PYTHON_THREADPOOL_THREAD_COUNT": "5",
            **self.settings,
            # Flex Consumption knows no other time zone.
            "TZ": "UTC",
            "AZURE_FUNCTIONS_ENVIRONMENT": self.settings.get("AZURE_FUNCTIONS_ENVIRONMENT", "Development"),
            "FUNCTIONS_WORKER_RUNTIME": "python",
            "AzureWebJobsScriptRoot": str(self.app),
        }

    @staticmethod
    def _ready[Part](part: Part | None) -> Part:
        if part is None:
            raise StartError("the host is not running")
        return part


def _handler(function: Function, invoker: Invoker) -> Handler:
    async def handle(message: QueueMessage, body: bytes) -> None:
        await invoker.invoke(function, queue_call(function, message, body))

    return handle


def _always(queue: QueueClient) -> Callable[[str], QueueClient]:
    return lambda _text: queue


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks, return_exceptions=True)
    tasks.clear()
