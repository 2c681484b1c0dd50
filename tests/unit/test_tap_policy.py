"""Rules decide what becomes of a job, and rules that are wrong say where."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.catalog import Catalog, Printer
from shared.tasks.policy import Facts, Plan, decide, groups_named
from shared.tasks.record import TaskRecord, TaskState, decode_task, encode_task
from shared.tasks.rules import Abort, Hold, PoliciesUnreadable, Redirect, Release, Stamp, parse_rules

PRINTERS = (Printer("v1", "Follow me", virtual=True), Printer("p1", "Laser"), Printer("p2", "Colour"))
GROUPS = [{"name": "Floor 1", "printerIds": ["p2", "p1"]}]
FACTS = Facts(
    printer_id="V1",
    user_id="u1",
    user_principal_name="Anna@contoso.example",
    content_type="application/pdf",
    size=1000,
    configuration={"copies": 3, "colorMode": "color"},
    printed=datetime(2026, 3, 2, 17, 30, tzinfo=UTC),  # a Monday
    groups=frozenset({"G1"}),
)


def catalog(policies: Any, groups: Any = GROUPS) -> Catalog:
    return Catalog(shares=(), printers=PRINTERS, document={"policies": policies, "printerGroups": groups})


def plan(*entries: dict[str, Any], facts: Facts = FACTS) -> Plan:
    named = [{"name": f"rule {number}", **entry} for number, entry in enumerate(entries, 1)]
    return decide(parse_rules(catalog(named)), facts)


def test_no_rule_means_hold() -> None:
    assert plan() == Plan({}, None, Hold(), ())
    assert parse_rules(Catalog(shares=())) == ()


@pytest.mark.parametrize(
    ("when", "matches"),
    [
        ({}, True),
        ({"printers": ["v1"]}, True),
        ({"printers": ["FOLLOW ME"]}, True),
        ({"printers": ["p1", "p2"]}, False),
        ({"users": ["anna@contoso.example"]}, True),
        ({"users": ["U1"]}, True),
        ({"users": ["ben@contoso.example"]}, False),
        ({"groups": ["g1", "g2"]}, True),
        ({"groups": ["g2"]}, False),
        ({"contentTypes": ["Application/PDF"]}, True),
        ({"contentTypes": ["application/oxps"]}, False),
        ({"sizeOver": 999}, True),
        ({"sizeOver": 1000}, False),
        ({"sizeUpTo": 1000}, True),
        ({"sizeUpTo": 999}, False),
        ({"colorModes": ["Color"]}, True),
        ({"colorModes": ["grayscale"]}, False),
        ({"copiesOver": 2}, True),
        ({"copiesOver": 3}, False),
        ({"users": ["u1"], "copiesOver": 3}, False),
        ({"during": {"from": "17:00", "to": "18:00", "timeZone": "UTC"}}, True),
        ({"during": {"from": "17:30", "to": "18:00", "timeZone": "UTC"}}, True),
        ({"during": {"from": "16:00", "to": "17:30", "timeZone": "UTC"}}, False),
        ({"during": {"from": "18:00", "to": "19:00", "timeZone": "Europe/Berlin"}}, True),
        ({"during": {"from": "18:00", "to": "07:00", "timeZone": "Europe/Berlin"}}, True),
        ({"during": {"from": "19:00", "to": "07:00", "timeZone": "Europe/Berlin"}}, False),
        ({"during": {"days": ["mon"], "timeZone": "UTC"}}, True),
        ({"during": {"days": ["tue"], "timeZone": "UTC"}}, False),
        ({"during": {"days": ["tue"], "from": "02:00", "to": "03:00", "timeZone": "Asia/Tokyo"}}, True),
        ({"during": {"days": ["mon"], "from": "18:00", "to": "05:00", "timeZone": "Asia/Tokyo"}}, True),
        ({"during": {"days": ["tue"], "from": "18:00", "to": "05:00", "timeZone": "Asia/Tokyo"}}, False),
    ],
)
def test_a_rule_matches_when_all_of_its_conditions_hold(when: dict[str, Any], matches: bool) -> None:
    found = plan({"when": when, "action": {"do": "abort", "reason": "No."}})
    assert found.final == (Abort("No.") if matches else Hold())


@pytest.mark.parametrize(
    ("action", "final"),
    [
        ({"do": "hold"}, Hold()),
        ({"do": "release"}, Release()),
        ({"do": "release", "printer": "Laser"}, Redirect(("p1",))),
        ({"do": "redirect", "printer": "p1"}, Redirect(("p1",))),
        ({"do": "redirect", "group": "floor 1"}, Redirect(("p2", "p1"))),
        ({"do": "abort", "reason": "No colour."}, Abort("No colour.")),
    ],
)
def test_the_first_final_action_ends_the_rules(action: dict[str, Any], final: Any) -> None:
    found = plan({"action": action}, {"action": {"do": "abort", "reason": "never reached"}})
    assert (found.final, found.rules) == (final, ("rule 1",))


def test_changes_add_up_and_later_rules_see_them() -> None:
    found = plan(
        {"action": {"do": "configure", "configuration": {"colorMode": "GRAYSCALE", "duplexMode": "flipOnLongEdge"}}},
        {"when": {"colorModes": ["color"]}, "action": {"do": "abort", "reason": "colour"}},
        {"action": {"do": "configure", "maxCopies": 2}},
        {"when": {"copiesOver": 2}, "action": {"do": "abort", "reason": "copies"}},
        {"action": {"do": "stamp", "footer": True, "text": "internal"}},
        {"action": {"do": "stamp", "banner": True}},
    )
    assert found.configure == {"colorMode": "grayscale", "duplexMode": "flipOnLongEdge", "copies": 2}
    assert found.stamp == Stamp(banner=True, footer=True, text="internal")
    assert found.final == Hold()


def test_what_is_so_already_is_not_changed() -> None:
    found = plan({"action": {"do": "configure", "configuration": {"colorMode": "color"}, "maxCopies": 9}})
    assert found.configure == {}


def test_groups_are_gathered_from_every_rule() -> None:
    entries = [
        {"name": "a", "when": {"groups": ["G1"]}, "action": {"do": "hold"}},
        {"name": "b", "when": {"groups": ["g1", "g2"]}, "action": {"do": "hold"}},
    ]
    assert groups_named(parse_rules(catalog(entries))) == {"g1", "g2"}
    assert groups_named(()) == frozenset()


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"name": "", "action": {"do": "hold"}}, "name"),
        ({"name": "a"}, "do must be one of"),
        ({"name": "a", "action": {"do": "explode"}}, "do must be one of"),
        ({"name": "a", "action": {"do": "hold"}, "then": 1}, "unknown 'then'"),
        ({"name": "a", "action": {"do": "hold", "for": 1}}, "unknown 'for'"),
        ({"name": "a", "when": {"colour": 1}, "action": {"do": "hold"}}, "no condition 'colour'"),
        ({"name": "a", "when": {"printers": ["p9"]}, "action": {"do": "hold"}}, "no printer 'p9'"),
        ({"name": "a", "action": {"do": "redirect", "printer": "p9"}}, "no printer 'p9'"),
        ({"name": "a", "action": {"do": "redirect", "printer": "v1"}}, "is virtual"),
        ({"name": "a", "action": {"do": "redirect", "group": "Floor 9"}}, "no printer group 'Floor 9'"),
        ({"name": "a", "action": {"do": "redirect"}}, "either printer or group"),
        ({"name": "a", "when": {"printers": ["v1"]}, "action": {"do": "release"}}, "name a printer"),
        ({"name": "a", "action": {"do": "configure"}}, "changes nothing"),
        ({"name": "a", "action": {"do": "configure", "configuration": {"duplex": 1}}}, "did you mean duplexMode"),
        ({"name": "a", "action": {"do": "configure", "maxCopies": 0}}, "from 1"),
        ({"name": "a", "action": {"do": "configure", "configuration": {"owner": "a@b.example"}}}, "owner"),
        ({"name": "a", "action": {"do": "abort"}}, "reason"),
        ({"name": "a", "action": {"do": "abort", "reason": "x" * 301}}, "300 characters"),
        ({"name": "a", "action": {"do": "stamp"}}, "banner or footer"),
        ({"name": "a", "when": {"during": {"timeZone": "Mars/Dome"}}, "action": {"do": "hold"}}, "no time zone"),
        ({"name": "a", "when": {"during": {"timeZone": "../etc"}}, "action": {"do": "hold"}}, "no time zone"),
        (
            {"name": "a", "when": {"during": {"timeZone": "UTC", "from": "25:00"}}, "action": {"do": "hold"}},
            "time of day",
        ),
        (
            {"name": "a", "when": {"during": {"timeZone": "UTC", "days": ["someday"]}}, "action": {"do": "hold"}},
            "no day",
        ),
        ({"name": "a", "when": {"copiesOver": True}, "action": {"do": "hold"}}, "whole number"),
        ({"name": "a", "when": {"colorModes": ["red"]}, "action": {"do": "hold"}}, "no colour mode"),
        ({"name": "a", "when": {"users": []}, "action": {"do": "hold"}}, "not empty"),
    ],
)
def test_a_rule_that_is_wrong_says_where_and_what(entry: dict[str, Any], words: str) -> None:
    with pytest.raises(PoliciesUnreadable, match=r"policies|name a printer") as found:
        parse_rules(catalog([{"name": "fine", "action": {"do": "hold"}}, entry]))
    assert words in str(found.value)


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(PoliciesUnreadable) as found:
        parse_rules(catalog([1, {"name": "a"}, {"name": "b", "action": {"do": "abort"}}], groups=[{"name": 1}]))
    for place in ("printerGroups[0]", "policies[0]", "policies[1]", "policies[2]"):
        assert place in str(found.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
WORDS = st.sampled_from(
    [
        "hold",
        "release",
        "configure",
        "redirect",
        "abort",
        "stamp",
        "v1",
        "p1",
        "UTC",
        "mon",
        "18:00",
        "Floor 1",
        "color",
    ]
)
VALUES = JSON | WORDS | st.lists(WORDS, max_size=2)
RULES = st.fixed_dictionaries(
    {},
    optional={
        "name": VALUES,
        "when": JSON
        | st.fixed_dictionaries(
            {},
            optional={
                **dict.fromkeys(("printers", "users", "groups", "contentTypes", "sizeOver", "sizeUpTo"), VALUES),
                **dict.fromkeys(("colorModes", "copiesOver"), VALUES),
                "during": JSON | st.dictionaries(st.sampled_from(["days", "from", "to", "timeZone"]), VALUES),
            },
        ),
        "action": JSON
        | st.fixed_dictionaries(
            {"do": WORDS},
            optional=dict.fromkeys(
                ("printer", "group", "configuration", "maxCopies", "reason", "banner", "footer", "text"), VALUES
            ),
        ),
    },
)


@given(policies=JSON | st.lists(RULES, max_size=3), groups=JSON | st.just(GROUPS))
def test_whatever_the_catalog_holds_is_rules_or_one_clear_error(policies: Any, groups: Any) -> None:
    try:
        rules = parse_rules(catalog(policies, groups))
    except PoliciesUnreadable:
        return
    found = decide(rules, FACTS)
    assert isinstance(found.final, (Hold, Release, Redirect, Abort))


@given(entries=st.lists(RULES, max_size=3))
def test_a_plan_that_was_stored_is_the_same_plan(entries: list[Any]) -> None:
    try:
        found = decide(parse_rules(catalog(entries)), FACTS)
    except PoliciesUnreadable:
        return
    at = "2026-03-02T08:00:00.000Z"
    record = TaskRecord("t", "d", at, at, state=TaskState.DECIDED, plan=found)
    assert decode_task(encode_task(record)) == record
