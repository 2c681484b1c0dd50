"""Runs the emulator on a free port: in this event loop, or in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import uvicorn
from starlette.routing import Router
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from emulator.universal_print import control
from emulator.universal_print.certificate import server_context
from emulator.universal_print.exchange import CONNECTION
from emulator.universal_print.front import Front
from emulator.universal_print.service import Service
from emulator.universal_print.settings import Settings
from emulator.universal_print.world import World

# Longer than clients keep idle connections, so that the emulator never closes one under a request by itself.
KEEP_ALIVE_SECONDS = 300


class Emulator(Service):
    """The emulator: the service, and how to reach it. Run it with `running` or `running_in_thread`."""

    def __init__(self, world: World, directory: Path, settings: Settings | None = None, *, port: int = 0) -> None:
        super().__init__(world, directory, settings)
        self.port = port
        self._down_until = 0.0
        self.http_state = ServerState()

    @property
    def ca_bundle(self) -> Path:
        """The certificate that a client must trust, as PEM."""
        return self.directory / "ca.pem"

    @property
    def paper(self) -> Path:
        """Where the printers put their paper."""
        return self.directory / "paper"

    @property
    def is_down(self) -> bool:
        """Whether a scripted restart keeps connections out just now."""
        return time.monotonic() < self._down_until

    def restart(self, seconds: float = 0.0) -> None:
        """Cut all connections, forget sign-ins under way, and refuse connections for that long.

        Everything else survives: users, refresh tokens, jobs, upload sessions with what they hold, printing.
        """
        self._down_until = time.monotonic() + seconds
        self.authority.sign_ins.restart()
        self.cut_connections()

    def cut_connections(self) -> None:
        """Cut all connections; what requests have in hand is lost."""
        for connection in list(self.http_state.connections):
            connection.transport.abort()


@asynccontextmanager
async def running(emulator: Emulator) -> AsyncIterator[str]:
    """Serve for the length of the block; the value is the base URL, `https://localhost:{port}`.

    At its end connections are cut and printers stop where they are.
    """
    sockets = _listen(emulator.port)
    emulator.base_url = f"https://localhost:{sockets[0].getsockname()[1]}"
    config = uvicorn.Config(
        Front(emulator, Router(control.routes(emulator)), emulator.restart),
        ws="none",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    config.load()
    # uvicorn's protocol without its server: that one sleeps where we start and stop in no time.
    factory = _protocol_factory(emulator, config)
    loop = asyncio.get_running_loop()
    context = server_context(emulator.directory)
    servers = [await loop.create_server(factory, sock=listener, ssl=context, backlog=512) for listener in sockets]
    try:
        yield emulator.base_url
    finally:
        for server in servers:
            server.close()
        emulator.cut_connections()
        await emulator.queues.stop()
        await emulator.notifications.stop()
        tasks = list(emulator.http_state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextmanager
def running_in_thread(emulator: Emulator) -> Iterator[str]:
    """As `running`, for synchronous callers: the emulator has a thread and an event loop of its own."""
    ready, stop = threading.Event(), threading.Event()
    outcome: list[Any] = []

    async def serve() -> None:
        async with running(emulator) as base_url:
            outcome.append(base_url)
            ready.set()
            await asyncio.to_thread(stop.wait)

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread
            outcome.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="universal-print-emulator")
    thread.start()
    try:
        ready.wait()
        if isinstance(outcome[0], BaseException):
            raise outcome[0]
        yield outcome[0]
    finally:
        stop.set()
        thread.join()
        if len(outcome) > 1 and isinstance(outcome[1], BaseException):
            raise outcome[1]


def _protocol_factory(emulator: Emulator, config: uvicorn.Config) -> Callable[[], asyncio.Protocol]:
    class Protocol(HttpToolsProtocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if emulator.is_down:
                transport.abort()

        def on_headers_complete(self) -> None:
            # What a fault needs to cut the connection.
            self.scope["extensions"] = {CONNECTION: self.transport}  # type: ignore[dict-item] # an extension of ours
            self.server_state.default_headers[:] = [
                (b"date", format_datetime(emulator.clock.now(), usegmt=True).encode())
            ]
            super().on_headers_complete()

    return lambda: Protocol(config, emulator.http_state, {})


def _listen(port: int) -> list[socket.socket]:
    """Sockets on both loopback addresses where there are two: a client may try either first."""
    first = socket.create_server(("127.0.0.1", port), backlog=512)
    sockets = [first]
    with contextlib.suppress(OSError):
        sockets.append(socket.create_server(("::1", first.getsockname()[1]), family=socket.AF_INET6, backlog=512))
    for listener in sockets:
        # asyncio sets this on sockets that name their protocol alone. Without it each answer waits for an
        # acknowledgement that the client delays by 40 ms; accepted connections inherit it.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sockets
