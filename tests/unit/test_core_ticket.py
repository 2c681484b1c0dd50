"""A ticket is gathered from what people and programs wrote: each value is read or refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import DocumentRejected
from shared.ticket import ENUMERATIONS, FINISHINGS, SETTINGS, Source, Ticket, make_ticket, read_settings

CSDL = Path(__file__).parents[2] / "emulator" / "universal_print" / "csdl" / "print-v1.0.csdl.xml"
EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=10,
)


def _one(name: str, value: Any, *, strict: bool = True) -> Any:
    return make_ticket([Source("metadata", {name: value}, strict=strict)]).configuration.get(name)


def _refusal(settings: dict[str, Any], *, strict: bool = True) -> str:
    with pytest.raises(DocumentRejected) as caught:
        make_ticket([Source("the sidecar", settings, strict=strict)])
    assert caught.value.code == "settingInvalid"
    return caught.value.reason


def _schema() -> tuple[dict[str, str], dict[str, set[str]]]:
    root = ElementTree.parse(CSDL).getroot()  # noqa: S314 - our own file
    enumerations = {
        enumeration.attrib["Name"]: {member.attrib["Name"] for member in enumeration.iter(f"{EDM}Member")}
        for enumeration in root.iter(f"{EDM}EnumType")
    }
    configuration = next(
        kind for kind in root.iter(f"{EDM}ComplexType") if kind.attrib["Name"] == "printJobConfiguration"
    )
    types = {entry.attrib["Name"]: entry.attrib["Type"] for entry in configuration.iter(f"{EDM}Property")}
    return types, enumerations


def test_the_settings_are_exactly_those_of_the_schema() -> None:
    types, _ = _schema()
    assert set(SETTINGS) == set(types)


def test_the_members_of_each_enumeration_are_exactly_those_of_the_schema() -> None:
    types, enumerations = _schema()
    ours = {name: set(members) for name, members in ENUMERATIONS.items()} | {"finishings": set(FINISHINGS)}
    theirs = {}
    for name, kind in types.items():
        members = enumerations.get(kind.removeprefix("Collection(").removesuffix(")").removeprefix("graph."))
        if members is not None:
            theirs[name] = members - {"unknownFutureValue"}
    assert ours == theirs
    assert len(FINISHINGS) == len(set(FINISHINGS))


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("copies", "2", 2),
        ("copies", " 2 ", 2),
        ("copies", 2, 2),
        ("collate", "TRUE", True),
        ("collate", False, False),
        ("colorMode", "blackandwhite", "blackAndWhite"),
        ("duplexMode", " fliponlongedge ", "flipOnLongEdge"),
        ("finishings", "staple, PunchDualLeft", ["staple", "punchDualLeft"]),
        ("finishings", ["foldZ"], ["foldZ"]),
        ("finishings", [], None),
        ("pageRanges", "1-3,7", [{"start": 1, "end": 3}, {"start": 7, "end": 7}]),
        ("pageRanges", " 1 - 3 ,", [{"start": 1, "end": 3}]),
        ("pageRanges", [{"start": 2, "end": 4}, 9, "11-12"], [(2, 4), (9, 9), (11, 12)]),
        ("pageRanges", [], None),
        ("margin", '{"top": 5000}', {"top": 5000}),
        ("margin", {"@odata.type": "#microsoft.graph.printMargin", "left": 0, "top": None}, {"left": 0}),
        ("mediaSize", " North America Letter ", "North America Letter"),
        ("mediaType", "Büttenpapier", "Büttenpapier"),
        ("inputBin", None, None),
    ],
)
def test_a_value_is_read_as_text_or_as_json(name: str, value: object, read: object) -> None:
    if name == "pageRanges" and isinstance(read, list) and isinstance(read[0], tuple):
        read = [{"start": start, "end": end} for start, end in read]
    assert _one(name, value) == read


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("copies", "0"),
        ("copies", "-1"),
        ("copies", "1_000"),
        ("copies", "٣"),
        ("copies", "2.0"),
        ("copies", 2.0),
        ("copies", True),
        ("copies", ""),
        ("copies", 2**31),
        ("copies", "9" * 5000),
        ("collate", "yes"),
        ("collate", 1),
        ("colorMode", "unknownFutureValue"),
        ("colorMode", "colour"),
        ("colorMode", ["color"]),
        ("finishings", "staple,"),
        ("finishings", {"staple": True}),
        ("finishings", [None]),
        ("pageRanges", "5-"),
        ("pageRanges", "-5"),
        ("pageRanges", "3-1"),
        ("pageRanges", "0-2"),
        ("pageRanges", "1-2-3"),
        ("pageRanges", "all"),
        ("pageRanges", ","),
        ("pageRanges", [True]),
        ("pageRanges", [{"start": 1}]),
        ("pageRanges", 3),
        ("margin", "5mm"),
        ("margin", {"inner": 4}),
        ("margin", {"top": "5mm"}),
        ("margin", "[" * 100_000),
        ("mediaSize", " "),
        ("mediaSize", 4),
        ("mediaSize", "A4\x00"),
        ("inputBin", "tray \ud800"),
    ],
)
def test_a_value_that_is_not_of_its_kind_is_refused_by_name_and_place(name: str, value: object) -> None:
    reason = _refusal({name: value})
    assert reason.startswith(f"Correct these settings: {name} in the sidecar ")
    assert len(reason) < 1000
    reason.encode()


def test_every_fault_is_told_at_once_and_no_more_than_a_person_reads() -> None:
    reason = _refusal({"copys": 2, "collate": "maybe", "quality": "best"})
    assert "'copys' in the sidecar is not a print setting (did you mean copies?)" in reason
    assert "collate in the sidecar must be true or false" in reason
    assert "quality in the sidecar must be one of low, medium, high" in reason
    flood = _refusal({f"{number}{'x' * 500}": number for number in range(5000)})
    assert flood.endswith("and more.")
    assert len(flood) < 4000


def test_the_strongest_source_wins_and_each_origin_is_kept() -> None:
    ticket = make_ticket(
        [
            Source("metadata", {"COPIES": "3", "etl_run": "77"}, strict=False),
            Source("the sidecar", {"copies": 2, "duplexMode": "oneSided", "quality": None}),
            Source("the profile", {"copies": "none of this is read", "quality": "high"}),
        ]
    )
    assert ticket.configuration == {"copies": 3, "duplexMode": "oneSided", "quality": "high"}
    assert ticket.origins == {"copies": "metadata", "duplexMode": "the sidecar", "quality": "the profile"}


def test_what_other_programs_left_in_metadata_is_ignored_and_a_wrong_setting_there_is_not() -> None:
    assert make_ticket([Source("metadata", {"hdi_permission": "x", "Sprache": "de"}, strict=False)]) == Ticket({}, {})
    assert "copies in the sidecar" in _refusal({"copies": "two"}, strict=False)


def test_annotations_of_a_graph_object_are_no_settings() -> None:
    profile = {"@odata.type": "#microsoft.graph.printJobConfiguration", "copies": 1, "margin": None, "pageRanges": []}
    assert make_ticket([Source("the profile", profile)]).configuration == {"copies": 1}


def test_one_setting_given_twice_in_one_place_is_refused_rather_than_guessed() -> None:
    assert "copies in the sidecar is given twice" in _refusal({"copies": 1, "Copies": 50})


@pytest.mark.parametrize("name", ["owner", "Owner"])
def test_the_owner_is_a_user_name_from_the_strongest_source(name: str) -> None:
    sources = [Source("metadata", {name: " ada@contoso.com "}), Source("the folder", {"owner": "bob@contoso.com"})]
    assert make_ticket(sources).owner == "ada@contoso.com"


def test_an_owner_that_is_not_said_is_nobody() -> None:
    assert make_ticket([Source("the sidecar", {"owner": None})]).owner is None
    weaker = Source("the folder", {"owner": "bob@contoso.com"})
    assert make_ticket([Source("the sidecar", {"owner": None}), weaker]).owner == "bob@contoso.com"


@pytest.mark.parametrize("owner", ["Ada", "ada@", "a b@contoso.com", "ada@contoso.com\n@x", "", 5, ["ada@x.com"]])
def test_an_owner_that_is_no_user_name_is_refused_so_that_nothing_prints_in_the_open(owner: object) -> None:
    assert "owner in the sidecar must be" in _refusal({"owner": owner}, strict=False)


@given(st.dictionaries(st.sampled_from([*SETTINGS, "owner"]) | st.text(max_size=30), JSON, max_size=6), st.booleans())
def test_any_settings_make_a_ticket_that_json_can_carry_or_a_short_refusal(
    settings: dict[str, Any], strict: bool
) -> None:
    try:
        ticket = make_ticket([Source("the sidecar", settings, strict=strict)])
    except DocumentRejected as error:
        assert len(error.reason.encode()) < 12_000  # noqa: PT017 - either branch is right
        return
    assert set(ticket.configuration) == set(ticket.origins) <= set(SETTINGS)
    json.dumps(dict(ticket.configuration), ensure_ascii=False, allow_nan=False).encode()
    again = make_ticket([Source("again", ticket.configuration)])
    assert again.configuration == ticket.configuration


@given(st.binary(max_size=200))
def test_any_sidecar_is_an_object_or_is_refused_with_its_name(content: bytes) -> None:
    try:
        settings = read_settings(content, "a.pdf.print.json")
    except DocumentRejected as error:
        assert error.code == "ticketUnreadable"  # noqa: PT017 - either branch is right
        assert error.reason.startswith("a.pdf.print.json ")  # noqa: PT017 - either branch is right
    else:
        assert isinstance(settings, dict)


@pytest.mark.parametrize(
    "content", [b"", b"[1]", b"null", b"[" * 60_000, '{"copies": 2}'.encode("utf-16"), b"{'a': 1}"]
)
def test_a_sidecar_that_is_no_json_object_says_how_to_mend_it(content: bytes) -> None:
    with pytest.raises(DocumentRejected, match=r"Correct it|must hold an object") as caught:
        read_settings(content, "_print.json")
    assert caught.value.code == "ticketUnreadable"


def test_a_sidecar_with_a_byte_order_mark_is_read() -> None:
    assert read_settings(b'\xef\xbb\xbf{"copies": 2}', "a") == {"copies": 2}
