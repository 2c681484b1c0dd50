"""Print jobs as the service keeps them, and the steps of their life (Graph: printJob, printJobStatus)."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from emulator.universal_print.byte_ranges import Range
from emulator.universal_print.settings import Settings
from emulator.universal_print.world import AppRegistration, Printer, Share, User

FINAL_STATES = frozenset({"completed", "canceled", "aborted"})
NOT_A_CANDIDATE = "The job is not a candidate for processing yet."
BEING_PROCESSED = "The print job is currently being processed."
WAITING = "The print job is waiting for the printer."
CANCELED = "The print job was canceled by a user."
REDIRECTED = "The print job was redirected to another printer."
ABANDONED = "The print job was never started and has been removed."
_FIRST_JOB_ID = 1001


@dataclass(eq=False, slots=True)
class Document:
    """A job's one document. What an upload session announces becomes true when its last byte is there."""

    id: str
    display_name: str = ""
    content_type: str = ""
    size: int = 0
    uploaded: datetime | None = None
    downloaded: datetime | None = None


@dataclass(eq=False, slots=True)
class UploadSession:
    """An upload session: what was announced, what is held, which parts are on their way (ranges of bytes)."""

    token: str
    job: Job
    document_name: str
    content_type: str
    size: int
    expires: datetime
    path: Path
    held: list[Range] = field(default_factory=list)
    in_flight: list[Range] = field(default_factory=list)
    open: bool = True


@dataclass(eq=False, slots=True)
class Job:
    """A job. `pages`, `sheets`, `color` and `paper` are the printer's word; `history` has every state with its time."""

    id: str
    printer: Printer
    share: Share | None
    created_by: User
    app: AppRegistration
    created: datetime
    configuration: dict[str, Any]
    document: Document
    payload: Path
    state: str = "paused"
    details: tuple[str, ...] = ("uploadPending",)
    description: str = NOT_A_CANDIDATE
    acquired: bool = False
    fetchable: bool = False
    acknowledged: datetime | None = None
    started: datetime | None = None
    error_code: int | None = None
    session: UploadSession | None = None
    pages: int | None = None
    sheets: int | None = None
    paper: str | None = None
    color: bool | None = None
    # The URLs of the jobs that this one came from and went on as (Graph: printJob).
    redirected_from: str | None = None
    redirected_to: str | None = None
    # Whether an app has put another document in the place of the one that was printed.
    replaced: bool = False
    # Out of Graph's sight; the emulator remembers it for reports and for its page.
    deleted: bool = False
    history: list[tuple[datetime, str, tuple[str, ...]]] = field(default_factory=list)
    finished: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_final(self) -> bool:
        """Whether nothing further happens to the job."""
        return self.state in FINAL_STATES

    @property
    def in_submission(self) -> bool:
        """Whether it counts against the ceiling of jobs in submission: until it is held or a printer may fetch it."""
        return not self.is_final and not self.fetchable and not self.is_held

    @property
    def is_held(self) -> bool:
        """Whether a task blocks the started job from printing."""
        return self.state == "paused" and self.started is not None

    @property
    def path(self) -> str:
        """Where Graph has the job, below the version."""
        return f"/print/printers/{self.printer.id}/jobs/{self.id}"

    def enter(
        self, now: datetime, state: str, details: tuple[str, ...], description: str, *, acquired: bool = False
    ) -> None:
        """Take a new state. A final one is kept for good."""
        if self.is_final:
            return
        if acquired and self.acknowledged is None:
            self.acknowledged = now
        self.state, self.details, self.description = state, details, description
        self.acquired = self.acquired or acquired
        self.history.append((now, state, details))
        if state in FINAL_STATES:
            self.finished.set()


class JobBook:
    """All jobs of the tenant, in order of creation."""

    def __init__(self, directory: Path, settings: Settings) -> None:
        self._payloads = directory / "payloads"
        self._settings = settings
        self._jobs: dict[str, Job] = {}
        self._last_id_file = directory / "last-job-id"
        self._last_id = _read_number(self._last_id_file, _FIRST_JOB_ID - 1)

    def __iter__(self) -> Iterator[Job]:
        return iter(list(self._jobs.values()))

    def create(
        self,
        printer: Printer,
        share: Share | None,
        user: User,
        app: AppRegistration,
        configuration: dict[str, Any],
        now: datetime,
    ) -> Job:
        """Make a job that waits for its document."""
        self._payloads.mkdir(parents=True, exist_ok=True)
        # An id is never used again, also not by a later run in the same directory: who keeps ids would be misled.
        self._last_id += 1
        self._last_id_file.write_text(str(self._last_id), encoding="ascii")
        job_id = str(self._last_id)
        document = Document(str(uuid.uuid4()))
        job = Job(
            job_id, printer, share, user, app, now, configuration, document, self._payloads / f"{job_id}.document"
        )
        job.history.append((now, job.state, job.details))
        self._jobs[job_id] = job
        return job

    def find(self, job_id: str) -> Job | None:
        """The job with that id."""
        return self._jobs.get(job_id)

    def of_printer(self, printer: Printer) -> list[Job]:
        """The printer's jobs, oldest first."""
        return [job for job in self._jobs.values() if job.printer is printer]

    def of_share(self, share: Share) -> list[Job]:
        """The jobs that were made on the share, oldest first."""
        return [job for job in self._jobs.values() if job.share is share]

    def remove_abandoned(self, now: datetime) -> None:
        """End the jobs that were never started and have grown too old."""
        for job in self._jobs.values():
            waits = job.started is None and not job.is_final
            if waits and job.created + self._settings.abandoned_job_lifetime <= now:
                job.enter(now, "aborted", ("completedWithErrors",), ABANDONED)
                self.drop_payload(job)

    def drop_payload(self, job: Job) -> None:
        """Forget the bytes of a job, once it is final."""
        if not job.is_final:
            return
        if job.session is not None:
            job.session.open = False
            if job.session.path != job.payload:
                job.session.path.unlink(missing_ok=True)
        if not self._settings.keep_payloads:
            job.payload.unlink(missing_ok=True)
            job.payload.with_suffix(".pdf").unlink(missing_ok=True)


def _read_number(file: Path, otherwise: int) -> int:
    try:
        return int(file.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return otherwise
