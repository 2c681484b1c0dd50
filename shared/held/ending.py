"""Ends a held job that nobody will collect: discarded, expired, or aborted by a rule or an operator."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from enum import StrEnum

from shared.errors import GraphError, GraphThrottled, GraphUnavailable, NoReply, NotNow
from shared.held.audited import note_discarded, note_found
from shared.held.entry import HeldEnding, HeldEntry, HeldOutcome, HeldState
from shared.held.lookup import Ended, Waiting, look_up
from shared.held.recovery import recover
from shared.held.steps import back_to_held, called, claim, claim_end, close, new_run, report_done
from shared.submission.claims import CLAIM_MARGIN_SECONDS
from shared.tasks.services import TaskServices

logger = logging.getLogger(__name__)

DISCARDED, EXPIRED, ABORTED = "discarded", "expired", "aborted"
# The alert for a job that was to end and is held again.
ABORT_REFUSED = "abortRefused"
# What the person is told of at the next tap, and as what.
_TOLD = {EXPIRED: HeldState.EXPIRED, ABORTED: HeldState.FAILED}


async def begin_ending(
    entry: HeldEntry,
    etag: str,
    outcome: HeldOutcome,
    services: TaskServices,
    *,
    by: str | None = None,
    kiosk_id: str | None = None,
) -> tuple[HeldEntry, str]:
    """Claim a held job for its end. Raises StorageConflict where somebody else was faster."""
    ending = HeldEnding(outcome, claim_end(services), new_run(services), by, kiosk_id)
    delay = services.bounds.claim_seconds + CLAIM_MARGIN_SECONDS
    return await claim(entry, etag, delay, services, state=HeldState.ENDING, ending=ending)


class Finish(StrEnum):
    """How far it came: ended, to be tried again, gone to a printer before, or refused by the service and held again."""

    ENDED = "ended"
    LATER = "later"
    GONE = "gone"
    REFUSED = "refused"


async def finish_ending(
    entry: HeldEntry, etag: str, services: TaskServices, *, note: Callable[[], Awaitable[None]] | None = None
) -> Finish:
    """Abort the job (Graph: printjob-abort) and write its end down.

    Can be repeated at any point: the ledger keeps one row for a task, and a job is aborted once. `note` writes the
    audit of whoever waits for the answer, just before the entry ends; without one the line says it was found later.
    """
    ending = entry.ending
    if ending is None:
        return Finish.LATER
    try:
        await services.graph.abort(entry.printer_id, entry.job_id, ending.outcome.reason)
    except (NotNow, GraphThrottled) as error:
        logger.info("%s: not ended yet: %s", entry.path, error)
        return Finish.LATER
    except (GraphError, NoReply) as error:
        seen = await look_up(entry, services)
        if isinstance(seen, Waiting):
            if isinstance(error, (GraphUnavailable, NoReply)):
                return Finish.LATER
            logger.exception("%s: the service refuses to abort the job", entry.path)
            if note is None:
                await note_found(entry, seen, services)
            await back_to_held(entry, etag, services)
            return Finish.REFUSED
        if not isinstance(seen, Ended):
            await recover(entry, etag, seen, services, noted=note is not None)
            return Finish.GONE
    await (note() if note else note_discarded(entry, services))
    await _write_end(entry, etag, ending.outcome, services)
    return Finish.ENDED


def refused_text(entry: HeldEntry) -> str:
    """The sentence of the alert ABORT_REFUSED. Pure."""
    steps = "`printops held abort` tries again, `printops held release` prints it"
    return f"{called(entry)} is held: Graph refuses to abort it. {steps}"


async def _write_end(entry: HeldEntry, etag: str, outcome: HeldOutcome, services: TaskServices) -> None:
    await close(entry, outcome.code, outcome.code, outcome.reason, services)
    await report_done(entry.definition_id, entry.task_id, services)
    told = _TOLD.get(outcome.code)
    if told is None:
        await services.entries.remove(entry.path)
        return
    ended = replace(entry, state=told, sequence=entry.sequence + 1, due=None, ending=None, outcome=outcome, told=False)
    await services.entries.save(ended, etag)
