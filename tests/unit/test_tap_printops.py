"""`printops held` shows what is held, and releases or ends one job."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from printops import held
from shared.errors import PrintFunctionsError
from shared.held.entry import HeldState
from tests.support.task_graph import ANNA
from tests.support.task_world import OFFICE, VIRTUAL, TaskWorld, task_world

RUNNER = CliRunner()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> TaskWorld:
    built = task_world()

    def run(work: Callable[[Any], Any], settings_file: Path | None) -> None:
        assert settings_file is None
        try:
            raise typer.Exit(asyncio.run(work(None)))
        except PrintFunctionsError as error:
            typer.echo(str(error))
            raise typer.Exit(1) from error

    monkeypatch.setattr(held, "run", run)
    monkeypatch.setattr(held, "make_task_services", lambda _: built.services)
    return built


def asked(*arguments: str) -> tuple[int, str]:
    result = RUNNER.invoke(held.app, list(arguments))
    return result.exit_code, result.output


def test_held_jobs_are_listed_by_person(world: TaskWorld) -> None:
    entry = asyncio.run(world.hold())
    code, output = asked("list", "--json", "--user", "ANNA@contoso.example")
    assert code == 0
    shown = json.loads(output)
    assert (shown["path"], shown["user"], shown["state"]) == (entry.path, ANNA.user_principal_name, "held")
    assert asked("list", "--json", "--user", "ben@contoso.example") == (0, "")


def test_a_job_is_released_by_its_number(world: TaskWorld) -> None:
    entry = asyncio.run(world.hold())
    code, _ = asked("release", entry.job_id, "--printer", "office colour")
    assert code == 0
    assert [job.printer_id for job in world.graph.jobs.values() if job.printer_id == OFFICE] == [OFFICE]
    (released,) = asyncio.run(world.entries())
    assert (released.state, released.release and released.release.by) == (HeldState.RELEASED, "operator")
    (line,) = world.audited
    assert (line["event"], line["kiosk"], line["printer"], line["person"]) == (
        "release",
        "printops",
        OFFICE,
        "operator",
    )
    assert (line["job"], line["owner"], line["outcome"]) == (f"{VIRTUAL}/{entry.job_id}", ANNA.id, "released")


def test_a_job_is_ended_with_a_reason_that_its_owner_reads(world: TaskWorld) -> None:
    entry = asyncio.run(world.hold())
    code, _ = asked("abort", entry.path, "--reason", "The document is confidential.")
    assert code == 0
    (ended,) = asyncio.run(world.entries())
    assert (ended.state, ended.outcome and ended.outcome.reason) == (HeldState.FAILED, "The document is confidential.")
    (line,) = world.audited
    assert (line["event"], line["outcome"], line["reason"]) == ("discard", "discarded", "The document is confidential.")


@pytest.mark.parametrize("arguments", [("release", "9999", "--printer", OFFICE), ("abort", "9999", "--reason", "x")])
def test_a_job_that_is_not_held_is_named(world: TaskWorld, arguments: tuple[str, ...]) -> None:
    code, output = asked(*arguments)
    assert (code, "9999" in output) == (1, True)
    assert world.graph.calls == []


def test_a_printer_that_the_catalog_lacks_is_named(world: TaskWorld) -> None:
    entry = asyncio.run(world.hold())
    code, output = asked("release", entry.job_id, "--printer", "elsewhere")
    assert (code, "elsewhere" in output) == (1, True)
