"""Releases a held job to a printer, or discards it: claimed first, so that two kiosks cannot both do it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import Any

from shared.errors import (
    DocumentRejected,
    GraphError,
    GraphThrottled,
    GraphUnavailable,
    NoReply,
    NotNow,
    PrintFunctionsError,
    StorageConflict,
)
from shared.held.audited import Told
from shared.held.destination import fit
from shared.held.ending import Finish, begin_ending, finish_ending
from shared.held.entry import HeldEntry, HeldOutcome, HeldRelease, HeldState
from shared.held.lookup import Ended, LetGo, Sent, Waiting, look_up
from shared.held.reasons import Reason
from shared.held.recovery import recover
from shared.held.steps import ClaimLost, as_sent, back_to_held, claim, claim_end, new_run, save_sent
from shared.tasks.services import TaskServices
from shared.telemetry.signals import span, trace_of
from shared.times import moment, timestamp

logger = logging.getLogger(__name__)

NOT_HELD = "The job is not held any more."
NOT_REACHED = "The print service did not answer. The job is still here: try again in a moment."
DISCARDING = "It is deleted as soon as the print service answers. It will not be printed."
# A reply that was lost says neither that the job is still here nor that it is not.
ENDED_ELSEWHERE = "The job has ended elsewhere."
UNCLEAR = "The print service did not say what became of it. Look at the printer, and here again in a minute."


class ReleaseCode(StrEnum):
    """What came of it, for one job."""

    RELEASED = "released"
    DISCARDED = "discarded"
    ALREADY_GONE = "alreadyGone"
    REFUSED = "refused"
    TRY_AGAIN = "tryAgain"


@dataclass(frozen=True, slots=True)
class ReleaseOutcome:
    """What came of one job: a stable word and a sentence for the person who stands there.

    `why` is a stable word for the sentence: a Reason, or what the held job's end is called. `path` and `document` name
    the job, `printer` the one that it went to; `destination_job_id` is the job there, where there is one. `run` names
    the claim, where this call had one.
    """

    code: ReleaseCode
    why: str
    reason: str
    path: str
    document: str = ""
    printer: str = ""
    destination_job_id: str | None = None
    run: str | None = None


# Writes the outcome into the audit.
Note = Callable[[ReleaseOutcome], Awaitable[None]]


async def release(
    entry_path: str,
    etag: str | None,
    *,
    to_printer: str,
    kiosk_id: str | None,
    by: str,
    changes: Mapping[str, Any],
    services: TaskServices,
    note: Note | None = None,
) -> ReleaseOutcome:
    """Send the held job to the printer with the id `to_printer` (Graph: printjob-redirect).

    `etag` is the version that a listing showed, or None; a job that changed since then is looked at again. `changes`
    are printJobConfiguration properties that the person chose: copies, colorMode, duplexMode. `by` is a user principal
    name. Who may collect the job is for the caller to check. Raises nothing that concerns this one job: every trouble
    is an outcome, so that many releases can run together. `note` is told the outcome once, and where the job was
    claimed before the claim is let go: until then whoever goes on after a death writes the audit.
    """
    told = Told(note)
    wanted = _Wanted(to_printer, kiosk_id, by, changes, told)
    return await _answered(entry_path, lambda: _release(entry_path, etag, wanted, services), told)


async def discard(
    entry_path: str,
    etag: str | None,
    *,
    by: str,
    kiosk_id: str | None,
    services: TaskServices,
    note: Note | None = None,
) -> ReleaseOutcome:
    """Abort the held job because the person does not want it (Graph: printjob-abort). See `release`."""
    told = Told(note)
    return await _answered(entry_path, lambda: _discard(entry_path, etag, by, kiosk_id, told, services), told)


@dataclass(frozen=True, slots=True)
class _Wanted:
    to_printer: str
    kiosk_id: str | None
    by: str
    changes: Mapping[str, Any]
    told: Told[ReleaseOutcome]


async def _answered(
    path: str, work: Callable[[], Awaitable[ReleaseOutcome]], told: Told[ReleaseOutcome]
) -> ReleaseOutcome:
    outcome = await _outcome_of(path, work)
    await told(outcome)
    return outcome


async def _outcome_of(path: str, work: Callable[[], Awaitable[ReleaseOutcome]]) -> ReleaseOutcome:
    try:
        try:
            return await work()
        except ClaimLost:
            # Whoever wrote may have taken the job, or have noted only that a notice was shown.
            return await work()
    except StorageConflict:
        return ReleaseOutcome(ReleaseCode.ALREADY_GONE, Reason.SOMEBODY_FASTER, "Somebody else was faster.", path)
    except PrintFunctionsError as error:
        logger.warning("%s: not known yet what came of it: %s", path, error)
        return ReleaseOutcome(ReleaseCode.TRY_AGAIN, Reason.UNCLEAR, UNCLEAR, path)
    except Exception:
        # One job's trouble must not take the others' answers with it; the claim's message goes on with it.
        logger.exception("%s could not be handled", path)
        return ReleaseOutcome(ReleaseCode.TRY_AGAIN, Reason.UNCLEAR, UNCLEAR, path)


async def _release(path: str, etag: str | None, wanted: _Wanted, services: TaskServices) -> ReleaseOutcome:
    taken = await _take(path, etag, wanted.kiosk_id, services)
    if isinstance(taken, ReleaseOutcome):
        return taken
    entry, current = taken
    with span("release job", trace_of(entry.task_id), **{"print.task": entry.task_id}):
        return await _send_on(entry, current, wanted, services)


async def _send_on(entry: HeldEntry, current: str, wanted: _Wanted, services: TaskServices) -> ReleaseOutcome:
    try:
        catalog = await services.load_catalog()
    except PrintFunctionsError:
        logger.exception("%s: not released, because there is no catalog", entry.path)
        return _outcome(entry, ReleaseCode.TRY_AGAIN, Reason.NOT_REACHED, NOT_REACHED)
    printer = catalog.printer(wanted.to_printer)
    if printer is None or printer.virtual:
        reason = "This printer is not known. Ask the operator to publish it."
        return _outcome(entry, ReleaseCode.REFUSED, Reason.PRINTER_UNKNOWN, reason)
    try:
        configuration = fit(
            entry.configuration,
            entry.content_type,
            wanted.changes,
            printer,
            conversion=catalog.document_conversion_enabled,
        )
    except DocumentRejected as rejected:
        return _outcome(entry, ReleaseCode.REFUSED, rejected.code, rejected.reason)
    asked = HeldRelease(
        kiosk_id=wanted.kiosk_id,
        printer_id=printer.id,
        printer_name=printer.display_name,
        by=wanted.by,
        configuration=configuration,
        at=timestamp(services.now()),
        until=claim_end(services),
        run=new_run(services),
    )
    first = services.bounds.poll_first_seconds
    entry, current = await claim(
        entry, current, first, services, state=HeldState.RELEASING, release=asked, outcome=None
    )
    return await _redirect(entry, current, wanted.told, services)


async def _redirect(entry: HeldEntry, etag: str, told: Told[ReleaseOutcome], services: TaskServices) -> ReleaseOutcome:
    asked = entry.release
    if asked is None:
        raise StorageConflict(f"{entry.path} is not being released")
    try:
        job_id = await services.graph.redirect(entry.printer_id, entry.job_id, asked.printer_id, asked.configuration)
    except (NotNow, GraphThrottled) as error:
        # The service was not reached, or turned the call away unread.
        logger.info("%s: not released: %s", entry.path, error)
        outcome = _claimed(entry, ReleaseCode.TRY_AGAIN, Reason.NOT_REACHED, NOT_REACHED)
        await told(outcome)
        await back_to_held(entry, etag, services)
        return outcome
    except (GraphError, NoReply) as error:
        logger.warning("%s: a release had no clear answer: %s", entry.path, error)
        return await _unclear(entry, etag, error, told, services)
    return await _was_sent(entry, etag, Sent(asked.printer_id, job_id), told, services)


async def _unclear(
    entry: HeldEntry, etag: str, error: GraphError | NoReply, told: Told[ReleaseOutcome], services: TaskServices
) -> ReleaseOutcome:
    """The job itself tells whether it was sent; only then anything else may be done."""
    seen = await look_up(entry, services)
    match seen:
        case Sent():
            return await _was_sent(entry, etag, seen, told, services)
        case Ended() | LetGo():
            outcome = _claimed(entry, ReleaseCode.ALREADY_GONE, Reason.ENDED_ELSEWHERE, ENDED_ELSEWHERE)
            await told(outcome)
            await recover(entry, etag, seen, services, noted=True)
            return outcome
        case Waiting():
            pass
    if isinstance(error, GraphError) and not isinstance(error, GraphUnavailable):
        refused = f"The print service refused it: {error.message}"
        outcome = _claimed(entry, ReleaseCode.REFUSED, Reason.SERVICE_REFUSED, refused)
        await told(outcome)
        await back_to_held(entry, etag, services)
        return outcome
    # The service may still be at it: the claim stands a little longer before anybody asks again.
    settled = timestamp(services.now() + timedelta(seconds=services.bounds.release_settle_seconds))
    if entry.release is not None:
        await services.entries.save(replace(entry, release=replace(entry.release, until=settled)), etag)
    return _claimed(entry, ReleaseCode.TRY_AGAIN, Reason.UNCLEAR, UNCLEAR)


async def _was_sent(
    entry: HeldEntry, etag: str, seen: Sent, told: Told[ReleaseOutcome], services: TaskServices
) -> ReleaseOutcome:
    moved = await as_sent(entry, seen.printer_id, seen.job_id, services)
    name = moved.release.printer_name if moved.release else seen.printer_id
    outcome = _claimed(entry, ReleaseCode.RELEASED, Reason.SENT_TO, f"Sent to {name}.", name, seen.job_id)
    await told(outcome)
    try:
        await save_sent(moved, etag, services, look_queued=True)
    except StorageConflict:
        # The claim lapsed meanwhile, and whoever took it over saw the same job.
        logger.info("%s was released while its claim lapsed", entry.path)
    return outcome


async def _discard(
    path: str,
    etag: str | None,
    by: str,
    kiosk_id: str | None,
    told: Told[ReleaseOutcome],
    services: TaskServices,
) -> ReleaseOutcome:
    taken = await _take(path, etag, kiosk_id, services)
    if isinstance(taken, ReleaseOutcome):
        return taken
    entry, current = taken
    outcome = HeldOutcome("discarded", "Discarded at the printer.", timestamp(services.now()))
    with span("discard job", trace_of(entry.task_id), **{"print.task": entry.task_id}):
        entry, current = await begin_ending(entry, current, outcome, services, by=by, kiosk_id=kiosk_id)
        discarded = _claimed(entry, ReleaseCode.DISCARDED, Reason.DISCARDED, outcome.reason)
        match await finish_ending(entry, current, services, note=partial(told, discarded)):
            case Finish.ENDED:
                return discarded
            case Finish.GONE:
                return _claimed(entry, ReleaseCode.ALREADY_GONE, Reason.ENDED_ELSEWHERE, ENDED_ELSEWHERE)
            case Finish.REFUSED:
                refused = "The print service refused to delete it."
                return _claimed(entry, ReleaseCode.REFUSED, Reason.SERVICE_REFUSED, refused)
    # The claim stands: nobody can collect it, and the look that follows tries until the service answers.
    return _claimed(entry, ReleaseCode.DISCARDED, Reason.DISCARDING, DISCARDING)


async def _take(
    path: str, etag: str | None, kiosk_id: str | None, services: TaskServices
) -> tuple[HeldEntry, str] | ReleaseOutcome:
    """The entry and its ETag where it is held, after looking up a release that nobody finished."""
    loaded = await services.entries.load(path)
    if loaded is None:
        return ReleaseOutcome(ReleaseCode.ALREADY_GONE, Reason.NOT_HELD, NOT_HELD, path)
    entry, current = loaded
    if etag is not None and etag != current:
        logger.info("%s changed since it was listed", path)
    release = entry.release
    if entry.state is HeldState.RELEASING and release and moment(release.until) <= services.now():
        seen = await look_up(entry, services)
        recovered = await recover(entry, current, seen, services)
        if isinstance(seen, Sent):
            return _gone_to(await as_sent(entry, seen.printer_id, seen.job_id, services))
        if recovered is None:
            return _outcome(entry, ReleaseCode.ALREADY_GONE, Reason.NOT_HELD, NOT_HELD)
        entry, current = recovered
    if entry.state is HeldState.HELD:
        return entry, current
    if entry.state is HeldState.RELEASING and entry.release and entry.release.kiosk_id == kiosk_id:
        sending = "It is still being sent: try again in a moment."
        return _outcome(entry, ReleaseCode.TRY_AGAIN, Reason.STILL_SENDING, sending)
    if entry.outcome is not None:
        return _outcome(entry, ReleaseCode.ALREADY_GONE, entry.outcome.code, entry.outcome.reason)
    if entry.release is None:
        return _outcome(entry, ReleaseCode.ALREADY_GONE, Reason.NOT_HELD, NOT_HELD)
    return _gone_to(entry)


def _gone_to(entry: HeldEntry) -> ReleaseOutcome:
    name = entry.release.printer_name if entry.release else ""
    return _outcome(entry, ReleaseCode.ALREADY_GONE, Reason.SENT_TO, f"It was sent to {name}.", name)


def _outcome(
    entry: HeldEntry, code: ReleaseCode, why: str, reason: str, printer: str = "", job_id: str | None = None
) -> ReleaseOutcome:
    return ReleaseOutcome(code, why, reason, entry.path, entry.document_name, printer, job_id)


def _claimed(
    entry: HeldEntry, code: ReleaseCode, why: str, reason: str, printer: str = "", job_id: str | None = None
) -> ReleaseOutcome:
    """The outcome of the call whose claim the entry has."""
    return replace(_outcome(entry, code, why, reason, printer, job_id), run=entry.run)
