"""Microsoft's own client sets printers and apps up on the emulator."""

from __future__ import annotations

import base64
import ssl
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from kiota_abstractions.api_error import APIError
from kiota_abstractions.authentication import AnonymousAuthenticationProvider
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.headers_collection import HeadersCollection
from msgraph.generated.applications.applications_request_builder import ApplicationsRequestBuilder
from msgraph.generated.models.app_role_assignment import AppRoleAssignment
from msgraph.generated.models.application import Application
from msgraph.generated.models.federated_identity_credential import FederatedIdentityCredential
from msgraph.generated.models.o_auth2_permission_grant import OAuth2PermissionGrant
from msgraph.generated.models.print_certificate_signing_request import PrintCertificateSigningRequest
from msgraph.generated.models.printer import Printer
from msgraph.generated.models.printer_create_operation import PrinterCreateOperation
from msgraph.generated.models.printer_defaults import PrinterDefaults
from msgraph.generated.models.printer_location import PrinterLocation
from msgraph.generated.models.printer_share import PrinterShare
from msgraph.generated.models.reference_create import ReferenceCreate
from msgraph.generated.models.service_principal import ServicePrincipal
from msgraph.generated.print.printers.create.create_post_request_body import CreatePostRequestBody
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_service_client import GraphServiceClient
from msgraph_core import GraphClientFactory

from emulator.universal_print.directory.published import COMMAND_LINE_TOOLS, GRAPH_APP_ID
from emulator.universal_print.empty_tenant import ADMINISTRATOR
from tests.support.empty_tenant import BOOTSTRAP_SCOPES, TRUST, EmptyTenant, empty_tenant
from tests.support.emulated_service import RecordingPrinter
from tests.support.managed_tenant import SET_UP_SCOPES, SetUp, setting_up, signing_request

GRAPH = "https://graph.microsoft.com/v1.0"


def client(url: str, ca_bundle: Path, token: str) -> GraphServiceClient:
    """The SDK with a given token; only the base URL and the trust are the emulator's."""
    trust = ssl.create_default_context(cafile=str(ca_bundle))
    http = httpx.AsyncClient(verify=trust, headers={"Authorization": token})
    adapter = GraphRequestAdapter(
        AnonymousAuthenticationProvider(), client=GraphClientFactory.create_with_default_middleware(client=http)
    )
    adapter.base_url = f"{url}/v1.0"
    return GraphServiceClient(request_adapter=adapter)


@pytest.fixture
async def set_up(tmp_path: Path) -> AsyncIterator[SetUp]:
    async with setting_up(tmp_path) as running:
        yield running


@pytest.fixture
async def sdk(set_up: SetUp) -> GraphServiceClient:
    bearer = await set_up.service.bearer(set_up.tenant.administrator, *SET_UP_SCOPES)
    return client(set_up.service.url, set_up.service.emulator.ca_bundle, bearer["Authorization"])


async def test_the_sdk_registers_a_printer_and_reads_the_operation(set_up: SetUp, sdk: GraphServiceClient) -> None:
    signing = signing_request()
    body = CreatePostRequestBody(
        display_name="Follow Me",
        manufacturer="Contoso",
        model="Virtual",
        has_physical_device=False,
        certificate_signing_request=PrintCertificateSigningRequest(
            content=signing["content"], transport_key=signing["transportKey"]
        ),
    )
    await sdk.print.printers.create.post(body)
    begun = set_up.service.emulator.requests.of("createPrinter")
    assert [entry.status for entry in begun] == [202]
    set_up.service.emulator.clock.advance(timedelta(seconds=5))
    page = await sdk.print.printers.get()
    assert page is not None
    assert {printer.display_name for printer in page.value or []} == {"Recorder", "Follow Me"}
    again = await set_up.registered(displayName="Other")
    operation = await sdk.print.operations.by_print_operation_id(again["id"]).get()
    assert isinstance(operation, PrinterCreateOperation)
    assert operation.printer is not None
    assert operation.printer.display_name == "Other"
    assert base64.b64decode(operation.certificate or "")


async def test_the_sdk_changes_resets_and_unregisters_a_printer(set_up: SetUp, sdk: GraphServiceClient) -> None:
    printer = sdk.print.printers.by_printer_id(set_up.tenant.printer.id)
    changed = await printer.patch(
        Printer(
            display_name="Hall",
            location=PrinterLocation(building="Main"),
            defaults=PrinterDefaults(copies_per_job=2),
        )
    )
    assert changed is not None
    assert changed.location is not None
    assert (changed.display_name, changed.location.building) == ("Hall", "Main")
    await printer.restore_factory_defaults.post()
    assert set_up.tenant.printer.defaults == {"copiesPerJob": 1}
    with pytest.raises(APIError) as refused:
        await printer.delete()
    assert refused.value.response_status_code == 409
    await sdk.print.shares.by_printer_share_id(set_up.tenant.share.id).delete()
    await printer.delete()
    assert set_up.tenant.world.printers == {}


