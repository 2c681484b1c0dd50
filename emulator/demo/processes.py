"""Child processes of the demo: started together, watched, and ended together."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

STOP_SECONDS = 5.0
SHOWN_LINES = 15


class ProcessFailed(Exception):
    """A child ended, or did not get ready in time; the message holds the end of its log."""


@dataclass(slots=True)
class Child:
    """A running child. `announcement` resolves to the first line of its output that is a JSON object."""

    name: str
    process: asyncio.subprocess.Process
    log: Path
    announcement: asyncio.Future[dict[str, Any]]
    reader: asyncio.Task[None] = field(repr=False)

    async def ready(self, seconds: float) -> dict[str, Any]:
        """What the child announced. Raises ProcessFailed when it ends or says nothing in time."""
        try:
            return await asyncio.wait_for(asyncio.shield(self.announcement), seconds)
        except TimeoutError:
            raise ProcessFailed(self.complaint(f"was not ready after {seconds:.0f} s")) from None

    def complaint(self, what: str) -> str:
        """A message with the last lines of the log, for a person."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-SHOWN_LINES:]
        return f"The {self.name} {what}. The end of its log ({self.log}):\n" + "\n".join(lines or ["(empty)"])


class Children:
    """Starts children and stops all of them when the block ends, the youngest first, however it ends."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._children: list[Child] = []

    async def __aenter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for child in reversed(self._children):
            _ask_to_stop(child.process)
        await asyncio.gather(*(_ended(child) for child in self._children))

    async def start(
        self, name: str, arguments: Sequence[str], *, folder: Path, environment: Mapping[str, str] | None = None
    ) -> Child:
        """Run this Python with `arguments`. Its output goes to `{name}.log`; `environment` is added to our own."""
        log = self._logs / f"{name.replace(' ', '-')}.log"
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8", **(environment or {})},
            limit=2**20,
            **_own_group(),
        )
        announcement: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        log.touch()
        reader = asyncio.create_task(_read(process, log, announcement))
        child = Child(name, process, log, announcement, reader)
        reader.add_done_callback(lambda _task: _end_announcement(child))
        self._children.append(child)
        return child

    def check(self) -> None:
        """Raise ProcessFailed when a child has ended by itself."""
        for child in self._children:
            if child.process.returncode is not None:
                raise ProcessFailed(child.complaint(f"ended with code {child.process.returncode}"))


def _end_announcement(child: Child) -> None:
    if not child.announcement.done():
        child.announcement.set_exception(ProcessFailed(child.complaint("ended before it was ready")))
        # Nobody may be waiting for it, and that is no error of its own.
        child.announcement.exception()


async def _read(process: asyncio.subprocess.Process, log: Path, announcement: asyncio.Future[dict[str, Any]]) -> None:
    if process.stdout is None:
        return
    with log.open("ab", buffering=0) as file:
        async for line in process.stdout:
            file.write(line)
            if not announcement.done() and line.startswith(b"{"):
                try:
                    announcement.set_result(json.loads(line))
                except ValueError:
                    continue


async def _ended(child: Child) -> None:
    try:
        await asyncio.wait_for(child.process.wait(), STOP_SECONDS)
    except TimeoutError:
        _kill(child.process)
        await child.process.wait()
    await child.reader


if sys.platform == "win32":

    def _own_group() -> dict[str, Any]:
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}

    def _ask_to_stop(process: asyncio.subprocess.Process) -> None:
        if process.returncode is None:
            process.send_signal(signal.CTRL_BREAK_EVENT)

    def _kill(process: asyncio.subprocess.Process) -> None:
        subprocess.call(["taskkill", "/F", "/T", "/PID", str(process.pid)], stdout=subprocess.DEVNULL)  # noqa: S607 (part of Windows)

else:

    def _own_group() -> dict[str, Any]:
        # A session of its own, so that Ctrl-C reaches us alone and we stop the children in order.
        return {"start_new_session": True}

    def _ask_to_stop(process: asyncio.subprocess.Process) -> None:
        _signal_group(process, signal.SIGTERM)

    def _kill(process: asyncio.subprocess.Process) -> None:
        _signal_group(process, signal.SIGKILL)

    def _signal_group(process: asyncio.subprocess.Process, number: int) -> None:
        if process.returncode is None:
            try:
                os.killpg(process.pid, number)
            except ProcessLookupError:
                return
