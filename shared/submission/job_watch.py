"""Follows a started job to its end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from shared.catalog import CatalogUnreadable
from shared.errors import GraphConflict, GraphDenied, GraphNotFound
from shared.graph.print_client import JobView
from shared.names import collected_path
from shared.submission.accepting import WATCH_STATES
from shared.submission.claims import poll_delay
from shared.submission.closing import begin_closing, finish_closing
from shared.submission.collected import decode_collected, submission_outcome
from shared.submission.deliveries import deliver, put_off
from shared.submission.holding import Holding
from shared.submission.record import Outcome, Record, Result
from shared.submission.services import SubmissionServices
from shared.submission.verdicts import Cancel, End, is_held, judge, started_at, with_sighting
from shared.times import moment, timestamp

# While a started job has one of these details no printer may fetch it yet, and it keeps its place in submission.
SUBMITTING = frozenset({"uploadPending", "interpreting", "transforming"})
UNTOLD = Outcome(
    Result.FAILED,
    "outcomeUnknown",
    "The held job was sent to a printer, and how it ended there was not told. Look at the printer's output.",
)


async def follow(key: str, sequence: int, by: str, services: SubmissionServices) -> None:
    """Look at the job once; end the submission or come back later. Called once for each message of the jobs queue."""
    await deliver(key, sequence, by, work=_look, wanted=WATCH_STATES, queue=services.jobs, services=services)


async def _look(holding: Holding, services: SubmissionServices) -> None:
    record = holding.record
    view = await _view(record, services)
    record = _with_sighting(record, view, timestamp(services.now()))
    verdict = await _verdict(record, view, services)
    changes: dict[str, Any] = {"sightings": record.sightings, "attempts": 0, "waiting": None}
    if record.job is not None and not record.job.settled and (view is None or not SUBMITTING & {*view.details}):
        await services.pool.settle(record.key, record.job.account, record.job.printer_id)
        changes["job"] = replace(record.job, settled=True)
    match verdict:
        case End(outcome):
            await _end(holding, outcome, services, changes)
        case Cancel(reason):
            await _cancel(holding, services, changes, reason)
        case None:
            await _again(holding, services, changes, None)


async def _verdict(record: Record, view: JobView | None, services: SubmissionServices) -> End | Cancel | None:
    now = services.now()
    verdict = judge(record, now, services.bounds, gone=view is None)
    redirected = view is not None and view.redirected
    seen_held = redirected or any(is_held(sighting) for sighting in record.sightings)
    if not seen_held and not (isinstance(verdict, End) and await _is_virtual(record, services)):
        return verdict
    # The job of a held document says nothing of its paper: whoever held it tells how it ended.
    told = await services.state.read(collected_path(record.key))
    if told is not None:
        return End(submission_outcome(decode_collected(told.content)))
    if view is not None and not redirected and is_held(record.sightings[-1]):
        return verdict
    last = moment(record.sightings[-1].at) if record.sightings else started_at(record)
    if (now - last).total_seconds() <= services.bounds.job_seconds:
        return None
    return End(UNTOLD) if redirected else verdict


async def _is_virtual(record: Record, services: SubmissionServices) -> bool:
    """Whether the job went to a printer whose jobs are held: it may have been held between two looks."""
    try:
        printer = (await services.load_catalog()).printer(record.job.printer_id) if record.job else None
    except CatalogUnreadable:
        return False
    return printer is not None and printer.virtual


async def _view(record: Record, services: SubmissionServices) -> JobView | None:
    job = record.job
    if job is None or job.id is None:
        return None
    try:
        return await services.graph.get_job(job.account, job.share_id, job.id)
    except GraphNotFound:
        return None


async def _end(holding: Holding, outcome: Outcome, services: SubmissionServices, changes: dict[str, Any]) -> None:
    await holding.save(**changes)
    await begin_closing(holding, outcome, services)
    await finish_closing(holding, services)


async def _cancel(holding: Holding, services: SubmissionServices, changes: dict[str, Any], reason: str) -> None:
    """Ask for the cancellation and look again: only what the job then says tells whether paper came out."""
    job = holding.record.job
    if job is not None and job.id is not None:
        try:
            await services.graph.cancel(job.account, job.printer_id, job.id)
        except (GraphConflict, GraphNotFound, GraphDenied) as error:
            reason = f"{reason}; the cancellation was refused ({error.code})"
        changes["job"] = replace(changes.get("job", job), cancel_asked=timestamp(services.now()))
    await _again(holding, services, changes, f"cancelled by us: {reason}")


async def _again(holding: Holding, services: SubmissionServices, changes: dict[str, Any], event: str | None) -> None:
    record = holding.record
    age = (services.now() - started_at(record)).total_seconds()
    delay = poll_delay(age, services.bounds)
    until = timestamp(services.now() + timedelta(seconds=delay))
    await put_off(holding, services.jobs, delay, event, next_at=until, **changes)


def _with_sighting(record: Record, view: JobView | None, at: str) -> Record:
    if view is None:
        return record
    return replace(record, sightings=with_sighting(record.sightings, view.state, view.details, view.description, at))
