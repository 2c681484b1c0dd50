"""Goes on with an entry whose claim lapsed, by what the service says of its job."""

from __future__ import annotations

import logging

from shared.errors import StorageConflict
from shared.held.audited import note_found
from shared.held.entry import HeldEntry
from shared.held.lookup import Ended, LetGo, Sent, Waiting
from shared.held.steps import as_sent, back_to_held, close, report_done, save_sent
from shared.tasks.services import TaskServices

logger = logging.getLogger(__name__)


async def recover(
    entry: HeldEntry,
    etag: str,
    seen: Sent | Ended | Waiting | LetGo,
    services: TaskServices,
    *,
    noted: bool = False,
) -> tuple[HeldEntry, str] | None:
    """The entry and its ETag where the job is held again, None where it is not.

    What became of it goes into the audit first, unless it was `noted` there by the one that was asked.
    """
    await note_found(entry, seen, services, noted=noted)
    match seen:
        case Sent(printer_id, job_id):
            try:
                moved = await as_sent(entry, printer_id, job_id, services)
                await save_sent(moved, etag, services, look_queued=False)
            except StorageConflict:
                logger.info("%s was recovered by another worker", entry.path)
            return None
        case Waiting():
            return await back_to_held(entry, etag, services)
        case Ended(state, description):
            said = f" ({description})" if description else ""
            outcome, reason = _end_elsewhere(state, said)
            await close(entry, outcome, f"job{state.capitalize()}", reason, services)
            await report_done(entry.definition_id, entry.task_id, services)
        case LetGo():
            reason = "The print service let the job go on where it was sent to."
            await close(entry, "failed", "taskEnded", reason, services)
    await services.entries.remove(entry.path)
    return None


def _end_elsewhere(state: str, said: str) -> tuple[str, str]:
    if state == "completed":
        return "completed", f"The job was printed where it was sent to{said}."
    if state == "gone":
        return "failed", "The print service no longer knows the job; it was not printed from here."
    return "discarded" if state == "canceled" else "failed", f"The job was {state} while it was held{said}."
