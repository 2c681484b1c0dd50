"""A held job comes out once, where the person stands, whatever dies or is lost on the way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from shared.errors import GraphConflict, GraphDenied, GraphThrottled, GraphUnavailable, NoReply, NotNow
from shared.held.entry import HeldEntry, HeldState
from shared.held.releasing import ReleaseCode, ReleaseOutcome, discard, release
from shared.held.retention import tidy
from shared.tasks.dispatching import dispatch
from tests.support.crashes import Crash
from tests.support.task_graph import ANNA, FakeJob
from tests.support.task_world import LASER, OFFICE, VIRTUAL, TaskWorld, task_world


@pytest.fixture
def world() -> TaskWorld:
    return task_world()


def out(world: TaskWorld) -> list[FakeJob]:
    """Jobs at real printers: each is paper."""
    return [job for job in world.graph.jobs.values() if job.printer_id != VIRTUAL]


async def tap(world: TaskWorld, entry: HeldEntry, to: str = OFFICE, **changes: Any) -> ReleaseOutcome:
    return await release(
        entry.path,
        None,
        to_printer=to,
        kiosk_id=f"kiosk-{to[0]}",
        by=ANNA.user_principal_name,
        changes=changes,
        services=world.services,
    )


async def test_a_released_job_lies_at_the_kiosks_printer_and_is_done_when_it_printed(world: TaskWorld) -> None:
    entry = await world.hold(configuration={"copies": 2, "colorMode": "color", "mediaSize": "A4"})
    answer = await tap(world, entry, copies=1)

    assert answer.code is ReleaseCode.RELEASED
    (job,) = out(world)
    assert (job.printer_id, job.id) == (OFFICE, answer.destination_job_id)
    assert job.configuration == {"copies": 1, "colorMode": "color", "mediaSize": "A4"}
    ((view, _),) = await world.services.entries.list_of(ANNA.id)
    assert view.state is HeldState.RELEASED

    world.graph.set_state(OFFICE, job.id, "completed")
    await world.settle()
    assert await world.entries() == []
    (row,) = world.rows
    assert (row["outcome"], row["printerId"], row["copies"], row["kiosk"]) == ("completed", OFFICE, 1, "kiosk-e")
    assert row["id"] == entry.task_id


async def test_two_kiosks_race_and_one_wins(world: TaskWorld) -> None:
    entry = await world.hold()
    answers = await asyncio.gather(tap(world, entry, OFFICE), tap(world, entry, LASER))

    assert sorted(answer.code for answer in answers) == [ReleaseCode.ALREADY_GONE, ReleaseCode.RELEASED]
    assert len(out(world)) == 1
    assert world.graph.calls.count("redirect") == 1


async def test_a_release_that_takes_longer_than_the_first_look_is_followed_soon_after(
    world: TaskWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = await world.hold()
    redirect = world.graph.redirect

    async def slow(*arguments: Any) -> str:
        world.clock.advance(3)
        assert await world.deliver_one()
        return await redirect(*arguments)

    monkeypatch.setattr(world.graph, "redirect", slow)
    await tap(world, entry)
    world.graph.set_state(OFFICE, out(world)[0].id, "completed")
    await world.settle(within=15)
    assert [row["outcome"] for row in world.rows] == ["completed"]
    assert await world.entries() == []


async def test_a_job_that_was_raced_for_is_followed_and_counted_once(world: TaskWorld) -> None:
    entry = await world.hold()
    await asyncio.gather(tap(world, entry, OFFICE), tap(world, entry, LASER))
    world.graph.calls.clear()
    world.clock.advance(60)
    # Both messages are taken from the queue at the same time, as two instances would.
    bodies = list(iter(world.events.take, None))
    await asyncio.gather(*(dispatch(body.encode(), "run", world.services) for body in bodies))

    assert len(bodies) == 2
    assert world.graph.calls.count("get_job") == 1
    (job,) = out(world)
    world.graph.set_state(job.printer_id, job.id, "completed")
    await world.settle()
    assert [line["outcome"] for lines in world.ledger.lines.values() for line in lines] == ["completed"]


async def test_the_message_of_the_kiosk_that_lost_a_race_looks_at_nothing(world: TaskWorld) -> None:
    entry = await world.hold()
    await asyncio.gather(tap(world, entry, OFFICE), tap(world, entry, LASER))
    (held,) = await world.entries()
    world.graph.calls.clear()
    world.clock.advance(60)
    (lost,) = [body for body in iter(world.events.take, None) if json.loads(body)["run"] != held.run]
    await dispatch(lost.encode(), "run", world.services)

    assert world.graph.calls == []
    assert world.events.next_due is None


async def test_one_kiosk_that_asks_twice_at_once_redirects_once(world: TaskWorld) -> None:
    entry = await world.hold()
    answers = await asyncio.gather(*(tap(world, entry) for _ in range(4)))

    assert [answer.code for answer in answers].count(ReleaseCode.RELEASED) == 1
    assert world.graph.calls.count("redirect") == 1


async def test_a_release_races_a_discard_and_one_wins(world: TaskWorld) -> None:
    entry = await world.hold()
    await asyncio.gather(
        tap(world, entry),
        discard(entry.path, None, by=ANNA.user_principal_name, kiosk_id="kiosk-e", services=world.services),
    )
    await world.settle()

    aborted = world.graph.jobs[VIRTUAL, entry.job_id].state == "aborted"
    assert len(out(world)) == (0 if aborted else 1)


async def test_a_discarded_job_is_aborted_and_gone(world: TaskWorld) -> None:
    entry = await world.hold()
    answer = await discard(entry.path, None, by=ANNA.user_principal_name, kiosk_id="k", services=world.services)

    assert answer.code is ReleaseCode.DISCARDED
    assert world.graph.jobs[VIRTUAL, entry.job_id].state == "aborted"
    assert await world.entries() == []
    assert [(row["outcome"], row["person"]) for row in world.rows] == [("discarded", ANNA.user_principal_name)]
    again = await discard(entry.path, None, by=ANNA.user_principal_name, kiosk_id="k", services=world.services)
    assert again.code is ReleaseCode.ALREADY_GONE


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"copies": 500}, "1 to 99"),
        ({"colorMode": "blackAndWhite"}, "color, grayscale"),
        ({"duplexMode": "flipOnShortEdge"}, "oneSided, flipOnLongEdge"),
        ({"mediaSize": "A4"}, "can be chosen"),
    ],
)
async def test_what_the_printer_does_not_offer_is_refused(world: TaskWorld, changes: Any, reason: str) -> None:
    entry = await world.hold()
    answer = await tap(world, entry, **changes)

    assert answer.code is ReleaseCode.REFUSED
    assert reason in answer.reason
    assert "redirect" not in world.graph.calls
    assert (await tap(world, entry)).code is ReleaseCode.RELEASED


async def test_paper_that_the_printer_lacks_is_refused_and_colour_becomes_grey(world: TaskWorld) -> None:
    large = await world.hold(configuration={"mediaSize": "A3"})
    colour = await world.hold(configuration={"colorMode": "color", "duplexMode": "flipOnLongEdge", "quality": "high"})

    assert (await tap(world, large, LASER)).code is ReleaseCode.REFUSED
    assert (await tap(world, colour, LASER)).code is ReleaseCode.RELEASED
    (job,) = out(world)
    assert job.configuration == {"colorMode": "blackAndWhite", "duplexMode": "oneSided", "quality": "high"}


async def test_a_document_type_that_the_printer_cannot_take_is_refused(world: TaskWorld) -> None:
    entry = await world.hold(content_type="application/oxps")
    assert (await tap(world, entry)).code is ReleaseCode.REFUSED
    world.catalog["documentConversionEnabled"] = True
    assert (await tap(world, entry)).code is ReleaseCode.RELEASED


@pytest.mark.parametrize("printer", ["unknown", VIRTUAL])
async def test_only_a_real_printer_of_the_catalog_is_released_to(world: TaskWorld, printer: str) -> None:
    assert (await tap(world, await world.hold(), printer)).code is ReleaseCode.REFUSED


ERRORS: list[Callable[[], Exception]] = [
    lambda: NoReply("redirect", "cut"),
    lambda: GraphUnavailable("redirect", 503, "serviceNotAvailable", "later"),
    lambda: GraphConflict("redirect", 409, "notAllowed", "no"),
]


@pytest.mark.parametrize("error", ERRORS)
async def test_a_release_whose_reply_was_lost_is_looked_up_and_was_done(world: TaskWorld, error: Any) -> None:
    entry = await world.hold()
    world.graph.faults["redirect"] = [(error(), True)]
    answer = await tap(world, entry)

    assert answer.code is ReleaseCode.RELEASED
    assert len(out(world)) == 1


@pytest.mark.parametrize("error", [*ERRORS[:2], lambda: NotNow("x", "y", 9), lambda: GraphThrottled("r", 429, "x", "")])
async def test_a_release_that_was_not_done_can_be_tried_again(world: TaskWorld, error: Any) -> None:
    entry = await world.hold()
    world.graph.faults["redirect"] = [(error(), False)]

    assert (await tap(world, entry)).code is ReleaseCode.TRY_AGAIN
    world.clock.advance(15)
    assert (await tap(world, entry)).code is ReleaseCode.RELEASED
    assert len(out(world)) == 1


async def test_a_release_that_graph_refuses_leaves_the_job_held(world: TaskWorld) -> None:
    entry = await world.hold()
    world.graph.faults["redirect"] = [(GraphDenied("redirect", 403, "accessDenied", "No such right."), False)]
    answer = await tap(world, entry)

    assert (answer.code, "No such right." in answer.reason) == (ReleaseCode.REFUSED, True)
    assert [entry.state for entry in await world.entries()] == [HeldState.HELD]


async def test_a_job_that_was_cancelled_meanwhile_is_gone(world: TaskWorld) -> None:
    entry = await world.hold()
    world.graph.set_state(VIRTUAL, entry.job_id, "canceled")

    assert (await tap(world, entry)).code is ReleaseCode.ALREADY_GONE
    assert await world.entries() == []
    assert [row["outcome"] for row in world.rows] == ["discarded"]


@pytest.mark.parametrize("state", ["aborted", "canceled"])
async def test_a_job_that_fails_at_the_printer_is_told_and_raises_an_alert(world: TaskWorld, state: str) -> None:
    entry = await world.hold()
    await tap(world, entry)
    world.graph.set_state(OFFICE, out(world)[0].id, state, "Out of order")
    await world.settle()

    ((view, _),) = await world.services.entries.list_of(ANNA.id)
    assert view.state is HeldState.FAILED
    assert view.outcome is not None
    assert "Out of order" in view.outcome.reason
    assert [row["outcome"] for row in world.rows] == ["failed"]
    reconciled = await world.reconcile()
    assert reconciled is not None
    assert "print-task:releasedJobFailed" in reconciled.alerts

    await world.services.entries.mark_told(view)
    await tidy(world.services)
    assert await world.entries() == []


async def test_a_printer_that_stops_is_told_and_the_paper_that_comes_later_is_counted(world: TaskWorld) -> None:
    entry = await world.hold()
    await tap(world, entry)
    world.graph.set_state(OFFICE, out(world)[0].id, "stopped", "Paper jam")
    await world.settle(within=5 * 3600)
    ((view, _),) = await world.services.entries.list_of(ANNA.id)
    assert (view.state, view.outcome and view.outcome.code) == (HeldState.FAILED, "stopped")
    assert world.rows == []

    world.graph.set_state(OFFICE, out(world)[0].id, "completed")
    await world.settle(within=3600)
    assert [row["outcome"] for row in world.rows] == ["completed"]
    assert await world.entries() == []


async def test_a_job_that_never_ends_fails_in_the_end(world: TaskWorld) -> None:
    entry = await world.hold()
    await tap(world, entry)
    await world.settle(within=26 * 3600)

    assert [(row["outcome"], row["code"]) for row in world.rows] == [("failed", "tookTooLong")]
    assert world.events.next_due is None


@pytest.mark.parametrize("after", [False, True])
async def test_a_kiosk_that_dies_at_any_write_releases_once(after: bool) -> None:
    number = 0
    while True:
        number += 1
        world = task_world()
        entry = await world.hold()
        world.plan.arm(number, after=after)
        try:
            await tap(world, entry)
        except Crash:
            world.deaths += 1
        await world.recover()
        for held in await world.entries():
            if held.state is HeldState.HELD:
                assert (await tap(world, held)).code is ReleaseCode.RELEASED
        assert len(out(world)) == 1, f"at write {number}"
        world.graph.set_state(OFFICE, out(world)[0].id, "completed")
        await world.recover()
        assert await world.entries() == [], f"at write {number}"
        assert [row["outcome"] for row in world.rows] == ["completed"]
        assert world.failures == []
        if world.plan.at is not None:
            assert number > 4
            return


@pytest.mark.parametrize("after", [False, True])
async def test_a_kiosk_that_dies_at_any_write_discards_for_good(after: bool) -> None:
    number = 0
    while True:
        number += 1
        world = task_world()
        entry = await world.hold()
        world.plan.arm(number, after=after)
        try:
            await discard(entry.path, None, by=ANNA.user_principal_name, kiosk_id="k", services=world.services)
        except Crash:
            world.deaths += 1
        await world.recover()
        assert out(world) == []
        left = await world.entries()
        # A death before the claim leaves the job as it was: nobody had heard of the wish.
        assert [held.state for held in left] in ([], [HeldState.HELD]), f"at write {number}"
        if not left:
            assert [row["outcome"] for row in world.rows] == ["discarded"]
        if world.plan.at is not None:
            assert left == []
            return


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("action", ["hold", "redirect", "abort"])
async def test_a_worker_that_dies_at_any_write_of_a_task_loses_nothing(after: bool, action: str) -> None:
    number = 0
    actions = {"redirect": {"printer": OFFICE}, "abort": {"reason": "No."}, "hold": {}}
    while True:
        number += 1
        world = task_world()
        world.catalog["policies"] = [{"name": "rule", "action": {"do": action, **actions[action]}}]
        world.plan.arm(number, after=after)
        await world.notify(world.graph.printed(VIRTUAL).id)
        await world.recover()

        states = [entry.state for entry in await world.entries()]
        wanted = {"hold": [HeldState.HELD], "redirect": [HeldState.RELEASED], "abort": [HeldState.FAILED]}
        assert states == wanted[action], f"at write {number}"
        assert len(out(world)) == (action == "redirect")
        assert world.failures == []
        if world.plan.at is not None:
            return


@pytest.mark.parametrize("operation", ["get_task", "get_job", "redirect", "abort", "complete_task", "get_printer"])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("action", ["hold", "redirect", "abort"])
async def test_a_lost_reply_at_any_call_of_a_task_loses_nothing(operation: str, after: bool, action: str) -> None:
    actions = {"redirect": {"printer": OFFICE}, "abort": {"reason": "No."}, "hold": {}}
    world = task_world()
    world.catalog["policies"] = [{"name": "rule", "action": {"do": action, **actions[action]}}]
    world.graph.lose(operation, after=after)
    await world.notify(world.graph.printed(VIRTUAL).id)
    await world.recover()

    states = [entry.state for entry in await world.entries()]
    held = action == "redirect" and not after and operation in ("redirect", "get_printer")
    also_held = action == "redirect" and operation == "get_printer"
    wanted = {"hold": [HeldState.HELD], "redirect": [HeldState.RELEASED], "abort": [HeldState.FAILED]}
    assert states == ([HeldState.HELD] if held or also_held else wanted[action])
    assert len(out(world)) == (states == [HeldState.RELEASED])
