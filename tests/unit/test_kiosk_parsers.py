"""Nothing that reaches a kiosk's parsers gets past them as another error than the designed one."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from shared.bounds import Bounds
from shared.catalog import CatalogUnreadable
from shared.errors import KioskRefused
from shared.kiosk.delegates import owners_for, read_delegates
from shared.kiosk.keys import KioskKeys, Purpose, derive
from shared.kiosk.pins import PinRefused, check_pin, hash_pin, verify_pin
from shared.kiosk.records import (
    DeviceSecret,
    Kiosk,
    KioskRecordUnreadable,
    Person,
    PersonRecord,
    PinHash,
    decode_badge,
    decode_kiosk,
    decode_person,
    encode_badge,
    encode_kiosk,
    encode_person,
)
from shared.kiosk.requests import BadgeShown, PinTyped, job_id, read_jobs, read_tap
from shared.kiosk.session import Session, SessionRefused, sign, verify
from shared.kiosk.throttle import Failures, read_failures
from shared.problems import KIOSK_PROBLEMS
from tests.support.kiosk_world import KEY

BOUNDS = Bounds()
KEYS = KioskKeys((KEY,))
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
ANNA = Person("a0000000-0000-0000-0000-00000000000a", "anna@contoso.example", "Anna 安娜")
LIVE = Session("lobby", ANNA.user_id, ANNA.user_principal_name, "ab" * 32, NOW + timedelta(seconds=90))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
JOB = st.dictionaries(st.sampled_from(["id", "copies", "colorMode", "duplexMode", "printerId"]), JSON, max_size=4)
ID = job_id("held/a/b/1")


def outcome_of(work: Callable[[], Any]) -> Any:
    """What it gives, or the designed error."""
    try:
        return work()
    except (KioskRefused, CatalogUnreadable) as error:
        return error


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


@given(st.binary(max_size=200) | st.builds(as_json, JSON) | st.builds(
    as_json, st.dictionaries(st.sampled_from(["badge", "userName", "pin", "x"]), JSON, max_size=3)
))  # fmt: skip
def test_a_tap_is_read_or_refused(body: bytes) -> None:
    outcome = outcome_of(lambda: read_tap(body, BOUNDS))
    assert isinstance(outcome, (BadgeShown, PinTyped)) or outcome.code in KIOSK_PROBLEMS


@given(st.binary(max_size=200) | st.builds(as_json, JSON) | st.builds(
    lambda jobs: as_json({"jobs": jobs}), st.lists(JOB | JSON, max_size=3)
))  # fmt: skip
def test_wanted_jobs_are_read_or_refused(body: bytes) -> None:
    outcome = outcome_of(lambda: read_jobs(body, BOUNDS, with_changes=True))
    assert (isinstance(outcome, tuple) and outcome) or outcome.code in KIOSK_PROBLEMS


@given(
    st.text(max_size=100) | st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=/.", max_size=60)
)
def test_the_id_of_a_job_leads_below_the_held_jobs_or_is_refused(text: str) -> None:
    try:
        (job,) = read_jobs(as_json({"jobs": [{"id": text}]}), BOUNDS, with_changes=False)
    except KioskRefused:
        return
    assert job.path.startswith("held/")
    assert len(job.path.split("/")) == 4
    assert ".." not in job.path.split("/")


@pytest.mark.parametrize(
    "path", ["a/b", "a/b/c/d", "../b/c", "a/../c", "a/b/..", "a//c", "a/b/c%2f", "a/b/c?x", "a\\b/c/d", "a/b/é", ""]
)
def test_an_id_that_leads_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(KioskRefused, match="is no id"):
        read_jobs(as_json({"jobs": [{"id": job_id(path)}]}), BOUNDS, with_changes=False)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "jobs"),
        ({"jobs": []}, "jobs"),
        ({"jobs": [{"id": ID}] * 51}, "1 to 50"),
        ({"jobs": [{"id": ID}, {"id": ID}]}, "twice"),
        ({"jobs": [{"id": ID + "="}]}, "jobs[0].id"),
        ({"jobs": [{"id": ID, "copies": 0}]}, "jobs[0].copies"),
        ({"jobs": [{"id": ID, "copies": True}]}, "jobs[0].copies"),
        ({"jobs": [{"id": ID, "copies": "2"}]}, "jobs[0].copies"),
        ({"jobs": [{"id": ID, "colorMode": 1}]}, "jobs[0].colorMode"),
        ({"jobs": [{"id": ID, "duplexMode": "a b"}]}, "jobs[0].duplexMode"),
        ({"jobs": [{"id": ID, "mediaSize": "A4"}]}, "jobs[0].mediaSize"),
        ({"jobs": [{"id": ID}], "printer": "x"}, "printer"),
        ([], "object"),
    ],
)
def test_a_refusal_names_what_is_wrong(body: Any, named: str) -> None:
    with pytest.raises(KioskRefused) as refused:
        read_jobs(as_json(body), BOUNDS, with_changes=True)
    assert refused.value.code == "badRequest"
    assert named in refused.value.reason


@pytest.mark.parametrize(
    "body",
    [
        {"badge": "1234", "pin": "1"},
        {"badge": 1234},
        {"badge": " "},
        {"badge": "1" * 129},
        {"userName": "anna", "pin": "1234"},
        {"userName": "../a@b", "pin": "1234"},
        {"userName": "a@b/../c", "pin": "1234"},
        {"userName": "a@b"},
        {"pin": "1234"},
        {},
    ],
)
def test_a_tap_that_is_not_one_is_refused(body: Any) -> None:
    with pytest.raises(KioskRefused) as refused:
        read_tap(as_json(body), BOUNDS)
    assert refused.value.code == "badRequest"


def test_a_body_above_the_bound_is_refused_unread() -> None:
    with pytest.raises(KioskRefused) as refused:
        read_tap(b" " * (BOUNDS.kiosk_body_bytes + 1), BOUNDS)
    assert refused.value.code == "tooLarge"


@given(st.text(max_size=300))
def test_a_session_that_we_did_not_sign_is_refused(text: str) -> None:
    with pytest.raises(SessionRefused):
        verify(text, "lobby", KEYS, NOW)


@given(st.data())
def test_a_session_with_one_character_changed_is_refused(data: st.DataObject) -> None:
    text = sign(LIVE, KEYS)
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(
        st.sampled_from("0123456789abcdefABCDEF_-.").filter(lambda each: each.lower() != text[place].lower())
    )
    with pytest.raises(SessionRefused):
        verify(text[:place] + other + text[place + 1 :], "lobby", KEYS, NOW)


def test_a_session_counts_at_its_kiosk_until_its_end() -> None:
    text = sign(LIVE, KEYS)
    assert verify(text, "lobby", KEYS, NOW) == LIVE
    assert verify(text, "lobby", KioskKeys((KEY[::-1].replace("=", "") + "=", KEY)), NOW) == LIVE
    for kiosk, now in (("lab", NOW), ("lobby", LIVE.expires)):
        with pytest.raises(SessionRefused):
            verify(text, kiosk, KEYS, now)


@given(st.binary(max_size=100) | st.builds(as_json, JSON))
def test_records_are_read_or_refused(content: bytes) -> None:
    for decode in (decode_kiosk, decode_badge, decode_person):
        with pytest.raises(KioskRecordUnreadable):
            decode(content)
    assert read_failures(content) == Failures()


RECORD = st.dictionaries(
    st.sampled_from(["id", "displayName", "printerId", "secrets", "created", "enabled", "userId", "pin"]),
    JSON,
    max_size=8,
)


@given(RECORD)
def test_a_record_with_wrong_values_is_refused_as_such(values: dict[str, Any]) -> None:
    whole = json.loads(encode_kiosk(Kiosk("k", "K", "p", (DeviceSecret("ab"),), "x")))
    for decode in (decode_kiosk, decode_badge, decode_person):
        try:
            decode(as_json({**whole, **values}))
        except KioskRecordUnreadable:
            continue


def test_records_are_read_as_they_were_written() -> None:
    kiosk = Kiosk(
        "lobby", "Lobby", "p", (DeviceSecret("ab"), DeviceSecret("cd", "2026-03-02T08:00:00.000Z")), "x", False
    )
    record = PersonRecord(ANNA.user_id, ANNA.user_principal_name, ANNA.display_name, PinHash("ab", "cd", 2**14, 8, 1))
    assert decode_kiosk(encode_kiosk(kiosk)) == kiosk
    assert decode_badge(encode_badge(ANNA)) == ANNA
    assert decode_person(encode_person(record)) == record


@pytest.mark.parametrize("cost", [{"n": 2**30}, {"n": 3}, {"r": 64}, {"p": 1000}, {"n": "x"}, {"salt": "zz"}])
def test_a_pin_of_another_cost_is_not_computed(cost: dict[str, Any]) -> None:
    record = PersonRecord(ANNA.user_id, ANNA.user_principal_name, "Anna", PinHash("ab", "cd", 2**14, 8, 1))
    values = json.loads(encode_person(record))
    values["pin"] |= cost
    with pytest.raises(KioskRecordUnreadable):
        decode_person(as_json(values))


@given(JSON)
def test_delegates_are_read_or_refused(value: Any) -> None:
    outcome = outcome_of(lambda: read_delegates({"delegates": value}))
    assert isinstance(outcome, tuple) or "delegates" in str(outcome)


ENTRY = {"owner": "Ben@contoso.example", "delegate": "anna@contoso.example", "from": "2026-11-01", "to": "2026-11-30"}


@given(st.dictionaries(st.sampled_from([*ENTRY, "ownerId", "x"]), JSON, max_size=3))
def test_a_delegate_with_wrong_values_is_refused_with_its_place(changes: dict[str, Any]) -> None:
    outcome = outcome_of(lambda: read_delegates({"delegates": [{**ENTRY, **changes}]}))
    assert isinstance(outcome, tuple) or "delegates[0]" in str(outcome)


def test_delegates_apply_on_their_days_to_their_people() -> None:
    delegations = read_delegates({"delegates": [ENTRY, {**ENTRY, "to": "2026-11-02"}]})
    assert [entry.owner for entry in owners_for(delegations, "ANNA@contoso.example", date(2026, 11, 2))] == [
        "ben@contoso.example"
    ]
    assert owners_for(delegations, "ben@contoso.example", date(2026, 11, 2)) == ()
    assert owners_for(delegations, "anna@contoso.example", date(2026, 12, 1)) == ()


@pytest.mark.parametrize("changes", [{"to": "2026-10-31"}, {"from": "1.11.2026"}, {"owner": "ben"}, {"fro": "x"}])
def test_a_delegate_that_cannot_apply_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(CatalogUnreadable, match=r"delegates\[0\]"):
        read_delegates({"delegates": [{**ENTRY, **changes}]})


@pytest.mark.parametrize(
    "pin", ["0000", "1234", "4321", "7890", "1212", "123123", "2580", "1987", "9" * 12, "0123456789"]
)
def test_a_pin_that_everybody_tries_first_is_refused(pin: str) -> None:
    with pytest.raises(PinRefused, match="first"):
        check_pin(pin)


@pytest.mark.parametrize("pin", ["", "123", "1" * 13, "12a4", "12 4", "\u0661\u0662\u0663\u0664"])
def test_what_is_no_pin_is_refused(pin: str) -> None:
    with pytest.raises(PinRefused, match="digits"):
        check_pin(pin)


def test_a_pin_is_known_by_its_hash_under_the_key_that_made_it() -> None:
    other = KioskKeys(("QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=",))
    check_pin("4802")
    kept = hash_pin("4802", bytes(16), KEYS)
    assert verify_pin("4802", kept, KEYS) == 0
    assert verify_pin("4803", kept, KEYS) is None
    assert verify_pin("4802", kept, other) is None
    assert verify_pin("4802", None, KEYS) is None


def test_subkeys_are_those_of_the_standard_and_differ_by_purpose() -> None:
    secret, info = bytes(range(32)), b"purpose"
    assert derive(secret, info) == HKDF(SHA256(), 32, None, info).derive(secret)
    assert len({KEYS.digest(purpose, b"x") for purpose in Purpose}) == len(Purpose)
