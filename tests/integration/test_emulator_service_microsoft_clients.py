"""Microsoft's own clients are the judge: they behave against the emulator as they do against the service."""

from __future__ import annotations

import asyncio
import hashlib
import io
import re
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msal
import pytest
from azure.identity import CertificateCredential, ClientAssertionCredential, ClientSecretCredential
from kiota_abstractions.api_error import APIError
from kiota_abstractions.authentication import (
    AccessTokenProvider,
    AllowedHostsValidator,
    AnonymousAuthenticationProvider,
    AuthenticationProvider,
    BaseBearerTokenAuthenticationProvider,
)
from msgraph.generated.models.print_document_upload_properties import PrintDocumentUploadProperties
from msgraph.generated.models.print_job import PrintJob
from msgraph.generated.models.print_job_configuration import PrintJobConfiguration
from msgraph.generated.print.shares.item.jobs.item.documents.item.create_upload_session import (
    create_upload_session_post_request_body as upload_body,
)
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_service_client import GraphServiceClient
from msgraph_core import GraphClientFactory
from msgraph_core.models import LargeFileUploadSession
from msgraph_core.tasks import LargeFileUploadTask

from emulator.universal_print.faults import Fault
from emulator.universal_print.tokens import managed_identity
from tests.support.certificates import self_signed
from tests.support.emulated_service import (
    CLIENT,
    SECRET,
    TENANT,
    Service,
    quick_settings,
    running_service,
    small_tenant,
)

GRAPH_DEFAULT = "https://graph.microsoft.com/.default"
SCOPES = [f"https://graph.microsoft.com/{name}" for name in ("PrintJob.ReadWrite", "PrinterShare.ReadBasic.All")]


@pytest.fixture(autouse=True)
def _no_foreign_trust(monkeypatch: pytest.MonkeyPatch) -> None:
    # requests prefers these to the trust that MSAL was given.
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with running_service(tmp_path) as running:
        yield running


def credential_options(service: Service) -> dict[str, Any]:
    return {
        "authority": service.url,
        "disable_instance_discovery": True,
        "connection_verify": str(service.emulator.ca_bundle),
    }


async def calls_as_app(service: Service, token: str) -> int:
    path = f"/v1.0/print/printers/{service.tenant.printer.id}/jobs"
    return (await service.http.get(path, headers={"Authorization": f"Bearer {token}"})).status_code


async def test_azure_identity_signs_the_app_in_with_a_secret(service: Service) -> None:
    credential = ClientSecretCredential(TENANT, CLIENT, SECRET, **credential_options(service))
    token = await asyncio.to_thread(credential.get_token, GRAPH_DEFAULT)
    assert await calls_as_app(service, token.token) == 200


async def test_azure_identity_signs_the_app_in_with_a_certificate(service: Service) -> None:
    certificate, both = self_signed()
    service.tenant.app.certificates = (certificate,)
    credential = CertificateCredential(TENANT, CLIENT, certificate_data=both, **credential_options(service))
    token = await asyncio.to_thread(credential.get_token, GRAPH_DEFAULT)
    assert await calls_as_app(service, token.token) == 200


async def test_a_managed_identity_stands_for_the_app(service: Service) -> None:
    service.tenant.app.federated = (managed_identity.federated_credential(TENANT),)
    query = {"resource": "api://AzureADTokenExchange", "api-version": "2019-08-01"}
    assertion = (await service.http.get("/emulator/managed-identity/token", params=query)).json()["access_token"]
    credential = ClientAssertionCredential(TENANT, CLIENT, lambda: assertion, **credential_options(service))
    token = await asyncio.to_thread(credential.get_token, GRAPH_DEFAULT)
    assert await calls_as_app(service, token.token) == 200


def public_client(service: Service) -> msal.PublicClientApplication:
    return msal.PublicClientApplication(
        CLIENT,
        authority=f"{service.url}/{TENANT}",
        instance_discovery=False,
        verify=str(service.emulator.ca_bundle),
    )


