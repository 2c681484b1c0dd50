"""Who may do what at a kiosk: everything else is refused, logged, and goes no further."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.kiosk.requests import job_id
from shared.problems import KIOSK_PROBLEMS
from tests.support.kiosk_world import ANNA_BADGE, ANNA_PERSON, BEN_BADGE, BEN_PERSON, Answered, KioskWorld, kiosk_world
from tests.support.task_graph import ANNA, BEN
from tests.support.task_world import LASER, VIRTUAL


@pytest.fixture
async def world() -> KioskWorld:
    world = await kiosk_world()
    await world.add_kiosk("lab", LASER)
    return world


@dataclass
class Attempt:
    """Anna's live session at the lobby, a job of hers and one of Ben's, by their ids at the kiosk."""

    world: KioskWorld
    session: str
    hers: str
    bens: str

    async def send(self, name: str = "redirect", **changes: Any) -> Answered:
        bodies = {"jobs": None, "session": {"badge": ANNA_BADGE}}
        body = changes.pop("body", bodies.get(name, {"jobs": [{"id": self.hers}]}))
        method = "GET" if name == "jobs" else "POST"
        return await self.world.ask(method, name, body, **{"session": self.session, **changes})


async def _wrong_secret(attempt: Attempt, name: str) -> Answered:
    return await attempt.send(name, headers={"Authorization": "Bearer guessed"})


async def _no_secret(attempt: Attempt, name: str) -> Answered:
    return await attempt.send(name, headers={"Authorization": ""})


async def _another_kiosks_secret(attempt: Attempt, name: str) -> Answered:
    return await attempt.send(name, headers={"X-Kiosk-Id": "lab"})


async def _unknown_kiosk(attempt: Attempt, name: str) -> Answered:
    return await attempt.send(name, headers={"X-Kiosk-Id": "../people/anna@contoso.example"})


async def _removed_kiosk(attempt: Attempt, name: str) -> Answered:
    await attempt.world.remove_kiosk("lobby")
    return await attempt.send(name)


async def _disabled_kiosk(attempt: Attempt, name: str) -> Answered:
    await attempt.world.add_kiosk("lobby", enabled=False)
    return await attempt.send(name)


async def _another_kiosks_session(attempt: Attempt, name: str) -> Answered:
    return await attempt.send(name, kiosk="lab")


async def _expired_session(attempt: Attempt, name: str) -> Answered:
    attempt.world.tasks.clock.advance(attempt.world.services.bounds.kiosk_session_seconds)
    return await attempt.send(name)


async def _altered_session(attempt: Attempt, name: str) -> Answered:
    version, payload, mac = attempt.session.split(".")
    ben = (await attempt.world.session(BEN_BADGE)).split(".")[1]
    assert payload != ben
    return await attempt.send(name, session=f"{version}.{ben}.{mac}")


async def _no_session(attempt: Attempt, name: str) -> Answered:
    return await attempt.send(name, session="")


async def _removed_badge(attempt: Attempt, name: str) -> Answered:
    await attempt.world.remove_badge(ANNA_BADGE)
    return await attempt.send(name)


async def _badge_of_another_person_now(attempt: Attempt, name: str) -> Answered:
    await attempt.world.remove_badge(ANNA_BADGE)
    await attempt.world.add_badge(ANNA_BADGE, BEN_PERSON)
    return await attempt.send(name)


DEVICE_REFUSED = [_wrong_secret, _no_secret, _another_kiosks_secret, _unknown_kiosk, _removed_kiosk, _disabled_kiosk]
SESSION_REFUSED = [
    _another_kiosks_session,
    _expired_session,
    _altered_session,
    _removed_badge,
    _badge_of_another_person_now,
]
MATRIX = [
    *((refused, "unknownDevice") for refused in DEVICE_REFUSED),
    *((refused, "sessionEnded") for refused in [*SESSION_REFUSED, _no_session]),
]


async def anna_at_the_lobby(world: KioskWorld) -> Attempt:
    hers = await world.hold()
    bens = await world.hold(BEN_PERSON)
    return Attempt(world, await world.session(), job_id(hers.path), job_id(bens.path))


@pytest.mark.parametrize("name", ["redirect", "discard", "jobs"])
@pytest.mark.parametrize(("refused", "code"), MATRIX)
async def test_a_request_without_the_right_to_it_is_refused_logged_and_goes_no_further(
    world: KioskWorld,
    caplog: pytest.LogCaptureFixture,
    name: str,
    refused: Callable[[Attempt, str], Awaitable[Answered]],
    code: str,
) -> None:
    attempt = await anna_at_the_lobby(world)
    world.tasks.audit.lines.clear()
    answer = await refused(attempt, name)

    assert (answer.status, answer.code) == (401, code)
    assert world.tasks.graph.calls == []
    events = [(line["event"], line["outcome"]) for line in world.audit if line["event"] != "session"]
    # A page asks for jobs without a session whether its device is known: nobody tried anything.
    audited = code == "sessionEnded" and (name, refused) != ("jobs", _no_session)
    assert events == ([("sessionRefused", code)] if audited else [])
    devices = [(line["event"], line["outcome"]) for line in world.refused_devices]
    assert devices == ([("deviceRefused", code)] if code == "unknownDevice" else [])
    assert "answered 401" in caplog.text
    assert len(await world.tasks.entries()) == 2
    assert {entry.state for entry in await world.tasks.entries()} == {"held"}


@pytest.mark.parametrize("refused", DEVICE_REFUSED)
async def test_a_tap_of_a_device_that_is_not_known_is_refused_alike(
    world: KioskWorld, refused: Callable[[Attempt, str], Awaitable[Answered]]
) -> None:
    attempt = await anna_at_the_lobby(world)
    world.tasks.audit.lines.clear()
    answer = await refused(attempt, "session")

    assert (answer.status, answer.code) == (401, "unknownDevice")
    assert (world.audit, world.tasks.graph.calls) == ([], [])
    (line,) = world.refused_devices
    assert line["reason"] in {"no such kiosk", "wrong secret", "switched off"}


@pytest.mark.parametrize("name", ["redirect", "discard"])
async def test_another_persons_job_is_refused_and_logged_beside_ones_own(world: KioskWorld, name: str) -> None:
    attempt = await anna_at_the_lobby(world)
    answer = await attempt.send(name, body={"jobs": [{"id": attempt.bens}, {"id": attempt.hers}]})

    assert answer.status == 200
    refused, own = answer.body["outcomes"]
    assert (refused["outcome"], refused["document"], refused["id"]) == ("refused", "", attempt.bens)
    assert own["outcome"] == ("released" if name == "redirect" else "discarded")
    ((_, line),) = [(line["event"], line) for line in world.audit if line.get("owner") == BEN.id]
    assert (line["person"], line["outcome"]) == (ANNA.user_principal_name, "refused")
    bens = next(entry for entry in await world.tasks.entries() if entry.user_id == BEN.id)
    assert bens.state == "held"
    assert world.tasks.graph.calls.count("redirect") + world.tasks.graph.calls.count("abort") == 1


async def test_another_printer_cannot_be_named(world: KioskWorld) -> None:
    attempt = await anna_at_the_lobby(world)
    answer = await attempt.send(body={"jobs": [{"id": attempt.hers, "printerId": LASER}]})

    assert (answer.status, answer.code) == (400, "badRequest")
    assert "jobs[0].printerId" in answer.body["detail"]
    assert world.tasks.graph.calls == []


async def test_a_job_comes_out_at_the_printer_of_the_kiosk_that_asks(world: KioskWorld) -> None:
    job = await world.hold()
    answer = await world.redirect(await world.session(kiosk="lab"), job_id(job.path), kiosk="lab")

    assert [outcome["outcome"] for outcome in answer.body["outcomes"]] == ["released"]
    assert [job.printer_id for job in world.tasks.graph.jobs.values() if job.printer_id != VIRTUAL] == [LASER]


async def test_a_request_that_is_sent_again_releases_nothing_again(world: KioskWorld) -> None:
    attempt = await anna_at_the_lobby(world)
    first, second = await attempt.send(), await attempt.send()

    assert [answer.body["outcomes"][0]["outcome"] for answer in (first, second)] == ["released", "alreadyGone"]
    assert world.tasks.graph.calls.count("redirect") == 1
    assert [line["outcome"] for line in world.audit if line["event"] == "release"] == ["released", "alreadyGone"]


def delegate(world: KioskWorld, first: str, last: str) -> None:
    owner, name = BEN.user_principal_name, ANNA.user_principal_name.upper()
    world.tasks.catalog["delegates"] = [{"owner": owner, "delegate": name, "from": first, "to": last}]


@pytest.mark.parametrize(
    ("first", "last", "outcome"),
    [
        ("2026-03-02", "2026-03-02", "released"),
        ("2026-02-01", "2026-03-31", "released"),
        ("2026-03-03", "2026-03-31", "refused"),
        ("2026-02-01", "2026-03-01", "refused"),
    ],
)
async def test_a_delegate_collects_within_the_dates_and_not_outside(
    world: KioskWorld, first: str, last: str, outcome: str
) -> None:
    await world.add_person(BEN_PERSON)
    delegate(world, first, last)
    attempt = await anna_at_the_lobby(world)
    shown = [job["owner"] for job in (await attempt.send("jobs")).body["jobs"]]
    answer = await attempt.send(body={"jobs": [{"id": attempt.bens}]})

    bens = {"displayName": BEN.display_name, "userPrincipalName": BEN.user_principal_name}
    assert shown == ([None, bens] if outcome == "released" else [None])
    assert answer.body["outcomes"][0]["outcome"] == outcome
    assert world.tasks.graph.calls.count("redirect") == (outcome == "released")


async def test_a_delegation_that_ended_between_list_and_release_is_refused(world: KioskWorld) -> None:
    await world.add_person(BEN_PERSON)
    delegate(world, "2026-03-01", "2026-03-02")
    world.tasks.clock.advance(16 * 3600 - 60)
    attempt = await anna_at_the_lobby(world)
    world.tasks.clock.advance(90)
    answer = await attempt.send(body={"jobs": [{"id": attempt.bens}]})

    assert answer.body["outcomes"][0]["outcome"] == "refused"
    assert world.tasks.graph.calls == []


@pytest.mark.parametrize(
    "body", [b"{", {"badge": 5}, {"userName": "anna", "pin": "480215"}, b" " * 20_000, {"badge": "04FFEEDDCCBB80"}]
)
async def test_every_refused_tap_is_in_the_audit(world: KioskWorld, body: Any) -> None:
    answer = await world.ask("POST", "session", body)
    assert answer.status >= 400
    assert [(line["event"], line["outcome"]) for line in world.audit] == [("tapRefused", answer.code)]


@pytest.mark.parametrize("name", ["redirect", "discard"])
async def test_a_request_that_cannot_be_read_is_refused_in_the_audit(world: KioskWorld, name: str) -> None:
    attempt = await anna_at_the_lobby(world)
    world.tasks.audit.lines.clear()
    answer = await attempt.send(name, body={"jobs": [{"id": "../../people/ben"}]})
    event = "release" if name == "redirect" else "discard"
    assert [(line["event"], line["outcome"], line["person"]) for line in world.audit] == [
        (event, "badRequest", ANNA.user_principal_name)
    ]
    assert answer.code == "badRequest"


async def test_no_secret_badge_or_pin_is_in_audit_or_log(world: KioskWorld, caplog: pytest.LogCaptureFixture) -> None:
    await world.add_person(ANNA_PERSON, "480215")
    attempt = await anna_at_the_lobby(world)
    await attempt.send()
    await world.tap("04FFEEDDCCBB80")
    name = ANNA.user_principal_name
    for pin in ("480215", "999123"):
        await world.ask("POST", "session", {"userName": name, "pin": pin})
    await attempt.send(headers={"Authorization": "Bearer guessed-secret"})

    text = f"{world.audit} {world.refused_devices} {caplog.text}"
    assert world.refused_devices
    for secret in (ANNA_BADGE, "04FFEEDDCCBB80", "480215", "999123", "guessed-secret", world.secrets["lobby"]):
        assert secret not in text
    assert attempt.session not in text


@pytest.mark.parametrize("body", [{"badge": ANNA_BADGE}, {"userName": "anna@contoso.example", "pin": "4802"}, {"x": 1}])
async def test_a_kiosk_that_is_not_known_costs_what_a_wrong_secret_costs(
    world: KioskWorld, monkeypatch: pytest.MonkeyPatch, body: Any
) -> None:
    reads: list[str] = []
    read = world.tasks.state.read

    async def counted(path: str) -> Any:
        reads.append(path)
        return await read(path)

    monkeypatch.setattr(world.tasks.state, "read", counted)
    costs = []
    for headers in ({"X-Kiosk-Id": "nowhere"}, {"X-Kiosk-Id": "../lobby"}, {"Authorization": "Bearer guessed"}):
        reads.clear()
        answer = await world.ask("POST", "session", body, headers=headers)
        costs.append((len(reads), answer.status, str(answer.body)))

    assert len(set(costs)) == 1
    assert not [path for path in reads if path.startswith(("badges/", "people/", "held/"))]


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=40)
SENT = st.fixed_dictionaries(
    {},
    optional={"X-Kiosk-Id": TEXT, "Authorization": TEXT, "X-Kiosk-Session": TEXT},
)
BODY = st.binary(max_size=80) | st.dictionaries(
    st.sampled_from(["badge", "userName", "pin", "jobs"]),
    TEXT | st.lists(st.dictionaries(TEXT, TEXT, max_size=2)),
    max_size=3,
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["session", "jobs", "redirect", "discard"]), SENT, BODY, st.booleans())
def test_whatever_is_sent_is_answered_without_a_fault_of_ours(
    name: str, headers: dict[str, str], body: Any, with_session: bool
) -> None:
    async def ask() -> Answered:
        world = await kiosk_world()
        session = await world.session() if with_session else None
        return await world.ask("GET" if name == "jobs" else "POST", name, body, session=session, headers=headers)

    answer = asyncio.run(ask())
    assert answer.status < 500
    assert answer.status == 200 or answer.code in KIOSK_PROBLEMS
