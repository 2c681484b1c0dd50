"""What the first webhook, tap and print pay on a fresh instance, of our package and of a plain install.

Every run starts fresh workers on Microsoft's worker library, of both folders in turn. "First" is the worker's first
invocation of all; what later ones take, in the same worker, is said beside it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.deployables import Deployables, deployables
from benchmarks.figures import Figure, Goal
from benchmarks.import_times import shares
from benchmarks.warm_up_stage import Stage, stage
from emulator.functions_host.host import FunctionsHost
from emulator.functions_host.packages import forbidden_modules
from emulator.functions_host.worker_process import start_worker
from emulator.functions_host.workers import APP_LOGGER

RUNS = 5
NOT_AHEAD = {"PRELOAD_AFTER_SECONDS": "86400"}
AHEAD = {"PRELOAD_AFTER_SECONDS": "0.05"}
AHEAD_SECONDS = 60.0
# Notifications that come so far apart meet modules being loaded ahead; with less between them nothing is loaded.
POST_SECONDS = 0.15
LATER = 19
# An account has four jobs at a printer at once, and is not what is measured.
LATER_PRINTS = 3


@dataclass(slots=True)
class _Times:
    """Milliseconds: of the start of a worker, and of the first and the later of each kind."""

    first: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    later: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def keep_last(self, runs: int) -> None:
        """Forget the runs before: the first of all compiled modules and read files."""
        for values in self.first.values():
            del values[:-runs]


def measure(runs: int | None = None) -> list[Figure]:
    """Measure both in turn, so that whatever else the machine does falls on both alike."""
    return asyncio.run(_measure(runs or RUNS))


async def _measure(runs: int) -> list[Figure]:
    ours, plain, idle = _Times(), _Times(), _Times()
    with deployables() as folders:
        async with stage() as here:
            settings = {**here.settings, **folders.environment()}
            both = ((folders.package, ours), (folders.plain, plain))
            for number in range(runs + 1):
                # Neither is always the one that comes after what the machine did last.
                for folder, times in both if number % 2 else reversed(both):
                    await _measure_one(folder, {**settings, **NOT_AHEAD}, here, times)
                await _measure_idle(folders.package, settings, here, idle)
            paid = {kind: _shares(kind, folders, settings) for kind in ("tap", "print")}
    for times in (ours, plain, idle):
        times.keep_last(runs)
    return [
        _figure("start", "from the start of the worker's process until its functions are indexed", ours, plain, ""),
        _figure("webhook", "the first POST of a notification", ours, plain, ""),
        _figure("tap", "the first tap, with 20 held jobs", ours, plain, paid["tap"]),
        _figure("print", "the first document, from its message to the started job", ours, plain, paid["print"]),
        *(_idle_figure(kind, ours, idle) for kind in ("tap", "print")),
        Figure(
            name="warm_up_meanwhile",
            what="the longest answer of the webhook while the worker loads ahead, with a POST every 150 ms",
            unit="ms",
            ours=tuple(idle.first["meanwhile"]),
            peer_name="the longest of as many while it does not",
            peer=tuple(idle.first["otherwise"]),
            goal=Goal("ours", 300),
            limit="the longest import that cannot be divided; Graph waits for 3,000 ms",
        ),
    ]


async def _measure_one(app: Path, settings: Mapping[str, str], here: Stage, times: _Times) -> None:
    environment = {
        **os.environ,
        **settings,
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "AzureWebJobsScriptRoot": str(app),
    }
    forbidden = forbidden_modules(app)
    began = time.perf_counter()
    worker = await start_worker(app, environment, _nothing, forbidden)
    times.first["start"].append((time.perf_counter() - began) * 1000)
    await worker.stop()
    async with FunctionsHost(app, settings) as host:
        await _repeat("webhook", lambda: here.post_notification(host), LATER, times)
    async with FunctionsHost(app, settings) as host:
        await _repeat("tap", lambda: here.tap(host), LATER, times)
    messages = [await here.accepted() for _ in range(1 + LATER_PRINTS)]
    async with FunctionsHost(app, settings) as host:
        await _repeat("print", lambda: here.print(host, messages.pop()), LATER_PRINTS, times)
    await here.settle()


async def _measure_idle(app: Path, settings: Mapping[str, str], here: Stage, times: _Times) -> None:
    """The same on workers that had the time to load ahead, and what a webhook pays while they do."""
    async with FunctionsHost(app, {**settings, **AHEAD}) as host:
        with _loaded_ahead() as loaded:
            await here.post_notification(host)
            posts = await _posts(host, here, loaded.is_set)
        await _repeat("tap", lambda: here.tap(host), 0, times)
    async with FunctionsHost(app, {**settings, **NOT_AHEAD}) as host:
        await here.post_notification(host)
        left = iter(posts)
        otherwise = await _posts(host, here, lambda: next(left, None) is None)
    times.first["meanwhile"].append(max(posts))
    times.first["otherwise"].append(max(otherwise))
    message = await here.accepted()
    with _loaded_ahead() as loaded:
        async with FunctionsHost(app, {**settings, **AHEAD}) as host:
            async with asyncio.timeout(AHEAD_SECONDS):
                await loaded.wait()
            await _repeat("print", lambda: here.print(host, message), 0, times)
    await here.settle()


async def _posts(host: FunctionsHost, here: Stage, ended: Callable[[], bool]) -> list[float]:
    """Milliseconds of each answer of the webhook until something has ended."""
    took: list[float] = []
    async with asyncio.timeout(AHEAD_SECONDS):
        while not ended():
            began = time.perf_counter()
            await here.post_notification(host)
            took.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(POST_SECONDS)
    return took


class _Sets(logging.Handler):
    def __init__(self, event: asyncio.Event) -> None:
        super().__init__()
        self._event = event

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002 - the base's signature
        self._event.set()


@contextmanager
def _loaded_ahead() -> Iterator[asyncio.Event]:
    """Set when a worker says that it has loaded ahead."""
    event = asyncio.Event()
    logger = logging.getLogger(f"{APP_LOGGER}.shared.preloading")
    level = logger.level
    handler = _Sets(event)
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        yield event
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


async def _repeat(kind: str, work: Callable[[], Awaitable[None]], later: int, times: _Times) -> None:
    for number in range(1 + later):
        began = time.perf_counter()
        await work()
        (times.later if number else times.first)[kind].append((time.perf_counter() - began) * 1000)


def _figure(kind: str, what: str, ours: _Times, plain: _Times, paid: str) -> Figure:
    later = f"; later ones take {median(ours.later[kind]):.0f} ms" if ours.later[kind] else ""
    return Figure(
        name=f"warm_up_{kind}",
        what=f"{what}, in a fresh process{later}",
        unit="ms",
        ours=tuple(ours.first[kind]),
        peer_name="the same app with a plain install of requirements.txt, compiled",
        peer=tuple(plain.first[kind]),
        goal=Goal("ratio", 0.8),
        limit=paid or "the worker library and what is imported of azure.functions",
    )


def _idle_figure(kind: str, ours: _Times, idle: _Times) -> Figure:
    return Figure(
        name=f"warm_up_{kind}_idle",
        what=f"the first {kind} on a worker that was idle until it had loaded ahead",
        unit="ms",
        ours=tuple(idle.first[kind]),
        peer_name="the first on a worker that has just been started",
        peer=tuple(ours.first[kind]),
        goal=Goal("ratio", 2),
        limit=f"what a later {kind} takes, {median(ours.later[kind]):.0f} ms, and the opening of connections",
    )


def _shares(kind: str, folders: Deployables, settings: Mapping[str, str]) -> str:
    """Where the first one's imports spend their time, the largest first."""
    environment = {**os.environ, **settings}
    found = shares(folders.package, kind, environment)
    total = sum(found.values())
    largest = sorted(found.items(), key=lambda item: -item[1])[:6]
    listed = ", ".join(f"{name} {milliseconds:.0f}" for name, milliseconds in largest)
    return f"imports, {total:.0f} ms when each is timed: {listed}"


def _nothing(_message: Mapping[str, Any]) -> None:
    """The worker's log is not what is measured."""
