"""What a test or the command line may change of the emulator: lifetimes, sizes, limits. The defaults are the facts."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal


@dataclass(slots=True)
class Limits:
    """Ceilings of the service (Microsoft: Universal Print limits and quotas; throttling-limits).

    Each pair is an amount and the length of its window. None switches a ceiling off.
    """

    user_jobs: list[tuple[int, timedelta]] = field(
        default_factory=lambda: [(200, timedelta(minutes=10)), (10_000, timedelta(days=12))]
    )
    user_bytes: list[tuple[int, timedelta]] = field(
        default_factory=lambda: [(10**9, timedelta(minutes=15)), (50 * 10**9, timedelta(days=10))]
    )
    printer_jobs: list[tuple[int, timedelta]] = field(default_factory=lambda: [(100, timedelta(minutes=10))])
    user_submissions_per_printer: int | None = 4
    printer_submissions: int | None = 50
    document_bytes: int = 10**9
    # "Under 10 MB": the smaller of the two megabytes is the strict reading.
    part_bytes: int = 10_000_000
    parts_at_once: int = 4
    request_bytes: int = 4 * 1024 * 1024
    batch_requests: int = 20
    # Of an app in a tenant, each kind by itself (Microsoft: throttling-limits, change notifications).
    subscription_writes: list[tuple[int, timedelta]] = field(default_factory=lambda: [(500, timedelta(seconds=20))])
    subscription_reads: list[tuple[int, timedelta]] = field(default_factory=lambda: [(500, timedelta(seconds=20))])
    subscription_lists: list[tuple[int, timedelta]] = field(default_factory=lambda: [(25, timedelta(seconds=20))])
    reauthorizations: list[tuple[int, timedelta]] = field(default_factory=lambda: [(1000, timedelta(seconds=20))])
    # Of an app, in JSON; an older page of Microsoft's on throttling has the number.
    report_requests: list[tuple[int, timedelta]] = field(default_factory=lambda: [(100, timedelta(minutes=10))])

    @classmethod
    def off(cls) -> Limits:
        """No ceilings over users and printers; the sizes stay."""
        return cls(
            user_jobs=[],
            user_bytes=[],
            printer_jobs=[],
            user_submissions_per_printer=None,
            printer_submissions=None,
            subscription_writes=[],
            subscription_reads=[],
            subscription_lists=[],
            reauthorizations=[],
            report_requests=[],
        )


@dataclass(slots=True)
class Settings:
    """How the emulated service behaves where the facts leave room."""

    limits: Limits = field(default_factory=Limits)
    # The directory is eventually consistent: what was just made is not found everywhere at first. How long that lasts
    # is not documented; 4 to 18 seconds have been met.
    directory_delay: timedelta = timedelta()
    # No page promises that a read finds what was just made: so long a new job or task is in no list and its GET is 404.
    reading_delay: timedelta = timedelta()
    # Graph: page sizes differ per API and are not promised. Small, so that a client has to follow the link.
    page_size: int = 20
    # Graph: paging. A page may have no entries and a next link all the same; the second page of a list is one.
    empty_pages: bool = True
    # Whether Graph fills what the schema has and no page shows: when a document came and went (uploadedDateTime,
    # downloadedDateTime), and the printerName of an archived job.
    undocumented_members: bool = False
    # An answer that the schema does not allow becomes a 500; False only records it.
    strict_schema: bool = True
    access_token_lifetime: timedelta = timedelta(hours=1)
    refresh_token_lifetime: timedelta = timedelta(days=90)
    code_lifetime: timedelta = timedelta(minutes=10)
    device_code_lifetime: timedelta = timedelta(minutes=15)
    device_code_interval_seconds: int = 5
    # Microsoft's page on limits: an upload has one hour.
    upload_lifetime: timedelta = timedelta(hours=1)
    download_lifetime: timedelta = timedelta(minutes=10)
    # How long a job that is never started is kept is not documented.
    abandoned_job_lifetime: timedelta = timedelta(hours=24)
    # How long a task may hold a job until the job is deleted is not documented.
    task_lifetime: timedelta = timedelta(days=3)
    # Lists show tasks that ended "recently"; how long that is is not documented.
    ended_task_lifetime: timedelta = timedelta(hours=1)
    # Graph notifies https addresses only. A system on one machine has none: this allows plain http on the loopback.
    allow_http_notifications: bool = False
    # Graph: printer-list-tasktriggers rules $expand out no more than it shows it; the strict reading refuses it.
    triggers_show_definition: bool = False
    # PEM file of an authority that signs endpoints' certificates; None takes the public ones.
    notification_trust: Path | None = None
    # Graph: an endpoint must answer so soon, a retried delivery may take so long; real time.
    notification_seconds: float = 3.0
    notification_retry_seconds: float = 10.0
    # Graph: retries go on so long. Their intervals are not documented: the first, doubled until the longest.
    notification_lifetime: timedelta = timedelta(hours=4)
    notification_first_retry: timedelta = timedelta(seconds=10)
    notification_longest_retry: timedelta = timedelta(minutes=10)
    # How many items a request may carry, and how many requests go to one host at once, is not documented.
    notifications_per_request: int = 20
    notification_requests: int = 8
    # From how many answers on an endpoint is judged slow is not documented.
    endpoint_sample: int = 10
    # How long before its end a subscription gets reauthorizationRequired is not documented.
    reauthorization_lead: timedelta = timedelta(hours=2)
    # Graph: change-notifications-lifecycle-events shows 15 minutes, for a token that ends within an hour.
    reauthorization_interval: timedelta = timedelta(minutes=15)
    # How long a printer's registration runs; the wait that its answers name is that of Graph: printer-create.
    registration_time: timedelta = timedelta(seconds=3)
    registration_retry_seconds: int = 5
    # How long the service works on a started job before a printer may fetch it; real time.
    processing_seconds: float = 0.05
    # Keep the uploaded bytes of jobs that are final, so that a test can look at them.
    keep_payloads: bool = False
    report_page_size: int = 100
    # How soon reports learn of a job that ended is not documented.
    report_delay: timedelta = timedelta(hours=1)
    # The share of jobs, between 0 and 1, that reports learn of one to six days later than that.
    report_late_share: float = 0.0
    # No page says which filters reports take. "published" takes the one form of a public script, "ignored" shows all.
    report_filters: Literal["refused", "published", "ignored"] = "refused"

    def report_late(self, job_id: str) -> timedelta:
        """How much later than others a job reaches the reports."""
        chance = zlib.crc32(job_id.encode())
        return timedelta(days=1 + chance % 6) if chance / 2**32 < self.report_late_share else timedelta()
