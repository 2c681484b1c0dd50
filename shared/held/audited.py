"""The audit of held jobs: one line for what was asked of a job, also where the worker died that was asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from shared.audit import DISCARD, OPERATOR, OPERATOR_PLACE, RELEASE, entry
from shared.held.entry import HeldEntry
from shared.held.lookup import Ended, LetGo, Sent, Waiting
from shared.tasks.services import TaskServices

# What a line has that was written by whoever went on after the one that was asked.
FOUND_LATER = "afterInterruption"
_NOT_DONE = "It was interrupted, and the job is held again."


class Told[T]:
    """Tells an outcome to `note` once, and then never again. `note` None tells nobody."""

    def __init__(self, note: Callable[[T], Awaitable[None]] | None) -> None:
        self._note = note

    async def __call__(self, outcome: T) -> None:
        """Tell it, unless one was told."""
        note, self._note = self._note, None
        if note is not None:
            await note(outcome)


async def note_found(
    held: HeldEntry, seen: Sent | Ended | Waiting | LetGo, services: TaskServices, *, noted: bool = False
) -> None:
    """Write down what became of a claim that nobody finished: before the entry says so, hence at least once.

    `noted` says that whoever was asked has written his own line.
    """
    lines = found_lines(held, seen)
    await services.audit.write(*(line for line in lines if not noted or line.get("run") is None))


async def note_discarded(held: HeldEntry, services: TaskServices) -> None:
    """Write down a discard whose worker died or was not answered, which is done now."""
    if held.ending is not None:
        await services.audit.write(*_asked(held, "discarded", held.ending.outcome.reason))


def found_lines(held: HeldEntry, seen: Sent | Ended | Waiting | LetGo) -> list[dict[str, Any]]:
    """The lines for a claim that lapsed, by what the service says; none where a rule asked, or time. Pure."""
    match seen:
        case Sent(printer_id, job_id):
            sent_there = {"printer": printer_id, "destinationJob": job_id}
            if held.release is not None:
                return _asked(held, "released", "", **sent_there)
            # A release that was taken back as not done was done after all; who asked is in its own line.
            late = _line(RELEASE, None, held, "released", "", found=FOUND_LATER, **sent_there)
            return [*_asked(held, "alreadyGone", "The job was sent to a printer before."), late]
        case Waiting():
            return _asked(held, "tryAgain", _NOT_DONE)
        case Ended() | LetGo():
            return _asked(held, "alreadyGone", "The job has ended elsewhere.")


def _asked(held: HeldEntry, outcome: str, reason: str, **more: Any) -> list[dict[str, Any]]:
    release, ending = held.release, held.ending
    if ending is not None:
        event, kiosk, by = DISCARD, ending.kiosk_id, ending.by
    elif release is not None:
        event, kiosk, by = RELEASE, release.kiosk_id, release.by
    else:
        return []
    place = kiosk or (OPERATOR_PLACE if by == OPERATOR else None)
    if place is None:
        return []
    return [_line(event, place, held, outcome, reason, person=by, run=held.run, found=FOUND_LATER, **more)]


def _line(
    event: str,
    place: str | None,
    held: HeldEntry,
    outcome: str,
    reason: str,
    *,
    printer: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    person = more.get("person")
    other = person is None or person.lower() != held.user_principal_name.lower()
    named = {"job": f"{held.printer_id}/{held.job_id}", "owner": held.user_id if other else None}
    return entry(event, place, printer, **named, outcome=outcome, reason=reason or None, **more)
