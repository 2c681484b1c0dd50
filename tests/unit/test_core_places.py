"""Whatever a file is called, it has a place to go to, and the printer's panel a name to show."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.names import FOLDER_TICKET, RECEIPT_SUFFIX, TICKET_SUFFIX
from shared.submission.places import (
    DEEPEST_PATH,
    FOLDER_LEVELS,
    LONGEST_BLOB_NAME,
    LONGEST_DOCUMENT_NAME,
    document_name,
    final_path,
    fits,
    folder_tickets,
    is_document,
    sidecar,
)
from shared.submission.receipt import make_receipt, next_step
from shared.submission.record import Document, Job, JobSighting, Outcome, Record, Result

NOW = "2026-03-02T08:00:00.000Z"
KEY = "0123456789abcdef0123456789abcdef"
UNIQUE = "20260302-01234567"
# What clients can write: any characters, slashes often, up to storage's limit in UTF-16 units.
HOSTILE = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from(list("/../\\ .\x00\u202e😀")), min_size=1, max_size=512
).filter(lambda name: len(name.encode("utf-16-le")) // 2 <= LONGEST_BLOB_NAME)


def _record(name: str, **changes: object) -> Record:
    record = Record(KEY, Document("print-inbox", name, "0x1", 10, NOW, "application/pdf"), NOW)
    return replace(record, **changes)  # type: ignore[arg-type]


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("finance/a.pdf", True),
        ("a.pdf", True),
        ("finance/_print.json", False),
        ("finance/_PRINT.JSON", False),
        ("finance/a.pdf.print.json", False),
        ("finance/a.print.json.pdf", True),
        ("finance/data.json", True),
        ("finance/a.pdf.receipt.json", True),
        ("finance/", False),
        ("", False),
    ],
)
def test_settings_and_folders_are_no_documents(name: str, document: bool) -> None:
    assert is_document(name) is document


@given(HOSTILE)
def test_the_tickets_of_a_document_are_never_printed_themselves(name: str) -> None:
    assert not is_document(sidecar(name))
    assert not any(is_document(path) for path in folder_tickets(name))


def test_folder_tickets_are_asked_from_the_nearest_to_the_share() -> None:
    assert folder_tickets("finance/2026/march/a.pdf") == [
        f"finance/2026/march/{FOLDER_TICKET}",
        f"finance/2026/{FOLDER_TICKET}",
        f"finance/{FOLDER_TICKET}",
    ]
    assert folder_tickets("a.pdf") == []
    deep = folder_tickets("finance/" + "x/" * 100 + "a.pdf")
    assert len(deep) == FOLDER_LEVELS
    assert deep[-1] == f"finance/{FOLDER_TICKET}"


@given(HOSTILE)
def test_folder_tickets_are_few_and_never_longer_than_storage_takes(name: str) -> None:
    paths = folder_tickets(name)
    assert len(paths) <= FOLDER_LEVELS
    assert all(fits(path) for path in paths)


@pytest.mark.parametrize(
    ("name", "room"), [("a" * 1024, True), ("a" * 1025, False), ("😀" * 512, True), ("😀" * 513, False)]
)
def test_names_are_measured_as_storage_measures_them(name: str, room: bool) -> None:
    assert fits(name) is room


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("finance/a.pdf", f"finance/{UNIQUE}/a.pdf"),
        ("finance/2026/a b.pdf", f"finance/2026/{UNIQUE}/a b.pdf"),
        ("a.pdf", f"{UNIQUE}/a.pdf"),
        ("finance/../../etc/passwd", f"finance/_/_/etc/{UNIQUE}/passwd"),
        ("finance/..\\..\\a.pdf", f"finance/{UNIQUE}/.._.._a.pdf"),
        ("/finance//a.pdf", f"finance/{UNIQUE}/a.pdf"),
        ("finance/a.pdf. .", f"finance/{UNIQUE}/a.pdf"),
        ("finance/..", f"finance/{UNIQUE}/_"),
        ("finance/\x00\u202efdp.exe", f"finance/{UNIQUE}/__fdp.exe"),
        ("Büro/Übersicht 😀.pdf", f"Büro/{UNIQUE}/Übersicht 😀.pdf"),
    ],
)
def test_a_document_goes_to_its_own_folder_under_its_own_name(name: str, path: str) -> None:
    assert final_path(_record(name)) == path


@given(HOSTILE.filter(is_document) | st.just("finance/" + "x" * 1016) | st.just("s" * 1018 + "/a.pdf"))
def test_every_name_has_a_place_that_storage_and_file_systems_take(name: str) -> None:
    path = final_path(_record(name))
    assert _units(path + RECEIPT_SUFFIX) <= LONGEST_BLOB_NAME
    assert _units(path + TICKET_SUFFIX) <= LONGEST_BLOB_NAME
    parts = path.split("/")
    assert UNIQUE in parts
    assert len(parts) <= DEEPEST_PATH
    assert all(part and part == part.rstrip(". ") for part in parts)
    assert "\\" not in path
    assert not any(unicodedata.category(letter) == "Cc" for letter in path)
    assert path == final_path(_record(name))


@pytest.mark.parametrize(
    "name", ["finance/" + "x" * 1012 + ".pdf", "finance/" + "😀" * 500 + ".pdf", "a/" * 400 + "b.pdf"]
)
def test_a_name_that_is_too_long_or_deep_keeps_its_share_and_its_extension(name: str) -> None:
    path = final_path(_record(name))
    assert path.startswith(("finance/" + UNIQUE, "a/" + UNIQUE))
    assert path.endswith(".pdf")


def test_the_same_name_printed_twice_keeps_both() -> None:
    first, second = _record("finance/a.pdf"), replace(_record("finance/a.pdf"), key="f" * 32)
    assert final_path(first) != final_path(second)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("finance/a.pdf", "a.pdf"),
        ("finance/a\r\n\tb\x00.pdf", "a b .pdf"),
        ("finance/\u202efdp.exe", "fdp.exe"),
        ("finance/\x07", "document"),
        ("finance/" + "x" * 400 + ".pdf", "x" * 251 + ".pdf"),
        ("finance/a" + " " + "x" * 250 + ".pdf", "x" * 250 + ".pdf"),
    ],
)
def test_the_job_gets_the_name_of_the_file_without_what_a_panel_cannot_show(name: str, shown: str) -> None:
    assert document_name(_record(name)) == shown


@given(HOSTILE)
def test_a_job_always_has_a_name_that_can_be_shown(name: str) -> None:
    shown = document_name(_record(name))
    assert 1 <= len(shown) <= LONGEST_DOCUMENT_NAME
    assert shown == shown.strip()
    assert shown.isprintable()
    assert "/" not in shown


JOB = Job("print1@contoso.com", "s1", "p1", "PR-1", "application/pdf", {"copies": 2}, {"copies": "metadata"}, id="7")
ENDED = Outcome(Result.COMPLETED, "completed", "The printer finished the job.")
FAILED = Outcome(Result.FAILED, "aborted", "The printer aborted the job.")


def test_a_receipt_says_who_what_where_when_and_how_it_ended() -> None:
    sighting = JobSighting("completed", ("completedSuccessfully",), "done", NOW)
    job = replace(JOB, started=NOW, upload="a sealed address", owner="ada@contoso.com")
    record = _record("finance/a.pdf", job=job, outcome=ENDED, moved_to="finance/x/a.pdf", sightings=(sighting,))
    receipt = json.loads(make_receipt(record.with_event(NOW, "accepted")))
    assert receipt["outcome"] == "completed"
    assert receipt["printAccount"] == "print1@contoso.com"
    assert receipt["owner"] == "ada@contoso.com"
    assert receipt["document"]["name"] == "finance/a.pdf"
    assert receipt["printer"] == {"id": "p1", "name": "PR-1"}
    assert receipt["job"] == {"id": "7", "shareId": "s1"}
    assert (receipt["settings"], receipt["settingsFrom"]) == ({"copies": 2}, {"copies": "metadata"})
    assert (receipt["accepted"], receipt["started"]) == (NOW, NOW)
    assert receipt["states"] == [{"at": NOW, "state": "completed", "details": ["completedSuccessfully"]}]
    assert receipt["story"] == [f"{NOW} accepted"]
    assert receipt["next"] is None
    assert "sealed" not in json.dumps(receipt)


def test_a_failed_document_says_where_it_is_kept_and_how_to_send_it_again() -> None:
    record = _record("finance/a.pdf", outcome=FAILED, moved_to="finance/x/a.pdf")
    receipt = json.loads(make_receipt(record))
    assert "print-failed/finance/x/a.pdf" in receipt["next"]
    assert f"printops submissions retry {KEY}" in receipt["next"]
    assert (receipt["printer"], receipt["job"], receipt["printAccount"]) == (None, None, None)
    assert next_step(replace(record, moved_to=None)) is None


def test_a_receipt_needs_an_outcome() -> None:
    with pytest.raises(ValueError, match="needs an outcome"):
        make_receipt(_record("finance/a.pdf"))


@given(HOSTILE, st.text(max_size=50) | st.just("half \ud800"))
def test_every_record_with_an_outcome_has_a_receipt_that_is_json(name: str, reason: str) -> None:
    record = _record(name, outcome=replace(FAILED, reason=reason), moved_to="a")
    receipt = json.loads(make_receipt(record).decode("utf-8"))
    assert (receipt["document"]["name"], receipt["reason"]) == (name, reason)
