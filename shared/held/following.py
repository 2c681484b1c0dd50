"""Follows a released job to its end: "released" is not "printed"."""

from __future__ import annotations

import logging
from dataclasses import replace

from shared.errors import GraphNotFound, NotNow, PrintFunctionsError, StorageConflict
from shared.held.ending import ABORT_REFUSED, Finish, finish_ending, refused_text
from shared.held.entry import HeldEntry, HeldOutcome, HeldState
from shared.held.lookup import FINAL_JOB_STATES, RUNNING_TASK, look_up
from shared.held.recovery import recover
from shared.held.steps import back_to_held, called, close, look_later, next_look, note_alert
from shared.submission.claims import CLAIM_MARGIN_SECONDS, poll_delay
from shared.submission.record import Result
from shared.submission.verdicts import final_outcome, overdue_reason, stopped_since, with_sighting
from shared.tasks.messages import ReleasedEvent, released_message
from shared.tasks.services import TaskServices
from shared.telemetry.signals import span, trace_of
from shared.times import moment, timestamp

logger = logging.getLogger(__name__)

# A look that comes before the version it was made for waits this long for it.
EARLY_SECONDS = 5.0
# A look at a claim that stands comes back after this: a release mostly takes seconds, its claim stands for minutes.
CLAIMED_SECONDS = 10.0
STOPPED = "stopped"
# The alert for a job that was released and did not print.
FAILED_ALERT = "releasedJobFailed"


async def follow(event: ReleasedEvent, services: TaskServices) -> None:
    """Handle one {"kind": "released"} message: look at the entry's job, or go on with what a dead worker left.

    A message from before the newest version is dropped, and so is that of a call which lost the race for this one.
    """
    path, looks = event.path, event.looks
    loaded = await services.entries.load(path)
    if loaded is None:
        return
    entry, etag = loaded
    claimed = entry.release if entry.state is HeldState.RELEASING else entry.ending
    left = (moment(claimed.until) - services.now()).total_seconds() if claimed else 0.0
    if looks > entry.sequence and left > 0:
        await services.events.send(released_message(path, looks, entry.task_id, event.run), EARLY_SECONDS)
        return
    if looks != entry.sequence or event.run not in (None, entry.run):
        return
    if entry.state in (HeldState.RELEASING, HeldState.ENDING) and left > 0:
        await look_later(entry, min(left + CLAIM_MARGIN_SECONDS, CLAIMED_SECONDS), services)
        return
    try:
        with span("follow released job", trace_of(entry.task_id), **{"print.task": entry.task_id}):
            await _go_on(entry, etag, services)
    except StorageConflict:
        logger.info("%s was taken over", path)
    except NotNow as error:
        await look_later(entry, max(error.delay, 1.0), services)
    except PrintFunctionsError as error:
        logger.warning("%s: looked at later: %s", path, error)
        await look_later(entry, services.bounds.poll_longest_seconds, services)


async def _go_on(entry: HeldEntry, etag: str, services: TaskServices) -> None:
    if entry.state is HeldState.RELEASING:
        await recover(entry, etag, await look_up(entry, services), services)
    elif entry.state is HeldState.ENDING:
        finish = await finish_ending(entry, etag, services)
        if finish is Finish.LATER:
            await look_later(entry, services.bounds.poll_longest_seconds, services)
        elif finish is Finish.REFUSED:
            await note_alert(entry, ABORT_REFUSED, refused_text(entry), services)
    elif is_followed(entry):
        await _look(entry, etag, services)


def is_followed(entry: HeldEntry) -> bool:
    """Whether the job lies at a printer, and its end is not known."""
    stopped = entry.state is HeldState.FAILED and entry.outcome is not None and entry.outcome.code == STOPPED
    return entry.state is HeldState.RELEASED or stopped


async def _look(entry: HeldEntry, etag: str, services: TaskServices) -> None:
    release = entry.release
    if release is None or release.destination_job_id is None:
        return
    now, bounds = services.now(), services.bounds
    gone = False
    try:
        job = await services.graph.get_job(release.printer_id, release.destination_job_id)
        at = timestamp(now)
        sightings = with_sighting(entry.sightings, job.state, tuple(job.details), job.description, at)
        entry = replace(entry, sightings=sightings)
    except GraphNotFound:
        gone = True
    # A read may not find yet what the redirect just made, and that nobody knows it must not be told too early.
    known_for = (now - moment(release.at)).total_seconds()
    verdict = final_outcome(entry.sightings, gone=gone and known_for > bounds.job_unknown_seconds)
    if verdict is not None and verdict.result is Result.COMPLETED:
        await close(entry, "completed", verdict.code, verdict.reason, services)
        await services.entries.remove(entry.path)
        return
    overdue = overdue_reason(entry.sightings, moment(release.at), now, bounds)
    if verdict is None and overdue is None:
        await _again(entry, etag, services)
        return
    if verdict is None and stopped_since(entry.sightings) and not _too_old(entry, services):
        # The printer may yet be mended and print it, so the person is told and the job is followed on.
        reason = f"{release.printer_name} has stopped: {overdue}. It may still print the job."
        outcome = HeldOutcome(STOPPED, reason, timestamp(now))
        told = entry.told if entry.outcome and entry.outcome.code == STOPPED else False
        await _again(replace(entry, state=HeldState.FAILED, outcome=outcome, told=told), etag, services)
        if not told and entry.state is HeldState.RELEASED:
            await note_alert(entry, FAILED_ALERT, f"{_job(entry)}: {reason}", services)
        return
    late = f"{overdue}; it may still come out at {release.printer_name}." if overdue else ""
    code, reason = (verdict.code, verdict.reason) if verdict else ("tookTooLong", f"Not printed: {late}")
    await _fail(entry, etag, code, reason, services)


async def _fail(entry: HeldEntry, etag: str, code: str, reason: str, services: TaskServices) -> None:
    outcome = HeldOutcome(code, reason, timestamp(services.now()))
    if await _still_ours(entry, services):
        # The service lets the job be sent again, so the person may try another printer.
        held, etag = await back_to_held(replace(entry, outcome=outcome), etag, services)
        await note_alert(held, FAILED_ALERT, f"{_job(entry)} was not printed: {reason}", services)
        return
    await close(entry, "failed", code, reason, services)
    failed = replace(entry, state=HeldState.FAILED, sequence=entry.sequence + 1, due=None, outcome=outcome, told=False)
    await services.entries.save(failed, etag)
    await note_alert(entry, FAILED_ALERT, f"{_job(entry)} was not printed: {reason}", services)


async def _still_ours(entry: HeldEntry, services: TaskServices) -> bool:
    try:
        task = await services.graph.get_task(entry.definition_id, entry.task_id)
        source = await services.graph.get_job(entry.printer_id, entry.job_id)
    except GraphNotFound:
        return False
    return task.state == RUNNING_TASK and source.state not in FINAL_JOB_STATES


async def _again(entry: HeldEntry, etag: str, services: TaskServices) -> None:
    begun = moment(entry.release.at) if entry.release else services.now()
    delay = poll_delay((services.now() - begun).total_seconds(), services.bounds)
    entry = next_look(entry, delay, services)
    await look_later(entry, delay, services)
    await services.entries.save(entry, etag)


def _job(entry: HeldEntry) -> str:
    printer = entry.release.printer_name if entry.release else entry.printer_id
    return f"{called(entry)} at {printer}"


def _too_old(entry: HeldEntry, services: TaskServices) -> bool:
    begun = moment(entry.release.at) if entry.release else services.now()
    return (services.now() - begun).total_seconds() > services.bounds.job_seconds
