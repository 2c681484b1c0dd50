"""Ends a submission: gives up what is half done, moves the file, writes the receipt, closes the record.

Every step can be repeated, so a death anywhere is mended by the next delivery.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from shared.errors import NotNow, PrintFunctionsError, Superseded
from shared.names import ARCHIVE, FAILED, RECEIPT_SUFFIX, collected_path
from shared.submission.claims import poll_delay
from shared.submission.collected import has_row_elsewhere
from shared.submission.holding import Holding
from shared.submission.ledger_row import ledger_row
from shared.submission.places import final_path, fits, sidecar
from shared.submission.receipt import make_receipt
from shared.submission.record import Outcome, Record, Result, State
from shared.submission.services import SubmissionServices
from shared.submission.troubles import REPLACEABLE
from shared.times import moment, timestamp

logger = logging.getLogger(__name__)

# How soon storage is asked about the copy of a large document.
COPY_WAIT_SECONDS = 5.0


async def begin_closing(holding: Holding, outcome: Outcome, services: SubmissionServices) -> None:
    """Write how it ended, after giving up an upload or job that was not started."""
    record = holding.record
    if record.state in REPLACEABLE and record.job is not None:
        await _give_up(record, services)
    if record.job is not None and not record.job.settled:
        await services.pool.settle(record.key, record.job.account, record.job.printer_id)
    job = replace(record.job, upload=None, settled=True) if record.job else None
    await holding.save(
        f"{outcome.result.value}: {outcome.reason}",
        state=State.CLOSING,
        outcome=outcome,
        ended=timestamp(services.now()),
        job=job,
        waiting=None,
    )


async def finish_closing(holding: Holding, services: SubmissionServices) -> None:
    """Move the file, write the receipt, remove the file from the inbox, write the ledger's row, close the record.

    Raises NotNow while storage still copies a large document.
    """
    record = holding.record
    outcome, document = record.outcome, record.document
    if outcome is None:
        raise Superseded(f"submission {record.key} is closing without an outcome")
    container = ARCHIVE if outcome.result is Result.COMPLETED else FAILED
    path = final_path(record)
    moved = outcome.result is not Result.SUPERSEDED and await _copy(record, (container, path), services)
    beside = await _copy_sidecar(record, (container, path), services) if moved else None
    ended = replace(record, moved_to=path if moved else None)
    receipt = path + RECEIPT_SUFFIX if _tells_something(record) else None
    if receipt is not None:
        await services.documents.write(container, receipt, make_receipt(ended), "application/json")
    if moved:
        await services.documents.remove(document.container, document.name, document.etag)
    if beside is not None:
        await services.documents.remove(document.container, sidecar(document.name), beside)
    # Before the record closes: what is closed is never looked at again.
    if not has_row_elsewhere(outcome):
        await services.ledger.write(ledger_row(record))
    await holding.release(
        state=State.CLOSED,
        moved_to=ended.moved_to,
        receipt=receipt and f"{container}/{receipt}",
        closed=timestamp(services.now()),
        waiting=None,
    )
    await services.records.forget_open(record.key)
    if has_row_elsewhere(outcome):
        await services.state.delete(collected_path(record.key))


def _tells_something(record: Record) -> bool:
    """False for the empty file that a writer made before it wrote: its owner never saw it as a file of its own."""
    replaced = record.outcome is not None and record.outcome.result is Result.SUPERSEDED
    return not (replaced and record.document.size == 0)


async def _copy(record: Record, target: tuple[str, str], services: SubmissionServices) -> bool:
    """True where the file lies at `target`, False where it was replaced or removed after it had been uploaded."""
    document = record.document
    try:
        done = await services.documents.copy((document.container, document.name), document.etag, target)
    except Superseded:
        return await services.documents.facts(*target) is not None
    if not done:
        # What comes out of the archive tier takes hours.
        age = (services.now() - moment(record.ended or record.accepted)).total_seconds()
        delay = max(COPY_WAIT_SECONDS, poll_delay(age, services.bounds))
        raise NotNow("copying", "Storage is copying the document.", delay)
    return True


async def _copy_sidecar(record: Record, target: tuple[str, str], services: SubmissionServices) -> str | None:
    """The version (ETag) of the sidecar that was copied, None where there is none for this document."""
    source = (record.document.container, sidecar(record.document.name))
    documents, copied_to = services.documents, (target[0], sidecar(target[1]))
    facts = await documents.facts(*source) if fits(source[1]) else None
    if facts is None:
        return None
    copied = await documents.facts(*copied_to)
    if copied is not None and copied.modified < facts.modified:
        # It was written after an earlier run had copied the one before: for the next document of this name.
        return None
    try:
        return facts.etag if await documents.copy(source, facts.etag, copied_to) else None
    except Superseded:
        return None


async def _give_up(record: Record, services: SubmissionServices) -> None:
    """Cancel the upload session and the job, as far as the service still answers. The job can never print."""
    from shared.upload.sender import cancel

    job = record.job
    if job is None:
        return
    try:
        async with asyncio.timeout(services.bounds.in_process_wait_seconds):
            if job.upload is not None:
                url = services.sealer.open(job.upload.encode()).decode()
                await cancel(url, http=services.uploads, bounds=services.bounds)
            if job.id is not None:
                await services.graph.cancel(job.account, job.printer_id, job.id)
    except (PrintFunctionsError, TimeoutError) as error:
        # It was never started, so it cannot print; the service clears it when its hour is over.
        logger.warning("submission %s: job %s was left behind: %s", record.key, job.id, type(error).__name__)
