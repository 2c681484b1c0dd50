"""One request and its answer on the wire: notes their bytes, and cuts the connection where a fault says so."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from emulator.universal_print.request_log import RequestEntry

CONNECTION = "emulator.connection"


class Exchange:
    """Stands between the server and the application; notes status and sizes in the log's entry.

    `cut_request_at` and `cut_reply_at` are parts (0 to 1) of a body; `delay_before_reply` is in seconds of real time.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send, entry: RequestEntry) -> None:
        self.scope = scope
        self._entry = entry
        self.cut_request_at: float | None = None
        self.cut_reply_at: float | None = None
        self.delay_before_reply = 0.0
        self.withhold_reply = False
        self.was_cut = False
        self._receive = receive
        self._send = send

    async def receive(self) -> Message:
        """The next piece of the request (ASGI)."""
        if self.was_cut:
            return {"type": "http.disconnect"}
        message = await self._receive()
        if message["type"] != "http.request":
            return message
        body = message.get("body", b"")
        self._entry.received += len(body)
        if self.cut_request_at is not None and self._entry.received >= self.cut_request_at * self._length():
            self.was_cut = True
            return {"type": "http.disconnect"}
        return message

    async def send(self, message: Message) -> None:
        """A piece of the answer (ASGI)."""
        if self.withhold_reply or self.was_cut:
            return
        if message["type"] == "http.response.start":
            if self.delay_before_reply:
                await asyncio.sleep(self.delay_before_reply)
            self._entry.status = int(message["status"])
        else:
            body = message.get("body", b"")
            if self.cut_reply_at is not None:
                body = body[: int(len(body) * self.cut_reply_at)]
                message = {"type": "http.response.body", "body": body, "more_body": True}
            self._entry.sent += len(body)
        await self._send(message)
        if self.cut_reply_at is not None and message["type"] == "http.response.body":
            self.was_cut = True
            # What was written must reach the client: only then does it hold half of an answer.
            self._connection().close()

    async def cut(self) -> None:
        """Cut the connection at once, and wait until the server has noticed."""
        if self.cut_reply_at is None:
            self._connection().abort()
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def _length(self) -> int:
        headers: list[tuple[bytes, bytes]] = self.scope["headers"]
        return max((int(value) for name, value in headers if name == b"content-length"), default=0)

    def _connection(self) -> Any:
        return self.scope["extensions"][CONNECTION]
