"""Every bound of the system: a name, a unit, a default, and what it may be. Each is a setting of the same name."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

KIBIBYTE = 1024
MEBIBYTE = 1024 * KIBIBYTE
MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
# Graph: upload-data-to-upload-session.
UPLOAD_PART_STEP_BYTES = 320 * KIBIBYTE
UPLOAD_PART_BELOW_BYTES = 10_000_000
# Universal Print: limits and quotas.
LARGEST_JOB_BYTES = 1_000_000_000
# Storage: a message of a queue holds 64 KiB of base64, and the id of a task is taken with 100 characters at most.
MOST_TASKS_PER_MESSAGE = 400
# Graph: subscription, maximum for print task definitions (4,230 minutes).
LONGEST_SUBSCRIPTION_SECONDS = 4_230 * 60


def _bound(default: float, unit: str, meaning: str) -> float:
    metadata = {"unit": unit, "meaning": meaning}
    return field(default=default, metadata=metadata)


def _whole(default: int, unit: str, meaning: str) -> int:
    metadata = {"unit": unit, "meaning": meaning}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The values in force. The setting of a field is its name in capitals: `UPLOAD_PART_BYTES`."""

    upload_part_bytes: int = _whole(
        30 * 320 * KIBIBYTE, "bytes", "one upload part: under 10 MB and a multiple of 320 KiB"
    )
    upload_parts_in_flight: int = _whole(4, "parts", "parts of one document sent at once; the service allows 4")
    upload_part_attempts: int = _whole(6, "attempts", "sends of one part before the upload is put off")
    upload_sessions: int = _whole(3, "sessions", "sessions opened in one run, as each before it expired or ended")
    upload_idle_seconds: float = _bound(60, "seconds", "how long a part may move no byte before it counts as lost")
    upload_piece_bytes: int = _whole(256 * KIBIBYTE, "bytes", "what is read from storage and sent at a time")
    graph_attempts: int = _whole(4, "attempts", "sends of a repeatable Graph call before it is put off")
    in_process_wait_seconds: float = _bound(5, "seconds", "the longest wait in a running function; more is a message")
    graph_timeout_seconds: float = _bound(100, "seconds", "how long one Graph call may stay without an answer")
    claim_seconds: float = _bound(2 * MINUTE, "seconds", "how long a worker's claim on a submission lasts unrenewed")
    worker_deaths: int = _whole(5, "deaths", "workers that may die over one document before it fails")
    release_settle_seconds: float = _bound(10, "seconds", "how long a release without an answer rests before the next")
    notice_seconds: float = _bound(DAY, "seconds", "how long a person's next tap tells of a job that expired or failed")
    held_work_per_run: int = _whole(500, "jobs", "held jobs that one upkeep run ends or cleans; the next goes on")
    held_looks_per_run: int = _whole(200, "jobs", "held jobs, picked at random, that an upkeep run looks up")
    reconcile_tasks_per_run: int = _whole(2000, "tasks", "unknown tasks that one reconcile run queues")
    held_work_at_once: int = _whole(8, "jobs", "held jobs that an upkeep run works on at the same time")
    task_attempts: int = _whole(6, "attempts", "tries of a task's policy before its job is held, with an alert")
    stamp_bytes: int = _whole(20 * MEBIBYTE, "bytes", "the largest document that a policy stamps; it is held in memory")
    retry_first_seconds: float = _bound(5, "seconds", "the first delay of a put-off submission; it doubles")
    retry_longest_seconds: float = _bound(15 * MINUTE, "seconds", "the longest delay of a put-off submission")
    account_wait_seconds: float = _bound(5 * MINUTE, "seconds", "how often a document asks for a lapsed account again")
    account_look_seconds: float = _bound(1, "seconds", "how old an account's budget may be when one is chosen")
    reservation_seconds: float = _bound(HOUR, "seconds", "how long a document's room stands if nobody settles it")
    token_margin_seconds: float = _bound(5 * MINUTE, "seconds", "how long before its end an access token is renewed")
    authority_timeout_seconds: float = _bound(20, "seconds", "how long the authority may stay without an answer")
    give_up_seconds: float = _bound(12 * DAY, "seconds", "how long a document is tried before it fails")
    poll_first_seconds: float = _bound(2, "seconds", "the delay before the first look at a started job")
    poll_longest_seconds: float = _bound(5 * MINUTE, "seconds", "the longest delay between two looks at a job")
    poll_growth: float = _bound(1.6, "times", "how much longer each delay is than the one before")
    stopped_seconds: float = _bound(4 * HOUR, "seconds", "how long a job may be stopped before it is cancelled")
    job_seconds: float = _bound(24 * HOUR, "seconds", "how long a job may take in all before it is cancelled")
    job_unknown_seconds: float = _bound(
        5 * MINUTE, "seconds", "how long Graph may not know a job that was just made before that is believed"
    )
    document_bytes: int = _whole(1_000_000_000, "bytes", "the largest document; the service takes jobs up to 1 GB")
    ticket_bytes: int = _whole(64 * KIBIBYTE, "bytes", "the largest sidecar or folder ticket")
    sniff_bytes: int = _whole(4 * KIBIBYTE, "bytes", "how much of a document is read to tell its type")
    empty_grace_seconds: float = _bound(60, "seconds", "how long an empty file may be one still being written")
    sweep_grace_seconds: float = _bound(30, "seconds", "how old a file must be before the sweep takes it")
    overdue_seconds: float = _bound(2 * MINUTE, "seconds", "how late an open record may be before the sweep queues it")
    kiosk_session_seconds: float = _bound(
        3 * MINUTE, "seconds", "how long a person's session at a kiosk lasts after the tap"
    )
    kiosk_body_bytes: int = _whole(16 * KIBIBYTE, "bytes", "the largest request of a kiosk")
    kiosk_jobs_per_request: int = _whole(50, "jobs", "jobs that a kiosk may release or discard at once")
    kiosk_jobs_listed: int = _whole(500, "jobs", "jobs of one person that a kiosk lists, the newest first")
    kiosk_owners: int = _whole(20, "people", "people whose jobs a delegate is shown at once")
    kiosk_free_failures: int = _whole(5, "failures", "failed taps or PINs in a row before the first wait")
    kiosk_wait_seconds: float = _bound(MINUTE, "seconds", "the longest wait of a kiosk after failed taps")
    pin_wait_seconds: float = _bound(15 * MINUTE, "seconds", "the longest wait for a person's PIN after wrong ones")
    kiosk_forget_seconds: float = _bound(DAY, "seconds", "how long failed taps and PINs count")
    kiosk_attempts_removed: int = _whole(
        1000, "records", "records of failed taps and PINs that count no more, removed by one upkeep run"
    )
    kiosk_overlap_seconds: float = _bound(DAY, "seconds", "how long a kiosk's secret is taken after it was replaced")
    audit_seconds: float = _bound(5, "seconds", "how long an answer to a kiosk waits for the audit log")
    notification_body_bytes: int = _whole(MEBIBYTE, "bytes", "the largest request of notifications")
    notification_tasks_per_message: int = _whole(100, "tasks", "tasks of one request of notifications in one message")
    subscription_seconds: float = _bound(
        70 * HOUR, "seconds", "how long a subscription is asked for; 4,230 minutes at most"
    )
    subscription_renew_seconds: float = _bound(2 * DAY, "seconds", "how long before its end a subscription is renewed")
    subscription_reauthorize_seconds: float = _bound(
        HOUR, "seconds", "how long after its last renewal a subscription is renewed all the same, for its authorization"
    )
    subscription_alert_seconds: float = _bound(DAY / 2, "seconds", "how near its end a subscription raises an alert")
    stuck_seconds: float = _bound(2 * HOUR, "seconds", "how long a dropped document may wait before it raises an alert")
    stuck_records_read: int = _whole(500, "documents", "documents waiting for long that one upkeep run looks at")
    printers_watched: int = _whole(200, "printers", "printers of the catalog that one upkeep run asks for their state")
    report_page_bytes: int = _whole(16 * MEBIBYTE, "bytes", "the largest page of a usage report; it is held in memory")
    usage_first_days: int = _whole(92, "days", "how far back the first export of usage goes")
    usage_reread_days: int = _whole(7, "days", "days of usage that are read again, because printers report late")
    usage_window_days: int = _whole(7, "days", "days of usage that one list asks for; a run goes on after each")
    usage_rows_in_memory: int = _whole(20_000, "rows", "rows of usage that are sorted at once; more go to the disk")
    usage_run_seconds: float = _bound(20 * MINUTE, "seconds", "how long a run exports usage before it leaves the rest")
    usage_claim_seconds: float = _bound(10 * MINUTE, "seconds", "how long a run's claim on a series lasts unrenewed")
    preload_after_seconds: float = _bound(
        2,
        "seconds",
        "how long after its start a worker begins to load ahead, while it is idle, what taps and prints need",
    )
    doctor_check_seconds: float = _bound(20, "seconds", "how long `printops doctor` waits for one check")
    clock_skew_seconds: float = _bound(MINUTE, "seconds", "how far this clock may be from Graph's and storage's")


