"""Every release and discard is in the audit, also where the worker died that was asked for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shared.audit import OPERATOR
from shared.errors import GraphDenied, GraphUnavailable, NoReply
from shared.held.ending import begin_ending
from shared.held.entry import HeldOutcome, HeldState
from shared.held.releasing import release
from shared.kiosk.requests import job_id
from tests.support.crashes import Crash
from tests.support.kiosk_world import ANNA_PERSON, KioskWorld, kiosk_world
from tests.support.task_world import OFFICE, VIRTUAL

FOUND = "afterInterruption"


@pytest.fixture
async def world() -> KioskWorld:
    return await kiosk_world()


def lines(world: KioskWorld, event: str) -> list[dict[str, Any]]:
    return [line for line in world.audit if line["event"] == event]


async def asked(world: KioskWorld, name: str, at: int, *, after: bool) -> list[str]:
    """Ask for a job, and die at the change of that number; the changes that were made before."""
    entry = await world.hold()
    session = await world.session()
    world.tasks.plan.log.clear()
    world.tasks.plan.arm(at, after=after)
    try:
        await world.ask("POST", name, {"jobs": [{"id": job_id(entry.path)}]}, session=session)
    except Crash:
        world.tasks.deaths += 1
    world.tasks.plan.at = None
    made = list(world.tasks.plan.log)
    await world.tasks.recover()
    return made


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, 6))
async def test_a_release_whose_worker_died_is_in_the_audit_with_who_asked(
    world: KioskWorld, at: int, after: bool
) -> None:
    made = await asked(world, "redirect", at, after=after)

    out = [job for job in world.tasks.graph.jobs.values() if job.printer_id == OFFICE]
    released = [line for line in lines(world, "release") if line["outcome"] == "released"]
    assert len(out) <= 1, made
    # At least once where paper may come out, and nowhere else; whoever reads knows doubles by their run.
    assert bool(released) == bool(out), made
    assert len({line["run"] for line in lines(world, "release")}) <= 1
    for line in released:
        assert (line["kiosk"], line["person"], line["printer"], line["destinationJob"]) == (
            "lobby",
            ANNA_PERSON.user_principal_name,
            OFFICE,
            out[0].id,
        )
        assert "owner" not in line
    found = [line for line in released if line.get("found") == FOUND]
    if world.tasks.deaths:
        assert len(found) <= 1
        assert len(released) - len(found) <= 1
    else:
        assert (len(released), found) == (1, [])


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, 7))
async def test_a_discard_whose_worker_died_is_in_the_audit_with_who_asked(
    world: KioskWorld, at: int, after: bool
) -> None:
    made = await asked(world, "discard", at, after=after)

    aborted = [job for job in world.tasks.graph.jobs.values() if job.state == "aborted"]
    discarded = [line for line in lines(world, "discard") if line["outcome"] == "discarded"]
    assert bool(discarded) == bool(aborted), made
    assert len({line["run"] for line in discarded}) <= 1
    assert {(line["kiosk"], line["person"]) for line in discarded} <= {("lobby", ANNA_PERSON.user_principal_name)}


async def test_a_release_that_dies_between_graph_and_the_audit_is_found_and_marked(world: KioskWorld) -> None:
    entry = await world.hold()
    session = await world.session()
    # The claim and its message are written first, then Graph is asked, then comes the audit.
    world.tasks.plan.arm(3, after=False)
    with pytest.raises(Crash, match="append"):
        await world.redirect(session, job_id(entry.path))
    assert (world.tasks.graph.calls.count("redirect"), lines(world, "release")) == (1, [])

    await world.tasks.recover()
    (line,) = lines(world, "release")
    assert (line["outcome"], line["found"]) == ("released", FOUND)
    assert line["job"] == f"{VIRTUAL}/{entry.job_id}"
    assert line["run"]


async def test_a_release_without_an_answer_that_was_done_is_in_the_audit_as_both(world: KioskWorld) -> None:
    entry = await world.hold()
    session = await world.session()
    world.tasks.graph.faults = {
        "redirect": [(NoReply("redirect", "lost"), True)],
        "get_job": [(GraphUnavailable("get job", 503, "away", "away"), False)],
    }
    answer = await world.redirect(session, job_id(entry.path))
    assert answer.body["outcomes"][0]["outcome"] == "tryAgain"

    await world.tasks.recover()
    first, second = lines(world, "release")
    assert (first["outcome"], "found" in first) == ("tryAgain", False)
    assert (second["outcome"], second["found"]) == ("released", FOUND)


async def test_what_a_rule_releases_is_nobodys_line(world: KioskWorld) -> None:
    entry = await world.hold()
    options: dict[str, Any] = {"to_printer": OFFICE, "kiosk_id": None, "changes": {}, "services": world.services.tasks}
    world.tasks.plan.arm(3, after=False)
    with pytest.raises(Crash):
        await release(entry.path, None, by=entry.user_principal_name, **options)
    await world.tasks.recover()
    assert world.audit == []


async def test_an_abort_by_an_operator_that_dies_is_found(world: KioskWorld) -> None:
    entry = await world.hold()
    tasks = world.services.tasks
    loaded = await tasks.entries.load(entry.path)
    assert loaded is not None
    outcome = HeldOutcome("aborted", "The document is confidential.", loaded[0].held)
    await begin_ending(*loaded, outcome, tasks, by=OPERATOR)
    await world.tasks.recover()
    (line,) = world.audit
    assert (line["event"], line["kiosk"], line["person"], line["outcome"]) == (
        "discard",
        "printops",
        "operator",
        "discarded",
    )
    assert (line["owner"], line["found"]) == (ANNA_PERSON.user_id, FOUND)


def _refused(world: KioskWorld, _: str) -> None:
    world.tasks.graph.faults = {"abort": [(GraphDenied("abort", 403, "Forbidden", "no"), False)]}


def _gone(world: KioskWorld, _: str) -> None:
    world.tasks.graph.tasks.clear()
    _refused(world, _)


@pytest.mark.parametrize(
    ("before", "outcome", "why", "state"),
    [
        (_refused, "refused", "serviceRefused", HeldState.HELD),
        (_gone, "alreadyGone", "endedElsewhere", None),
    ],
)
async def test_a_discard_that_is_not_done_says_why(
    world: KioskWorld, before: Callable[[KioskWorld, str], None], outcome: str, why: str, state: HeldState | None
) -> None:
    entry = await world.hold()
    session = await world.session()
    before(world, entry.job_id)
    answer = await world.ask("POST", "discard", {"jobs": [{"id": job_id(entry.path)}]}, session=session)

    (told,) = answer.body["outcomes"]
    assert (told["outcome"], told["reasonCode"]) == (outcome, why)
    assert [found.state for found in await world.tasks.entries()] == ([state] if state else [])
    assert [line["outcome"] for line in lines(world, "discard")] == [outcome]


async def test_a_discard_that_graph_does_not_answer_is_done_later_and_called_that(world: KioskWorld) -> None:
    entry = await world.hold()
    session = await world.session()
    world.tasks.graph.faults = {"abort": [(GraphUnavailable("abort", 503, "away", "away"), False)]}
    job = {"jobs": [{"id": job_id(entry.path)}]}
    (told,) = (await world.ask("POST", "discard", job, session=session)).body["outcomes"]
    assert (told["outcome"], told["reasonCode"]) == ("discarded", "discarding")
    assert (await world.redirect(session, job_id(entry.path))).body["outcomes"][0]["outcome"] == "alreadyGone"

    await world.tasks.recover()
    assert [(line["outcome"], line.get("found")) for line in lines(world, "discard")] == [
        ("discarding", None),
        ("discarded", FOUND),
    ]
    assert {job.state for job in world.tasks.graph.jobs.values()} == {"aborted"}


async def test_a_discard_of_a_job_that_lies_at_a_printer_writes_down_both(world: KioskWorld) -> None:
    entry = await world.hold()
    session = await world.session()
    tasks = world.services.tasks
    # A release before was done after all, and nobody has looked since.
    await tasks.graph.redirect(VIRTUAL, entry.job_id, OFFICE, {})
    answer = await world.ask("POST", "discard", {"jobs": [{"id": job_id(entry.path)}]}, session=session)

    assert answer.body["outcomes"][0]["outcome"] == "alreadyGone"
    assert {
        (line["event"], line["outcome"], line.get("found")) for line in world.audit if line["event"] != "session"
    } == {
        ("discard", "alreadyGone", None),
        ("release", "released", FOUND),
    }
