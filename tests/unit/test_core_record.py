"""A record survives the way to storage and back, and nothing half-readable gets past the reading."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.claimed import Claim
from shared.submission.messages import MessageUnreadable, read_message
from shared.submission.record import (
    HISTORY_LINES,
    Document,
    Job,
    JobSighting,
    Outcome,
    Record,
    RecordUnreadable,
    Result,
    State,
    decode_record,
    encode_record,
    submission_key,
)
from shared.times import moment, timestamp

NOW = "2026-03-02T08:00:00.000Z"
KEY = "0123456789abcdef0123456789abcdef"
TEXT = st.text(max_size=30) | st.just("half \ud800 a pair")
TIME = st.integers(1_500_000_000_000, 4_000_000_000_000).map(
    lambda milliseconds: timestamp(datetime.fromtimestamp(milliseconds / 1000, UTC))
)
COUNT = st.integers(0, 2**40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)
RECORDS = st.builds(
    Record,
    key=st.just(KEY),
    document=st.builds(
        Document,
        container=TEXT,
        name=TEXT,
        etag=TEXT,
        size=COUNT,
        created=TIME,
        content_type=st.none() | TEXT,
        metadata=st.dictionaries(TEXT, TEXT, max_size=3),
    ),
    accepted=TIME,
    state=st.sampled_from(State),
    sequence=COUNT,
    attempts=COUNT,
    deaths=COUNT,
    uploaded=COUNT,
    next_at=TIME | st.just(""),
    claim=st.none() | st.builds(Claim, by=TEXT, until=TIME),
    job=st.none()
    | st.builds(
        Job,
        account=TEXT,
        share_id=TEXT,
        printer_id=TEXT,
        printer_name=TEXT,
        content_type=TEXT,
        configuration=st.dictionaries(st.sampled_from(["copies", "page_ranges"]), JSON, max_size=2),
        origins=st.dictionaries(TEXT, TEXT, max_size=2),
        id=st.none() | TEXT,
        started=st.none() | TIME,
        cancel_asked=st.none() | TIME,
        settled=st.booleans(),
    ),
    refused_accounts=st.lists(TEXT, max_size=2).map(tuple),
    sightings=st.lists(
        st.builds(JobSighting, state=TEXT, details=st.lists(TEXT, max_size=2).map(tuple), description=TEXT, at=TIME),
        max_size=2,
    ).map(tuple),
    waiting=st.none() | st.dictionaries(TEXT, TEXT, max_size=2),
    outcome=st.none() | st.builds(Outcome, result=st.sampled_from(Result), code=TEXT, reason=TEXT),
    moved_to=st.none() | TEXT,
    receipt=st.none() | TEXT,
    closed=st.none() | TIME,
    history=st.lists(st.tuples(TIME, TEXT), max_size=2).map(tuple),
)


def record(**changes: Any) -> Record:
    document = Document("print-inbox", "finance/a.pdf", "0x1", 10, NOW)
    return replace(Record(KEY, document, NOW), **changes)


@given(RECORDS)
def test_a_record_comes_back_as_it_was_written(written: Record) -> None:
    assert decode_record(encode_record(written)) == written


@given(RECORDS)
def test_a_stored_record_is_ascii_safe_json_in_camel_case(written: Record) -> None:
    stored = json.loads(encode_record(written).decode("utf-8"))
    assert {"refusedAccounts", "nextAt", "movedTo"} <= stored.keys()


def test_names_of_other_people_are_stored_as_they_are() -> None:
    document = replace(record().document, metadata={"my_key": "v"})
    assert json.loads(encode_record(record(document=document)))["document"]["metadata"] == {"my_key": "v"}


@given(st.binary(max_size=100) | JSON.map(lambda value: json.dumps(value).encode()) | st.just(b"[" * 100_000))
def test_what_is_no_record_is_told_apart_and_never_half_read(content: bytes) -> None:
    with pytest.raises(RecordUnreadable):
        decode_record(content)


@given(st.sampled_from(sorted(json.loads(encode_record(record())))), JSON)
def test_one_damaged_field_is_either_harmless_or_unreadable(name: str, value: Any) -> None:
    try:
        read = decode_record(json.dumps({**json.loads(encode_record(record())), name: value}).encode())
    except RecordUnreadable:
        return
    moment(read.accepted)
    if read.next_at:
        moment(read.next_at)
    assert min(read.sequence, read.attempts, read.deaths, read.uploaded) >= 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sequence", "5"),
        ("sequence", True),
        ("attempts", -1),
        ("accepted", "yesterday"),
        ("accepted", "2026-03-02T08:00:00"),
        ("nextAt", "soon"),
        ("claim", {"by": "x", "until": "later"}),
        ("claim", {"by": "x", "until": NOW, "extra": 1}),
        ("claim", 5),
        ("document", []),
        ("state", "printing"),
        ("refusedAccounts", [5]),
        ("history", [["only one"]]),
        ("outcome", {"result": "great", "code": "", "reason": ""}),
    ],
)
def test_a_field_that_a_decision_would_stumble_over_is_refused_when_read(name: str, value: object) -> None:
    stored = {**json.loads(encode_record(record())), name: value}
    with pytest.raises(RecordUnreadable):
        decode_record(json.dumps(stored).encode())


def test_a_missing_field_is_unreadable() -> None:
    for name in ("key", "document", "sequence", "history"):
        stored = json.loads(encode_record(record()))
        del stored[name]
        with pytest.raises(RecordUnreadable):
            decode_record(json.dumps(stored).encode())


def test_the_story_keeps_its_newest_lines() -> None:
    told = record()
    for number in range(HISTORY_LINES + 5):
        told = told.with_event(NOW, str(number))
    assert [text for _, text in told.history] == [str(number) for number in range(5, HISTORY_LINES + 5)]


@pytest.mark.parametrize(
    ("name", "share", "file_name"),
    [
        ("finance/a.pdf", "finance", "a.pdf"),
        ("finance/x/y/a.pdf", "finance", "a.pdf"),
        ("a.pdf", "", "a.pdf"),
        ("/a.pdf", "", "a.pdf"),
        ("finance//a.pdf", "finance", "a.pdf"),
        ("../a.pdf", "..", "a.pdf"),
    ],
)
def test_the_first_folder_names_the_share(name: str, share: str, file_name: str) -> None:
    document = replace(record().document, name=name)
    assert (document.share_name, document.file_name) == (share, file_name)


def test_a_version_has_one_key_and_another_version_another() -> None:
    key = submission_key("print-inbox", "finance/ä\n😀.pdf", '"0x8D"')
    assert key == submission_key("print-inbox", "finance/ä\n😀.pdf", "0x8D")
    assert len({key, submission_key("print-inbox", "finance/ä\n😀.pdf", "0x8E"), submission_key("b", "c", "0x8D")}) == 3
    assert read_message(json.dumps({"key": key, "sequence": 0}).encode()) == (key, 0)


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(1000, 1, 2)), st.integers(-720, 720))  # noqa: DTZ001 - hypothesis adds the zone
def test_times_are_utc_and_sort_as_text_wherever_they_were_taken(time: datetime, minutes: int) -> None:
    elsewhere = time.astimezone(timezone(timedelta(minutes=minutes)))
    assert timestamp(elsewhere) == timestamp(time)
    assert moment(timestamp(time)) == time.replace(microsecond=time.microsecond // 1000 * 1000)
    if time.year < 9999:
        assert timestamp(time) < timestamp(time + timedelta(seconds=1))


@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_message_of_others_is_taken_for_ours(body: bytes) -> None:
    with pytest.raises(MessageUnreadable):
        read_message(body)


@pytest.mark.parametrize(
    "message",
    [
        {"key": "../catalog", "sequence": 0},
        {"key": KEY + "\n", "sequence": 0},
        {"key": KEY.upper(), "sequence": 0},
        {"key": KEY},
        {"key": KEY, "sequence": "1"},
        {"key": KEY, "sequence": 1.0},
        {"key": KEY, "sequence": True},
        {"key": KEY, "sequence": -1},
    ],
)
def test_a_message_with_a_key_or_sequence_that_we_do_not_write_is_refused(message: dict[str, Any]) -> None:
    with pytest.raises(MessageUnreadable):
        read_message(json.dumps(message).encode())


def test_a_message_nested_to_exhaustion_is_refused() -> None:
    with pytest.raises(MessageUnreadable):
        read_message(b"[" * 64_000)
