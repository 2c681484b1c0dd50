"""What every delivery of a message does: look, claim, work, and put off or close what went wrong."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from shared.bounds import DAY, Bounds
from shared.errors import AccountLapsed, DocumentRejected, GraphThrottled, NotNow, PrintFunctionsError, Superseded
from shared.storage.queues import MessageQueue
from shared.submission.claims import ComeBack, Drop, Take, decide
from shared.submission.closing import begin_closing, finish_closing
from shared.submission.holding import Holding
from shared.submission.messages import submission_message
from shared.submission.record import Outcome, Record, Result, State
from shared.submission.services import SubmissionServices
from shared.submission.troubles import REPLACEABLE, OtherAccount, PutOff, Reject, meaning
from shared.telemetry.signals import span, trace_of
from shared.times import moment, timestamp

logger = logging.getLogger(__name__)

Work = Callable[[Holding, SubmissionServices], Awaitable[None]]


async def deliver(
    key: str,
    sequence: int,
    by: str,
    *,
    work: Work,
    wanted: frozenset[State],
    queue: MessageQueue,
    services: SubmissionServices,
) -> None:
    """Run `work` on the record if this delivery may, and leave the record so that another delivery can go on.

    `by` names this run of the function. Errors that are not ours go to the host, which delivers the message again.
    """
    step = "follow job" if State.STARTED in wanted else "print document"
    with span(step, trace_of(key), **{"print.submission": key}):
        record, etag = await services.records.load(key) or (None, "")
        match decide(record, sequence, services.now(), wanted):
            case Drop(reason):
                logger.info("submission %s: nothing to do, %s", key, reason)
            case ComeBack(delay):
                await queue.send(submission_message(key, sequence), delay)
            case Take(free):
                holding = Holding(services.records, free, etag, services.now, services.bounds)
                try:
                    await holding.claim(by)
                    await _work(holding, work, queue, services)
                except Superseded as error:
                    logger.info("submission %s: %s", key, error)


async def put_off(holding: Holding, queue: MessageQueue, delay: float, event: str | None, **changes: Any) -> None:
    """Queue the next step, then write it down and let the claim go.

    The message goes first: a death between the two leaves a message too many, which is dropped, and never one too few.
    """
    record = holding.record
    sequence = record.sequence + 1
    await queue.send(submission_message(record.key, sequence), delay)
    await holding.release(event, sequence=sequence, **changes)


async def _work(holding: Holding, work: Work, queue: MessageQueue, services: SubmissionServices) -> None:
    try:
        async with holding.renewing(services.sleep):
            _check_deaths(holding.record, services)
            if holding.record.state is State.CLOSING:
                await finish_closing(holding, services)
            else:
                await work(holding, services)
    except Superseded:
        await _replaced(holding, services)
    except PrintFunctionsError as error:
        await _trouble(error, holding, queue, services)
    except Exception as error:
        # Not ours: the host delivers the message again and in the end puts it on the poison queue.
        await holding.release(f"stopped by {type(error).__name__}")
        raise


async def _replaced(holding: Holding, services: SubmissionServices) -> None:
    """Close the submission where its file is gone; where only the claim was lost, leave it to its new holder."""
    document = holding.record.document
    facts = await services.documents.facts(document.container, document.name)
    if holding.record.state not in REPLACEABLE or (facts is not None and facts.etag == document.etag):
        return
    if facts is None:
        outcome = Outcome(Result.SUPERSEDED, "fileRemoved", "The file was removed before it was printed.")
    else:
        outcome = Outcome(
            Result.SUPERSEDED,
            "fileReplaced",
            "The file was overwritten before it was printed; the newer one is printed.",
        )
    await _close(holding, outcome, services)


async def _close(holding: Holding, outcome: Outcome, services: SubmissionServices) -> None:
    await begin_closing(holding, outcome, services)
    try:
        await finish_closing(holding, services)
    except NotNow as error:
        await put_off(holding, services.jobs, error.delay, None)


def _check_deaths(record: Record, services: SubmissionServices) -> None:
    if record.deaths >= services.bounds.worker_deaths and record.state in REPLACEABLE:
        raise DocumentRejected(
            "workerDied",
            f"{record.deaths} workers stopped while they printed this document. It was not printed. "
            "Ask the operator to look at the log, then retry it.",
        )


async def _trouble(
    error: PrintFunctionsError, holding: Holding, queue: MessageQueue, services: SubmissionServices
) -> None:
    record = holding.record
    await _tell_pool(error, record, services)
    decision = meaning(error, record, services.bounds, services.random())
    if isinstance(decision, PutOff) and record.state is not State.CLOSING and _too_old(record, services):
        decision = Reject(_gave_up(record, decision.reason, services.bounds))
    match decision:
        case Reject(outcome):
            await _close(holding, outcome, services)
        case OtherAccount(account, reason):
            await _release_budget(record, services)
            refused = (*record.refused_accounts, account)
            event = f"{account} may not print here: {reason}"
            await put_off(holding, queue, 0.0, event, state=State.ACCEPTED, job=None, refused_accounts=refused)
        case PutOff(delay, code, reason, fresh):
            until = timestamp(services.now() + timedelta(seconds=delay))
            changes: dict[str, Any] = {"waiting": {"code": code, "reason": reason, "until": until}, "next_at": until}
            if fresh or (record.state is State.CREATING and isinstance(error, GraphThrottled)):
                await _release_budget(record, services)
                changes |= {"state": State.ACCEPTED, "job": None}
            await put_off(holding, queue, delay, f"waits {delay:.0f} s: {reason}", **changes)
        case None:
            await holding.release(f"stopped by {type(error).__name__}")
            raise error


async def _tell_pool(error: PrintFunctionsError, record: Record, services: SubmissionServices) -> None:
    if isinstance(error, AccountLapsed) and error.user_principal_name:
        await services.pool.mark_lapsed(error.user_principal_name, error.reason)
    elif record.job is not None and isinstance(error, GraphThrottled) and error.retry_after is not None:
        await services.pool.mark_throttled(record.job.account, error.retry_after)
    elif record.job is not None and isinstance(error, NotNow) and error.code == "graphThrottled":
        await services.pool.mark_throttled(record.job.account, error.delay)


async def _release_budget(record: Record, services: SubmissionServices) -> None:
    if record.job is not None:
        await services.pool.settle(record.key, record.job.account, record.job.printer_id)


def _gave_up(record: Record, last: str, bounds: Bounds) -> Outcome:
    days = f"{bounds.give_up_seconds / DAY:.0f} days"
    if record.state in REPLACEABLE:
        return Outcome(Result.FAILED, "gaveUp", f"It could not be printed for {days}, and was not. Last: {last}")
    return Outcome(
        Result.FAILED,
        "outcomeUnknown",
        f"The job was started, and its end could not be seen for {days}. Look at the printer's output; "
        f"retry this document only if no paper came out. Last: {last}",
    )


def _too_old(record: Record, services: SubmissionServices) -> bool:
    return (services.now() - moment(record.accepted)).total_seconds() > services.bounds.give_up_seconds
