"""Serves the host's HTTP side in the running event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Generator
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from emulator.functions_host.errors import StartError

STOP_SECONDS = 3


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Signals belong to whoever runs the event loop."""
        yield


class HttpServer:
    """One listening socket of the loopback interface. `port` 0 takes a free one."""

    def __init__(self, application: ASGIApp, port: int) -> None:
        self._socket = _listen(port)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            application,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        self._server = _Server(config)
        self._serving: asyncio.Task[Any] | None = None

    async def start(self) -> None:
        """Accept requests from now on."""
        self._serving = asyncio.create_task(self._server.serve([self._socket]))
        while not self._server.started:
            if self._serving.done():
                await self._serving
            await asyncio.sleep(0.001)

    async def stop(self) -> None:
        """Answer what has been asked, within `STOP_SECONDS`, and accept nothing more."""
        self._server.should_exit = True
        await self._ended()

    async def abort(self) -> None:
        """Cut every connection at once."""
        self._server.should_exit = self._server.force_exit = True
        for connection in list(self._server.server_state.connections):
            transport: asyncio.Transport | None = connection.transport
            if transport is not None:
                transport.abort()
        await self._ended()

    async def _ended(self) -> None:
        if self._serving:
            await self._serving
        self._socket.close()


def _listen(port: int) -> socket.socket:
    # A socket that names its protocol gets TCP_NODELAY from asyncio; else answers wait for acknowledgements.
    listening = socket.socket(proto=socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
    except OSError as error:
        listening.close()
        raise StartError(f"the port {port} cannot be listened on: {error.strerror}") from None
    listening.listen(256)
    listening.setblocking(False)
    return listening
