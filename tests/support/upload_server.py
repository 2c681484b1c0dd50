"""An upload host that is strict about the documented protocol, with faults on demand. Plain HTTP, in this process."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

BODY_LIMIT = 10_000_000
AT_ONCE = 4


type Kind = Literal["refuse", "refuse after", "drop", "drop after", "cut", "silent", "expire", "rewrite"]


@dataclass(slots=True)
class Fault:
    """What goes wrong with a request of `method`, once `skip` of them have passed.

    refuse: answer `status` and do nothing; refuse after: do the work, then answer `status`; drop: end the connection
    without doing it; drop after: do it, then end the connection; cut: end it after `body_bytes` of the body; silent:
    never answer; expire: the session is over; rewrite: do it, and answer with `body` instead.
    """

    kind: Kind
    method: str = "PUT"
    status: int = 503
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    body_bytes: int = 0
    skip: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """What reached the host."""

    method: str
    headers: Mapping[str, str]
    status: int | None
    start: int = -1
    end: int = -1


class UploadServer:
    """One document of `size` bytes; sessions are numbered from 1 and live at `url(number)`."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.content = bytearray(size)
        self.mask = bytearray(size)
        self.live: int | None = 1
        self.completed: bytes | None = None
        self.faults: deque[Fault] = deque()
        self.requests: list[Request] = []
        self.most_at_once = 0
        self.violations: list[str] = []
        self.expires = "2099-01-01T00:00:00.0000000Z"
        self._now = 0
        self._port = 0
        self._last_session = 1

    def url(self, session: int = 1) -> str:
        return f"http://127.0.0.1:{self._port}/uploads/s%2Fecret{session}?tempauth=very%3Dsecret"

    def new_session(self) -> int:
        self._last_session += 1
        self.live = self._last_session
        self.content = bytearray(self.size)
        self.mask = bytearray(self.size)
        return self.live

    def hold(self, start: int, content: bytes) -> None:
        """Let the host hold these bytes already."""
        self.content[start : start + len(content)] = content
        self.mask[start : start + len(content)] = b"\x01" * len(content)

    def lose(self, start: int, end: int) -> None:
        """Let the host lose the bytes from `start` to `end` inclusive."""
        self.mask[start : end + 1] = bytes(end + 1 - start)

    def missing(self) -> list[str]:
        found, position = [], 0
        while (start := self.mask.find(0, position)) >= 0:
            end = self.mask.find(1, start)
            end = self.size if end < 0 else end
            found.append(f"{start}-{end - 1}")
            position = end
        return found

    def puts(self) -> list[tuple[int, int]]:
        """The ranges of the PUTs that arrived, in order."""
        return [(request.start, request.end) for request in self.requests if request.method == "PUT"]

    def statuses(self, method: str) -> list[int | None]:
        return [request.status for request in self.requests if request.method == method]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[UploadServer]:
        tasks: set[asyncio.Task[None]] = set()

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._connection(reader, writer), name="upload-server")
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=1 << 20)
        self._port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in list(tasks):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._request(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return False
        request_line, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = request_line.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        length = int(headers.get("content-length", "0"))
        fault = self._fault(method)
        self._now += method == "PUT"
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            status, answer = await self._answer(method, target, headers, length, fault, reader)
        finally:
            self._now -= method == "PUT"
        start, end, _ = _content_range(headers)
        self.requests.append(Request(method, headers, status, start, end))
        if status is None:
            return False
        extra = "".join(f"{name}: {value}\r\n" for name, value in (fault.headers if fault else {}).items())
        writer.write(
            f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{extra}"
            f"Content-Length: {len(answer)}\r\n\r\n".encode()
        )
        writer.write(answer)
        await writer.drain()
        return True

    def _fault(self, method: str) -> Fault | None:
        for fault in self.faults:
            if fault.method == method:
                if fault.skip:
                    fault.skip -= 1
                    return None
                self.faults.remove(fault)
                return fault
        return None

    async def _answer(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        length: int,
        fault: Fault | None,
        reader: asyncio.StreamReader,
    ) -> tuple[int | None, bytes]:
        kind = fault.kind if fault else None
        if fault and kind == "cut":
            await reader.readexactly(min(fault.body_bytes, length))
            return None, b""
        body = await reader.readexactly(length)
        if kind == "silent":
            await asyncio.Event().wait()
        if kind == "expire":
            self.live = None
        if kind == "drop":
            return None, b""
        if fault and kind == "refuse":
            return fault.status, fault.body or _error("serviceNotAvailable")
        status, answer = self._work(method, target, headers, body)
        if kind == "drop after":
            return None, b""
        if fault and kind == "refuse after":
            return fault.status, _error("serviceNotAvailable")
        if fault and kind == "rewrite":
            return status, fault.body
        return status, answer

    def _work(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        if "authorization" in headers:
            self.violations.append("a token was sent")
            return 401, _error("unauthenticated")
        if self.live is None or target != f"/uploads/s%2Fecret{self.live}?tempauth=very%3Dsecret":
            return 404, _error("itemNotFound")
        if method == "DELETE":
            self.live = None
            return 204, b""
        if method == "GET":
            return 200, self._state()
        start, end, total = _content_range(headers)
        if start < 0 or end - start + 1 != len(body) or total != self.size or not body or len(body) >= BODY_LIMIT:
            self.violations.append(f"a bad part: {headers.get('content-range')} with {len(body)} bytes")
            return 400, _error("invalidRange")
        if self._now > AT_ONCE:
            self.violations.append("more than four at once")
        if self.mask.find(1, start, end + 1) >= 0:
            return 416, _error("invalidRange")
        self.hold(start, body)
        if self.mask.find(0) < 0:
            self.completed = bytes(self.content)
            self.live = None
            document = {"id": "doc", "documentName": "a.pdf", "contentType": "application/pdf", "size": self.size}
            return 201, json.dumps(document).encode()
        return 202, self._state()

    def _state(self) -> bytes:
        return json.dumps({"expirationDateTime": self.expires, "nextExpectedRanges": self.missing()}).encode()


def _content_range(headers: Mapping[str, str]) -> tuple[int, int, int]:
    value = headers.get("content-range", "")
    unit, _, rest = value.partition(" ")
    span, _, total = rest.partition("/")
    start, _, end = span.partition("-")
    if unit != "bytes" or not (start.isdecimal() and end.isdecimal() and total.isdecimal()):
        return -1, -1, -1
    return int(start), int(end), int(total)


def _error(code: str) -> bytes:
    return json.dumps({"error": {"code": code, "message": "no"}}).encode()