async def test_msal_signs_a_person_in_by_device_code_and_refreshes_silently(service: Service) -> None:
    app = await asyncio.to_thread(public_client, service)
    flow = await asyncio.to_thread(app.initiate_device_flow, SCOPES)
    approval = {"userCode": flow["user_code"], "userPrincipalName": "anna@contoso.example"}
    assert (await service.http.post("/emulator/device-codes", json=approval)).status_code == 204
    answer = await asyncio.to_thread(app.acquire_token_by_device_flow, flow)
    assert answer["id_token_claims"]["preferred_username"] == "anna@contoso.example"
    account = app.get_accounts("anna@contoso.example")[0]
    renewed = await asyncio.to_thread(app.acquire_token_silent_with_error, SCOPES, account, force_refresh=True)
    assert renewed["access_token"] != answer["access_token"] or renewed["token_source"] == "identity_provider"


async def test_msal_signs_a_person_in_with_a_code_and_pkce(service: Service) -> None:
    app = await asyncio.to_thread(public_client, service)
    flow = app.initiate_auth_code_flow(
        SCOPES, redirect_uri="http://localhost:5173", response_mode="form_post", login_hint="bruno@contoso.example"
    )
    asked = await service.http.get(flow["auth_uri"])
    assert "bruno@contoso.example" in asked.text
    sent = await service.http.post(flow["auth_uri"], data={"userPrincipalName": "bruno@contoso.example"})
    posted = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', sent.text))
    answer = await asyncio.to_thread(app.acquire_token_by_auth_code_flow, flow, posted)
    assert answer["id_token_claims"]["oid"] == service.tenant.bruno.id


async def test_msal_tells_of_a_revoked_sign_in(service: Service) -> None:
    app = await asyncio.to_thread(public_client, service)
    flow = await asyncio.to_thread(app.initiate_device_flow, SCOPES)
    approval = {"userCode": flow["user_code"], "userPrincipalName": "anna@contoso.example"}
    await service.http.post("/emulator/device-codes", json=approval)
    await asyncio.to_thread(app.acquire_token_by_device_flow, flow)
    service.emulator.clock.advance(timedelta(seconds=1))
    assert (await service.http.post("/emulator/users/anna@contoso.example/revoke", json={})).status_code == 204
    account = app.get_accounts()[0]
    answer = await asyncio.to_thread(app.acquire_token_silent_with_error, SCOPES, account, force_refresh=True)
    assert (answer["error"], answer["error_codes"], answer["suberror"]) == ("invalid_grant", [50173], "bad_token")


class GivenToken(AccessTokenProvider):
    def __init__(self, token: str) -> None:
        self._token = token

    async def get_authorization_token(self, *_: Any, **__: Any) -> str:
        return self._token

    def get_allowed_hosts_validator(self) -> AllowedHostsValidator:
        return AllowedHostsValidator([])


def default_adapter(service: Service, authentication: AuthenticationProvider) -> GraphRequestAdapter:
    """The SDK as it comes, with its default retry: only the base URL and the trust are the emulator's."""
    trust = ssl.create_default_context(cafile=str(service.emulator.ca_bundle))
    client = GraphClientFactory.create_with_default_middleware(client=httpx.AsyncClient(verify=trust))
    adapter = GraphRequestAdapter(authentication, client=client)
    adapter.base_url = f"{service.url}/v1.0"
    return adapter


async def bearer_authentication(service: Service) -> AuthenticationProvider:
    token = (await service.bearer())["Authorization"].removeprefix("Bearer ")
    return BaseBearerTokenAuthenticationProvider(GivenToken(token))


async def default_sdk(service: Service) -> GraphServiceClient:
    return GraphServiceClient(request_adapter=default_adapter(service, await bearer_authentication(service)))


