"""What benchmarks report, and that the path they measure over neither changes nor loses a byte."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path

import pytest

from benchmarks import __main__ as runner
from benchmarks import cold_import
from benchmarks.figures import Figure, Goal
from benchmarks.link import relay

KEYS = {"name", "what", "unit", "ours", "peer_name", "peer", "ratio", "goal", "runs", "spread"}


def figure(ours: tuple[float, ...], peer: tuple[float, ...], goal: Goal) -> Figure:
    return Figure("upload", "what", "s", ours, "peer", peer, goal, "limit")


def test_the_json_form_has_medians_the_ratio_and_the_spread() -> None:
    entry = figure((2.0, 1.0, 4.0), (8.0, 6.0, 7.0), Goal("ratio", 3.5)).as_json()
    assert set(entry) == KEYS
    assert (entry["ours"], entry["peer"], entry["ratio"], entry["runs"]) == (2.0, 7.0, 3.5, 3)
    assert entry["spread"] == {"ours": [1.0, 4.0], "peer": [6.0, 8.0]}
    assert entry["goal"] == "ratio >= 3.5"


@pytest.mark.parametrize(
    ("ours", "peer", "goal", "reached"),
    [
        (2.0, 7.0, Goal("ratio", 3.5), True),
        (2.1, 7.0, Goal("ratio", 3.5), False),
        (64.0, 900.0, Goal("ours", 64), True),
        (64.1, 900.0, Goal("ours", 64), False),
    ],
)
def test_a_goal_is_of_the_ratio_or_of_our_own_cost(ours: float, peer: float, goal: Goal, reached: bool) -> None:
    assert figure((ours,), (peer,), goal).reached is reached


@pytest.mark.parametrize(("cost", "code"), [(1.0, 0), (3.0, 1)])
def test_the_runner_writes_the_figures_and_fails_when_a_goal_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cost: float, code: int
) -> None:
    monkeypatch.setattr(cold_import, "measure", lambda _: [figure((cost,), (4.0,), Goal("ratio", 2))])
    assert runner.main(["cold_import", "--json", str(tmp_path / "figures.json")]) == code
    entries = json.loads((tmp_path / "figures.json").read_text())
    assert [entry["name"] for entry in entries] == ["upload"]


def test_an_unknown_benchmark_is_refused_with_the_names_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        runner.main(["nonsense"])
    assert refused.value.code == 2
    assert "cold_import" in capsys.readouterr().err


async def test_the_path_carries_both_directions_unchanged_and_closes_with_its_ends() -> None:
    sent = random.Random(3).randbytes(300_000)  # noqa: S311 - not a secret

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.read())[::-1])
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, "localhost", 0)
    path = await relay(server.sockets[0].getsockname()[1], 0.002, 64 * 1024)
    try:
        reader, writer = await asyncio.open_connection("localhost", path.sockets[0].getsockname()[1])
        writer.write(sent)
        writer.write_eof()
        assert await reader.read() == sent[::-1]
        writer.close()
        await writer.wait_closed()
    finally:
        path.close()
        server.close()
