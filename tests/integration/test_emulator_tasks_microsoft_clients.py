"""Microsoft's own clients hold and release a job against the emulator as they do against the service."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from azure.identity import ClientSecretCredential, DeviceCodeCredential
from kiota_abstractions.api_error import APIError
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph.generated.models.app_identity import AppIdentity
from msgraph.generated.models.print_event import PrintEvent
from msgraph.generated.models.print_job_configuration import PrintJobConfiguration
from msgraph.generated.models.print_task_definition import PrintTaskDefinition
from msgraph.generated.models.print_task_processing_state import PrintTaskProcessingState
from msgraph.generated.models.print_task_trigger import PrintTaskTrigger
from msgraph.generated.models.subscription import Subscription
from msgraph.generated.print.printers.item.jobs.item.redirect.redirect_post_request_body import RedirectPostRequestBody
from msgraph.generated.users.item.check_member_groups.check_member_groups_post_request_body import (
    CheckMemberGroupsPostRequestBody,
)
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_service_client import GraphServiceClient
from msgraph_core import GraphClientFactory

from emulator.universal_print.printing import print_as
from tests.support.emulated_service import CLIENT, PDF, SECRET, TENANT, quick_settings, until
from tests.support.emulated_tasks import Tap, running_tap
from tests.support.notified import NotifiedEndpoint, notified_endpoint


@pytest.fixture(autouse=True)
def _no_foreign_trust(monkeypatch: pytest.MonkeyPatch) -> None:
    # requests prefers these to the trust that azure-identity was given.
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def endpoint() -> AsyncIterator[NotifiedEndpoint]:
    async with notified_endpoint() as listening:
        yield listening


@pytest.fixture
async def tap(tmp_path: Path) -> AsyncIterator[Tap]:
    settings = quick_settings(allow_http_notifications=True)
    async with running_tap(tmp_path, settings=settings, with_trigger=False) as running:
        yield running


async def sdk(tap: Tap, credential: ClientSecretCredential | DeviceCodeCredential, scope: str) -> GraphServiceClient:
    """The SDK as it comes; only base URL, allowed host and trust are the emulator's."""
    # The SDK asks a credential in the event loop, where the emulator could not answer: it finds this token kept.
    await asyncio.to_thread(credential.get_token, f"https://graph.microsoft.com/{scope}", enable_cae=True)
    trust = ssl.create_default_context(cafile=str(tap.service.emulator.ca_bundle))
    authentication = AzureIdentityAuthenticationProvider(
        credential, scopes=[f"https://graph.microsoft.com/{scope}"], allowed_hosts=["localhost"]
    )
    client = GraphClientFactory.create_with_default_middleware(client=httpx.AsyncClient(verify=trust))
    adapter = GraphRequestAdapter(authentication, client=client)
    adapter.base_url = f"{tap.service.url}/v1.0"
    return GraphServiceClient(request_adapter=adapter)


async def app_sdk(tap: Tap) -> GraphServiceClient:
    credential = ClientSecretCredential(
        TENANT,
        CLIENT,
        SECRET,
        authority=tap.service.url,
        disable_instance_discovery=True,
        connection_verify=str(tap.service.emulator.ca_bundle),
    )
    return await sdk(tap, credential, ".default")


async def administrator_sdk(tap: Tap) -> GraphServiceClient:
    loop = asyncio.get_running_loop()

    def approve(_uri: str, user_code: str, _expires: object) -> None:
        answer = {"userCode": user_code, "userPrincipalName": tap.tenant.administrator.user_principal_name}
        asked = tap.service.http.post("/emulator/device-codes", json=answer)
        asyncio.run_coroutine_threadsafe(asked, loop).result().raise_for_status()

    credential = DeviceCodeCredential(
        CLIENT,
        tenant_id=TENANT,
        prompt_callback=approve,
        authority=tap.service.url,
        disable_instance_discovery=True,
        connection_verify=str(tap.service.emulator.ca_bundle),
    )
    return await sdk(tap, credential, "Printer.ReadWrite.All")