async def upload_with_task(service: Service, content: bytes, authentication: AuthenticationProvider) -> dict[str, Any]:
    """Upload as Microsoft's task does, and swallow what it raises at its end; the job."""
    job = await service.create_job()
    asked = (await service.ask_session(job, len(content))).json()
    session = LargeFileUploadSession(
        upload_url=asked["uploadUrl"],
        expiration_date_time=datetime.now(UTC) + timedelta(hours=1),
        next_expected_ranges=asked["nextExpectedRanges"],
    )
    adapter = default_adapter(service, authentication)
    task = LargeFileUploadTask(session, adapter, io.BytesIO(content), None, 5 * 1024 * 1024)
    with pytest.raises(Exception):  # noqa: B017 - whatever it makes of a refusal
        await task.upload()
    return job


async def test_the_sdk_makes_uploads_and_starts_a_job(service: Service) -> None:
    sdk = await default_sdk(service)
    jobs = sdk.print.shares.by_printer_share_id(service.tenant.share.id).jobs
    job = await jobs.post(PrintJob(configuration=PrintJobConfiguration(copies=2)))
    assert job is not None
    assert job.id
    assert job.documents
    assert str(job.documents[0].id)
    session = await (
        jobs.by_print_job_id(job.id)
        .documents.by_print_document_id(str(job.documents[0].id))
        .create_upload_session.post(
            upload_body.CreateUploadSessionPostRequestBody(
                properties=PrintDocumentUploadProperties(document_name="a", content_type="application/pdf", size=5)
            )
        )
    )
    assert session is not None
    assert session.next_expected_ranges == ["0-4"]
    assert (await service.put(str(session.upload_url), b"%PDF-", 0, 5)).status_code == 201
    status = await jobs.by_print_job_id(job.id).start.post()
    assert status is not None
    assert [str(detail.value) for detail in status.details or []] == ["interpreting"]
    assert await service.final_state({"id": job.id}) == "completed"
    assert service.tenant.device.documents[0].configuration == {"copies": 2}


async def test_the_sdks_default_retry_makes_two_jobs_of_one_post(service: Service) -> None:
    sdk = await default_sdk(service)
    service.emulator.faults.add(Fault("status", "createShareJob", status=503, retry_after=0, after=True))
    job = await sdk.print.shares.by_printer_share_id(service.tenant.share.id).jobs.post(PrintJob())
    assert job is not None
    assert len(list(service.emulator.jobs)) == 2


async def test_the_sdks_default_retry_of_start_meets_a_conflict_while_the_job_prints(service: Service) -> None:
    sdk = await default_sdk(service)
    job = await service.uploaded_job()
    service.emulator.faults.add(Fault("status", "startShareJob", status=503, retry_after=0, after=True))
    with pytest.raises(APIError) as refused:
        await sdk.print.shares.by_printer_share_id(service.tenant.share.id).jobs.by_print_job_id(job["id"]).start.post()
    assert refused.value.response_status_code == 409
    assert await service.final_state(job) == "completed"
    assert len(service.tenant.device.documents) == 1


async def test_the_upload_task_sends_its_last_part_once_more_to_the_ended_session(tmp_path: Path) -> None:
    async with running_service(tmp_path, small_tenant(), quick_settings(keep_payloads=True)) as service:
        content = bytes(range(256)) * 100_000
        job = await upload_with_task(service, content, AnonymousAuthenticationProvider())
        statuses = [entry.status for entry in service.emulator.requests.of("uploadPart")]
        assert statuses == [202, 202, 202, 202, 201, 404]
        payload = service.emulator.job(job["id"]).payload
        assert hashlib.sha256(payload.read_bytes()).digest() == hashlib.sha256(content).digest()


async def test_a_bearer_token_on_the_upload_host_is_refused(service: Service) -> None:
    await upload_with_task(service, b"%PDF-", await bearer_authentication(service))
    assert {entry.status for entry in service.emulator.requests.of("uploadPart")} == {401}
