"""Causes of alerts stand until they are mended; what the webhook did not take is posted again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.alert_causes import end_cause, list_causes, raise_cause, set_causes
from shared.alerts import UNTOLD_PATH, in_force, update
from shared.catalog import Catalog, Printer
from shared.errors import GraphNotFound, GraphThrottled
from shared.graph.task_client import PrinterStatus
from shared.storage.state import Stored
from shared.submission.record import Document, Job, Record, State
from shared.watching import stopped_printers, stuck_text
from tests.support.memory_state import MemoryStateStore

WEBHOOK = "https://alerts.example/hook"
NAMES = st.text(max_size=20)


@given(st.lists(st.tuples(NAMES, st.text(max_size=600), st.booleans()), max_size=12))
async def test_what_was_raised_stands_until_it_is_ended(steps: list[tuple[str, str, bool]]) -> None:
    state, expected = MemoryStateStore(), {}
    for name, text, active in steps:
        if active:
            await raise_cause(state, name, text)
            expected[name] = text[:500].encode(errors="backslashreplace").decode()
        else:
            await end_cause(state, name)
            expected.pop(name, None)
    assert await list_causes(state) == expected


async def test_a_set_of_causes_replaces_those_of_its_prefix_and_keeps_what_could_not_be_seen() -> None:
    state = MemoryStateStore()
    for name in ("printer:a", "printer:b", "printer:c", "task:x"):
        await raise_cause(state, name, "old")
    await set_causes(state, "printer:", {"printer:c": "new", "printer:d": "new"}, unknown={"printer:b"})
    assert await list_causes(state) == {"task:x": "old", "printer:b": "old", "printer:c": "new", "printer:d": "new"}


class Receiver:
    """A webhook that takes alerts while it is `up`."""

    def __init__(self) -> None:
        self.up = True
        self.taken: list[tuple[str, bool]] = []
        self.http = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        if self.up:
            self.taken.append((body["alert"], body["active"]))
        return httpx.Response(200 if self.up else 503)


async def test_what_the_webhook_did_not_take_is_told_later_in_order_and_once() -> None:
    state, receiver = MemoryStateStore(), Receiver()
    receiver.up = False
    for now in ({"a": "1"}, {"a": "1", "b": "2"}, {"b": "2"}):
        await update(now, state, receiver.http, WEBHOOK)
    receiver.up = True
    for _ in range(2):
        await update({"b": "2"}, state, receiver.http, WEBHOOK)
    assert receiver.taken == [("a", True), ("b", True), ("a", False)]
    assert await in_force(state) == {"b": "2"}


@pytest.mark.parametrize(("hours", "told"), [(23, [("a", True), ("c", True)]), (25, [("c", True)])])
async def test_after_a_day_nobody_needs_to_be_told(hours: int, told: list[tuple[str, bool]]) -> None:
    state, receiver = MemoryStateStore(), Receiver()
    receiver.up = False
    await update({"a": "1"}, state, receiver.http, WEBHOOK, clock=lambda: 0)
    receiver.up = True
    await update({"a": "1", "c": "2"}, state, receiver.http, WEBHOOK, clock=lambda: hours * 3600)
    assert receiver.taken == told


@pytest.mark.parametrize("content", [b"", b"{}", b'[{"name": 1}]', b"[[]]", b"[" * 9**5])
async def test_damaged_untold_alerts_stop_nothing(content: bytes) -> None:
    state, receiver = MemoryStateStore(), Receiver()
    state.documents[UNTOLD_PATH] = Stored(content, '"x"')
    await update({"a": "1"}, state, receiver.http, WEBHOOK)
    assert receiver.taken == [("a", True)]


async def test_an_alert_is_a_metric_too(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        await update({"poison:print-events-poison": "x"}, MemoryStateStore(), Receiver().http, None)
    (metric,) = [entry for entry in caplog.records if getattr(entry, "metric", None) == "alert"]
    assert (metric.metric_kind, metric.metric_active) == ("poison", "yes")  # type: ignore[attr-defined]


def record(name: str, accepted: str, state: State = State.ACCEPTED, **changes: Any) -> Record:
    return Record(name, Document("print-inbox", f"office/{name}.pdf", "e", 1, accepted), accepted, state, **changes)


def job(owner: str | None) -> Job:
    return Job("print1", "s", "p", "Office", "application/pdf", {}, {}, owner)


def test_documents_that_wait_for_long_are_named_by_the_oldest_and_why_it_waits() -> None:
    limit = timedelta(hours=2)
    waiting = {"code": "accountLapsed", "reason": "print1 must sign in", "until": ""}
    old = record("old", "2026-11-01T00:00:00.000Z", waiting=waiting)
    new = record("new", "2026-11-01T01:00:00.000Z", State.STARTED, job=job(None))
    text = stuck_text([new, old], False, limit)
    assert text is not None
    assert text.startswith("2 dropped documents wait for more than 2 hours; the oldest is office/old.pdf (print1 must")
    assert (stuck_text([new], True, limit) or "").startswith("more than 1 dropped documents")


def test_a_document_that_is_held_for_its_owner_is_not_stuck() -> None:
    held = record("held", "2026-11-01T00:00:00.000Z", State.STARTED, job=job("anna@contoso.example"))
    closed = record("closed", "2026-11-01T00:00:00.000Z", State.CLOSED)
    assert stuck_text([held, closed], False, timedelta(hours=2)) is None
    assert stuck_text([replace(held, state=State.CREATED)], False, timedelta(hours=2)) is not None


async def test_printers_that_stopped_or_are_gone_raise_an_alert_and_those_that_cannot_be_asked_keep_theirs() -> None:
    answers: dict[str, PrinterStatus | Exception] = {
        "idle": PrinterStatus("idle", "Idle", "idle", accepting=True),
        "stopped": PrinterStatus("stopped", "Office", "stopped", accepting=True),
        "gone": GraphNotFound("get printer", 404, "gone", "gone"),
        "busy": GraphThrottled("get printer", 429, "busy", "busy"),
    }

    async def get_printer(printer_id: str) -> PrinterStatus:
        answer = answers[printer_id]
        if isinstance(answer, Exception):
            raise answer
        return answer

    printers = [Printer(name, name.title(), virtual=name == "virtual") for name in [*answers, "virtual", "left over"]]
    standing, unknown = await stopped_printers(Catalog((), printers=tuple(printers)), get_printer, 4)
    assert standing == {
        "printer-stopped:stopped": "the printer Office has stopped: look at the device",
        "printer-stopped:gone": "Universal Print knows the printer Gone no more: publish the catalog again",
    }
    assert unknown == {"printer-stopped:busy", "printer-stopped:left over"}
