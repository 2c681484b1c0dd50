"""What the first webhook, tap and print pay on a fresh instance, of our package and of a plain install.

Every run starts fresh workers on Microsoft's worker library, of both folders in turn. "First" is the worker's first
invocation of all; what later ones take, in the same worker, is said beside it.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
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

RUNS = 5
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
    ours, plain = _Times(), _Times()
    with deployables() as folders:
        async with stage() as here:
            settings = {**here.settings, **folders.environment()}
            for _ in range(runs + 1):
                for folder, times in ((folders.package, ours), (folders.plain, plain)):
                    await _measure_one(folder, settings, here, times)
            paid = {kind: _shares(kind, folders, settings) for kind in ("tap", "print")}
    for times in (ours, plain):
        times.keep_last(runs)
    return [
        _figure("start", "from the start of the worker's process until its functions are indexed", ours, plain, ""),
        _figure("webhook", "the first POST of a notification", ours, plain, ""),
        _figure("tap", "the first tap, with 20 held jobs", ours, plain, paid["tap"]),
        _figure("print", "the first document, from its message to the started job", ours, plain, paid["print"]),
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
        goal=Goal("ratio", 0.95),
        limit=paid or "the worker library and what is imported of azure.functions",
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