async def test_the_sdk_holds_is_told_of_and_redirects_a_job(tap: Tap, endpoint: NotifiedEndpoint) -> None:
    app, administrator = await app_sdk(tap), await administrator_sdk(tap)
    definition = await app.print.task_definitions.post(
        PrintTaskDefinition(display_name="By the SDK", created_by=AppIdentity(display_name="Tests"))
    )
    assert definition is not None
    assert definition.id
    bind = f"https://graph.microsoft.com/v1.0/print/taskDefinitions/{definition.id}"
    trigger = await administrator.print.printers.by_printer_id(tap.follow_me.id).task_triggers.post(
        PrintTaskTrigger(event=PrintEvent.JobStarted, additional_data={"definition@odata.bind": bind})
    )
    assert trigger is not None
    assert trigger.event is PrintEvent.JobStarted

    expires = tap.service.emulator.clock.now() + timedelta(minutes=4000)
    subscription = await app.subscriptions.post(
        Subscription(
            change_type="created",
            resource=f"print/taskDefinitions/{definition.id}/tasks",
            notification_url=endpoint.url,
            client_state="a-secret-state",
            expiration_date_time=expires,
        )
    )
    assert subscription is not None
    assert subscription.expiration_date_time == expires
    job = print_as(tap.service.emulator, tap.tenant.anna, tap.share, PDF)
    await until(lambda: bool(endpoint.items))

    tasks = await app.print.task_definitions.by_print_task_definition_id(definition.id).tasks.get()
    assert tasks is not None
    [task] = tasks.value or []
    assert task.status is not None
    assert task.status.state is PrintTaskProcessingState.Processing
    assert str(task.parent_url).endswith(f"/print/printers/{tap.follow_me.id}/jobs/{job.id}")

    jobs = app.print.printers.by_printer_id(tap.follow_me.id).jobs
    moved = await jobs.by_print_job_id(job.id).redirect.post(
        RedirectPostRequestBody(
            destination_printer_id=tap.tenant.printer.id, configuration=PrintJobConfiguration(copies=2)
        )
    )
    assert moved is not None
    assert await tap.service.final_state({"id": moved.id}) == "completed"
    assert [document.configuration for document in tap.tenant.device.documents] == [{"copies": 2}]
    with pytest.raises(APIError) as refused:
        await jobs.by_print_job_id(job.id).redirect.post(
            RedirectPostRequestBody(destination_printer_id=tap.tenant.printer.id)
        )
    assert refused.value.response_status_code == 409


async def test_the_sdk_renews_and_deletes_a_subscription(tap: Tap, endpoint: NotifiedEndpoint) -> None:
    app = await app_sdk(tap)
    now = tap.service.emulator.clock.now()
    wanted = Subscription(
        change_type="created",
        resource=f"print/taskDefinitions/{tap.definition.id}/tasks",
        notification_url=endpoint.url,
        client_state="a-secret-state",
        expiration_date_time=now + timedelta(minutes=60),
    )
    made = await app.subscriptions.post(wanted)
    assert made is not None
    one = app.subscriptions.by_subscription_id(str(made.id))
    renewed = await one.patch(Subscription(expiration_date_time=now + timedelta(minutes=600)))
    assert renewed is not None
    assert renewed.expiration_date_time == now + timedelta(minutes=600)
    listed = await app.subscriptions.get()
    assert listed is not None
    assert [(entry.id, entry.client_state) for entry in listed.value or []] == [(made.id, None)]
    await one.delete()
    with pytest.raises(APIError) as gone:
        await one.get()
    assert gone.value.response_status_code == 404


async def test_the_sdk_asks_who_is_in_a_group(tap: Tap) -> None:
    app = await app_sdk(tap)
    staff = tap.tenant.staff.id
    answer = await app.users.by_user_id(tap.tenant.bruno.user_principal_name).check_member_groups.post(
        CheckMemberGroupsPostRequestBody(group_ids=[staff])
    )
    assert answer is not None
    assert answer.value == [staff]
