"""What happens is counted and measured, under the names that the documentation, the workbook and the alerts use."""

from __future__ import annotations

import ast
import base64
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from shared.alerts import Observed, update
from shared.held.releasing import release
from shared.held.retention import tidy
from shared.storage.queues import StorageQueue
from shared.telemetry import signals
from tests.support import bicep
from tests.support.memory_state import MemoryStateStore
from tests.support.task_graph import ANNA
from tests.support.task_world import OFFICE, TaskWorld, task_world
from tests.support.telemetry import Telemetry, recording
from tests.support.tenant import ROOT

HOUR = 3600
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
# By the ledger, from how a document ended and where it came from.
BY_OUTCOME = {"printed", "failed", "expired", "discarded", "superseded", "refused"}
BY_SOURCE = {"drop_to_paper", "tap_to_paper"}


@pytest.fixture
def telemetry() -> Iterator[Telemetry]:
    with recording() as recorded:
        yield recorded


@pytest.fixture
def world() -> TaskWorld:
    return task_world()


async def test_a_job_that_is_held_released_and_printed_is_counted_at_each_step(
    world: TaskWorld, telemetry: Telemetry
) -> None:
    entry = await world.hold()
    assert telemetry.metrics()["print.held"] == [({}, 1)]
    answer = await release(
        entry.path,
        None,
        to_printer=OFFICE,
        kiosk_id="k",
        by=ANNA.user_principal_name,
        changes={},
        services=world.services,
    )
    world.graph.set_state(OFFICE, str(answer.destination_job_id), "completed")
    await world.recover()
    # The release, at the kiosk, is a step of the task's own trace.
    assert telemetry.of_trace(signals.trace_of(entry.task_id)).count("release job") == 1
    metrics = telemetry.metrics()
    assert metrics["print.released"] == [({}, 1)]
    assert metrics["print.printed"] == [({"source": "tap", "reason": "completed"}, 1)]
    assert metrics["print.tap_to_paper"][0][1] > 0
    assert "print.expired" not in metrics


async def test_a_job_that_nobody_collects_is_counted_as_expired(world: TaskWorld, telemetry: Telemetry) -> None:
    await world.hold()
    world.clock.advance(24 * HOUR + 1)
    await tidy(world.services)
    ((attributes, count),) = telemetry.metrics()["print.expired"]
    assert (attributes["source"], count) == ("tap", 1)


async def test_an_alert_is_counted_when_it_begins_and_when_it_ends(telemetry: Telemetry) -> None:
    state = MemoryStateStore()
    for standing in ({"poison:print-jobs-poison": "look at it"}, {}):
        await update(Observed(standing), state, None, None)  # type: ignore[arg-type]
    counted = [
        (attributes["active"], attributes["kind"], count) for attributes, count in telemetry.metrics()["print.alert"]
    ]
    assert sorted(counted) == [("no", "poison", 1), ("yes", "poison", 1)]


@dataclass
class OneMessage:
    """A queue of the SDK with one message in it, as Storage shows it."""

    sent: str = ""
    inserted_on: datetime = NOW

    async def send_message(self, content: str, **_: Any) -> None:
        self.sent = content

    async def peek_messages(self, **_: Any) -> list[Any]:
        content = base64.b64encode(self.sent.encode()).decode()
        return [SimpleNamespace(inserted_on=self.inserted_on, content=content)]


async def test_a_message_is_late_from_when_it_could_have_been_taken() -> None:
    asked = datetime.now(UTC)
    messages = OneMessage(inserted_on=asked)
    queue = StorageQueue(cast("Any", messages))
    await queue.send({"key": "x"})
    assert await queue.late_seconds(asked + timedelta(seconds=90)) == 90
    await queue.send({"key": "x"}, 60)
    assert 0 < await queue.late_seconds(asked + timedelta(seconds=90)) <= 30
    assert await queue.late_seconds(asked) == 0
    # What no function of ours wrote is late from when it was put there.
    for foreign in ("no JSON", "[]", '{"due": 5}', '{"due": "2026-01-01T00:00:00"}'):
        messages.sent = foreign
        assert await queue.late_seconds(asked + timedelta(seconds=90)) == 90


def names_in_code() -> set[str]:
    """Every metric that the functions' code names, without `print.`."""
    found = BY_OUTCOME | BY_SOURCE
    for path in sorted((ROOT / "shared").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                continue
            called, value = ast.unparse(node.func), str(node.args[0].value)
            if called in {"count", "measure"} and value.startswith("print."):
                found.add(value.removeprefix("print."))
            elif called == "metrics.record":
                found.add(value)
    return found


def test_the_documentation_lists_every_metric_and_no_other() -> None:
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    rows = re.findall(r"^\| (`print\.[^|]+)\|", text, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`print\.(\w+)`", row)} == names_in_code()


def test_the_workbook_shows_metrics_that_are_there() -> None:
    workbook = json.loads((ROOT / "infra" / "app" / "workbook.json").read_text("utf-8"))
    queries = [item["content"].get("query", "") for item in workbook["items"]]
    shown = {name for query in queries for name in re.findall(r"'print\.(\w+)'", query)}
    assert shown <= names_in_code()
    assert {"submitted", "printed", "failed", "held", "released", "expired", "drop_to_paper"} <= shown
    assert {"queue_age", "account_budget_left", "upload_bytes", "upload_seconds"} <= shown


async def test_what_azure_looks_for_in_the_log_is_what_the_app_says(caplog: pytest.LogCaptureFixture) -> None:
    workbook = (ROOT / "infra" / "app" / "workbook.json").read_text("utf-8")
    rules = bicep.text("app/alerts.bicep")
    wanted = set(re.findall(r"message startswith [\"']([^\"']+)[\"']", rules + workbook))
    state = MemoryStateStore()
    with caplog.at_level(logging.INFO):
        for standing in ({"poison:print-jobs-poison": "look at it"}, {}):
            await update(Observed(standing), state, None, None)  # type: ignore[arg-type]
    said = [record.getMessage() for record in caplog.records]
    assert len(wanted) == 2
    for words in wanted:
        assert [line for line in said if line.startswith(words)], words


def test_functions_that_azure_watches_are_there() -> None:
    functions = "".join(path.read_text("utf-8") for path in (ROOT / "functions").glob("*.py"))
    known = set(re.findall(r'function_name\("(\w+)"\)', functions))
    rules = bicep.text("app/alerts.bicep")
    assert set(re.findall(r'name == "(\w+)"', rules)) <= known
    (part,) = re.findall(r'name has "(\w+)"', rules)
    assert {name for name in known if part in name} == {"notifications", "notifications_lifecycle"}
