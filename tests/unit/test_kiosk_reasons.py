"""Whatever a kiosk is told of a job has a stable word, for which its page has a sentence in every language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from shared.errors import GraphConflict, GraphThrottled, GraphUnavailable, NoReply, NotNow, StorageConflict
from shared.held.entry import HeldState
from shared.held.reasons import Reason
from shared.kiosk.requests import job_id
from tests.support.kiosk_world import BEN_PERSON, KioskWorld, ended, kiosk_world
from tests.support.task_world import LASER, OFFICE, VIRTUAL

NOW = "2026-03-02T08:00:00.000Z"
CONFLICT = GraphConflict("redirect", 409, "conflict", "not now")


@pytest.fixture
async def world() -> KioskWorld:
    return await kiosk_world()


async def told(
    world: KioskWorld, *, changes: dict[str, Any] | None = None, name: str = "redirect", **entry: Any
) -> Any:
    """What the kiosk says when Anna asks for a job of hers."""
    held = await world.hold(**entry)
    body = {"jobs": [{"id": job_id(held.path), **(changes or {})}]}
    (outcome,) = (await world.ask("POST", name, body, session=await world.session())).body["outcomes"]
    return outcome


async def test_a_job_that_was_sent_says_where_to(world: KioskWorld) -> None:
    outcome = await told(world)
    assert (outcome["reasonCode"], outcome["printer"]) == (Reason.SENT_TO, "Office colour")
    again = await world.ask("POST", "redirect", {"jobs": [{"id": outcome["id"]}]}, session=await world.session())
    (gone,) = again.body["outcomes"]
    assert (gone["outcome"], gone["reasonCode"], gone["printer"]) == ("alreadyGone", Reason.SENT_TO, "Office colour")


@pytest.mark.parametrize(
    ("entry", "changes", "reason"),
    [
        ({"content_type": "image/x-raw"}, {}, Reason.CONTENT_TYPE_NOT_OFFERED),
        ({}, {"duplexMode": "flipOnShortEdge"}, Reason.SETTING_NOT_OFFERED),
        ({}, {"copies": 400}, Reason.SETTING_NOT_OFFERED),
        ({}, {"colorMode": "sepia"}, Reason.SETTING_INVALID),
        (ended(HeldState.FAILED, "stopped", "The printer has stopped.", NOW), {}, Reason.STOPPED),
        (ended(HeldState.EXPIRED, "expired", "Nobody collected it.", NOW), {}, Reason.EXPIRED),
    ],
)
async def test_a_refusal_says_why(
    world: KioskWorld, entry: dict[str, Any], changes: dict[str, Any], reason: Reason
) -> None:
    outcome = await told(world, changes=changes, **entry)
    assert outcome["reasonCode"] == reason
    assert outcome["outcome"] in {"refused", "alreadyGone"}


@pytest.mark.parametrize(
    ("fault", "code", "reason"),
    [
        (CONFLICT, "refused", Reason.SERVICE_REFUSED),
        (NotNow("graphUnreachable", "no route", 15), "tryAgain", Reason.NOT_REACHED),
        (GraphThrottled("redirect", 429, "busy", "busy"), "tryAgain", Reason.NOT_REACHED),
        (NoReply("redirect", "cut"), "tryAgain", Reason.UNCLEAR),
        (GraphUnavailable("redirect", 503, "busy", "busy"), "tryAgain", Reason.UNCLEAR),
        (OSError("cut"), "tryAgain", Reason.UNCLEAR),
    ],
)
async def test_trouble_of_the_service_says_what_is_known(
    world: KioskWorld, fault: Exception, code: str, reason: Reason
) -> None:
    world.tasks.graph.faults["redirect"] = [(fault, False)]
    outcome = await told(world)
    assert (outcome["outcome"], outcome["reasonCode"]) == (code, reason)


async def test_a_lost_answer_that_cannot_be_looked_up_does_not_say_that_the_job_is_still_here(
    world: KioskWorld,
) -> None:
    world.tasks.graph.faults["redirect"] = [(NoReply("redirect", "cut"), True)]
    world.tasks.graph.faults["get_job"] = [(NotNow("graphUnreachable", "no route", 15), False)]
    outcome = await told(world)
    assert (outcome["outcome"], outcome["reasonCode"]) == ("tryAgain", Reason.UNCLEAR)
    assert "still here" not in outcome["reason"]
    assert [job for job in world.tasks.graph.jobs.values() if job.printer_id == OFFICE]


async def test_a_job_that_is_still_being_sent_says_so(world: KioskWorld) -> None:
    world.tasks.graph.faults["redirect"] = [(NoReply("redirect", "cut"), False)]
    first = await told(world)
    session = await world.session()
    again = await world.ask("POST", "redirect", {"jobs": [{"id": first["id"]}]}, session=session)
    assert again.body["outcomes"][0]["reasonCode"] == Reason.STILL_SENDING


async def test_a_job_that_ended_elsewhere_is_gone_or_somebody_elses_says_so(world: KioskWorld) -> None:
    held = await world.hold()
    world.tasks.graph.set_state(VIRTUAL, held.job_id, "canceled")
    world.tasks.graph.faults["redirect"] = [(CONFLICT, False)]
    bens = await world.hold(BEN_PERSON)
    missing = replace(held, job_id="9999")
    jobs = [{"id": job_id(entry.path)} for entry in (held, bens, missing)]
    answer = await world.ask("POST", "redirect", {"jobs": jobs}, session=await world.session())
    codes = [outcome["reasonCode"] for outcome in answer.body["outcomes"]]
    assert codes == [Reason.ENDED_ELSEWHERE, Reason.NOT_YOURS, Reason.NOT_HELD]


async def test_a_kiosk_whose_printer_is_not_published_says_so(world: KioskWorld) -> None:
    world.tasks.catalog["printers"] = [each for each in world.tasks.catalog["printers"] if each["id"] != OFFICE]
    assert (await told(world))["reasonCode"] == Reason.PRINTER_UNKNOWN


async def test_a_race_says_where_the_job_went(world: KioskWorld) -> None:
    await world.add_kiosk("lab", LASER)
    held = await world.hold()
    save = world.tasks.services.entries.save
    session = await world.session()
    asked = False

    async def late(*arguments: Any) -> str:
        nonlocal asked
        if not asked:
            asked = True
            await world.redirect(await world.session(kiosk="lab"), job_id(held.path), kiosk="lab")
        return await save(*arguments)

    object.__setattr__(world.services.tasks.entries, "save", late)
    (outcome,) = (await world.redirect(session, job_id(held.path))).body["outcomes"]
    assert (outcome["outcome"], outcome["reasonCode"], outcome["printer"]) == ("alreadyGone", Reason.SENT_TO, "Laser")


async def test_a_race_that_is_lost_again_and_again_says_that_somebody_was_faster(world: KioskWorld) -> None:
    held = await world.hold()
    session = await world.session()

    async def late(*_: Any) -> str:
        raise StorageConflict("somebody else wrote first")

    object.__setattr__(world.services.tasks.entries, "save", late)
    (outcome,) = (await world.redirect(session, job_id(held.path))).body["outcomes"]
    assert (outcome["outcome"], outcome["reasonCode"]) == ("alreadyGone", Reason.SOMEBODY_FASTER)
    assert world.tasks.graph.calls == []


async def test_a_release_without_a_catalog_says_that_the_job_is_still_here(world: KioskWorld) -> None:
    held = await world.hold()
    session = await world.session()
    world.tasks.catalog["shares"] = None
    (outcome,) = (await world.redirect(session, job_id(held.path))).body["outcomes"]
    assert (outcome["outcome"], outcome["reasonCode"]) == ("tryAgain", Reason.NOT_REACHED)
    assert [entry.state for entry in await world.tasks.entries()] == ["held"]


async def test_a_printer_that_the_catalog_lost_goes_by_the_name_of_its_kiosk(world: KioskWorld) -> None:
    world.tasks.catalog["printers"] = []
    printer = (await world.tap()).body["kiosk"]["printer"]
    assert (printer["displayName"], printer["colorModes"]) == ("Kiosk lobby", [])


async def test_a_discarded_job_says_so(world: KioskWorld) -> None:
    assert (await told(world, name="discard"))["reasonCode"] == Reason.DISCARDED


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (lambda graph, job: graph.set_state(OFFICE, job, "aborted"), Reason.ABORTED),
        (lambda graph, job: graph.set_state(OFFICE, job, "canceled"), Reason.CANCELED),
        (lambda graph, job: graph.jobs.pop((OFFICE, job)), Reason.OUTCOME_UNKNOWN),
        (lambda graph, job: graph.set_state(OFFICE, job, "stopped"), Reason.STOPPED),
        (lambda graph, job: graph.set_state(OFFICE, job, "processing"), Reason.TOOK_TOO_LONG),
    ],
)
async def test_the_next_tap_says_what_became_of_a_released_job(
    world: KioskWorld, end: Callable[[Any, str], Any], code: Reason
) -> None:
    await told(world)
    ((_, destination),) = [key for key in world.tasks.graph.jobs if key[0] == OFFICE]
    end(world.tasks.graph, destination)
    await world.tasks.settle(within=(5 if code is Reason.STOPPED else 25) * 3600)
    (notice,) = (await world.tap()).body["notices"]
    assert notice["reasonCode"] == code
