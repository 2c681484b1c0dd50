"""Every message carries the trace that it belongs to, and what it brings about is recorded in that trace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.claimed import Claim
from shared.errors import GraphUnavailable, NoReply
from shared.held.releasing import release
from shared.submission.messages import read_message, submission_message
from shared.subscriptions import lifecycle, services
from shared.tasks.dispatching import dispatch
from shared.tasks.messages import TaskEvent, read_tasks, task_message
from shared.tasks.record import TaskRecord
from shared.telemetry.signals import trace_of, traceparent_in, traceparent_of
from shared.times import timestamp
from tests.support.task_graph import ANNA, DEFINITION
from tests.support.task_world import OFFICE, VIRTUAL, TaskWorld, task_world
from tests.support.telemetry import Telemetry, recording

WEBHOOK = "00-11111111111111111111111111111111-2222222222222222-01"


@pytest.fixture
def telemetry() -> Iterator[Telemetry]:
    with recording() as recorded:
        yield recorded


@pytest.fixture
def world() -> TaskWorld:
    return task_world()


def batch(*task_ids: str) -> bytes:
    """What the webhook queues."""
    tasks = ",".join(f'{{"taskId":"{task_id}"}}' for task_id in task_ids)
    head = f'"kind":"tasks","definitionId":"{DEFINITION}","source":"notification","traceparent":"{WEBHOOK}"'
    return f'{{{head},"tasks":[{tasks}]}}'.encode()


def assert_all_carry(world: TaskWorld, task_id: str) -> None:
    assert {message["traceparent"] for message in world.events.sent} == {traceparent_of(task_id)}


async def test_every_follow_up_of_a_job_carries_its_trace_to_the_end(world: TaskWorld, telemetry: Telemetry) -> None:
    task = world.graph.printed(VIRTUAL)
    # Each kind of follow-up: a task put off, a release, a look that waits for its claim, a look after trouble.
    world.graph.faults["get_task"] = [(GraphUnavailable("get task", 503, "busy", "busy"), False)]
    await dispatch(batch(task.id), "run", world.services)
    await world.settle(within=60)
    (entry,) = await world.entries()
    world.graph.faults["redirect"] = [(NoReply("redirect", "lost"), True)]
    answer = await release(
        entry.path,
        None,
        to_printer=OFFICE,
        kiosk_id="k",
        by=ANNA.user_principal_name,
        changes={},
        services=world.services,
    )
    world.graph.faults["get_job"] = [(GraphUnavailable("get job", 503, "busy", "busy"), False)]
    await world.settle(within=400)
    world.graph.set_state(OFFICE, str(answer.destination_job_id), "completed")
    await world.recover()

    assert {message["kind"] for message in world.events.sent} == {"task", "released"}
    assert len(world.events.sent) == 4
    assert_all_carry(world, task.id)
    names = telemetry.of_trace(trace_of(task.id))
    assert names.count("print task") == 2
    assert names.count("follow released job") >= 2
    assert len(names) == len(telemetry.spans)


async def test_a_look_that_comes_too_early_or_while_a_claim_stands_comes_back_in_its_trace(world: TaskWorld) -> None:
    entry = await world.hold()
    world.graph.faults["redirect"] = [(NoReply("redirect", "lost"), False)]
    await release(
        entry.path,
        None,
        to_printer=OFFICE,
        kiosk_id="k",
        by=ANNA.user_principal_name,
        changes={},
        services=world.services,
    )
    world.events.sent.clear()
    for looks in (entry.sequence + 1, entry.sequence + 2):
        body = f'{{"kind":"released","path":"{entry.path}","looks":{looks}}}'
        await dispatch(body.encode(), "run", world.services)
    assert len(world.events.sent) == 2
    assert_all_carry(world, entry.task_id)


async def test_tasks_that_a_timer_found_carry_their_own_trace(world: TaskWorld) -> None:
    found = [world.graph.printed(VIRTUAL).id for _ in range(3)]
    await world.reconcile()
    assert [message["traceparent"] for message in world.events.sent] == [traceparent_of(task) for task in found]


async def test_a_task_that_somebody_is_at_comes_back_in_its_trace(world: TaskWorld) -> None:
    task = world.graph.printed(VIRTUAL)
    now = world.clock.now()
    claim = Claim("another", timestamp(now + timedelta(seconds=60)))
    await world.services.tasks.create(TaskRecord(task.id, DEFINITION, timestamp(now), timestamp(now), claim=claim))
    await dispatch(batch(task.id), "run", world.services)
    assert len(world.events.sent) == 1
    assert_all_carry(world, task.id)


async def test_the_request_that_told_of_a_task_is_linked_and_the_task_keeps_its_own_trace(
    world: TaskWorld, telemetry: Telemetry
) -> None:
    tasks = [world.graph.printed(VIRTUAL), world.graph.printed(VIRTUAL)]
    await dispatch(batch(*(task.id for task in tasks)), "run", world.services)

    spans = [span for span in telemetry.spans if span.name == "print task"]
    assert {f"{span.context.trace_id:032x}" for span in spans} == {trace_of(task.id) for task in tasks}
    for span in spans:
        (link,) = span.links
        assert (f"{link.context.trace_id:032x}", f"{link.context.span_id:016x}") == (WEBHOOK[3:35], WEBHOOK[36:52])


async def test_a_retry_is_in_the_trace_of_its_task_and_links_to_none(world: TaskWorld, telemetry: Telemetry) -> None:
    task = world.graph.printed(VIRTUAL)
    message = task_message(TaskEvent(DEFINITION, task.id, "reconcile"))
    await dispatch(json.dumps(message).encode(), "run", world.services)
    (span,) = telemetry.spans
    assert span.links == ()
    assert span.parent is not None
    assert traceparent_of(task.id) == f"00-{span.parent.trace_id:032x}-{span.parent.span_id:016x}-01"


@pytest.mark.parametrize("carried", [WEBHOOK, None, "nonsense"])
async def test_an_event_of_the_subscription_is_recorded_in_the_trace_that_brought_it(
    world: TaskWorld, telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch, carried: str | None
) -> None:
    taken: list[object] = []

    async def no_services() -> None:
        return None

    async def take(message: object, _: object) -> None:
        taken.append(message)

    monkeypatch.setattr(services, "subscription_services", no_services)
    monkeypatch.setattr(lifecycle, "handle_lifecycle", take)
    trace = "null" if carried is None else f'"{carried}"'
    body = f'{{"kind":"lifecycle","subscriptionId":"s1","event":"missed","traceparent":{trace}}}'
    await dispatch(body.encode(), "run", world.services)

    expected = carried if carried == WEBHOOK else traceparent_of("s1")
    # What it sends again when it must wait is this message.
    assert taken == [{"kind": "lifecycle", "subscriptionId": "s1", "event": "missed", "traceparent": expected}]
    assert telemetry.of_trace(expected[3:35]) == ["subscription event"]


@given(st.text() | st.uuids().map(str))
def test_a_key_has_one_traceparent_and_it_is_valid(key: str) -> None:
    carried = traceparent_of(key)
    assert traceparent_in({"traceparent": carried}) == carried
    assert carried[3:35] == trace_of(key)


@pytest.mark.parametrize(
    "value",
    [None, 5, [], "", "00", WEBHOOK.upper().replace("1", "A"), f"ff{WEBHOOK[2:]}", WEBHOOK + "\n",
     WEBHOOK.replace("1" * 32, "0" * 32), WEBHOOK.replace("2" * 16, "0" * 16)],
)  # fmt: skip
def test_what_is_no_traceparent_is_let_be(value: object) -> None:
    assert traceparent_in({"traceparent": value}) is None
    (event,) = read_tasks({"kind": "task", "definitionId": "d", "taskId": "t", "traceparent": value})
    assert event.traceparent is None


@given(st.from_regex(r"[0-9a-f]{32}", fullmatch=True), st.integers(0, 2**31))
def test_a_submissions_message_is_read_as_it_was_written(key: str, sequence: int) -> None:
    message = submission_message(key, sequence)
    assert read_message(json.dumps(message).encode()) == (key, sequence)
    assert message["traceparent"] == traceparent_of(key)
