"""A tap shows the person's own jobs at once, tells what became of others, and slows whoever guesses."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, cast

import pytest
from cryptography.fernet import Fernet

from shared.kiosk.requests import job_id
from shared.kiosk.throttle import tidy_attempts
from shared.names import badge_path, kiosk_path, person_path
from shared.storage.state import Stored
from shared.times import timestamp
from tests.support.crashes import Crash
from tests.support.kiosk_world import (
    ANNA_BADGE,
    ANNA_PERSON,
    BEN_BADGE,
    BEN_PERSON,
    KEY,
    Answered,
    KioskWorld,
    held_entry,
    kiosk_world,
)
from tests.support.task_graph import ANNA, BEN
from tests.support.task_world import OFFICE

NAME = ANNA.user_principal_name
PIN = "480215"


@pytest.fixture
async def world() -> KioskWorld:
    return await kiosk_world()


async def typed(world: KioskWorld, pin: str, name: str = NAME, *, kiosk: str = "lobby") -> Answered:
    return await world.ask("POST", "session", {"userName": name, "pin": pin}, kiosk=kiosk)


async def test_a_tap_answers_with_the_persons_jobs_by_one_listing_and_no_call_of_graph(world: KioskWorld) -> None:
    await world.hold(BEN_PERSON)
    held = await world.hold(configuration={"colorMode": "color"}, pages=3)
    before = world.tasks.state.listings
    answer = await world.tap()

    assert answer.status == 200
    assert world.tasks.state.listings - before == 1
    assert world.tasks.graph.calls == []
    assert answer.body["person"] == {"displayName": ANNA.display_name, "userPrincipalName": NAME}
    assert answer.body["kiosk"] == {
        "id": "lobby",
        "displayName": "Kiosk lobby",
        "printer": {
            "id": OFFICE,
            "displayName": "Office colour",
            "colorModes": ["color", "grayscale"],
            "duplexModes": ["oneSided", "flipOnLongEdge"],
            "copies": {"start": 1, "end": 99},
        },
    }
    assert answer.body["jobs"] == [
        {
            "id": job_id(held.path),
            "document": held.document_name,
            "contentType": "application/pdf",
            "size": 8,
            "pages": 3,
            "printedAt": held.created,
            "expiresAt": held.expires,
            "copies": 1,
            "colorMode": None,
            "duplexMode": None,
            "owner": None,
            "state": "held",
        }
    ]
    assert answer.body["notices"] == []
    assert answer.headers["Cache-Control"] == "no-store"
    (line,) = world.audit
    assert (line["event"], line["person"], line["kiosk"], line["printer"]) == ("session", NAME, "lobby", OFFICE)


async def test_nothing_to_print_is_not_an_unknown_badge(world: KioskWorld) -> None:
    nothing, unknown = await world.tap(), await world.tap("04FFEEDDCCBB80")

    assert (nothing.status, nothing.body["jobs"]) == (200, [])
    assert (unknown.status, unknown.code) == (403, "unknownBadge")
    assert [(line["event"], line["outcome"]) for line in world.audit] == [
        ("session", "started"),
        ("tapRefused", "unknownBadge"),
    ]


async def test_the_same_card_at_readers_of_other_kinds_is_the_same_badge(world: KioskWorld) -> None:
    card = bytes.fromhex(ANNA_BADGE)
    for reading in (card[::-1].hex(":"), str(int.from_bytes(card)), str(int.from_bytes(card, "little")).zfill(20)):
        assert (await world.tap(reading)).body["person"]["userPrincipalName"] == NAME


async def test_a_reading_that_may_be_two_peoples_badge_opens_neither(world: KioskWorld) -> None:
    await world.add_badge(bytes.fromhex(ANNA_BADGE)[::-1].hex(), BEN_PERSON)
    assert (await world.tap()).code == "unknownBadge"


async def test_a_job_of_a_dropped_file_says_whose_it_is(world: KioskWorld) -> None:
    await world.hold(owner_of="print1@contoso.example", submission="1" * 32)
    (job,) = (await world.tap()).body["jobs"]
    assert job["owner"] == {"displayName": "print1@contoso.example", "userPrincipalName": "print1@contoso.example"}


async def test_broken_delegates_cost_nobody_the_own_jobs(world: KioskWorld) -> None:
    world.tasks.catalog["delegates"] = [{"owner": "nobody"}]
    await world.hold()
    assert len((await world.tap()).body["jobs"]) == 1


async def test_a_released_job_is_listed_as_that_and_the_newest_job_first(world: KioskWorld) -> None:
    first = await world.hold()
    answer = await world.redirect(await world.session(), job_id(first.path))
    assert answer.body["outcomes"][0]["outcome"] == "released"
    world.tasks.clock.advance(60)
    second = await world.hold(created=timestamp(world.services.now()))

    jobs = (await world.tap()).body["jobs"]
    assert [(job["id"], job["state"]) for job in jobs] == [
        (job_id(second.path), "held"),
        (job_id(first.path), "released"),
    ]


@pytest.mark.parametrize(
    ("dies_at", "outcome", "why"),
    [
        # After its claim was written and before Graph was asked; after Graph was asked and before the audit.
        ((2, True), "released", "sentTo"),
        ((3, False), "alreadyGone", "sentTo"),
    ],
)
async def test_a_release_whose_worker_died_is_shown_as_what_is_known_and_can_be_asked_for_again(
    world: KioskWorld, dies_at: tuple[int, bool], outcome: str, why: str
) -> None:
    held = await world.hold()
    session = await world.session()
    world.tasks.plan.arm(dies_at[0], after=dies_at[1])
    with pytest.raises(Crash):
        await world.redirect(session, job_id(held.path))
    claim = world.services.bounds.claim_seconds
    states = []
    for seconds in (claim / 2, claim / 2):
        world.tasks.clock.advance(seconds)
        (job,) = (await world.tap()).body["jobs"]
        states.append(job["state"])
    assert states == ["releasing", "unconfirmed"]

    (told,) = (await world.redirect(await world.session(), job_id(held.path))).body["outcomes"]
    assert (told["outcome"], told["reasonCode"], told["printer"]) == (outcome, why, "Office colour")
    assert len([job for job in world.tasks.graph.jobs.values() if job.printer_id == OFFICE]) == 1


async def test_jobs_are_listed_again_within_the_session(world: KioskWorld) -> None:
    answer = await world.tap()
    held = await world.hold()
    again = await world.ask("GET", "jobs", session=answer.body["session"])

    assert [job["id"] for job in again.body["jobs"]] == [job_id(held.path)]
    assert again.body["expiresAt"] == answer.body["expiresAt"]


async def test_chosen_copies_and_modes_reach_the_printer(world: KioskWorld) -> None:
    held = await world.hold()
    wanted = {"id": job_id(held.path), "copies": 3, "colorMode": "grayscale", "duplexMode": "flipOnLongEdge"}
    await world.ask("POST", "redirect", {"jobs": [wanted]}, session=await world.session())

    released = [job for job in world.tasks.graph.jobs.values() if job.printer_id == OFFICE]
    assert [job.configuration["copies"] for job in released] == [3]
    assert released[0].configuration["colorMode"] == "grayscale"


async def test_two_kiosks_race_for_a_job_and_one_wins(world: KioskWorld) -> None:
    await world.add_kiosk("lab")
    job = job_id((await world.hold()).path)
    sessions = [(kiosk, await world.session(kiosk=kiosk)) for kiosk in ("lobby", "lab")]
    answers = await asyncio.gather(*(world.redirect(session, job, kiosk=kiosk) for kiosk, session in sessions))

    outcomes = sorted(answer.body["outcomes"][0]["outcome"] for answer in answers)
    assert outcomes == ["alreadyGone", "released"]
    assert world.tasks.graph.calls.count("redirect") == 1


async def test_user_name_and_pin_start_a_session(world: KioskWorld) -> None:
    await world.add_person(ANNA_PERSON, PIN)
    right = await typed(world, PIN, NAME.upper())
    wrong, nobody = await typed(world, "480216"), await typed(world, PIN, "nobody@contoso.example")

    assert right.body["person"]["displayName"] == ANNA.display_name
    assert (wrong.status, wrong.code) == (nobody.status, nobody.code) == (403, "wrongPin")
    assert wrong.body == nobody.body


async def test_a_session_by_pin_ends_when_the_pin_is_taken_away(world: KioskWorld) -> None:
    await world.add_person(ANNA_PERSON, PIN)
    session = (await typed(world, PIN)).body["session"]
    await world.services.state.delete(person_path(NAME))
    await world.add_person(ANNA_PERSON)

    assert (await world.ask("GET", "jobs", session=session)).code == "sessionEnded"


async def test_failed_taps_slow_the_kiosk_and_a_right_one_starts_anew(world: KioskWorld) -> None:
    free = world.services.bounds.kiosk_free_failures
    for _ in range(free + 1):
        assert (await world.tap("04FFEEDDCCBB80")).code == "unknownBadge"
    slow = await world.tap()

    assert (slow.status, slow.code, slow.headers["Retry-After"]) == (429, "slowDown", "2")
    assert world.audit[-1]["outcome"] == "slowDown"
    world.tasks.clock.advance(2)
    assert (await world.tap()).status == 200
    assert (await world.tap("04FFEEDDCCBB80")).code == "unknownBadge"
    assert (await world.tap()).status == 200


async def test_the_wait_doubles_up_to_its_bound_and_is_the_kiosks_own(world: KioskWorld) -> None:
    await world.add_kiosk("lab")
    waits = []
    for _ in range(14):
        answer = await world.tap("04FFEEDDCCBB80")
        if answer.status == 429:
            waits.append(int(answer.headers["Retry-After"]))
            world.tasks.clock.advance(waits[-1])
    assert waits[:3] == [2, 4, 8]
    assert (await world.tap(kiosk="lab")).status == 200

    for _ in range(20):
        answer = await world.tap("04FFEEDDCCBB80")
        wait = int(answer.headers.get("Retry-After", "0"))
        assert wait <= world.services.bounds.kiosk_wait_seconds
        world.tasks.clock.advance(wait)


async def test_guesses_sent_all_at_once_are_not_all_judged(world: KioskWorld) -> None:
    answers = await asyncio.gather(*(world.tap(f"04FFEEDDCCBB{number:02}") for number in range(60)))
    judged = [answer for answer in answers if answer.code == "unknownBadge"]

    assert len(judged) <= world.services.bounds.kiosk_free_failures + 1
    assert {answer.code for answer in answers} == {"unknownBadge", "slowDown"}


async def test_wrong_pins_slow_the_person_at_every_kiosk_and_no_other_person(world: KioskWorld) -> None:
    await world.add_person(ANNA_PERSON, PIN)
    await world.add_person(BEN_PERSON, PIN)
    for number in range(world.services.bounds.kiosk_free_failures + 1):
        await world.add_kiosk(f"k{number}")
        assert (await typed(world, "480216", kiosk=f"k{number}")).code == "wrongPin"

    assert (await typed(world, PIN)).code == "slowDown"
    assert (await typed(world, PIN, BEN.user_principal_name)).status == 200
    assert (await world.tap()).status == 200
    world.tasks.clock.advance(2)
    assert (await typed(world, PIN)).status == 200


async def test_old_failures_are_forgotten(world: KioskWorld) -> None:
    for _ in range(world.services.bounds.kiosk_free_failures):
        await world.tap("04FFEEDDCCBB80")
    world.tasks.clock.advance(world.services.bounds.kiosk_forget_seconds + 1)
    await world.tap("04FFEEDDCCBB80")
    assert (await world.tap()).status == 200


async def test_a_new_kiosk_key_takes_over_badges_pins_secrets_and_sessions(world: KioskWorld) -> None:
    await world.add_person(ANNA_PERSON, PIN)
    session = await world.session()
    new = Fernet.generate_key().decode()
    world.use_keys(new, KEY)
    assert (await world.ask("GET", "jobs", session=session)).status == 200
    assert (await world.tap()).status == 200
    assert (await typed(world, PIN)).status == 200

    world.use_keys(new)
    assert (await world.tap()).status == 200
    assert (await typed(world, PIN)).status == 200
    assert (await world.tap(BEN_BADGE)).code == "unknownBadge"
    assert (await world.ask("GET", "jobs", session=session)).code == "sessionEnded"


async def test_an_audit_log_that_fails_costs_no_answer_and_loses_no_line(
    world: KioskWorld, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_id((await world.hold()).path)
    session = await world.session()

    async def full(day: date, line: Any) -> None:
        raise OSError(f"no room on {day} for {len(line)}")

    monkeypatch.setattr(world.tasks.audit, "append", full)
    answer = await world.redirect(session, job)

    assert answer.body["outcomes"][0]["outcome"] == "released"
    assert '"event": "release"' in caplog.text
    assert '"outcome": "released"' in caplog.text


async def test_what_a_kiosk_may_list_is_bounded(world: KioskWorld) -> None:
    for number in range(world.services.bounds.kiosk_jobs_listed + 3):
        created = timestamp(world.services.now() + timedelta(seconds=number))
        await world.put(held_entry(ANNA_PERSON, f"9{number}", f"task{number}", world.services, created=created))
    jobs = (await world.tap()).body["jobs"]

    assert len(jobs) == world.services.bounds.kiosk_jobs_listed
    assert jobs[0]["printedAt"] > jobs[-1]["printedAt"]


async def test_a_broken_record_is_as_none(world: KioskWorld) -> None:
    state = world.services.state
    (path,) = [path async for path in state.list_paths("badges/") if await _is_annas(world, path)]
    await state.delete(path)
    await state.create(path, b"{")
    assert (await world.tap()).code == "unknownBadge"
    await state.delete(kiosk_path("lobby"))
    await state.create(kiosk_path("lobby"), b'{"id": 1}')
    assert (await world.tap()).code == "unknownDevice"


async def _is_annas(world: KioskWorld, path: str) -> bool:
    stored = await world.services.state.read(path)
    return path.startswith(badge_path("")[:7]) and stored is not None and NAME.encode() in stored.content


async def test_failures_that_count_no_more_are_removed_by_a_bounded_upkeep(world: KioskWorld) -> None:
    state, bounds, now = world.tasks.services.state, world.services.bounds, world.services.now()
    memory = world.tasks.state
    for number in range(5):
        memory.modified[f"attempts/people/{number}.json"] = now - timedelta(seconds=bounds.kiosk_forget_seconds + 1)
        memory.documents[f"attempts/people/{number}.json"] = Stored(b"{}", '"1"')
    await world.tap("04FFEEDDCCBB80")
    memory.modified["attempts/kiosks/lobby.json"] = now - timedelta(seconds=bounds.kiosk_forget_seconds - 1)

    assert await tidy_attempts(state, now, replace(bounds, kiosk_attempts_removed=3)) == 3
    assert await tidy_attempts(state, now, bounds) == 2
    assert [path async for path in state.list_paths("attempts/")] == ["attempts/kiosks/lobby.json"]


async def test_a_failure_that_is_counted_while_its_record_is_removed_counts_on(world: KioskWorld) -> None:
    state, bounds, now = world.tasks.services.state, world.services.bounds, world.services.now()
    await world.tap("04FFEEDDCCBB80")
    path = "attempts/kiosks/lobby.json"
    world.tasks.state.modified[path] = now - timedelta(seconds=bounds.kiosk_forget_seconds + 1)

    class Late:
        """A state in which somebody fails once more between the listing and the removal."""

        list_summaries = staticmethod(state.list_summaries)

        async def delete(self, path: str, etag: str | None = None) -> None:
            await world.tap("04FFEEDDCCBB80")
            await state.delete(path, etag)

    assert await tidy_attempts(cast("Any", Late()), now, bounds) == 0
    stored = await state.read(path)
    assert stored is not None
    assert json.loads(stored.content)["count"] == 2


async def test_failures_stay_while_a_wait_may_last_that_is_longer_than_they_count(world: KioskWorld) -> None:
    state, now = world.tasks.services.state, world.services.now()
    bounds = replace(world.services.bounds, kiosk_forget_seconds=60.0, pin_wait_seconds=600.0)
    await world.tap("04FFEEDDCCBB80")
    for age, removed in ((599, 0), (601, 1)):
        world.tasks.state.modified["attempts/kiosks/lobby.json"] = now - timedelta(seconds=age)
        assert await tidy_attempts(state, now, bounds) == removed
