"""Starts the processes that are measured, and talks with them in lines of JSON."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
SAMPLE_SECONDS = 0.005


class Child:
    """A running module of this package: give it a line of JSON, take one back."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.pid = process.pid

    def tell(self, message: Mapping[str, Any]) -> None:
        """Send one message."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        """Wait for one message. Raises RuntimeError when the process ended instead; it has said why on stderr."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"a measured process ended early, with {self._process.wait()}")
        message: dict[str, Any] = json.loads(line)
        return message


@contextmanager
def child(module: str, arguments: Sequence[str] = ()) -> Iterator[Child]:
    """Run `python -m module arguments` for the length of the block. It ends when its input is closed, or is killed."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
    )
    try:
        yield Child(process)
    finally:
        if process.stdin:
            with suppress(BrokenPipeError):
                process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()


class MemoryWatch:
    """Samples the resident memory of a process from outside, in bytes."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._ended = threading.Event()
        self.idle = 0
        self.peak = 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Take what the process holds now as idle, and its peak for the length of the block."""
        self.idle = self.peak = self._process.memory_info().rss
        thread = threading.Thread(target=self._sample, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def _sample(self) -> None:
        with suppress(psutil.NoSuchProcess):
            while not self._ended.is_set():
                self.peak = max(self.peak, self._process.memory_info().rss)
                time.sleep(SAMPLE_SECONDS)
