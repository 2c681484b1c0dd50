"""Decides from a job's states what becomes of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.bounds import Bounds
from shared.submission.record import JobSighting, Outcome, Record, Result
from shared.times import moment


@dataclass(frozen=True, slots=True)
class End:
    """The job is over."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Cancel:
    """The job has waited too long: cancel it, so that it cannot print when nobody expects it."""

    reason: str


def started_at(record: Record) -> datetime:
    """When the job was started, or the file accepted where that is not known."""
    return moment(record.job.started if record.job and record.job.started else record.accepted)


def judge(record: Record, now: datetime, bounds: Bounds, *, gone: bool) -> End | Cancel | None:
    """What to do with a started job by its newest sighting; `gone` means that Graph does not know it.

    That is believed once the job is old enough: no page of Graph's promises that a read finds what was just made.
    A job that a print task holds is nobody's fault, and is not cancelled here: whoever holds it ends it.
    """
    newest = record.sightings[-1] if record.sightings else None
    cancelled = record.job is not None and record.job.cancel_asked is not None
    if newest is not None and newest.state == "canceled" and cancelled:
        return End(Outcome(Result.FAILED, "tookTooLong", f"The job was cancelled here because {_why(record, bounds)}."))
    age = (now - started_at(record)).total_seconds()
    outcome = final_outcome(record.sightings, gone=gone and age > bounds.job_unknown_seconds)
    if outcome is not None:
        return End(outcome)
    if cancelled and age > bounds.give_up_seconds:
        return End(
            Outcome(
                Result.FAILED,
                "outcomeUnknown",
                f"Universal Print neither finished nor cancelled the job{_said(newest)}. "
                "Look at the printer's output; retry this document only if no paper came out.",
            )
        )
    if newest is not None and is_held(newest) and age <= bounds.give_up_seconds:
        return None
    reason = overdue_reason(record.sightings, started_at(record), now, bounds)
    return Cancel(reason) if reason and not cancelled else None


def final_outcome(sightings: Sequence[JobSighting], *, gone: bool) -> Outcome | None:
    """How a job ended by what was seen of it; None while it has not. `gone`: Graph no longer knows it.

    Final states are those of Graph's printJobProcessingState: completed, canceled, aborted.
    """
    newest = sightings[-1] if sightings else None
    if newest is not None and newest.state == "completed":
        return _completed(newest.details)
    if newest is not None and newest.state == "canceled":
        return Outcome(Result.FAILED, "canceled", f"Somebody cancelled the job{_said(newest)}.")
    if newest is not None and newest.state == "aborted":
        return Outcome(Result.FAILED, "aborted", f"The printer or Universal Print aborted the job{_said(newest)}.")
    if not gone:
        return None
    return Outcome(
        Result.FAILED,
        "outcomeUnknown",
        "Universal Print no longer knows the job, and its end was not seen. "
        "Look at the printer's output; retry this document only if no paper came out.",
    )


def is_held(sighting: JobSighting) -> bool:
    """Whether a started job waits for a print task (Graph: such a job is paused; its document is there)."""
    return sighting.state == "paused" and "uploadPending" not in sighting.details


def with_sighting(
    sightings: tuple[JobSighting, ...], state: str, details: tuple[str, ...], description: str, at: str
) -> tuple[JobSighting, ...]:
    """The sightings with a new one, where it says something new."""
    last = sightings[-1] if sightings else None
    if last is not None and (last.state, last.details) == (state, details):
        return sightings
    return (*sightings, JobSighting(state, details, description, at))


def stopped_since(sightings: Sequence[JobSighting]) -> datetime | None:
    """Since when the job is stopped; None where it is not."""
    since = None
    # A printer that is stopped may report other details: it is stopped since the first of these sightings.
    for sighting in reversed(sightings):
        if sighting.state != "stopped":
            break
        since = moment(sighting.at)
    return since


def overdue_reason(sightings: Sequence[JobSighting], started: datetime, now: datetime, bounds: Bounds) -> str | None:
    """Why a job that was started then has waited too long by now; None while it has not."""
    since = stopped_since(sightings)
    if since is not None:
        stopped = (now - since).total_seconds()
        if stopped > bounds.stopped_seconds:
            return f"the printer was stopped for {stopped / 3600:.1f} hours"
    if (now - started).total_seconds() > bounds.job_seconds:
        return f"it was not finished within {bounds.job_seconds / 3600:.0f} hours"
    return None


def _said(sighting: JobSighting | None) -> str:
    return f" ({sighting.description})" if sighting and sighting.description else ""


def _why(record: Record, bounds: Bounds) -> str:
    """The reason for which the cancellation was asked, from what had been seen by then."""
    asked = record.job.cancel_asked if record.job else None
    if asked is None:
        return "it took too long"
    seen = tuple(sighting for sighting in record.sightings if moment(sighting.at) <= moment(asked))
    return overdue_reason(seen, started_at(record), moment(asked), bounds) or "it took too long"


def _completed(details: tuple[str, ...]) -> Outcome:
    if "completedWithErrors" in details:
        return Outcome(Result.COMPLETED, "completedWithErrors", "The printer finished the job and reported errors.")
    if "completedWithWarnings" in details:
        return Outcome(Result.COMPLETED, "completedWithWarnings", "The printer finished the job and reported warnings.")
    return Outcome(Result.COMPLETED, "completed", "The printer finished the job.")
