"""The refusals that people meet when something of the set-up is missing, each as the service words it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from emulator.universal_print.world import AppRegistration
from tests.support.emulated_service import TENANT, Service
from tests.support.managed_tenant import SetUp, setting_up


@pytest.fixture
async def set_up(tmp_path: Path) -> AsyncIterator[SetUp]:
    async with setting_up(tmp_path) as running:
        yield running


def refusal(answer: httpx.Response) -> tuple[int, str, str]:
    error = answer.json()["error"]
    assert error["innerError"].keys() >= {"date", "request-id", "client-request-id"}
    return answer.status_code, error["code"], error["message"]


async def test_a_token_without_the_scope_for_an_upload_session(set_up: SetUp) -> None:
    service = set_up.service
    job = await service.create_job()
    headers = await service.bearer(set_up.tenant.anna, "PrinterShare.ReadBasic.All")
    path = f"/v1.0{service.jobs_path}/{job['id']}/documents/{job['documents'][0]['id']}/createUploadSession"
    properties = {"documentName": "a.pdf", "contentType": "application/pdf", "size": 5}
    answer = await service.http.post(path, headers=headers, json={"properties": properties})
    words = '"The token does not have one or more required security scopes."'
    assert refusal(answer) == (403, "UnknownError", words)


async def test_an_app_token_on_a_delegated_call(set_up: SetUp) -> None:
    for method, path in (
        ("POST", set_up.service.jobs_path),
        ("GET", "/print/printers"),
        ("GET", "/print/shares"),
        ("POST", f"/print/printers/{set_up.tenant.printer.id}/taskTriggers"),
        ("GET", "/reports/dailyPrintUsageByUser"),
    ):
        answer = await set_up.as_app(method, path, **({"json": {}} if method == "POST" else {}))
        status, code, words = refusal(answer)
        assert (status, code, "delegated" in words) == (403, "accessDenied", True), path


async def test_a_trigger_by_another_app_than_the_definitions(set_up: SetUp) -> None:
    made = await set_up.as_app("POST", "/print/taskDefinitions", json={"displayName": "Hold"})
    other = AppRegistration(
        "0d9e8f7a-6b5c-4d3e-8f2a-1b0c9d8e7f6a",
        "Another",
        frozenset({"Printer.ReadWrite.All"}),
        allow_public_client=True,
    )
    set_up.tenant.world.add_app(other)
    headers = {"Authorization": f"Bearer {await _token(set_up.service, other)}"}
    printer = f"/v1.0/print/printers/{set_up.tenant.printer.id}/taskTriggers"
    bind = f"https://graph.microsoft.com/v1.0/print/taskDefinitions/{made.json()['id']}"
    body = {"event": "jobStarted", "definition@odata.bind": bind}
    status, code, words = refusal(await set_up.service.http.post(printer, headers=headers, json=body))
    assert (status, code) == (403, "accessDenied")
    assert "app that created" in words
    own = await set_up.administer("POST", printer.removeprefix("/v1.0"), json=body)
    assert own.status_code == 201
    twice = await set_up.administer("POST", printer.removeprefix("/v1.0"), json=body)
    assert refusal(twice)[:2] == (409, "conflict")


async def _token(service: Service, app: AppRegistration) -> str:
    form = {"client_id": app.client_id, "scope": "Printer.ReadWrite.All"}
    code = (await service.http.post(f"{service.url}/{TENANT}/oauth2/v2.0/devicecode", data=form)).json()
    page = {"otc": code["user_code"], "userPrincipalName": service.tenant.administrator.user_principal_name}
    await service.http.post(code["verification_uri"], data=page)
    form = {
        "client_id": app.client_id,
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": code["device_code"],
    }
    return str((await service.http.post(service.token_url, data=form)).json()["access_token"])


async def test_a_trigger_is_taken_off_by_an_administrator_alone(set_up: SetUp) -> None:
    definition = set_up.service.emulator.tasks.define(set_up.tenant.app, "Hold")
    trigger = set_up.service.emulator.tasks.add_trigger(set_up.tenant.printer, definition)
    path = f"/print/printers/{set_up.tenant.printer.id}/taskTriggers/{trigger.id}"
    headers = await set_up.service.bearer(set_up.tenant.anna, "Printer.FullControl.All")
    assert refusal(await set_up.service.http.delete(f"/v1.0{path}", headers=headers))[:2] == (403, "accessDenied")
    assert (await set_up.administer("DELETE", path)).status_code == 204


async def test_a_share_that_was_not_granted(set_up: SetUp) -> None:
    answer = await set_up.service.graph("POST", set_up.service.jobs_path, set_up.tenant.stranger, json={})
    status, code, words = refusal(answer)
    assert (status, code) == (403, "accessDenied")
    assert set_up.tenant.share.id in words


async def test_a_printer_that_accepts_no_jobs(set_up: SetUp) -> None:
    await set_up.tenant.device.set_condition("notAcceptingJobs", True)
    answer = await set_up.service.graph("POST", set_up.service.jobs_path, json={})
    assert refusal(answer)[:2] == (409, "notAllowed")


async def test_a_printer_that_nobody_made_ready_accepts_no_jobs(set_up: SetUp) -> None:
    path = await set_up.virtual_printer()
    bind = f"https://graph.microsoft.com/v1.0{path}"
    body = {"displayName": "Follow Me", "allowAllUsers": True, "printer@odata.bind": bind}
    share = (await set_up.administer("POST", "/print/shares", json=body)).json()
    jobs = f"/print/shares/{share['id']}/jobs"
    assert refusal(await set_up.service.graph("POST", jobs, json={}))[:2] == (409, "notAllowed")
    assert (await set_up.as_app("PATCH", path, json={"isAcceptingJobs": True})).status_code == 200
    assert (await set_up.service.graph("POST", jobs, json={})).status_code == 201
