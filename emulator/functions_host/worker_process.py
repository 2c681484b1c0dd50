"""The host's side of a worker process: start it, invoke through it, and start another when it is lost."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulator.functions_host.errors import AppBroken, WorkerLost
from emulator.functions_host.frames import pack, receive_frame

INDEX_SECONDS = 120.0
"""How long importing and indexing an app may take (Functions: python-build-options)."""
FIRST_RESTART_SECONDS = 0.2
MAXIMUM_RESTART_SECONDS = 10.0
STEADY_SECONDS = 30.0
"""A worker that lived this long was sound: its loss starts the back-off anew."""

_PROJECT = Path(__file__).resolve().parent.parent.parent
# The project's own folder is taken off the path again: another app must not find its modules there.
_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); from emulator.functions_host import worker; "
    "sys.path.remove(sys.argv[1]); worker.main(sys.argv[2], sys.argv[3:])"
)

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class WorkerProcess:
    """One running worker process. `functions` is what it indexed; None when the app has no script file."""

    process: asyncio.subprocess.Process
    functions: list[dict[str, Any]] | None = None
    started: float = field(default_factory=lambda: asyncio.get_running_loop().time())
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    _waiting: dict[str, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)
    _reader: asyncio.Task[None] | None = None

    async def invoke(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Run one invocation; give the worker's `result`. Raises WorkerLost when the process ends before it answers."""
        if self.lost.is_set() or self.process.stdin is None:
            raise WorkerLost
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[message["id"]] = future
        try:
            self.process.stdin.write(pack({"kind": "invoke", **message}))
            with contextlib.suppress(ConnectionError):
                await self.process.stdin.drain()
            return await future
        finally:
            self._waiting.pop(message["id"], None)

    def kill(self) -> None:
        """End the process at once, whatever it is doing."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()

    async def stop(self) -> None:
        """End the process and wait until it is gone."""
        self.kill()
        await self.process.wait()
        if self._reader:
            await self._reader

    def follow(self, on_log: Callable[[Mapping[str, Any]], None]) -> None:
        """Go on reading what the worker says, until it is lost."""
        self._reader = asyncio.create_task(self._read(on_log))

    async def _read(self, on_log: Callable[[Mapping[str, Any]], None]) -> None:
        if self.process.stdout is None:
            return
        try:
            while True:
                message = await receive_frame(self.process.stdout)
                if message["kind"] == "log":
                    on_log(message)
                elif (future := self._waiting.get(message["id"])) and not future.done():
                    future.set_result(message)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.lost.set()
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(WorkerLost())
            await self.process.wait()


async def start_worker(
    app: Path,
    environment: Mapping[str, str],
    on_log: Callable[[Mapping[str, Any]], None],
    forbidden: Sequence[str] = (),
) -> WorkerProcess:
    """Start a worker for the app, which cannot import the modules `forbidden`, and wait until it has indexed it.

    Raises AppBroken when it cannot.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-P", "-c", _START, str(_PROJECT), str(app), *forbidden),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=app,
        env=dict(environment),
        limit=2**22,
        # Ctrl+C is for the host, which ends its workers itself.
        **_own_group(),
    )
    worker = WorkerProcess(process)
    try:
        async with asyncio.timeout(INDEX_SECONDS):
            worker.functions = await _indexed(process, on_log)
    except TimeoutError:
        await _gone(worker)
        raise AppBroken(f"the app was not indexed within {INDEX_SECONDS:.0f} s") from None
    except BaseException:
        await _gone(worker)
        raise
    worker.follow(on_log)
    return worker


async def _gone(worker: WorkerProcess) -> None:
    worker.kill()
    await worker.process.communicate()


def _own_group() -> dict[str, Any]:
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": os.name == "posix"}


async def _indexed(
    process: asyncio.subprocess.Process, on_log: Callable[[Mapping[str, Any]], None]
) -> list[dict[str, Any]] | None:
    if process.stdout is None:
        raise AppBroken("the worker has no output")
    while True:
        try:
            message = await receive_frame(process.stdout)
        except asyncio.IncompleteReadError:
            code = await process.wait()
            raise AppBroken(f"the worker process ended with code {code} while it indexed the app") from None
        match message["kind"]:
            case "log":
                on_log(message)
            case "broken":
                raise AppBroken(message["message"], message["trace"])
            case "ready":
                functions: list[dict[str, Any]] | None = message["functions"]
                return functions


class WorkerSlot:
    """Keeps one worker process running for the functions of a scale group, from its first invocation on."""

    def __init__(
        self, name: str, start: Callable[[], Awaitable[WorkerProcess]], restart_seconds: float = FIRST_RESTART_SECONDS
    ) -> None:
        self.name = name
        self._start = start
        self._restart_seconds = restart_seconds
        self._lock = asyncio.Lock()
        self._worker: WorkerProcess | None = None
        self._losses = 0
        self._not_before = 0.0
        self._watcher: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def pid(self) -> int | None:
        """The process that runs now; None when none does."""
        return self._worker.process.pid if self._worker and not self._worker.lost.is_set() else None

    async def invoke(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Run one invocation, on a new process where there is none. Raises WorkerLost or AppBroken."""
        return await (await self._running()).invoke(message)

    def kill(self) -> None:
        """Crash the worker process, if there is one."""
        if self._worker:
            self._worker.kill()

    async def stop(self) -> None:
        """End the process for good."""
        self._stopping = True
        if self._watcher:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)
        async with self._lock:
            if self._worker:
                await self._worker.stop()

    async def _running(self) -> WorkerProcess:
        async with self._lock:
            if self._worker and not self._worker.lost.is_set():
                return self._worker
            if self._stopping:
                raise WorkerLost
            loop = asyncio.get_running_loop()
            await asyncio.sleep(max(0.0, self._not_before - loop.time()))
            try:
                worker = await self._start()
            except AppBroken:
                self._count_loss(loop.time())
                raise
            self._adopt(worker)
            return worker

    def _adopt(self, worker: WorkerProcess) -> None:
        self._worker = worker
        self._watcher = asyncio.create_task(self._replace_when_lost(worker))

    async def _replace_when_lost(self, worker: WorkerProcess) -> None:
        await worker.lost.wait()
        now = asyncio.get_running_loop().time()
        if now - worker.started > STEADY_SECONDS:
            self._losses = 0
        self._count_loss(now)
        logger.error("Worker process %s of %s ended. A new one is started.", worker.process.pid, self.name)
        try:
            await self._running()
        except AppBroken as error:
            logger.error("The worker of %s could not be started again: %s", self.name, error)  # noqa: TRY400 - the app's fault, with its own trace

    def _count_loss(self, now: float) -> None:
        delay = min(self._restart_seconds * 2**self._losses, MAXIMUM_RESTART_SECONDS)
        self._losses = min(self._losses + 1, 10)
        self._not_before = now + delay
