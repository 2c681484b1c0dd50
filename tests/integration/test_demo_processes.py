"""The demo's children: what they announce, what is said when one fails, and that none is left behind."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest

from emulator.demo.processes import Children, ProcessFailed

SERVER = (
    "import json, sys, time\nprint('starting')\nprint(json.dumps({'url': 'https://localhost:1'}))\ntime.sleep(60)\n"
)
STUBBORN = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SERVER
FATHER = (
    "import subprocess, sys, json, time\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    "print(json.dumps({'child': child.pid}))\ntime.sleep(60)\n"
)


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def test_a_child_announces_itself_in_its_first_json_line(tmp_path: Path) -> None:
    async with Children(tmp_path) as children:
        child = await children.start("print emulator", ["-c", SERVER], folder=tmp_path)
        assert await child.ready(20) == {"url": "https://localhost:1"}
        children.check()
    assert gone(child.process.pid)
    assert (tmp_path / "print-emulator.log").read_text(encoding="utf-8").startswith("starting")


async def test_a_child_that_fails_shows_the_end_of_its_log(tmp_path: Path) -> None:
    async with Children(tmp_path) as children:
        child = await children.start("host", ["-c", "raise SystemExit('no such app')"], folder=tmp_path)
        with pytest.raises(ProcessFailed, match="ended before it was ready") as failure:
            await child.ready(20)
        assert "no such app" in str(failure.value)


async def test_a_child_that_ends_later_is_noticed(tmp_path: Path) -> None:
    async with Children(tmp_path) as children:
        child = await children.start("host", ["-c", "print('{}'); raise SystemExit(3)"], folder=tmp_path)
        await child.ready(20)
        await child.process.wait()
        with pytest.raises(ProcessFailed, match="ended with code 3"):
            children.check()


async def test_the_environment_of_a_child_is_ours_and_what_it_is_given(tmp_path: Path) -> None:
    program = (
        "import json, os; print(json.dumps({'account': os.environ['PRINT_ACCOUNTS'], 'path': 'PATH' in os.environ}))"
    )
    async with Children(tmp_path) as children:
        child = await children.start("c", ["-c", program], folder=tmp_path, environment={"PRINT_ACCOUNTS": "print1"})
        assert await child.ready(20) == {"account": "print1", "path": True}


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
async def test_the_children_of_a_child_end_with_it(tmp_path: Path) -> None:
    async with Children(tmp_path) as children:
        announced = await (await children.start("host", ["-c", FATHER], folder=tmp_path)).ready(20)
        grandchild = psutil.Process(announced["child"])
    _, alive = psutil.wait_procs([grandchild], timeout=10)
    assert all(process.status() == psutil.STATUS_ZOMBIE for process in alive)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
async def test_a_child_that_does_not_stop_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.demo.processes.STOP_SECONDS", 0.2)
    async with Children(tmp_path) as children:
        child = await children.start("host", ["-c", STUBBORN], folder=tmp_path)
        await child.ready(20)
    assert gone(child.process.pid)


async def test_an_error_in_the_block_still_stops_the_children(tmp_path: Path) -> None:
    pids: list[int] = []

    async def fail() -> None:
        async with Children(tmp_path) as children:
            child = await children.start("host", ["-c", SERVER], folder=tmp_path)
            pids.append(child.process.pid)
            await child.ready(20)
            raise RuntimeError("the demo broke")

    with pytest.raises(RuntimeError, match="the demo broke"):
        await fail()
    assert gone(pids[0])
