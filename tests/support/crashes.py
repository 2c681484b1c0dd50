"""Workers that die at a chosen write: wrappers that raise Crash just before, or just after, the n-th change."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import date
from typing import Any

from shared.storage.day_log import DayLog
from shared.storage.documents import Documents
from shared.storage.queues import MessageQueue
from shared.storage.state import StateStore, Stored, Summary


class Crash(BaseException):
    """The process ends here: nothing of it runs any more."""


class CrashPlan:
    """Counts changes. `at` is the change that dies (from 1; None: none), `after` whether its work was done."""

    def __init__(self) -> None:
        self.at: int | None = None
        self.after = False
        self.count = 0
        self.log: list[str] = []

    def arm(self, at: int, *, after: bool) -> None:
        """Die once, `at` changes from now."""
        self.count, self.at, self.after = 0, at, after

    async def change[T](self, what: str, work: Callable[[], Awaitable[T]]) -> T:
        """Run one change, or die at it."""
        self.count += 1
        self.log.append(what)
        dies = self.at == self.count
        if dies:
            self.at = None
        if dies and not self.after:
            raise Crash(what)
        done = await work()
        if dies:
            raise Crash(what)
        return done


class CrashingStore:
    """A state store whose writes follow the plan."""

    def __init__(self, store: StateStore, plan: CrashPlan) -> None:
        self._store = store
        self._plan = plan

    async def read(self, path: str) -> Stored | None:
        return await self._store.read(path)

    async def create(self, path: str, content: bytes, summary: Mapping[str, Any] | None = None) -> str:
        return await self._plan.change(f"create {path}", lambda: self._store.create(path, content, summary))

    async def replace(self, path: str, content: bytes, etag: str, summary: Mapping[str, Any] | None = None) -> str:
        return await self._plan.change(f"replace {path}", lambda: self._store.replace(path, content, etag, summary))

    async def delete(self, path: str, etag: str | None = None) -> None:
        await self._plan.change(f"delete {path}", lambda: self._store.delete(path, etag))

    async def list_paths(self, prefix: str) -> AsyncIterator[str]:
        async for path in self._store.list_paths(prefix):
            yield path

    async def list_summaries(self, prefix: str) -> AsyncIterator[Summary]:
        async for summary in self._store.list_summaries(prefix):
            yield summary


class CrashingQueue:
    """A queue whose sends follow the plan."""

    def __init__(self, queue: MessageQueue, plan: CrashPlan) -> None:
        self._queue = queue
        self._plan = plan

    async def send(self, message: Mapping[str, Any], delay: float = 0) -> None:
        await self._plan.change("send", lambda: self._queue.send(message, delay))


class CrashingDayLog:
    """A day log whose appends follow the plan."""

    def __init__(self, log: DayLog, plan: CrashPlan) -> None:
        self._log = log
        self._plan = plan

    async def append(self, day: date, entry: Mapping[str, Any]) -> None:
        await self._plan.change(f"append {day}", lambda: self._log.append(day, entry))

    def read(self, day: date) -> AsyncIterator[Mapping[str, Any]]:
        return self._log.read(day)

    def days(self) -> AsyncIterator[date]:
        return self._log.days()


class CrashingDocuments(Documents):
    """Documents whose changes follow the plan."""

    def __init__(self, documents: Documents, plan: CrashPlan) -> None:
        super().__init__(documents._storage)
        self._plan = plan

    async def write(self, container: str, name: str, content: bytes, content_type: str) -> None:
        work = super().write
        await self._plan.change(f"write {name}", lambda: work(container, name, content, content_type))

    async def copy(self, source: tuple[str, str], etag: str, target: tuple[str, str]) -> bool:
        work = super().copy
        return await self._plan.change(f"copy {source[1]}", lambda: work(source, etag, target))

    async def remove(self, container: str, name: str, etag: str) -> None:
        work = super().remove
        await self._plan.change(f"remove {name}", lambda: work(container, name, etag))
