"""Prints one document: from the accepted record to the started job.

Every step first writes what it is about to do, so that after a death the next delivery knows what may have happened.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

from shared.errors import (
    DocumentRejected,
    GraphConflict,
    GraphError,
    GraphNotFound,
    NotNow,
    StorageConflict,
    Superseded,
    UploadSessionGone,
)
from shared.graph.print_client import JobView
from shared.names import job_owner_path
from shared.submission.accepting import PRINT_STATES
from shared.submission.checking import check
from shared.submission.deliveries import deliver, put_off
from shared.submission.holding import Holding
from shared.submission.places import document_name
from shared.submission.record import Job, State
from shared.submission.services import SubmissionServices
from shared.telemetry.signals import measure
from shared.times import moment, timestamp
from shared.upload.blob_source import BlobSource
from shared.upload.sender import ask_missing, upload_document
from shared.upload.session import CompletedDocument, UploadProgress, UploadSession

# A job of ours whose creation got no reply may have been made a little before our clock says we asked.
CLOCK_SKEW = timedelta(minutes=5)
# States in which a job can only be one that was never started.
UNSTARTED = frozenset({"paused", "unknown"})


async def print_document(key: str, sequence: int, by: str, services: SubmissionServices) -> None:
    """Take the submission as far as a started job. Called once for each message of the submissions queue."""
    await deliver(key, sequence, by, work=_advance, wanted=PRINT_STATES, queue=services.submissions, services=services)


async def _advance(holding: Holding, services: SubmissionServices) -> None:
    if holding.record.state is State.ACCEPTED:
        await _reserve(holding, services)
        await _create(holding, services)
    elif holding.record.state is State.CREATING:
        await _find_or_create(holding, services)
    if holding.record.state is State.CREATED:
        await _upload(holding, services)
        await _start(holding, services)
    elif holding.record.state is State.STARTING:
        await _look_then_start(holding, services)
    await _hand_over(holding, services)


async def _reserve(holding: Holding, services: SubmissionServices) -> None:
    record = holding.record
    share, job = await check(record.document, services)
    refused = record.refused_accounts
    if refused and not services.pool.candidates(share.accounts, refused):
        raise DocumentRejected(
            "accessDenied",
            f"No print account may use the share {share.alias} ({', '.join(refused)}). "
            "Give one of them access to the share in Universal Print, then retry this document.",
        )
    account = await services.pool.reserve(
        submission_key=record.key,
        printer_id=share.printer_id,
        size_bytes=record.document.size,
        allowed=share.accounts,
        avoid=refused,
    )
    since = timestamp(services.now())
    await holding.save(
        f"checked: {job.content_type} for {job.printer_name}, printed by {account}",
        state=State.CREATING,
        job=replace(job, account=account, creating_since=since),
        waiting=None,
    )


async def _create(holding: Holding, services: SubmissionServices) -> None:
    job = _job(holding)
    view = await services.graph.create_job(job.account, job.share_id, job.configuration)
    if not await _own(view.id, holding, services):
        # Another worker looked for a job after a lost reply and took this one. It is theirs; make another.
        view = await services.graph.create_job(job.account, job.share_id, job.configuration)
        if not await _own(view.id, holding, services):
            raise Superseded(f"job {view.id} was taken by another submission")
    await _created(view, holding)


async def _find_or_create(holding: Holding, services: SubmissionServices) -> None:
    """After a lost reply: take the job that was made, if it was."""
    job = _job(holding)
    since = moment(job.creating_since or holding.record.accepted) - CLOCK_SKEW
    for view in await services.graph.list_own_jobs(job.account, job.share_id):
        untouched = view.state in UNSTARTED and view.upload_pending and not view.uploaded
        recent = view.created is None or view.created >= since
        if untouched and recent and await _own(view.id, holding, services):
            await _created(view, holding)
            return
    await _create(holding, services)


async def _own(job_id: str, holding: Holding, services: SubmissionServices) -> bool:
    """Claim the job for this submission, for good. False where another submission has it."""
    path = job_owner_path(_job(holding).share_id, job_id)
    key = holding.record.key
    try:
        await services.state.create(path, json.dumps({"submission": key}).encode())
    except StorageConflict:
        stored = await services.state.read(path)
        return stored is not None and json.loads(stored.content).get("submission") == key
    return True


async def _created(view: JobView, holding: Holding) -> None:
    job = replace(_job(holding), id=view.id, document_id=view.document_id)
    await holding.save(f"job {view.id} created", state=State.CREATED, job=job)


async def _upload(holding: Holding, services: SubmissionServices) -> None:
    """Send every byte that is missing, and write that the job is about to be started."""
    document = holding.record.document
    session = await _resume(holding, services)
    if session is None:
        job = _job(holding)
        if job.upload is not None and await _is_uploaded(job, services):
            await holding.save(uploaded=document.size, state=State.STARTING, attempts=0)
            return
        session = await _open_session(holding, services)

    async def renew() -> UploadSession | CompletedDocument:
        # The reply to the last part may have been lost: a session that is gone can be one that is complete.
        if await _is_uploaded(_job(holding), services):
            return CompletedDocument()
        return await _open_session(holding, services)

    def progress(made: UploadProgress) -> None:
        holding.uploaded = made.stored

    blob = services.documents.blob(document.container, document.name)
    begun, missing = services.now(), session.missing.total()
    await upload_document(
        BlobSource(blob, etag=document.etag, size=document.size, bounds=services.bounds),
        session,
        http=services.uploads,
        renew=renew,
        bounds=services.bounds,
        now=services.now,
        sleep=services.sleep,
        random=services.random,
        progress=progress,
    )
    measure("print.upload_bytes", missing, "By")
    measure("print.upload_seconds", (services.now() - begun).total_seconds(), "s")
    await holding.save(uploaded=document.size, state=State.STARTING, attempts=0)


async def _resume(holding: Holding, services: SubmissionServices) -> UploadSession | None:
    """The session of an earlier attempt with what the service says is missing, or None where there is none."""
    sealed = _job(holding).upload
    if sealed is None:
        return None
    url = services.sealer.open(sealed.encode()).decode()
    try:
        return await ask_missing(
            url,
            size=holding.record.document.size,
            http=services.uploads,
            bounds=services.bounds,
            now=services.now,
            sleep=services.sleep,
            random=services.random,
        )
    except UploadSessionGone:
        return None


async def _is_uploaded(job: Job, services: SubmissionServices) -> bool:
    """A session ends when it is complete, too (Graph: upload-data-to-upload-session): the job tells which it was."""
    view = await services.graph.get_job(job.account, job.share_id, str(job.id), with_document=True)
    return view.uploaded or not view.upload_pending


async def _open_session(holding: Holding, services: SubmissionServices) -> UploadSession:
    job, document = _job(holding), holding.record.document
    session = await services.graph.create_upload_session(
        job.account,
        job.share_id,
        str(job.id),
        str(job.document_id),
        document_name(holding.record),
        job.content_type,
        document.size,
    )
    sealed = services.sealer.seal(session.upload_url.encode()).decode()
    await holding.save(job=replace(job, upload=sealed))
    return session


async def _start(holding: Holding, services: SubmissionServices) -> None:
    job = _job(holding)
    try:
        await services.graph.start(job.account, job.share_id, str(job.id))
    except GraphConflict:
        # The service refuses a second start: the first one was done, if the job says so.
        view = await services.graph.get_job(job.account, job.share_id, str(job.id))
        if view.upload_pending:
            raise
    except GraphError as error:
        if type(error) is not GraphError or not 400 <= error.status < 500:
            raise
        await _refused(job, error, services)


async def _refused(job: Job, error: GraphError, services: SubmissionServices) -> None:
    """Graph will never start this job. It ends here, so that nothing can print after the document has failed.

    Returns where the job was started after all, by an earlier start whose answer was lost.
    """
    view = await services.graph.get_job(job.account, job.share_id, str(job.id))
    if not view.upload_pending:
        return
    await services.graph.cancel(job.account, job.printer_id, str(job.id))
    raise DocumentRejected("graphRefused", f"Graph refused to start the job: {error.code}: {error.message}") from error


async def _look_then_start(holding: Holding, services: SubmissionServices) -> None:
    """After a lost reply to start: the job itself tells. Starting the same job again cannot print it twice."""
    job = _job(holding)
    try:
        view = await services.graph.get_job(job.account, job.share_id, str(job.id))
    except GraphNotFound as error:
        made = moment(job.creating_since or holding.record.accepted)
        if (services.now() - made).total_seconds() > services.bounds.job_unknown_seconds:
            raise
        # No page of Graph's promises that a read finds what was just made.
        wait = services.bounds.retry_first_seconds
        raise NotNow("jobNotFound", "Universal Print does not show the job yet.", wait) from error
    if view.state in UNSTARTED and view.upload_pending:
        await _start(holding, services)


async def _hand_over(holding: Holding, services: SubmissionServices) -> None:
    job = _job(holding)
    now = services.now()
    delay = services.bounds.poll_first_seconds
    await put_off(
        holding,
        services.jobs,
        delay,
        f"job {job.id} started",
        state=State.STARTED,
        job=replace(job, started=timestamp(now), upload=None),
        attempts=0,
        waiting=None,
        next_at=timestamp(now + timedelta(seconds=delay)),
    )


def _job(holding: Holding) -> Job:
    job = holding.record.job
    if job is None:
        raise Superseded(f"submission {holding.record.key} has no job in state {holding.record.state.value}")
    return job
