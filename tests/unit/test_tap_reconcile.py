"""What no notification brought is found, what nobody collects expires, and nothing is kept that is over."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bounds import Bounds
from shared.errors import GraphDenied, GraphUnavailable, NoReply
from shared.held.entry import HeldEntryUnreadable, HeldState, decode_entry, encode_entry, read_view, summary
from shared.held.releasing import ReleaseCode, release
from shared.held.retention import tidy
from shared.names import task_path
from shared.storage.state import Summary
from shared.tasks.dispatching import dispatch
from shared.tasks.messages import EventUnreadable, read_event, read_released, read_tasks
from shared.tasks.reconcile import QUEUED_PATH
from shared.tasks.record import TaskRecordUnreadable, decode_task, read_task_view
from tests.support.crashes import Crash
from tests.support.task_graph import ANNA, BEN, DEFINITION
from tests.support.task_world import OFFICE, VIRTUAL, TaskWorld, task_world

HOUR = 3600.0


@pytest.fixture
def world() -> TaskWorld:
    return task_world()


async def test_a_webhook_that_is_dead_for_hours_loses_no_job(world: TaskWorld) -> None:
    for number in range(500):
        world.graph.printed(VIRTUAL, (ANNA, BEN)[number % 2])
        world.clock.advance(4 * HOUR / 500)
    await world.reconcile()
    await world.settle(within=60)
    await world.reconcile()
    await world.settle(within=60)

    assert len(await world.services.entries.list_of(ANNA.id)) == 250
    assert len(await world.services.entries.list_of(BEN.id)) == 250
    assert world.graph.on_paper() == []
    answers = await asyncio.gather(
        *(
            release(entry.path, None, to_printer=OFFICE, kiosk_id="k", by="a", changes={}, services=world.services)
            for entry in await world.entries()
        )
    )
    assert {answer.code for answer in answers} == {ReleaseCode.RELEASED}
    assert len([job for job in world.graph.jobs.values() if job.printer_id == OFFICE]) == 500


async def test_known_tasks_are_not_queued_again(world: TaskWorld) -> None:
    await world.hold()
    before, listings = len(world.events.sent), world.state.listings
    reconciled = await world.reconcile()

    assert reconciled is not None
    assert (reconciled.queued, len(world.events.sent)) == (0, before)
    assert world.state.listings == listings + 1


async def test_a_long_queue_is_not_filled_with_the_same_tasks(world: TaskWorld) -> None:
    world.graph.printed(VIRTUAL)
    for _ in range(2):
        await world.reconcile()
        world.clock.advance(60)
    assert len(world.events.sent) == 1
    world.clock.advance(Bounds().overdue_seconds)
    await world.reconcile()
    assert len(world.events.sent) == 2


async def test_a_run_queues_no_more_than_its_bound() -> None:
    world = task_world(bounds=replace(Bounds(), reconcile_tasks_per_run=5))
    for _ in range(8):
        world.graph.printed(VIRTUAL)
    await world.reconcile()
    assert len(world.events.sent) == 5
    await world.reconcile()
    assert len(world.events.sent) == 8


async def test_marks_that_cannot_be_read_are_made_anew(world: TaskWorld) -> None:
    await world.state.create(QUEUED_PATH, b"[1")
    world.graph.printed(VIRTUAL)
    await world.reconcile()
    assert len(world.events.sent) == 1


async def test_records_of_forgotten_tasks_are_removed(world: TaskWorld) -> None:
    entry = await world.hold()
    del world.graph.tasks[entry.task_id]
    await world.reconcile()
    assert task_path(entry.task_id) in world.state.documents
    world.clock.advance(HOUR)
    await world.reconcile()
    assert task_path(entry.task_id) not in world.state.documents


async def test_a_task_whose_worker_died_is_queued_when_it_is_overdue(world: TaskWorld) -> None:
    task = world.graph.printed(VIRTUAL)
    await world.notify(task.id)
    world.plan.arm(2, after=False)
    body = world.events.take()
    assert body is not None
    with pytest.raises(Crash):
        await dispatch(body.encode(), "run", world.services)
    world.clock.advance(10 * 60)
    await world.reconcile()
    await world.settle(within=1)
    assert [entry.state for entry in await world.entries()] == [HeldState.HELD]


async def test_what_nobody_collects_is_aborted_and_told(world: TaskWorld) -> None:
    entry = await world.hold()
    world.clock.advance(24 * HOUR + 1)
    await tidy(world.services)

    ((view, _),) = await world.services.entries.list_of(ANNA.id)
    assert view.state is HeldState.EXPIRED
    assert view.outcome is not None
    assert "within 24 hours" in view.outcome.reason
    assert world.graph.jobs[VIRTUAL, entry.job_id].state == "aborted"
    assert [(row["outcome"], row["person"]) for row in world.rows] == [("expired", ANNA.user_principal_name)]

    world.clock.advance(24 * HOUR + 1)
    await tidy(world.services)
    assert await world.entries() == []


async def test_an_expired_notice_that_was_told_goes(world: TaskWorld) -> None:
    entry = await world.hold()
    world.clock.advance(24 * HOUR + 1)
    await tidy(world.services)
    ((view, _),) = await world.services.entries.list_of(entry.user_id)
    await world.services.entries.mark_told(view)
    await tidy(world.services)
    assert await world.entries() == []


async def test_an_abort_that_graph_refuses_leaves_the_job_held_and_is_told(world: TaskWorld) -> None:
    await world.hold()
    world.clock.advance(24 * HOUR + 1)
    world.graph.faults["abort"] = [(GraphDenied("abort", 403, "accessDenied", "no"), False)]
    await tidy(world.services)

    assert [entry.state for entry in await world.entries()] == [HeldState.HELD]
    reconciled = await world.reconcile()
    assert reconciled is not None
    assert list(reconciled.alerts) == ["print-task:abortRefused"]


async def test_an_abort_that_is_refused_after_a_lost_reply_is_told(world: TaskWorld) -> None:
    await world.hold()
    world.clock.advance(24 * HOUR + 1)
    refused = GraphDenied("abort", 403, "accessDenied", "no")
    world.graph.faults["abort"] = [(NoReply("abort", "cut"), False), (refused, False)]
    await tidy(world.services)
    await world.settle()

    assert [entry.state for entry in await world.entries()] == [HeldState.HELD]
    reconciled = await world.reconcile()
    assert reconciled is not None
    assert list(reconciled.alerts) == ["print-task:abortRefused"]


@pytest.mark.parametrize("after", [False, True])
async def test_an_abort_whose_reply_was_lost_expires_once(world: TaskWorld, after: bool) -> None:
    await world.hold()
    world.clock.advance(24 * HOUR + 1)
    world.graph.lose("abort", after=after)
    await tidy(world.services)
    await world.recover()

    assert [entry.state for entry in await world.entries()] == [HeldState.EXPIRED]
    assert len(world.graph.reasons) == 1
    assert [row["outcome"] for row in world.rows] == ["expired"]


async def test_an_upkeep_that_dies_at_any_write_expires_what_is_left() -> None:
    number = 0
    while True:
        number += 1
        world = task_world()
        await world.hold()
        await world.hold()
        world.clock.advance(24 * HOUR + 1)
        world.plan.arm(number, after=bool(number % 2))
        await world.recover()
        assert [entry.state for entry in await world.entries()] == [HeldState.EXPIRED] * 2, f"at write {number}"
        assert world.failures == []
        if world.plan.at is not None:
            return


async def test_a_run_ends_no_more_than_its_bound_and_the_next_goes_on() -> None:
    world = task_world(bounds=replace(Bounds(), held_work_per_run=2))
    for _ in range(5):
        await world.hold()
    world.clock.advance(24 * HOUR + 1)
    assert [(await tidy(world.services))["expire"] for _ in range(4)] == [2, 2, 1, 0]


async def test_a_job_that_was_cancelled_while_held_is_cleaned(world: TaskWorld) -> None:
    entry = await world.hold()
    kept = await world.hold()
    world.graph.set_state(VIRTUAL, entry.job_id, "canceled", "by the user")
    world.graph.tasks[entry.task_id] = replace(world.graph.tasks[entry.task_id], state="aborted")
    await tidy(world.services)

    assert [entry.job_id for entry in await world.entries()] == [kept.job_id]
    assert [(row["outcome"], "by the user" in row["reason"]) for row in world.rows] == [("discarded", True)]


async def test_a_cancelled_job_whose_task_still_waits_is_found_by_looking(world: TaskWorld) -> None:
    entry, kept = await world.hold(), await world.hold()
    world.graph.set_state(VIRTUAL, entry.job_id, "canceled")
    await tidy(world.services)

    assert [held.job_id for held in await world.entries()] == [kept.job_id]
    assert world.graph.tasks[entry.task_id].state == "completed"
    assert world.graph.tasks[kept.task_id].state == "processing"


async def test_a_run_looks_at_no_more_jobs_than_its_bound() -> None:
    world = task_world(bounds=replace(Bounds(), held_looks_per_run=3))
    for _ in range(9):
        await world.hold()
    world.graph.calls.clear()
    await tidy(world.services)
    assert world.graph.calls.count("get_job") == 3


async def test_a_held_job_whose_entry_was_lost_is_held_again(world: TaskWorld) -> None:
    entry = await world.hold()
    await world.state.delete(entry.path)
    world.clock.advance(HOUR)
    await tidy(world.services)
    world.clock.advance(HOUR)
    await world.reconcile()
    await world.settle(within=1)

    assert [held.job_id for held in await world.entries()] == [entry.job_id]


async def test_one_trouble_does_not_keep_the_others_from_expiring(world: TaskWorld) -> None:
    for _ in range(3):
        await world.hold()
    world.clock.advance(24 * HOUR + 1)
    world.graph.faults["abort"] = [(GraphUnavailable("abort", 503, "x", "y"), False)]
    world.graph.faults["get_job"] = [(GraphUnavailable("get job", 503, "x", "y"), False)]
    await tidy(world.services)

    states = sorted(entry.state for entry in await world.entries())
    assert states == [HeldState.ENDING, HeldState.EXPIRED, HeldState.EXPIRED]


async def test_a_lost_follow_message_is_sent_again(world: TaskWorld) -> None:
    entry = await world.hold()
    await release(entry.path, None, to_printer=OFFICE, kiosk_id="k", by="a", changes={}, services=world.services)
    while world.events.next_due is not None:
        world.clock.advance(1)
        world.events.take()
    world.clock.advance(HOUR)
    (job,) = [job for job in world.graph.jobs.values() if job.printer_id == OFFICE]
    world.graph.set_state(OFFICE, job.id, "completed")
    await tidy(world.services)
    await world.settle(within=1)

    assert await world.entries() == []
    assert [row["outcome"] for row in world.rows] == ["completed"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@given(content=st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_message_is_read_or_refused(content: bytes) -> None:
    for read in (read_released, read_tasks):
        try:
            read(read_event(content))
        except EventUnreadable:
            continue


@pytest.mark.parametrize(
    "message",
    [
        {"kind": "task", "definitionId": "../x", "taskId": "t"},
        {"kind": "task", "definitionId": "d", "taskId": "a/b"},
        {"kind": "task", "definitionId": "d", "taskId": ".."},
        {"kind": "task", "definitionId": "d"},
        {"kind": "tasks", "tasks": ["t"]},
        {"kind": "tasks", "tasks": None},
        {"kind": "task", "definitionId": "d", "taskId": "t", "source": 3},
    ],
)
def test_a_message_that_names_no_task_is_refused(message: Any) -> None:
    with pytest.raises(EventUnreadable):
        read_tasks(message)


@pytest.mark.parametrize("path", ["held/a/b", "tasks/a/b/c", "held/../b/c", "held/a/b/c/d", "held/a/b/c\n", None])
def test_a_message_that_names_no_held_entry_is_refused(path: Any) -> None:
    with pytest.raises(EventUnreadable):
        read_released({"kind": "released", "path": path, "looks": 0})


def test_a_look_that_names_its_run_by_no_text_is_refused() -> None:
    with pytest.raises(EventUnreadable):
        read_released({"kind": "released", "path": "held/a/b/c", "looks": 0, "run": 3})


def test_a_batch_brings_every_task_with_what_is_common_to_them() -> None:
    message = {"kind": "tasks", "definitionId": DEFINITION, "tasks": [{"taskId": "t1"}, {"taskId": "t2"}]}
    assert [(event.definition_id, event.task_id) for event in read_tasks(message)] == [
        (DEFINITION, "t1"),
        (DEFINITION, "t2"),
    ]


@given(content=st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode()), values=JSON)
def test_any_stored_entry_and_record_is_read_or_refused(content: bytes, values: Any) -> None:
    for read, error in ((decode_entry, HeldEntryUnreadable), (decode_task, TaskRecordUnreadable)):
        with pytest.raises(error):
            read(content)
    if isinstance(values, dict):
        with pytest.raises(HeldEntryUnreadable):
            read_view("held/a/b/c", values)


async def test_an_entry_that_was_stored_is_the_same_entry(world: TaskWorld) -> None:
    entry = await world.hold(configuration={"copies": 2, "pageRanges": [{"start": 1, "end": 2}]})
    await release(entry.path, None, to_printer=OFFICE, kiosk_id="k", by="a", changes={}, services=world.services)
    (entry,) = await world.entries()
    assert decode_entry(encode_entry(entry)) == entry
    assert read_view(entry.path, summary(entry)).state is HeldState.RELEASED


@given(values=JSON)
def test_any_task_summary_is_read_or_refused(values: Any) -> None:
    if isinstance(values, dict):
        with pytest.raises(TaskRecordUnreadable):
            read_task_view(Summary("tasks/a.json", values, "1", datetime.now(UTC)))


async def test_a_batch_is_handled_task_by_task(world: TaskWorld) -> None:
    tasks = [world.graph.printed(VIRTUAL) for _ in range(3)]
    ids = [{"taskId": task.id} for task in tasks]
    world.graph.faults["get_task"] = [(RuntimeError("broken"), False)]
    await world.events.send({"kind": "tasks", "definitionId": DEFINITION, "tasks": ids})
    await world.settle()

    assert [str(error) for error in world.failures] == ["broken"]
    assert len(await world.entries()) == 3


async def test_a_message_of_an_unknown_kind_is_not_swallowed(world: TaskWorld) -> None:
    with pytest.raises(EventUnreadable, match="'other'"):
        await dispatch(b'{"kind":"other"}', "run", world.services)
