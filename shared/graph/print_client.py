"""The print operations of Graph that a print account may call, over Microsoft's SDK."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from shared.bounds import Bounds
from shared.errors import GraphError
from shared.graph.retry import Retry
from shared.graph.translation import reading, translated
from shared.upload.session import UploadSession

if TYPE_CHECKING:
    import httpx
    from msgraph.generated.models.print_job import PrintJob
    from msgraph.generated.print.shares.item.printer_share_item_request_builder import PrinterShareItemRequestBuilder
    from msgraph.graph_service_client import GraphServiceClient


class TokenSource(Protocol):
    """Delegated tokens of print accounts."""

    async def access_token(self, user_principal_name: str) -> str:
        """A token that is valid now. Raises AccountLapsed or NotNow."""
        ...

    def invalidate(self, user_principal_name: str) -> None:
        """Forget the token at hand: Graph refused it."""
        ...


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as Graph shows it (Graph: printJob).

    `uploaded` is true once Graph names the time at which the document arrived (CSDL: uploadedDateTime); `redirected`
    once the job was sent on to another printer.
    """

    id: str
    state: str
    details: tuple[str, ...]
    description: str
    acquired: bool
    created: datetime | None
    document_id: str | None
    uploaded: bool
    redirected: bool = False

    @property
    def upload_pending(self) -> bool:
        """Graph: a job that was created and not started is paused with the detail uploadPending."""
        return "uploadPending" in self.details


