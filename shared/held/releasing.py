"""Releases a held job to a printer, or discards it: claimed first, so that two kiosks cannot both do it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.tasks.services import TaskServices


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

    `path` and `document` name the job; `destination_job_id` is the job at the printer, where there is one.
    """

    code: ReleaseCode
    reason: str
    path: str
    document: str = ""
    destination_job_id: str | None = None


async def release(
    entry_path: str,
    etag: str | None,
    *,
    to_printer: str,
    kiosk_id: str | None,
    by: str,
    changes: Mapping[str, Any],
    services: TaskServices,
) -> ReleaseOutcome:
    """Send the held job to the printer with the id `to_printer` (Graph: printjob-redirect).

    `etag` is the version that a listing showed, or None; a job that changed since then is looked at again. `changes`
    are printJobConfiguration properties that the person chose: copies, colorMode, duplexMode. `by` is a user principal
    name. Who may collect the job is for the caller to check. Raises nothing that concerns this one job: every trouble
    is an outcome, so that many releases can run together.
    """
    raise NotImplementedError


async def discard(
    entry_path: str, etag: str | None, *, by: str, kiosk_id: str | None, services: TaskServices
) -> ReleaseOutcome:
    """Abort the held job because the person does not want it (Graph: printjob-abort). See `release`."""
    raise NotImplementedError