def describe() -> list[tuple[str, float, str, str]]:
    """Setting name, default, unit and meaning of each bound, for the settings page and the settings reader."""
    return [
        (bound.name.upper(), bound.default, bound.metadata["unit"], bound.metadata["meaning"])
        for bound in fields(Bounds)
        if isinstance(bound.default, (int, float))
    ]


def bound_problems(bounds: Bounds) -> list[str]:
    """A sentence for each value that the services do not take, or that contradicts another."""
    problems = []
    if bounds.upload_part_bytes % UPLOAD_PART_STEP_BYTES or bounds.upload_part_bytes >= UPLOAD_PART_BELOW_BYTES:
        problems.append(
            f"UPLOAD_PART_BYTES must be a multiple of {UPLOAD_PART_STEP_BYTES} below {UPLOAD_PART_BELOW_BYTES}, "
            f"not {bounds.upload_part_bytes}."
        )
    if bounds.upload_parts_in_flight > 4:
        problems.append(f"UPLOAD_PARTS_IN_FLIGHT must be 1 to 4, not {bounds.upload_parts_in_flight}.")
    if bounds.document_bytes > LARGEST_JOB_BYTES:
        problems.append(f"DOCUMENT_BYTES must be at most {LARGEST_JOB_BYTES}, the most that Universal Print takes.")
    if bounds.notification_tasks_per_message > MOST_TASKS_PER_MESSAGE:
        problems.append(
            f"NOTIFICATION_TASKS_PER_MESSAGE must be at most {MOST_TASKS_PER_MESSAGE}: a message holds no more."
        )
    if bounds.subscription_seconds > LONGEST_SUBSCRIPTION_SECONDS:
        problems.append(
            f"SUBSCRIPTION_SECONDS must be at most {LONGEST_SUBSCRIPTION_SECONDS}, the most that Graph takes."
        )
    if not bounds.subscription_alert_seconds < bounds.subscription_renew_seconds < bounds.subscription_seconds:
        problems.append("SUBSCRIPTION_ALERT_SECONDS, _RENEW_SECONDS and SUBSCRIPTION_SECONDS must grow in this order.")
    if bounds.poll_growth < 1:
        problems.append("POLL_GROWTH must be at least 1, so that polls do not come ever faster.")
    for first, longest in (("poll_first", "poll_longest"), ("retry_first", "retry_longest")):
        if getattr(bounds, f"{first}_seconds") > getattr(bounds, f"{longest}_seconds"):
            problems.append(f"{first.upper()}_SECONDS must not be above {longest.upper()}_SECONDS.")
    return problems
