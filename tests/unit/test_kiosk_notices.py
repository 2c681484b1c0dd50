"""What became of a person's jobs is told at the kiosk until it was shown there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.held.entry import HeldState
from shared.held.retention import tidy
from shared.kiosk.requests import MOST_NOTICES, job_id
from shared.times import timestamp
from tests.support.kiosk_world import BEN_BADGE, BEN_PERSON, Answered, KioskWorld, ended, kiosk_world
from tests.support.task_graph import ANNA, BEN

NAME = ANNA.user_principal_name


@pytest.fixture
async def world() -> KioskWorld:
    return await kiosk_world()


async def test_what_became_of_jobs_is_told_until_a_kiosk_has_shown_it(world: KioskWorld) -> None:
    at = timestamp(world.services.now())
    await world.hold(**ended(HeldState.EXPIRED, "expired", "Nobody collected it.", at))
    await world.hold(**ended(HeldState.FAILED, "jobAborted", "Paper jam.", at))
    again = await world.hold(**ended(HeldState.HELD, "jobAborted", "The printer was off.", at))
    await world.hold(BEN_PERSON, **ended(HeldState.EXPIRED, "expired", "Ben's.", at))
    # The answer to the first tap may be lost, and the one to the second arrives.
    lost, shown = (await world.tap()).body, (await world.tap()).body

    assert lost["notices"] == shown["notices"]
    told = {(notice["code"], notice["reason"]) for notice in shown["notices"]}
    assert told == {("expired", "Nobody collected it."), ("failed", "Paper jam."), ("failed", "The printer was off.")}
    first, *others = [notice["id"] for notice in shown["notices"]]
    for _ in range(2):
        answer = await seen(world, shown["session"], first)
        assert {notice["id"] for notice in answer.body["notices"]} == {*others}
    await seen(world, shown["session"], *others)
    last = (await world.tap()).body
    assert last["notices"] == []
    assert [job["id"] for job in last["jobs"]] == [job_id(again.path)]
    await tidy(world.services.tasks)
    assert [entry.job_id for entry in await world.tasks.entries() if entry.user_id == ANNA.id] == [again.job_id]


async def test_a_notice_that_was_shown_late_does_not_mark_a_newer_one(world: KioskWorld) -> None:
    entries = world.services.tasks.entries
    entry = await world.hold(**ended(HeldState.HELD, "jobAborted", "Paper jam.", timestamp(world.services.now())))
    ((shown, etag),) = await entries.list_of(entry.user_id)
    later = timestamp(world.services.now() + timedelta(seconds=1))
    await entries.save(replace(entry, **ended(HeldState.HELD, "jobAborted", "No toner.", later)), etag)
    await entries.mark_told(shown)

    assert [notice["reason"] for notice in (await world.tap()).body["notices"]] == ["No toner."]


async def test_another_outcome_of_the_same_job_is_another_notice(world: KioskWorld) -> None:
    entry = await world.hold(**ended(HeldState.HELD, "jobAborted", "Paper jam.", timestamp(world.services.now())))
    body = (await world.tap()).body
    (jam,) = body["notices"]
    loaded = await world.services.tasks.entries.load(entry.path)
    assert loaded is not None
    later = timestamp(world.services.now() + timedelta(seconds=1))
    changed = replace(loaded[0], **ended(HeldState.HELD, "jobAborted", "No toner.", later))
    await world.services.tasks.entries.save(changed, loaded[1])

    (toner,) = (await seen(world, body["session"], jam["id"])).body["notices"]
    assert toner["reason"] == "No toner."


async def test_more_notices_than_an_answer_takes_come_when_the_first_were_shown(world: KioskWorld) -> None:
    at = timestamp(world.services.now())
    for _ in range(MOST_NOTICES + 5):
        await world.hold(**ended(HeldState.EXPIRED, "expired", "Nobody collected it.", at))
    body = (await world.tap()).body
    first = [notice["id"] for notice in body["notices"]]
    second = [notice["id"] for notice in (await seen(world, body["session"], *first)).body["notices"]]
    assert (len(first), len(second), {*first} & {*second}) == (MOST_NOTICES, 5, set())


@pytest.mark.parametrize("wrong", ["", "x", "0123456789abcde", "0123456789abcdef,", "0123456789ABCDEF"])
async def test_ids_of_notices_that_are_none_are_refused(world: KioskWorld, wrong: str) -> None:
    assert (await seen(world, await world.session(), wrong)).code == "badRequest"
    ids = ["0123456789abcdef"] * (MOST_NOTICES + 1)
    assert (await seen(world, await world.session(), *ids)).code == "badRequest"


async def test_a_release_at_the_moment_in_which_a_notice_was_shown_is_done(world: KioskWorld) -> None:
    at = timestamp(world.services.now())
    entry = await world.hold(**ended(HeldState.HELD, "jobAborted", "Paper jam.", at))
    body = (await world.tap()).body
    load, (notice,) = world.services.tasks.entries.load, body["notices"]

    async def interrupted(path: str) -> Any:
        found = await load(path)
        world.services.tasks.entries.load = load  # type: ignore[method-assign]
        await seen(world, body["session"], notice["id"])
        return found

    world.services.tasks.entries.load = interrupted  # type: ignore[method-assign]
    answer = await world.redirect(body["session"], job_id(entry.path))
    assert answer.body["outcomes"][0]["outcome"] == "released"


async def seen(world: KioskWorld, session: str, *ids: str) -> Answered:
    return await world.ask("GET", "jobs", session=session, query={"seen": ",".join(ids)})


async def test_a_delegate_is_not_told_the_owners_notices(world: KioskWorld) -> None:
    day = {"from": "2026-03-02", "to": "2026-03-02"}
    world.tasks.catalog["delegates"] = [
        {"owner": BEN.user_principal_name, "ownerId": BEN.id, "delegate": NAME, **day},
    ]
    at = timestamp(world.services.now())
    await world.hold(BEN_PERSON, **ended(HeldState.EXPIRED, "expired", "Ben's.", at))

    assert (await world.tap()).body["notices"] == []
    assert [notice["reason"] for notice in (await world.tap(BEN_BADGE)).body["notices"]] == ["Ben's."]
