"""A document, a clock and an upload host for tests of the sender."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import aiohttp

from shared.bounds import KIBIBYTE, Bounds
from shared.upload.ranges import ALIGNMENT, ByteRanges
from shared.upload.sender import upload_document
from shared.upload.session import CompletedDocument, UploadProgress, UploadSession
from shared.upload.source import PartSource
from tests.support.upload_server import UploadServer

BOUNDS = Bounds(upload_part_bytes=ALIGNMENT, upload_piece_bytes=32 * KIBIBYTE)


class Piece(bytes):
    """A piece that counts how many of its kind are alive."""

    alive = 0
    most_alive = 0

    def __init__(self, _: bytes) -> None:
        Piece.alive += 1
        Piece.most_alive = max(Piece.most_alive, Piece.alive)

    def __del__(self) -> None:
        Piece.alive -= 1


class MemorySource:
    """A document in memory that counts what is read from it and what is alive of it at once."""

    def __init__(self, content: bytes, piece_bytes: int = BOUNDS.upload_piece_bytes) -> None:
        self.content = content
        self.reads: list[tuple[int, int]] = []
        self.open_reads = 0
        self.most_open_reads = 0
        self.before_piece: Callable[[int], None] = lambda _: None
        self._piece_bytes = piece_bytes

    @property
    def size(self) -> int:
        return len(self.content)

    async def read(self, start: int, end: int) -> AsyncGenerator[bytes]:
        self.reads.append((start, end))
        self.open_reads += 1
        self.most_open_reads = max(self.most_open_reads, self.open_reads)
        try:
            for position in range(start, end + 1, self._piece_bytes):
                self.before_piece(position)
                await asyncio.sleep(0)
                yield Piece(self.content[position : min(position + self._piece_bytes, end + 1)])
        finally:
            self.open_reads -= 1


@dataclass
class World:
    """One upload in preparation. `upload` carries it out and checks what must hold however it ends."""

    server: UploadServer
    source: MemorySource
    http: aiohttp.ClientSession
    bounds: Bounds = BOUNDS
    time: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    sleeps: list[float] = field(default_factory=list)
    renewals: int = 0
    progress: list[UploadProgress] = field(default_factory=list)
    tasks_before: set[asyncio.Task[object]] = field(default_factory=asyncio.all_tasks)
    completed_elsewhere: CompletedDocument | None = None

    def now(self) -> datetime:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.time += timedelta(seconds=seconds)
        await asyncio.sleep(0)

    async def renew(self) -> UploadSession | CompletedDocument:
        self.renewals += 1
        if self.completed_elsewhere is not None:
            return self.completed_elsewhere
        return UploadSession(self.server.url(self.server.new_session()), None, ByteRanges.whole(self.source.size))

    def session(self, missing: ByteRanges | None = None) -> UploadSession:
        return UploadSession(self.server.url(), None, missing or ByteRanges.whole(self.source.size))

    async def upload(
        self, session: UploadSession | None = None, *, source: PartSource | None = None
    ) -> CompletedDocument:
        try:
            return await upload_document(
                source or self.source,
                session or self.session(),
                http=self.http,
                renew=self.renew,
                bounds=self.bounds,
                now=self.now,
                sleep=self.sleep,
                random=lambda: 0.5,
                progress=self.progress.append,
            )
        finally:
            left = asyncio.all_tasks() - self.tasks_before - {asyncio.current_task()}
            assert [task for task in left if task.get_name() != "upload-server"] == [], "a task was left behind"
            assert self.source.open_reads == 0, "a read was left open"
            assert self.server.violations == []

    def whole(self) -> bool:
        """Whether the host holds exactly the document."""
        return self.server.completed == self.source.content


@asynccontextmanager
async def upload_world(size: int, bounds: Bounds = BOUNDS) -> AsyncIterator[World]:
    """A host that waits for a document of `size` bytes, and that document."""
    source = MemorySource(random.Random(size).randbytes(size), bounds.upload_piece_bytes)  # noqa: S311 - not a secret
    async with UploadServer(size).running() as server, aiohttp.ClientSession() as http:
        yield World(server, source, http, bounds)
