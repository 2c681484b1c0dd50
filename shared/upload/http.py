"""The three requests that an upload URL takes, over aiohttp. Imported on first use: it loads aiohttp.

aiohttp was chosen by measurement: sending 400 MB over TLS in four streams costs it 0.2 s of CPU and up to 6 MiB, and
httpx 0.35 s and 13 MiB. The storage client loads it anyway.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from yarl import URL

from shared.bounds import Bounds
from shared.upload.ranges import ByteRange
from shared.upload.source import PartSource

# An answer is a short JSON object; no more than this is read of it.
ANSWER_BYTES = 256 * 1024


class Lost(Exception):
    """The request ended without an answer. The text is safe to show: it never holds the URL."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `headers` has lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def new_upload_http(trust: ssl.SSLContext | None = None) -> aiohttp.ClientSession:
    """An HTTP client for uploads, for any number of documents. `trust` None means the system's certificates.

    It carries no credentials, keeps no cookies and reads no proxy or netrc settings: an upload URL takes no token, and
    one sent nevertheless is refused (Graph: upload-data-to-upload-session).
    """
    connector = aiohttp.TCPConnector(ssl=trust if trust is not None else True, limit=0)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


@asynccontextmanager
async def open_upload_http(trust: ssl.SSLContext | None = None) -> AsyncIterator[aiohttp.ClientSession]:
    """The client of `new_upload_http` for the length of the block."""
    async with new_upload_http(trust) as http:
        yield http


class UploadHttp:
    """Sends parts, questions and cancellations. Every method raises Lost where no answer came."""

    def __init__(self, http: aiohttp.ClientSession, bounds: Bounds) -> None:
        self._http = http
        self._idle = bounds.upload_idle_seconds

    async def put(self, upload_url: str, source: PartSource, part: ByteRange) -> Answer:
        """Stream `part` from the source into a PUT. Raises what the source raised, if reading it failed."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._idle) as limit:

                def moved() -> None:
                    if not limit.expired():
                        limit.reschedule(loop.time() + self._idle)

                body = _PartBody(source, part, moved)
                try:
                    return await self._request(
                        "PUT", upload_url, {"Content-Range": part.content_range(source.size)}, body
                    )
                except Lost:
                    if body.failure is not None:
                        raise body.failure from None
                    raise
                finally:
                    # However it ended, nothing may go on reading the document.
                    await body.settled()
        except TimeoutError:
            raise Lost("no byte moved in time") from None

    async def get(self, upload_url: str) -> Answer:
        """Ask what is missing."""
        return await self._within("GET", upload_url)

    async def delete(self, upload_url: str) -> Answer:
        """Cancel the session."""
        return await self._within("DELETE", upload_url)

    async def _within(self, method: str, upload_url: str) -> Answer:
        try:
            async with asyncio.timeout(self._idle):
                return await self._request(method, upload_url, {}, None)
        except TimeoutError:
            raise Lost("no answer in time") from None

    async def _request(
        self, method: str, upload_url: str, headers: Mapping[str, str], body: aiohttp.Payload | None
    ) -> Answer:
        try:
            async with self._http.request(
                method,
                URL(upload_url, encoded=True),
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=None),
            ) as response:
                content = await response.content.read(ANSWER_BYTES)
                while len(content) < ANSWER_BYTES and (more := await response.content.read(ANSWER_BYTES)):
                    content += more
                return Answer(
                    response.status, {name.lower(): value for name, value in response.headers.items()}, content
                )
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # The texts of these errors may hold the URL; their classes do not.
            raise Lost(type(error).__name__) from None


class _PartBody(aiohttp.Payload):
    """Streams a range of the source as a request's body, and keeps what went wrong in reading it."""

    def __init__(self, source: PartSource, part: ByteRange, moved: Callable[[], None]) -> None:
        super().__init__(part, content_type="application/octet-stream")
        self._size = len(part)
        self._source = source
        self._part = part
        self._moved = moved
        self._ended = asyncio.Event()
        self._ended.set()
        self.failure: Exception | None = None

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:  # noqa: ARG002 - the base's signature
        """Refuse: a part is only ever streamed."""
        raise TypeError("a part is never held in memory")

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Read and send piece by piece."""
        # The client repeats a PUT on its own unless its body is consumed; repeating is for the plan to decide.
        self._consumed = True
        self._ended.clear()
        left = len(self._part)
        try:
            async with aclosing(self._source.read(self._part.start, self._part.end)) as pieces:
                while (piece := await self._next(pieces)) is not None:
                    left -= len(piece)
                    if left < 0:
                        break
                    await writer.write(piece)
                    self._moved()
            if left != 0:
                self.failure = Lost("the source gave another number of bytes than the part has")
                raise self.failure
        finally:
            self._ended.set()

    async def settled(self) -> None:
        """Wait until this body reads the source no more."""
        await self._ended.wait()

    async def _next(self, pieces: AsyncIterator[bytes]) -> bytes | None:
        try:
            return await anext(pieces, None)
        except Exception as error:
            self.failure = error
            raise
