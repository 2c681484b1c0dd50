"""Counts what users and printers have used, and says how long to wait when a ceiling is reached."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from emulator.universal_print.graph.errors import throttled
from emulator.universal_print.jobs import Job, JobBook
from emulator.universal_print.settings import Settings
from emulator.universal_print.throttle import Throttle
from emulator.universal_print.world import AppRegistration, Printer, User

# The service names no wait for jobs in submission; they end by the client's own doing.
SUBMISSION_WAIT_SECONDS = 5


class Usage:
    """What was used when. Only what was granted is counted."""

    def __init__(self, settings: Settings, jobs: JobBook) -> None:
        self._settings = settings
        self._jobs = jobs
        self._created: dict[str, list[datetime]] = defaultdict(list)
        self._bytes: dict[str, dict[str, tuple[datetime, int]]] = defaultdict(dict)

    def take_job(self, user: User, printer: Printer, now: datetime) -> None:
        """Count a new job. Raises GraphError 429 where the user or the printer has no room."""
        limits = self._settings.limits
        self._jobs.remove_abandoned(now)
        waiting = [job for job in self._jobs.of_printer(printer) if job.in_submission]
        _check_submissions(waiting, limits.printer_submissions, "The printer")
        own = [job for job in waiting if job.created_by is user]
        _check_submissions(own, limits.user_submissions_per_printer, "The user")
        for owner, windows in ((user.id, limits.user_jobs), (printer.id, limits.printer_jobs)):
            for most, window in windows:
                entries = [(moment, 1) for moment in self._created[owner]]
                _check_window(entries, 1, most, window, now, "jobs")
        self._created[user.id].append(now)
        self._created[printer.id].append(now)

    def take_bytes(self, user: User, job: Job, size: int, now: datetime) -> None:
        """Count a document's bytes. A further session for the same job takes the place of the one before."""
        mine = self._bytes[user.id]
        for most, window in self._settings.limits.user_bytes:
            entries = sorted(entry for job_id, entry in mine.items() if job_id != job.id)
            _check_window(entries, size, most, window, now, "bytes")
        mine[job.id] = (now, size)

    def jobs_created(self, user: User) -> int:
        """How many jobs the user was granted in all."""
        return len(self._created[user.id])


class SubscriptionUsage:
    """Counts an app's requests about subscriptions. Each method raises GraphError 429 where there were too many."""

    def __init__(self, settings: Settings) -> None:
        self._writes = Throttle(lambda: settings.limits.subscription_writes)
        self._reads = Throttle(lambda: settings.limits.subscription_reads)
        self._lists = Throttle(lambda: settings.limits.subscription_lists)
        self._reauthorizations = Throttle(lambda: settings.limits.reauthorizations)

    def take_write(self, app: AppRegistration, now: datetime) -> None:
        """Count a POST, PATCH or DELETE."""
        self._writes.take(app.client_id, now)

    def take_read(self, app: AppRegistration, now: datetime) -> None:
        """Count a GET of one."""
        self._reads.take(app.client_id, now)

    def take_list(self, app: AppRegistration, now: datetime) -> None:
        """Count a GET of the list."""
        self._lists.take(app.client_id, now)

    def take_reauthorization(self, app: AppRegistration, now: datetime) -> None:
        """Count a reauthorize."""
        self._reauthorizations.take(app.client_id, now)


def _check_submissions(waiting: Iterable[Job], most: int | None, whose: str) -> None:
    held = len(list(waiting))
    if most is not None and held >= most:
        raise throttled(f"{whose} has {held} jobs in submission; the limit is {most}.", SUBMISSION_WAIT_SECONDS)


def _check_window(
    entries: list[tuple[datetime, int]], wanted: int, most: int, window: timedelta, now: datetime, unit: str
) -> None:
    """Raise 429 unless `wanted` more fits into the window that ends now. `entries` are oldest first."""
    inside = [(moment, amount) for moment, amount in entries if moment + window > now]
    excess = sum(amount for _, amount in inside) + wanted - most
    if excess <= 0:
        return
    wait = window
    for moment, amount in inside:
        excess -= amount
        if excess <= 0:
            wait = moment + window - now
            break
    raise throttled(f"More than {most} {unit} in {window}. Please retry again later.", math.ceil(wait.total_seconds()))
