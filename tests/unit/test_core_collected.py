"""A dropped document that is held for a person waits as long as it is held, and ends as the held job ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bounds import Bounds
from shared.submission.collected import (
    Collected,
    decode_collected,
    encode_collected,
    has_row_elsewhere,
    submission_outcome,
)
from shared.submission.record import Document, Job, JobSighting, Record, Result, State
from shared.submission.verdicts import Cancel, judge
from shared.times import timestamp

BOUNDS = Bounds()
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def record(*states: tuple[str, tuple[str, ...]]) -> Record:
    job = Job("a@b.example", "s", "p", "Printer", "application/pdf", {}, {}, id="1", started=timestamp(START))
    sightings = tuple(JobSighting(state, details, "", timestamp(START)) for state, details in states)
    document = Document("print-inbox", "pull/a.pdf", "1", 10, timestamp(START))
    return Record("0" * 32, document, timestamp(START), state=State.STARTED, job=job, sightings=sightings)


@pytest.mark.parametrize("hours", [1, 25, 24 * 11])
def test_a_job_that_a_task_holds_is_not_cancelled(hours: int) -> None:
    assert judge(record(("paused", ())), START + timedelta(hours=hours), BOUNDS, gone=False) is None


def test_a_job_that_waits_for_its_upload_is_not_held() -> None:
    verdict = judge(record(("paused", ("uploadPending",))), START + timedelta(hours=25), BOUNDS, gone=False)
    assert isinstance(verdict, Cancel)


def test_a_job_that_is_held_for_ever_is_cancelled() -> None:
    verdict = judge(record(("paused", ())), START + timedelta(days=13), BOUNDS, gone=False)
    assert isinstance(verdict, Cancel)


ENDS = Collected("completed", "completed", "The printer finished the job.", "ben@b.example", "Laser", timestamp(START))


@pytest.mark.parametrize(
    ("changes", "result", "words"),
    [
        ({}, Result.COMPLETED, "ben@b.example collected it at Laser."),
        ({"outcome": "expired", "code": "expired", "reason": "Nobody came."}, Result.FAILED, "Nobody came."),
        ({"outcome": "discarded", "code": "discarded", "reason": "Discarded."}, Result.FAILED, "Discarded."),
        ({"outcome": "failed", "code": "aborted", "reason": "Paper jam."}, Result.FAILED, "Paper jam."),
    ],
)
def test_the_submission_ends_as_the_held_job_did(changes: Any, result: Result, words: str) -> None:
    outcome = submission_outcome(decode_collected(encode_collected(replace(ENDS, **changes))))

    assert outcome.result is result
    assert words in outcome.reason
    assert has_row_elsewhere(outcome)


@given(content=st.binary(max_size=60))
def test_an_end_that_cannot_be_read_is_an_end_that_is_not_known(content: bytes) -> None:
    outcome = submission_outcome(decode_collected(content))
    assert (outcome.result, outcome.code) == (Result.FAILED, "held:outcomeUnknown")
