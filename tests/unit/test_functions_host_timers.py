"""Timers fire when they are due, remember it, and make up for one missed run."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from azure.core.exceptions import ResourceNotFoundError

from emulator.functions_host.errors import InvocationFailed
from emulator.functions_host.functions import Function
from emulator.functions_host.invoking import Call, Invoker
from emulator.functions_host.timers import Timer, read_status

START = datetime(2026, 1, 1, 0, 0, 30, tzinfo=UTC)
PATH = "timers/shop/close/status"


class Clock:
    """A clock that sleeping moves, and that stops everything at an hour."""

    def __init__(self, until: timedelta) -> None:
        self.moment = START
        self.end = START + until

    def now(self) -> datetime:
        return self.moment

    async def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
        if self.moment > self.end:
            raise asyncio.CancelledError


class Container:
    """Blobs in a dictionary."""

    def __init__(self, **blobs: str) -> None:
        self.blobs: dict[str, str] = blobs

    def get_blob_client(self, path: str) -> Any:
        async def download_blob() -> Any:
            if path not in self.blobs:
                raise ResourceNotFoundError

            async def readall() -> str:
                return self.blobs[path]

            return SimpleNamespace(readall=readall)

        async def upload_blob(content: str, *, overwrite: bool) -> None:
            assert overwrite
            self.blobs[path] = content

        return SimpleNamespace(download_blob=download_blob, upload_blob=upload_blob)


class Runs:
    """Takes the place of the invoker: notes each run, which takes `seconds` and may fail."""

    def __init__(self, clock: Clock, *, seconds: float = 0.0, fail: bool = False) -> None:
        self.clock = clock
        self.seconds = seconds
        self.fail = fail
        self.started: list[timedelta] = []
        self.given: list[Mapping[str, Any]] = []

    async def invoke(self, _function: Function, call: Call) -> None:
        self.started.append(self.clock.now() - START)
        self.given.append(json.loads(call.inputs["timer"][1]))
        self.clock.moment += timedelta(seconds=self.seconds)
        if self.fail:
            raise InvocationFailed("no")


def function(schedule: str, **more: Any) -> Function:
    trigger = {"type": "timerTrigger", "name": "timer", "schedule": schedule, **more}
    return Function("1", "close", trigger, [], None, disabled=False)


async def run(runs: Runs, storage: Container | None, schedule: str = "0 */10 * * * *", **more: Any) -> None:
    timer = Timer(
        function(schedule, **more),
        cast("Invoker", runs),
        cast("Any", storage),
        "shop",
        runs.clock.now,
        runs.clock.sleep,
    )
    try:
        await timer.run()
    except asyncio.CancelledError:
        return


def minutes(*numbers: float) -> list[timedelta]:
    return [timedelta(minutes=number) for number in numbers]


async def test_it_fires_on_schedule_and_not_at_the_start() -> None:
    runs, storage = Runs(Clock(timedelta(minutes=25))), Container()
    await run(runs, storage)
    assert runs.started == minutes(9.5, 19.5)
    assert [given["IsPastDue"] for given in runs.given] == [False, False]
    status = read_status(storage.blobs[PATH])
    assert status.last == START + timedelta(minutes=19.5)
    assert status.next == START + timedelta(minutes=29.5)
    assert runs.given[1]["ScheduleStatus"]["Last"] == (START + timedelta(minutes=9.5)).isoformat()


async def test_a_run_missed_while_down_is_made_up_once() -> None:
    storage = Container()
    await run(Runs(Clock(timedelta(minutes=10))), storage)
    clock = Clock(timedelta(hours=2))
    clock.moment = START + timedelta(minutes=55)
    runs = Runs(clock)
    await run(runs, storage)
    assert runs.started[:3] == minutes(55, 59.5, 69.5)
    assert [given["IsPastDue"] for given in runs.given[:3]] == [True, False, False]


async def test_nothing_is_made_up_when_nothing_was_missed() -> None:
    storage = Container()
    await run(Runs(Clock(timedelta(minutes=10))), storage)
    clock = Clock(timedelta(minutes=25))
    clock.moment = START + timedelta(minutes=12)
    runs = Runs(clock)
    await run(runs, storage)
    assert runs.started == minutes(19.5)


async def test_without_a_monitor_nothing_is_remembered_or_made_up() -> None:
    storage = Container(**{PATH: "not even JSON"})
    runs = Runs(Clock(timedelta(minutes=10)))
    await run(runs, storage, useMonitor=False)
    assert (runs.started, storage.blobs) == (minutes(9.5), {PATH: "not even JSON"})
    often = Runs(Clock(timedelta(seconds=25)))
    await run(often, storage, "*/10 * * * * *")
    assert (len(often.started), storage.blobs) == (2, {PATH: "not even JSON"})


async def test_a_status_that_cannot_be_read_is_made_anew() -> None:
    storage = Container(**{PATH: "not even JSON"})
    await run(Runs(Clock(timedelta(minutes=1))), storage)
    assert read_status(storage.blobs[PATH]).last is None


async def test_it_runs_at_startup_when_told_to() -> None:
    runs = Runs(Clock(timedelta(minutes=10)))
    await run(runs, Container(), runOnStartup=True)
    assert runs.started == minutes(0, 9.5)


async def test_a_long_run_is_never_overlapped_and_what_it_covers_is_skipped() -> None:
    runs = Runs(Clock(timedelta(minutes=45)), seconds=1200)
    await run(runs, Container())
    assert runs.started == minutes(9.5, 39.5)


async def test_a_failed_run_is_not_repeated() -> None:
    runs = Runs(Clock(timedelta(minutes=25)), fail=True)
    await run(runs, Container())
    assert runs.started == minutes(9.5, 19.5)


async def test_a_changed_schedule_has_missed_nothing() -> None:
    storage = Container()
    await run(Runs(Clock(timedelta(minutes=10))), storage, "0 */10 * * * *")
    clock = Clock(timedelta(hours=30))
    clock.moment = START + timedelta(minutes=25)
    runs = Runs(clock)
    await run(runs, storage, "0 0 12 * * *")
    assert [given["IsPastDue"] for given in runs.given][:1] == [False]
    assert read_status(storage.blobs[PATH]).last == START.replace(hour=12, second=0)