async def test_the_sdk_shares_a_printer_with_people_and_swaps_it(set_up: SetUp, sdk: GraphServiceClient) -> None:
    printers = [set_up.tenant.world.add_printer(RecordingPrinter(name)) for name in ("Old", "New")]
    binds = [{"printer@odata.bind": f"{GRAPH}/print/printers/{printer.id}"} for printer in printers]
    made = await sdk.print.shares.post(
        PrinterShare(display_name="Hall", allow_all_users=False, additional_data=dict(binds[0]))
    )
    assert made is not None
    assert made.id
    share = sdk.print.shares.by_printer_share_id(made.id)
    await share.allowed_users.ref.post(ReferenceCreate(odata_id=f"{GRAPH}/users/{set_up.tenant.anna.id}"))
    await share.allowed_groups.ref.post(ReferenceCreate(odata_id=f"{GRAPH}/groups/{set_up.tenant.staff.id}"))
    users, groups = await share.allowed_users.get(), await share.allowed_groups.get()
    assert users is not None
    assert groups is not None
    assert [user.user_principal_name for user in users.value or []] == ["anna@contoso.example"]
    assert [group.display_name for group in groups.value or []] == ["Staff"]
    await share.allowed_users.by_user_id(set_up.tenant.anna.id).ref.delete()
    await share.allowed_groups.by_group_id(set_up.tenant.staff.id).ref.delete()
    kept = set_up.tenant.world.shares[made.id]
    assert (kept.users, kept.groups) == (set(), set())
    await share.patch(PrinterShare(additional_data=dict(binds[1])))
    assert kept.printer is printers[1]


@pytest.fixture
async def tenant(tmp_path: Path) -> AsyncIterator[EmptyTenant]:
    async with empty_tenant(tmp_path) as running:
        yield running


async def test_the_sdk_makes_an_app_trusts_the_identity_and_consents(tenant: EmptyTenant) -> None:
    token = (await tenant.sign_in(ADMINISTRATOR, COMMAND_LINE_TOOLS, *BOOTSTRAP_SCOPES)).json()["access_token"]
    sdk = client(tenant.url, tenant.emulator.ca_bundle, f"Bearer {token}")
    app = await sdk.applications.post(Application(display_name="Functions", is_fallback_public_client=True))
    assert app is not None
    assert app.id
    await sdk.applications.by_application_id(app.id).federated_identity_credentials.post(
        FederatedIdentityCredential(
            name="identity",
            issuer=str(TRUST["issuer"]),
            subject=str(TRUST["subject"]),
            audiences=["api://AzureADTokenExchange"],
        )
    )
    principal = await sdk.service_principals.post(ServicePrincipal(app_id=app.app_id))
    graph = await sdk.service_principals_with_app_id(GRAPH_APP_ID).get()
    assert principal is not None
    assert graph is not None
    assert principal.id
    role = next(role for role in graph.app_roles or [] if role.value == "PrintJob.Manage.All")
    assert str(role.id) == "58a52f47-9e36-4b17-9ebe-ce4ef7f3e6c8"
    await sdk.service_principals.by_service_principal_id(principal.id).app_role_assignments.post(
        AppRoleAssignment(principal_id=uuid.UUID(principal.id), resource_id=uuid.UUID(graph.id), app_role_id=role.id)
    )
    await sdk.oauth2_permission_grants.post(
        OAuth2PermissionGrant(
            client_id=principal.id, consent_type="AllPrincipals", resource_id=graph.id, scope="Printer.Read.All"
        )
    )
    kept = tenant.emulator.world.apps[str(app.app_id)]
    assert (set(kept.application), set(kept.delegated)) == ({"PrintJob.Manage.All"}, {"Printer.Read.All"})
    query = ApplicationsRequestBuilder.ApplicationsRequestBuilderGetQueryParameters(filter=f"appId eq '{app.app_id}'")
    found = await sdk.applications.get(RequestConfiguration(query_parameters=query, headers=HeadersCollection()))
    assert found is not None
    assert [one.display_name for one in found.value or []] == ["Functions"]
