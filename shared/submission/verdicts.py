"""Decides from a job's states what becomes of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from shared.bounds import Bounds
from shared.submission.record import Outcome, Record, Result, moment


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
    """What to do with a started job by its newest sighting; `gone` means that Graph no longer knows it.

    Final states are those of Graph's printJobProcessingState: completed, canceled, aborted.
    """
    newest = record.sightings[-1] if record.sightings else None
    cancelled = record.job is not None and record.job.cancel_asked is not None
    said = f" ({newest.description})" if newest and newest.description else ""
    if newest is not None and newest.state == "completed":
        return End(_completed(newest.details))
    if newest is not None and newest.state == "canceled":
        if not cancelled:
            return End(Outcome(Result.FAILED, "canceled", f"Somebody cancelled the job{said}."))
        return End(Outcome(Result.FAILED, "tookTooLong", f"The job was cancelled here because {_why(record, bounds)}."))
    if newest is not None and newest.state == "aborted":
        return End(Outcome(Result.FAILED, "aborted", f"The printer or Universal Print aborted the job{said}."))
    if gone:
        return End(
            Outcome(
                Result.FAILED,
                "outcomeUnknown",
                "Universal Print no longer knows the job, and its end was not seen. "
                "Look at the printer's output; retry this document only if no paper came out.",
            )
        )
    reason = _overdue(record, now, bounds)
    if cancelled and (now - started_at(record)).total_seconds() > bounds.give_up_seconds:
        return End(
            Outcome(
                Result.FAILED,
                "outcomeUnknown",
                f"Universal Print neither finished nor cancelled the job{said}. "
                "Look at the printer's output; retry this document only if no paper came out.",
            )
        )
    return Cancel(reason) if reason and not cancelled else None


def _why(record: Record, bounds: Bounds) -> str:
    """The reason for which the cancellation was asked, from what had been seen by then."""
    asked = record.job.cancel_asked if record.job else None
    if asked is None:
        return "it took too long"
    seen = tuple(sighting for sighting in record.sightings if moment(sighting.at) <= moment(asked))
    return _overdue(replace(record, sightings=seen), moment(asked), bounds) or "it took too long"


def _completed(details: tuple[str, ...]) -> Outcome:
    if "completedWithErrors" in details:
        return Outcome(Result.COMPLETED, "completedWithErrors", "The printer finished the job and reported errors.")
    if "completedWithWarnings" in details:
        return Outcome(Result.COMPLETED, "completedWithWarnings", "The printer finished the job and reported warnings.")
    return Outcome(Result.COMPLETED, "completed", "The printer finished the job.")


def _overdue(record: Record, now: datetime, bounds: Bounds) -> str | None:
    since = None
    # A printer that is stopped may report other details: it is stopped since the first of these sightings.
    for sighting in reversed(record.sightings):
        if sighting.state != "stopped":
            break
        since = moment(sighting.at)
    if since is not None:
        stopped = (now - since).total_seconds()
        if stopped > bounds.stopped_seconds:
            return f"the printer was stopped for {stopped / 3600:.1f} hours"
    age = (now - started_at(record)).total_seconds()
    if age > bounds.job_seconds:
        return f"it was not finished within {bounds.job_seconds / 3600:.0f} hours"
    return None
