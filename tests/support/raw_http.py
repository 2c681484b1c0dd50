"""The smallest HTTP server: it answers each POST with what a test says."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer's status, content type, body and Location."""

    status: int
    content_type: str
    body: bytes
    location: str = ""


@asynccontextmanager
async def answering(answer: Callable[[bytes], Answer]) -> AsyncIterator[int]:
    """Serve on this machine; the port. Each connection takes one request with a Content-Length."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            [length] = [line.partition(":")[2] for line in head.splitlines() if line.startswith("content-length:")]
            given = answer(await reader.readexactly(int(length)))
            lines = [f"HTTP/1.1 {given.status} Given", f"Content-Type: {given.content_type}", "Connection: close"]
            lines += [
                f"Content-Length: {len(given.body)}",
                *([f"Location: {given.location}"] if given.location else []),
            ]
            writer.write("\r\n".join([*lines, "", ""]).encode() + given.body)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
