"""What comes again, or late, changes nothing: counts, claims, messages and tasks that others have gone on with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.bounds import Bounds
from shared.errors import GraphUnavailable, NoReply
from shared.held.entry import HeldState
from shared.held.releasing import ReleaseCode, ReleaseOutcome, release
from shared.kiosk.keys import KioskKeys
from shared.kiosk.throttle import Throttle, read_failures
from shared.tasks.dispatching import dispatch
from tests.support.clock import Clock
from tests.support.kiosk_world import KEY
from tests.support.memory_state import MemoryStateStore
from tests.support.task_graph import ANNA
from tests.support.task_world import LASER, OFFICE, VIRTUAL, TaskWorld, task_world


@pytest.fixture
def world() -> TaskWorld:
    return task_world()


async def send(world: TaskWorld, path: str, printer: str) -> ReleaseOutcome:
    by = ANNA.user_principal_name
    return await release(path, None, to_printer=printer, kiosk_id=printer, by=by, changes={}, services=world.services)


async def test_an_attempt_that_was_right_takes_back_no_other_that_was_counted_meanwhile() -> None:
    state, clock, bounds = MemoryStateStore(), Clock(), Bounds()
    throttle = Throttle(state, KioskKeys((KEY,)), clock.now, bounds)
    path = throttle.kiosk("lobby")
    right = await throttle.count(path, await throttle.look(path), bounds.kiosk_wait_seconds)
    wrong = await throttle.count(path, await throttle.look(path), bounds.kiosk_wait_seconds)
    await throttle.take_back(right)
    assert (await _count(state, path), wrong.count) == (2, 2)
    await throttle.take_back(wrong)
    assert await _count(state, path) == 0


async def _count(state: MemoryStateStore, path: str) -> int:
    stored = await state.read(path)
    assert stored is not None
    return read_failures(stored.content).count


@pytest.mark.parametrize("done", [True, False])
async def test_a_claim_that_lapsed_is_looked_up_before_the_job_is_sent_again(world: TaskWorld, done: bool) -> None:
    entry = await world.hold()
    world.graph.faults["redirect"] = [(NoReply("redirect", "cut"), done)]
    world.graph.faults["get_job"] = [(GraphUnavailable("get job", 503, "busy", "busy"), False)]
    assert (await send(world, entry.path, OFFICE)).code is ReleaseCode.TRY_AGAIN
    world.clock.advance(world.services.bounds.claim_seconds + 1)

    answer = await send(world, entry.path, LASER)
    assert answer.code is (ReleaseCode.ALREADY_GONE if done else ReleaseCode.RELEASED)
    # Where it was done the service is not even asked again: it might not refuse while the first call is under way.
    assert world.graph.calls.count("redirect") == (1 if done else 2)
    assert len([job for job in world.graph.jobs.values() if job.printer_id != VIRTUAL]) == 1


async def test_a_look_from_before_the_newest_asks_nothing(world: TaskWorld) -> None:
    entry = await world.hold()
    await send(world, entry.path, OFFICE)
    await world.settle(within=30)
    (followed,) = await world.entries()
    assert followed.sequence > 1
    world.graph.calls.clear()
    before = len(world.events.sent)
    for looks in range(followed.sequence):
        body = f'{{"kind":"released","path":"{entry.path}","looks":{looks}}}'
        await dispatch(body.encode(), "run", world.services)
    assert (world.graph.calls, len(world.events.sent)) == ([], before)


async def test_tasks_that_are_over_are_not_queued(world: TaskWorld) -> None:
    waiting, over = world.graph.printed(VIRTUAL), world.graph.printed(VIRTUAL)
    world.graph.tasks[over.id] = replace(over, state="completed")
    await world.reconcile()
    assert [message["taskId"] for message in world.events.sent] == [waiting.id]


async def test_a_job_that_was_held_once_is_not_held_again_over_what_became_of_it(world: TaskWorld) -> None:
    entry = await world.hold()
    await send(world, entry.path, OFFICE)
    assert not await world.services.entries.hold(entry)
    (kept,) = await world.entries()
    assert kept.state is HeldState.RELEASED
