"""What a job's states mean for its document, and what each error means for a submission."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bounds import DAY, HOUR, Bounds
from shared.catalog import CatalogUnreadable
from shared.errors import (
    AccountLapsed,
    DocumentRejected,
    GraphConflict,
    GraphDenied,
    GraphError,
    GraphNotFound,
    GraphThrottled,
    GraphUnavailable,
    NoReply,
    NotNow,
    UploadFailed,
    UploadSessionGone,
)
from shared.sealing import SealBroken
from shared.submission.record import Document, Job, JobSighting, Outcome, Record, Result, State
from shared.submission.troubles import REPLACEABLE, OtherAccount, PutOff, Reject, meaning
from shared.submission.verdicts import Cancel, End, judge, with_sighting
from shared.times import timestamp

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
BOUNDS = Bounds()
JOB = Job("print1@contoso.com", "s1", "p1", "PR-1", "application/pdf", {}, {}, id="7", started=timestamp(START))
DOCUMENT = Document("print-inbox", "finance/a.pdf", "0x1", 10, timestamp(START))


def _started(*seen: tuple[str, float], cancel_asked: float | None = None, details: tuple[str, ...] = ()) -> Record:
    sightings = tuple(
        JobSighting(state, details or (str(number),), "", timestamp(START + timedelta(seconds=at)))
        for number, (state, at) in enumerate(seen)
    )
    asked = None if cancel_asked is None else timestamp(START + timedelta(seconds=cancel_asked))
    job = replace(JOB, cancel_asked=asked)
    return Record("k", DOCUMENT, timestamp(START), state=State.STARTED, job=job, sightings=sightings)


def _judge(record: Record, age: float, *, gone: bool = False) -> End | Cancel | None:
    return judge(record, START + timedelta(seconds=age), BOUNDS, gone=gone)


def _outcome(verdict: End | Cancel | None) -> Outcome:
    assert isinstance(verdict, End)
    return verdict.outcome


@pytest.mark.parametrize(
    ("details", "code"),
    [
        (("completedSuccessfully",), "completed"),
        (("completedWithWarnings",), "completedWithWarnings"),
        (("completedWithErrors", "completedWithWarnings"), "completedWithErrors"),
    ],
)
@pytest.mark.parametrize("gone", [False, True])
@pytest.mark.parametrize("cancel_asked", [None, 5])
def test_a_job_seen_completed_is_completed_whatever_else_happened(
    details: tuple[str, ...], code: str, *, gone: bool, cancel_asked: float | None
) -> None:
    record = _started(("completed", 9), details=details, cancel_asked=cancel_asked)
    outcome = _outcome(_judge(record, 10 * DAY, gone=gone))
    assert (outcome.result, outcome.code) == (Result.COMPLETED, code)


def test_an_aborted_job_fails_with_what_the_service_said() -> None:
    record = _started(("aborted", 5))
    record = replace(record, sightings=(replace(record.sightings[0], description="paper is out"),))
    outcome = _outcome(_judge(record, 6))
    assert (outcome.result, outcome.code) == (Result.FAILED, "aborted")
    assert "(paper is out)" in outcome.reason


def test_a_job_that_somebody_cancelled_says_so() -> None:
    outcome = _outcome(_judge(_started(("canceled", 5)), 6))
    assert (outcome.code, outcome.reason) == ("canceled", "Somebody cancelled the job.")


def test_a_job_cancelled_here_keeps_the_reason_for_which_it_was() -> None:
    stopped = _started(("processing", 1), ("stopped", 60), ("canceled", 5 * HOUR), cancel_asked=4 * HOUR + 120)
    outcome = _outcome(_judge(stopped, 5 * HOUR + 1))
    assert outcome.code == "tookTooLong"
    assert outcome.reason == "The job was cancelled here because the printer was stopped for 4.0 hours."
    slow = _started(("pending", 1), ("canceled", 26 * HOUR), cancel_asked=25 * HOUR)
    assert "not finished within 24 hours" in _outcome(_judge(slow, 26 * HOUR)).reason


def test_a_job_that_vanished_unseen_may_have_printed_and_is_not_simply_failed() -> None:
    record = _started(("processing", 5))
    assert _judge(record, BOUNDS.job_unknown_seconds, gone=True) is None
    outcome = _outcome(_judge(record, BOUNDS.job_unknown_seconds + 1, gone=True))
    assert outcome.code == "outcomeUnknown"
    assert "only if no paper came out" in outcome.reason


def test_a_stop_is_measured_from_its_beginning_though_its_details_change() -> None:
    record = _started(("processing", 0), ("stopped", 10), ("stopped", 2 * HOUR), ("stopped", 3.9 * HOUR))
    assert _judge(record, BOUNDS.stopped_seconds + 5) is None
    assert isinstance(_judge(record, BOUNDS.stopped_seconds + 11), Cancel)


def test_a_printer_that_went_on_meanwhile_starts_a_new_stop() -> None:
    record = _started(("stopped", 10), ("processing", 3 * HOUR), ("stopped", 3.5 * HOUR))
    assert _judge(record, BOUNDS.stopped_seconds + 60) is None


def test_a_job_over_its_time_is_cancelled_once() -> None:
    record = _started(("pending", 5))
    assert _judge(record, BOUNDS.job_seconds - 1) is None
    assert isinstance(_judge(record, BOUNDS.job_seconds + 1), Cancel)
    assert _judge(_started(("pending", 5), cancel_asked=BOUNDS.job_seconds), BOUNDS.job_seconds + 60) is None


def test_a_job_that_neither_ends_nor_lets_itself_be_cancelled_is_not_watched_for_ever() -> None:
    record = _started(("stopped", 5), cancel_asked=BOUNDS.job_seconds)
    assert _judge(record, BOUNDS.give_up_seconds - 1) is None
    assert _outcome(_judge(record, BOUNDS.give_up_seconds + 1)).code == "outcomeUnknown"


def test_a_job_that_a_print_task_holds_is_cancelled_only_when_the_document_is_given_up() -> None:
    held = _started(("processing", 1), ("paused", 60))
    assert _judge(held, BOUNDS.job_seconds + 60) is None
    assert isinstance(_judge(held, BOUNDS.give_up_seconds + 1), Cancel)
    waiting = _started(("paused", 60), details=("uploadPending",))
    assert isinstance(_judge(waiting, BOUNDS.job_seconds + 60), Cancel), "a job that was never filled is held by nobody"


def test_a_sighting_is_kept_where_it_says_something_new() -> None:
    first = with_sighting((), "processing", ("interpreting",), "", "t1")
    assert with_sighting(first, "processing", ("interpreting",), "other words", "t2") == first
    second = with_sighting(first, "processing", (), "", "t3")
    third = with_sighting(second, "completed", (), "", "t4")
    assert [(seen.state, seen.details, seen.at) for seen in third] == [
        ("processing", ("interpreting",), "t1"),
        ("processing", (), "t3"),
        ("completed", (), "t4"),
    ]


@given(
    st.lists(
        st.tuples(st.sampled_from(["pending", "processing", "stopped", "paused", "new"]), st.just(1.0)), max_size=4
    ),
    st.floats(0, 30 * DAY),
    st.none() | st.floats(0, 30 * DAY),
)
def test_a_job_without_a_final_state_ends_only_as_unknown(
    seen: list[tuple[str, float]], age: float, asked: float | None
) -> None:
    verdict = _judge(_started(*seen, cancel_asked=asked), age)
    if isinstance(verdict, End):
        assert verdict.outcome.code == "outcomeUnknown"
    if isinstance(verdict, Cancel):
        assert asked is None
        assert verdict.reason


def _graph(kind: type[GraphError], status: int, wait: float | None = None) -> GraphError:
    error = kind("an operation", status, "aCode", "a message")
    if isinstance(error, (GraphThrottled, GraphUnavailable)):
        error.retry_after = wait
    return error


def _in(state: State, job: Job | None = JOB) -> Record:
    return Record("k", DOCUMENT, timestamp(START), state=state, attempts=1, job=job)


def _meaning(error: Exception, record: Record) -> Reject | PutOff | OtherAccount | None:
    return meaning(error, record, BOUNDS, 0.5)


ERRORS = [
    CatalogUnreadable("bad"),
    AccountLapsed("print1@contoso.com", "revoked", 300),
    NotNow("sharePaused", "paused", 60),
    NotNow("soon", "at once", 0),
    _graph(GraphThrottled, 429, 600),
    _graph(GraphThrottled, 429),
    _graph(GraphUnavailable, 503, 20),
    _graph(GraphUnavailable, 500),
    _graph(GraphDenied, 401),
    _graph(GraphDenied, 403),
    _graph(GraphNotFound, 404),
    _graph(GraphConflict, 409),
    _graph(GraphError, 400),
    _graph(GraphError, 200),
    NoReply("an operation", "cut"),
    UploadFailed("no part arrives."),
    UploadSessionGone("expired."),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: f"{type(error).__name__}{getattr(error, 'status', '')}")
@pytest.mark.parametrize("state", [state for state in State if state is not State.CLOSED])
def test_once_a_start_may_have_been_sent_no_other_job_is_ever_made(error: Exception, state: State) -> None:
    decision = _meaning(error, _in(state))
    if state not in REPLACEABLE:
        assert not isinstance(decision, OtherAccount)
        assert not (isinstance(decision, PutOff) and decision.fresh)
        assert not isinstance(decision, Reject) or decision.outcome.code == "outcomeUnknown"
    if state is State.CLOSING:
        assert not isinstance(decision, Reject)
    if isinstance(decision, PutOff):
        assert 1 <= decision.delay <= BOUNDS.retry_longest_seconds
        assert decision.reason
    assert decision is not None or (isinstance(error, UploadFailed) and state not in REPLACEABLE)


@pytest.mark.parametrize(
    ("error", "state", "code"),
    [
        (DocumentRejected("documentEmpty", "It is empty."), State.ACCEPTED, "documentEmpty"),
        (_graph(GraphNotFound, 404), State.CREATING, "shareGone"),
        (_graph(GraphNotFound, 404), State.STARTING, "outcomeUnknown"),
        (_graph(GraphNotFound, 404), State.STARTED, "outcomeUnknown"),
        (_graph(GraphError, 400), State.CREATING, "graphRefused"),
    ],
)
def test_what_a_retry_cannot_mend_ends_the_submission(error: Exception, state: State, code: str) -> None:
    decision = _meaning(error, _in(state))
    assert isinstance(decision, Reject)
    assert (decision.outcome.result, decision.outcome.code) == (Result.FAILED, code)


@pytest.mark.parametrize(
    ("error", "state", "code"),
    [
        (_graph(GraphNotFound, 404), State.CREATED, "jobGone"),
        (_graph(GraphConflict, 409), State.CREATED, "jobUnusable"),
        (UploadSessionGone("expired."), State.CREATED, "uploadFailed"),
        (AccountLapsed("print1@contoso.com", "revoked", 300), State.CREATED, "accountLapsed"),
        (SealBroken("another key"), State.CREATED, "uploadLost"),
    ],
)
def test_a_job_that_cannot_be_used_any_more_is_replaced(error: Exception, state: State, code: str) -> None:
    decision = _meaning(error, _in(state, replace(JOB, upload="sealed")))
    assert isinstance(decision, PutOff)
    assert (decision.code, decision.fresh) == (code, True)


def test_an_account_without_access_gives_way_to_the_others() -> None:
    decision = _meaning(_graph(GraphDenied, 403), _in(State.CREATING))
    assert decision == OtherAccount("print1@contoso.com", "aCode: a message")


@pytest.mark.parametrize(
    ("error", "delay"),
    [(_graph(GraphThrottled, 429, 600), 600), (_graph(GraphUnavailable, 503, 500), 500), (NotNow("a", "b", 77), 77)],
)
def test_a_wait_that_was_asked_for_is_kept(error: Exception, delay: float) -> None:
    decision = _meaning(error, _in(State.CREATING))
    assert isinstance(decision, PutOff)
    assert (decision.delay, decision.fresh) == (delay, False)


@pytest.mark.parametrize("code", ["graphUnreachable", "authorityUnavailable"])
def test_a_service_that_stays_away_is_asked_ever_more_rarely(code: str) -> None:
    delays = []
    for attempts in (1, 3, 5, 20):
        decision = _meaning(NotNow(code, "away", 15), replace(_in(State.ACCEPTED, None), attempts=attempts))
        assert isinstance(decision, PutOff)
        delays.append(decision.delay)
    assert delays == [15, 30, 120, BOUNDS.retry_longest_seconds * 0.75]


@pytest.mark.parametrize("code", ["accountBudget", "printerBudget"])
def test_documents_that_wait_for_a_budget_again_and_again_come_back_ever_more_apart(code: str) -> None:
    def delay(attempts: int, random: float) -> float:
        record = replace(_in(State.ACCEPTED, None), attempts=attempts)
        decision = meaning(NotNow(code, "full", 300), record, BOUNDS, random)
        assert isinstance(decision, PutOff)
        return decision.delay

    assert delay(1, 1.0) == 300, "the pool has spread those that wait for the first time"
    assert [delay(attempts, 1.0) for attempts in (2, 3, 6, 5000)] == [320, 360, 900, 900]
    assert {delay(attempts, 0.0) for attempts in (1, 2, 5000)} == {300}


def test_a_lapsed_account_is_asked_again_when_no_other_can_take_over() -> None:
    decision = _meaning(AccountLapsed("print1@contoso.com", "revoked", 1), _in(State.STARTED))
    assert decision == PutOff(BOUNDS.account_wait_seconds, "accountLapsed", "revoked")


@pytest.mark.parametrize("error", [KeyError("x"), SealBroken("another key"), OSError("disk")])
def test_what_is_not_foreseen_is_left_to_the_host(error: Exception) -> None:
    assert _meaning(error, _in(State.ACCEPTED, None)) is None