class PrintClient:
    """Calls Graph as a print account. Raises GraphError's branches, NoReply and NotNow."""

    def __init__(
        self,
        base_url: str,
        new_http: Callable[[], httpx.AsyncClient],
        tokens: TokenSource,
        *,
        bounds: Bounds,
        sleep: Callable[[float], Awaitable[None]],
        random: Callable[[], float],
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._new_http = new_http
        self._tokens = tokens
        self._retry = Retry(bounds, sleep, random)
        self._clients: dict[str, GraphServiceClient] = {}

    async def create_job(self, account: str, share_id: str, configuration: Mapping[str, Any]) -> JobView:
        """Graph: printershare-post-jobs. Not repeatable: a second call is a second job."""
        from kiota_serialization_json.json_parse_node import JsonParseNode
        from msgraph.generated.models.print_job import PrintJob
        from msgraph.generated.models.print_job_configuration import PrintJobConfiguration

        settings = JsonParseNode(dict(configuration)).get_object_value(PrintJobConfiguration)
        share = await self._share(account, share_id)
        body = PrintJob(configuration=settings)
        return _view(await self._run("create job", account, lambda: share.jobs.post(body), repeatable=False))

    async def get_job(self, account: str, share_id: str, job_id: str, *, with_document: bool = False) -> JobView:
        """Graph: printjob-get."""
        from kiota_abstractions.base_request_configuration import RequestConfiguration
        from msgraph.generated.print.shares.item.jobs.item.print_job_item_request_builder import (
            PrintJobItemRequestBuilder,
        )

        query = PrintJobItemRequestBuilder.PrintJobItemRequestBuilderGetQueryParameters(
            expand=["documents"] if with_document else None
        )
        request = RequestConfiguration(query_parameters=query)
        share = await self._share(account, share_id)
        job = share.jobs.by_print_job_id(job_id)
        return _view(await self._run("get job", account, lambda: job.get(request), repeatable=True))

    async def list_own_jobs(self, account: str, share_id: str) -> list[JobView]:
        """Every job of the account on the share, with its document (Graph: printershare-list-jobs)."""
        from kiota_abstractions.base_request_configuration import RequestConfiguration
        from msgraph.generated.print.shares.item.jobs.jobs_request_builder import JobsRequestBuilder

        share = await self._share(account, share_id)
        name = account.replace("'", "''")
        query = JobsRequestBuilder.JobsRequestBuilderGetQueryParameters(
            filter=f"createdBy/userPrincipalName eq '{name}'", expand=["documents"]
        )
        request = RequestConfiguration(query_parameters=query)
        page = await self._run("list jobs", account, lambda: share.jobs.get(request), repeatable=True)
        views: list[JobView] = []
        seen: set[str] = set()
        while page is not None:
            views.extend(_view(job) for job in page.value or [])
            link = page.odata_next_link
            if not link:
                break
            if link in seen:
                raise GraphError("list jobs", 200, "pagesInCircle", "a nextLink leads back to a page before it")
            seen.add(link)
            page = await self._run("list jobs", account, share.jobs.with_url(link).get, repeatable=True)
        return views

    async def create_upload_session(
        self, account: str, share_id: str, job_id: str, document_id: str, name: str, content_type: str, size: int
    ) -> UploadSession:
        """Graph: printdocument-createuploadsession. Repeatable: the document keeps one content."""
        from msgraph.generated.models.print_document_upload_properties import PrintDocumentUploadProperties
        from msgraph.generated.print.shares.item.jobs.item.documents.item.create_upload_session import (
            create_upload_session_post_request_body as body_module,
        )

        properties = PrintDocumentUploadProperties(document_name=name, content_type=content_type, size=size)
        body = body_module.CreateUploadSessionPostRequestBody(properties=properties)
        share = await self._share(account, share_id)
        document = share.jobs.by_print_job_id(job_id).documents.by_print_document_id(document_id)
        session = await self._run(
            "create upload session", account, lambda: document.create_upload_session.post(body), repeatable=True
        )
        if session is None or not session.upload_url:
            raise GraphError("create upload session", 200, "emptyAnswer", "the answer holds no uploadUrl")
        with reading("create upload session"):
            return UploadSession.opened(
                upload_url=session.upload_url,
                expires=session.expiration_date_time,
                next_expected_ranges=session.next_expected_ranges or [],
                size=size,
            )

    async def start(self, account: str, share_id: str, job_id: str) -> None:
        """Graph: printjob-start. Not repeatable here: after a lost reply the caller looks the job up."""
        share = await self._share(account, share_id)
        await self._run("start job", account, share.jobs.by_print_job_id(job_id).start.post, repeatable=False)

    async def cancel(self, account: str, printer_id: str, job_id: str) -> None:
        """Graph: printjob-cancel. Repeatable: a cancelled job stays cancelled."""
        client = await self._client(account)
        job = client.print.printers.by_printer_id(printer_id).jobs.by_print_job_id(job_id)
        await self._run("cancel job", account, job.cancel.post, repeatable=True)

    async def _run[T](self, operation: str, account: str, send: Callable[[], Awaitable[T]], *, repeatable: bool) -> T:
        async def translate() -> T:
            with translated(operation):
                return await send()

        return await self._retry.call(
            translate, repeatable=repeatable, renew_token=lambda: self._tokens.invalidate(account)
        )

    async def _share(self, account: str, share_id: str) -> PrinterShareItemRequestBuilder:
        client = await self._client(account)
        return client.print.shares.by_printer_share_id(share_id)

    async def _client(self, account: str) -> GraphServiceClient:
        client = self._clients.get(account)
        if client is None:
            from shared.graph.adapter import service_client

            client = service_client(self._base_url, self._new_http(), account, self._tokens)
            self._clients[account] = client
        # A lapsed account must be known before a call is counted as sent.
        await self._tokens.access_token(account)
        return client


def _view(job: PrintJob | None) -> JobView:
    with reading("read job"):
        return _read_view(job)


def _read_view(job: PrintJob | None) -> JobView:
    if job is None or not job.id:
        raise GraphError("read job", 200, "emptyAnswer", "the answer holds no job")
    status = job.status
    document = job.documents[0] if job.documents else None
    return JobView(
        id=job.id,
        state=str(status.state.value) if status is not None and status.state is not None else "unknown",
        # The SDK reads a detail that is newer than itself as None.
        details=tuple(str(detail.value) for detail in filter(None, (status.details if status else None) or [])),
        description=(status.description if status else None) or "",
        acquired=bool(status and status.is_acquired_by_printer),
        created=job.created_date_time,
        document_id=document.id if document is not None else None,
        uploaded=document is not None and document.uploaded_date_time is not None,
        redirected=bool(job.redirected_to),
    )
