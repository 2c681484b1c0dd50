"""The app proves itself to the emulator's authority, and reads what only the app may read."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from emulator.universal_print.faults import Fault
from shared.bounds import Bounds
from shared.errors import GraphDenied, GraphNotFound, NotNow
from shared.graph.application import ApplicationAccess, ApplicationUnproved
from shared.graph.application_calls import ApplicationCalls
from shared.graph.task_client import TaskClient
from shared.graph.translation import UNREACHABLE_SECONDS
from shared.settings import Settings, StorageConnection
from shared.upload.http import open_upload_http
from tests.support.clock import Clock
from tests.support.emulated_service import CLIENT, SECRET, TENANT
from tests.support.emulated_tasks import Tap, running_tap


@dataclass
class App:
    """The app's settings for the emulator, and its client."""

    tap: Tap
    settings: Settings
    http: aiohttp.ClientSession

    def access(self, **changes: Any) -> ApplicationAccess:
        return ApplicationAccess(replace(self.settings, **changes), self.http)

    def client(self, access: ApplicationAccess) -> TaskClient:
        url, http = self.settings.graph_base_url, self.tap.service.http
        return TaskClient(ApplicationCalls(url, http, access, bounds=Bounds(), sleep=Clock().sleep, random=lambda: 0.5))


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with running_tap(tmp_path) as tap:
        trust = ssl.create_default_context(cafile=str(tap.service.emulator.ca_bundle))
        settings = Settings(
            storage=StorageConnection(),
            graph_tenant_id=TENANT,
            graph_client_id=CLIENT,
            print_accounts=(),
            reports_account="",
            token_cache_keys=(),
            graph_base_url=f"{tap.service.url}/v1.0",
            graph_authority=tap.service.url,
            graph_client_secret=SECRET,
        )
        async with open_upload_http(trust) as http:
            yield App(tap, settings, http)


async def test_the_app_signs_in_with_its_secret_and_is_asked_once(app: App) -> None:
    client = app.client(app.access())
    task = await app.tap.print_held()
    assert [found.id for found in await client.list_tasks(app.tap.definition.id)] == [task.id]
    await client.get_task(app.tap.definition.id, task.id)
    job = await client.get_job(app.tap.follow_me.id, task.job.id)
    assert job.created_by is not None
    assert job.created_by.user_principal_name == "anna@contoso.example"
    assert app.tap.service.emulator.requests.counts()["token"] <= 2


async def test_a_token_that_graph_refuses_is_replaced_once(app: App) -> None:
    access = app.access()
    client = app.client(access)
    first = await access.access_token()
    access.invalidate()
    assert await access.access_token() != first
    with pytest.raises(GraphNotFound):
        await client.get_user("nobody@contoso.example")


async def test_a_wrong_secret_is_waited_out_and_names_no_secret(app: App) -> None:
    with pytest.raises(NotNow) as found:
        await app.access(graph_client_secret="not-the-secret").access_token()
    assert found.value.code == "applicationRefused"
    assert "not-the-secret" not in str(found.value)


async def test_an_authority_that_is_away_is_waited_for(app: App) -> None:
    with pytest.raises(NotNow) as found:
        await app.access(graph_authority="https://localhost:1").access_token()
    assert found.value.code == "authorityUnreachable"


@pytest.mark.parametrize("status", [429, 503])
async def test_an_authority_in_trouble_is_asked_again_soon(app: App, status: int) -> None:
    access = app.access()
    app.tap.service.emulator.faults.add(Fault("status", "token", status=status, count=None))
    with pytest.raises(NotNow) as found:
        await access.access_token()
    assert found.value.code == "authorityUnreachable"
    assert found.value.delay == UNREACHABLE_SECONDS
    app.tap.service.emulator.faults.clear()
    assert await access.access_token()


async def test_settings_without_a_proof_say_what_to_set(app: App) -> None:
    with pytest.raises(ApplicationUnproved, match="GRAPH_FEDERATED_CLIENT_ID"):
        await app.access(graph_client_secret=None).access_token()


async def test_groups_are_asked_for_in_the_portions_that_graph_takes(app: App) -> None:
    client, tenant = app.client(app.access()), app.tap.tenant
    others = [f"00000000-0000-0000-0000-{number:012}" for number in range(45)]
    assert await client.member_of(tenant.bruno.id, [*others, tenant.staff.id]) == {tenant.staff.id.lower()}


async def test_what_the_app_may_not_do_is_denied(app: App) -> None:
    app.tap.tenant.app.application = frozenset({"Printer.Read.All"})
    task = await app.tap.print_held()
    with pytest.raises(GraphDenied):
        await app.client(app.access()).abort(app.tap.follow_me.id, task.job.id, "no")
