"""Releases or discards the jobs that a person chose at a kiosk: only that person's, only to this kiosk's printer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from shared.audit import DISCARD, RELEASE, entry
from shared.errors import KioskRefused
from shared.held.reasons import Reason
from shared.held.releasing import Note, ReleaseCode, ReleaseOutcome, discard, release
from shared.kiosk.admission import Admitted, admit, owner_ids
from shared.kiosk.devices import Device
from shared.kiosk.requests import JobWanted, job_id, read_jobs
from shared.kiosk.services import KioskServices

NOT_YOURS = "This job is not yours to collect."


async def redirect_jobs(device: Device, session: str, body: bytes, services: KioskServices) -> dict[str, Any]:
    """Release jobs to the kiosk's own printer, all at once. Raises KioskRefused; a job's trouble is its outcome."""
    admitted = await admit(device, session, services, acts=True)

    async def one(job: JobWanted, note: Note) -> ReleaseOutcome:
        return await release(
            job.path,
            None,
            to_printer=admitted.kiosk.printer_id,
            kiosk_id=admitted.kiosk.id,
            by=admitted.person.user_principal_name,
            changes=job.changes,
            services=services.tasks,
            note=note,
        )

    return await _act(RELEASE, await _read(RELEASE, body, admitted, services), one, admitted, services)


async def discard_jobs(device: Device, session: str, body: bytes, services: KioskServices) -> dict[str, Any]:
    """Discard jobs, all at once. Raises KioskRefused; a job's trouble is its outcome."""
    admitted = await admit(device, session, services, acts=True)

    async def one(job: JobWanted, note: Note) -> ReleaseOutcome:
        by = admitted.person.user_principal_name
        return await discard(job.path, None, by=by, kiosk_id=admitted.kiosk.id, services=services.tasks, note=note)

    return await _act(DISCARD, await _read(DISCARD, body, admitted, services), one, admitted, services)


async def _read(event: str, body: bytes, admitted: Admitted, services: KioskServices) -> tuple[JobWanted, ...]:
    try:
        return read_jobs(body, services.bounds, with_changes=event == RELEASE)
    except KioskRefused as refused:
        kiosk, by = admitted.kiosk, admitted.person.user_principal_name
        await services.audit.write(
            entry(event, kiosk.id, kiosk.printer_id, person=by, outcome=refused.code, reason=refused.reason)
        )
        raise


async def _act(
    event: str,
    jobs: tuple[JobWanted, ...],
    one: Callable[[JobWanted, Note], Awaitable[ReleaseOutcome]],
    admitted: Admitted,
    services: KioskServices,
) -> dict[str, Any]:
    allowed = await _collectable(jobs, admitted, services)

    async def checked(job: JobWanted) -> ReleaseOutcome:
        note = partial(_note, event, job, admitted, services)
        if job.user_id.lower() in allowed:
            return await one(job, note)
        refused = ReleaseOutcome(ReleaseCode.REFUSED, Reason.NOT_YOURS, NOT_YOURS, job.path)
        await note(refused)
        return refused

    outcomes = await asyncio.gather(*(checked(job) for job in jobs))
    return {"outcomes": [_shown(job, outcome) for job, outcome in zip(jobs, outcomes, strict=True)]}


async def _note(
    event: str, job: JobWanted, admitted: Admitted, services: KioskServices, outcome: ReleaseOutcome
) -> None:
    kiosk, person = admitted.kiosk, admitted.person
    # What is deleted later is not deleted yet; who does it writes a line of its own.
    later = outcome.why == Reason.DISCARDING
    line = entry(
        event,
        kiosk.id,
        kiosk.printer_id,
        person=person.user_principal_name,
        job=f"{job.printer_id}/{job.job_id}",
        owner=job.user_id if job.user_id.lower() != person.user_id.lower() else None,
        outcome=outcome.why if later else outcome.code.value,
        reason=outcome.reason,
        destinationJob=outcome.destination_job_id,
        run=outcome.run,
    )
    await services.audit.write(line)


async def _collectable(jobs: tuple[JobWanted, ...], admitted: Admitted, services: KioskServices) -> frozenset[str]:
    """The user ids whose jobs the person may collect now; who delegated is looked up where a job asks for it."""
    own = admitted.person.user_id.lower()
    if all(job.user_id.lower() == own for job in jobs):
        return frozenset({own})
    catalog = await services.tasks.load_catalog()
    return frozenset({own, *await owner_ids(admitted.person, catalog, services)})


def _shown(job: JobWanted, outcome: ReleaseOutcome) -> dict[str, str]:
    return {
        "id": job_id(f"held/{job.user_id}/{job.printer_id}/{job.job_id}"),
        "document": outcome.document,
        "outcome": outcome.code.value,
        "reason": outcome.reason,
        "reasonCode": outcome.why,
        "printer": outcome.printer,
    }
