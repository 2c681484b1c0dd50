"""Changes a job as its policy says, before anything else is done with it: settings, then the document."""

from __future__ import annotations

import asyncio

from shared.errors import (
    GraphError,
    GraphThrottled,
    GraphUnavailable,
    PrintFunctionsError,
    UploadFailed,
)
from shared.tasks.facts import TaskFacts
from shared.tasks.policy import Plan
from shared.tasks.record import TaskRecord
from shared.tasks.rules import Stamp
from shared.tasks.services import TaskServices
from shared.tasks.stamping import StampRefused, StampText, stamp_pdf
from shared.upload.bytes_source import BytesSource
from shared.upload.session import CompletedDocument, UploadSession

PDF = "application/pdf"


class NotChanged(PrintFunctionsError):
    """The job cannot be changed as its policy says. `code` is a stable word, the message a reason."""

    def __init__(self, code: str, reason: str) -> None:
        self.code = code
        super().__init__(reason)


async def change(record: TaskRecord, plan: Plan, facts: TaskFacts, services: TaskServices) -> None:
    """Carry out `configure` and `stamp`. Both can be repeated. Raises NotChanged, or what a retry may mend."""
    try:
        if plan.configure:
            await services.graph.patch_configuration(facts.printer_id, facts.job.id, plan.configure)
        if plan.stamp is not None:
            await _stamp(record, plan.stamp, facts, services)
    except (GraphThrottled, GraphUnavailable):
        raise
    except GraphError as error:
        raise NotChanged("changeRefused", f"Graph refused {error.operation} ({error.code}: {error.message})") from error


async def _stamp(record: TaskRecord, stamp: Stamp, facts: TaskFacts, services: TaskServices) -> None:
    document, bounds = facts.job.document, services.bounds
    if document is None or document.content_type.lower() != PDF:
        raise NotChanged("stampUnsupported", "only PDF can be stamped")
    if document.size > bounds.stamp_bytes:
        raise NotChanged("stampTooLarge", f"it has {document.size} bytes and {bounds.stamp_bytes} can be stamped")
    content = await _read(facts, document.id, bounds.stamp_bytes, services)
    when = facts.job.created or services.now()
    text = StampText(
        facts.person.name, facts.person.user_principal_name, document.name, when.strftime("%Y-%m-%d %H:%M UTC")
    )
    try:
        stamped = await asyncio.to_thread(stamp_pdf, content, stamp, text, record.key)
    except StampRefused as error:
        raise NotChanged("stampRefused", str(error)) from error
    if stamped is content:
        return
    try:
        await _replace(stamped, facts, document.id, document.name, services)
    except UploadFailed as error:
        raise NotChanged("stampRefused", f"the stamped document was not taken: {error}") from error


async def _read(facts: TaskFacts, document_id: str, most: int, services: TaskServices) -> bytes:
    pieces = []
    size = 0
    async for piece in services.graph.download(facts.printer_id, facts.job.id, document_id, most=most):
        size += len(piece)
        if size > most:
            raise NotChanged("stampTooLarge", f"it has more than the {most} bytes that can be stamped")
        pieces.append(piece)
    return b"".join(pieces)


async def _replace(content: bytes, facts: TaskFacts, document_id: str, name: str, services: TaskServices) -> None:
    """Send the new document (Graph: printdocument-createuploadsession, application, task in processing)."""
    from shared.upload.sender import upload_document

    async def open_session() -> UploadSession:
        return await services.graph.create_upload_session(
            facts.printer_id, facts.job.id, document_id, name or "document.pdf", PDF, len(content)
        )

    async def renew() -> UploadSession | CompletedDocument:
        # A session also ends by completing, and that answer may have been lost.
        job = await services.graph.get_job(facts.printer_id, facts.job.id)
        if job.document is not None and job.document.size == len(content):
            return CompletedDocument()
        return await open_session()

    await upload_document(
        BytesSource(content, piece_bytes=services.bounds.upload_piece_bytes),
        await open_session(),
        http=services.uploads,
        renew=renew,
        bounds=services.bounds,
        now=services.now,
        sleep=services.sleep,
        random=services.random,
    )
