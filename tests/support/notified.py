"""An address that change notifications are sent to, which answers as a test tells it to."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit


class NotifiedEndpoint:
    """Keeps every item that came, by path. `answers` holds a status for each of the next posts of notifications.

    `validates` makes it answer the handshake wrongly; `seconds` is how long it takes for every answer.
    """

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []
        self.posts: list[tuple[str, list[dict[str, Any]]]] = []
        self.validations: list[str] = []
        self.answers: deque[int] = deque()
        self.validates = "well"
        self.seconds = 0.0
        self.url = ""
        self._server: asyncio.Server | None = None
        self._port = 0

    async def open(self) -> None:
        """Listen, at the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"

    async def close(self) -> None:
        """Refuse connections."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        request, *lines = head.splitlines()
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        await asyncio.sleep(self.seconds)
        status, kind, content = self._answer(request.split(" ")[1], headers, body)
        writer.write(
            f"HTTP/1.1 {status} Answer\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n"
            "Connection: close\r\n\r\n".encode()
            + content
        )
        await writer.drain()
        writer.close()

    def _answer(self, target: str, headers: dict[str, str], body: bytes) -> tuple[int, str, bytes]:
        parts = urlsplit(target)
        token = parse_qs(parts.query).get("validationToken", [""])[0]
        if token:
            assert headers["content-type"] == "text/plain; charset=utf-8"
            self.validations.append(target)
            content = token if self.validates != "with another token" else "another"
            kind = "text/plain" if self.validates != "as JSON" else "application/json"
            return (200 if self.validates != "with 202" else 202), kind, content.encode()
        items = json.loads(body)["value"]
        status = self.answers.popleft() if self.answers else 202
        self.posts.append((parts.path, items))
        if status < 300:
            self.items += items
        return status, "text/plain", b""


@asynccontextmanager
async def notified_endpoint() -> AsyncIterator[NotifiedEndpoint]:
    """An endpoint that listens for the length of the block."""
    endpoint = NotifiedEndpoint()
    await endpoint.open()
    try:
        yield endpoint
    finally:
        await endpoint.close()
