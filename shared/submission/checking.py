"""Reads what is needed to check a document before anything is sent: its first bytes, its settings, its share."""

from __future__ import annotations

from shared.capabilities import check_ticket
from shared.catalog import Share
from shared.document_type import document_type, uploaded_type
from shared.errors import DocumentRejected, NotNow, Superseded
from shared.submission.places import fits, folder_tickets, sidecar
from shared.submission.record import Document, Job
from shared.submission.services import SubmissionServices
from shared.telemetry.names import shown
from shared.ticket import Source, Ticket, make_ticket, read_settings

# A share that an operator paused is asked about this often.
PAUSED_SECONDS = 60.0


async def check(document: Document, services: SubmissionServices) -> tuple[Share, Job]:
    """The share and a job without an account, ready to be created.

    Raises DocumentRejected where the file or its settings cannot be printed there, Superseded where the file is no
    longer the accepted version, NotNow where the share is paused.
    """
    facts = await services.documents.facts(document.container, document.name)
    if facts is None or facts.etag != document.etag:
        raise Superseded(f"{shown(document.name)} was replaced or removed")
    share = await _share(document, services)
    _check_size(document, services)
    head = await services.documents.read_head(
        document.container, document.name, document.etag, services.bounds.sniff_bytes
    )
    found = document_type(document.file_name, document.content_type, head)
    catalog = await services.load_catalog()
    content_type = uploaded_type(found, share.capabilities, conversion=catalog.document_conversion_enabled)
    ticket = await _ticket(document, share, services)
    configuration = check_ticket(ticket, share.capabilities)
    if share.paused:
        raise NotNow("sharePaused", f"The share {share.alias} is paused in the catalog.", PAUSED_SECONDS)
    job = Job(
        account="",
        share_id=share.id,
        printer_id=share.printer_id,
        printer_name=share.printer_name or share.display_name,
        content_type=content_type,
        configuration=configuration,
        origins=ticket.origins,
        owner=ticket.owner,
    )
    return share, job


async def _share(document: Document, services: SubmissionServices) -> Share:
    catalog = await services.load_catalog()
    if not document.share_name:
        raise DocumentRejected(
            "shareMissing",
            f"The file lies in no folder. Put it into a folder named after a share. {catalog.suggest('')}",
        )
    share = catalog.find(document.share_name)
    if share is None:
        raise DocumentRejected(
            "shareUnknown", f"There is no share {document.share_name!r}. {catalog.suggest(document.share_name)}"
        )
    return share


def _check_size(document: Document, services: SubmissionServices) -> None:
    if document.size == 0:
        raise DocumentRejected("documentEmpty", "The file is empty. Check the program that wrote it and send it again.")
    limit = services.bounds.document_bytes
    if document.size > limit:
        raise DocumentRejected(
            "documentTooLarge",
            f"The file has {document.size} bytes; Universal Print takes {limit} at most. "
            "Split it, or save it with smaller pictures.",
        )


async def _ticket(document: Document, share: Share, services: SubmissionServices) -> Ticket:
    sources = [Source("metadata", document.metadata, strict=False)]
    beside = await _settings(document.container, sidecar(document.name), services)
    if beside is not None:
        sources.append(Source("the sidecar", beside))
    for path in folder_tickets(document.name):
        folder = await _settings(document.container, path, services)
        if folder is not None:
            sources.append(Source(path, folder))
            break
    sources.append(Source(f"the profile of {share.alias}", share.profile))
    return make_ticket(sources)


async def _settings(container: str, path: str, services: SubmissionServices) -> dict[str, object] | None:
    limit = services.bounds.ticket_bytes
    content = await services.documents.read_small(container, path, limit) if fits(path) else None
    if content is None:
        return None
    if len(content) > limit:
        raise DocumentRejected(
            "ticketUnreadable", f"{path} is larger than {limit} bytes. Keep only print settings in it."
        )
    return dict(read_settings(content, path))
