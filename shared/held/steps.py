"""The writes that move a held entry on, each with the message that finds it again."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

from shared.errors import PrintFunctionsError, StorageConflict, Superseded
from shared.held.entry import HeldEntry, HeldRelease, HeldState
from shared.held.lookup import RUNNING_TASK
from shared.held.rows import ledger_row
from shared.names import collected_path
from shared.submission.collected import Collected, encode_collected
from shared.tasks.messages import released_message
from shared.tasks.record import TaskAlert, TaskRecordUnreadable
from shared.tasks.services import TaskServices
from shared.telemetry.names import shown
from shared.telemetry.signals import count
from shared.times import timestamp

logger = logging.getLogger(__name__)


class ClaimLost(StorageConflict):
    """Somebody else wrote the entry before the claim was written: nothing was done."""


def claim_end(services: TaskServices) -> str:
    """Until when a claim stands that is written now."""
    return timestamp(services.now() + timedelta(seconds=services.bounds.claim_seconds))


def new_run(services: TaskServices) -> str:
    """A name for one call that no other call has."""
    return f"{int(services.random() * 2**53):014x}"


async def look_later(entry: HeldEntry, delay: float, services: TaskServices) -> None:
    """Queue a look at this version of the entry."""
    await services.events.send(released_message(entry.path, entry.sequence, entry.task_id, entry.run), delay)


def next_look(entry: HeldEntry, delay: float, services: TaskServices) -> HeldEntry:
    """The next version of the entry, which is to be looked at after `delay` seconds."""
    due = timestamp(services.now() + timedelta(seconds=delay))
    return replace(entry, sequence=entry.sequence + 1, due=due)


async def claim(
    entry: HeldEntry, etag: str, delay: float, services: TaskServices, **changes: Any
) -> tuple[HeldEntry, str]:
    """Write a claim, and queue the look after `delay` seconds that goes on from it. Raises ClaimLost.

    Both are sent at once: the message of a claim that was not written is dropped for its run, and upkeep finds an entry
    without one. A look that comes while the claim stands comes back until it is let go or lapses.
    """
    claimed = replace(next_look(entry, delay, services), told=False, **changes)
    saved, queued = await asyncio.gather(
        services.entries.save(claimed, etag), look_later(claimed, delay, services), return_exceptions=True
    )
    if isinstance(saved, StorageConflict):
        raise ClaimLost(str(saved)) from saved
    if isinstance(saved, BaseException):
        raise saved
    if isinstance(queued, Exception):
        logger.warning("%s: the look after its claim could not be queued: %s", entry.path, type(queued).__name__)
    elif isinstance(queued, BaseException):
        raise queued
    return claimed, saved


async def as_sent(entry: HeldEntry, printer_id: str, job_id: str, services: TaskServices) -> HeldEntry:
    """The entry as that of a job that lies at a printer."""
    now = timestamp(services.now())
    # A release that was taken back as not done may be done late by the service.
    late = HeldRelease(
        None, printer_id, "", entry.user_principal_name, entry.configuration, now, now, new_run(services)
    )
    release = entry.release or late
    if not release.printer_name or release.printer_id.lower() != printer_id.lower():
        # A release before this one was done after all, and its reply was lost.
        printer = (await services.load_catalog()).printer(printer_id)
        release = replace(release, printer_id=printer_id, printer_name=printer.display_name if printer else printer_id)
    release = replace(release, destination_job_id=job_id)
    return replace(entry, state=HeldState.RELEASED, release=release, ending=None)


async def save_sent(moved: HeldEntry, etag: str, services: TaskServices, *, look_queued: bool) -> None:
    """Write down that the job lies at a printer, where it is followed from. Raises StorageConflict.

    `look_queued` says that the look which the claim queued is still to come: a release costs one message then.
    """
    if not look_queued:
        delay = services.bounds.poll_first_seconds
        moved = next_look(moved, delay, services)
        await look_later(moved, delay, services)
    await services.entries.save(moved, etag)
    count("print.released")


async def back_to_held(entry: HeldEntry, etag: str, services: TaskServices) -> tuple[HeldEntry, str]:
    """Hold the job again after a release or an end that was not done. Raises StorageConflict."""
    held = replace(entry, state=HeldState.HELD, sequence=entry.sequence + 1, due=None, release=None, ending=None)
    return held, await services.entries.save(held, etag)


async def close(entry: HeldEntry, outcome: str, code: str, reason: str, services: TaskServices) -> None:
    """Write the end into the ledger, and for the dropped file whose document it was. Can be repeated."""
    row = ledger_row(entry, outcome, code, reason, services.now())
    await services.ledger.write(row)
    if entry.submission is None:
        return
    collected = Collected(outcome, code, reason, row.person or "", row.printer_name or "", row.ended)
    try:
        await services.state.create(collected_path(entry.submission), encode_collected(collected))
    except StorageConflict:
        logger.info("%s was told of its end already", entry.submission)


def called(entry: HeldEntry) -> str:
    """What an alert calls the job, which goes to the log as well."""
    return f"{shown(entry.document_name)} of {entry.user_principal_name}"


async def note_alert(entry: HeldEntry, code: str, text: str, services: TaskServices) -> None:
    """Put an alert on the task's record, where reconcile finds it. Who writes it first, wins: it is one alert."""
    try:
        loaded = await services.tasks.load(entry.task_id)
        if loaded is not None:
            await services.tasks.save(replace(loaded[0], alert=TaskAlert(code, text)), loaded[1])
    except (Superseded, TaskRecordUnreadable) as error:
        logger.warning("%s: no alert was noted: %s", entry.path, error)


async def report_done(definition_id: str, task_id: str, services: TaskServices) -> None:
    """Complete the task of a job that has ended, where the service has not. Only ever after the job's end is known.

    Graph: printtask asks the app to report completion itself. To do so while the job waits would let it print.
    """
    try:
        task = await services.graph.get_task(definition_id, task_id)
        if task.state == RUNNING_TASK:
            await services.graph.complete_task(definition_id, task_id)
    except PrintFunctionsError as error:
        # The job cannot print any more; the service clears its task in time.
        logger.info("task %s was not reported done: %s", task_id, error)
