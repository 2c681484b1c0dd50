"""Who may do what: kinds of tokens, scopes, roles and access lists; what lists and reads show."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.universal_print.graph.api import HANDLERS
from emulator.universal_print.graph.operation import Operation
from emulator.universal_print.graph.operations import OPERATIONS
from tests.support.emulated_service import DELEGATED, Service, quick_settings, running_service, said, small_tenant


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with running_service(tmp_path) as running:
        yield running


def path_of(operation: Operation, service: Service) -> str:
    tenant = service.tenant
    known = {"share": tenant.share.id, "printer": tenant.printer.id}
    path = operation.path
    for name in ("share", "printer", "job", "document", "user", "group", "definition", "task", "trigger", "operation"):
        path = path.replace(f"{{{name}}}", known.get(name, "1"))
    return f"/v1.0{path}".replace("{", "").replace("}", "")


async def ask(service: Service, operation: Operation, headers: dict[str, str]) -> httpx.Response:
    body: dict[str, Any] = {"json": {}} if operation.method in {"POST", "PATCH"} else {}
    return await service.http.request(operation.method, path_of(operation, service), headers=headers, **body)


async def test_every_operation_refuses_the_kind_of_token_that_it_does_not_take(service: Service) -> None:
    app, admin = await service.app_bearer(), await service.bearer(service.tenant.administrator, *DELEGATED)
    for operation in OPERATIONS:
        for headers, allowed in ((app, operation.application), (admin, operation.delegated)):
            if allowed:
                continue
            answer = await ask(service, operation, headers)
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "accessDenied"), operation.name


async def test_every_operation_refuses_a_token_without_its_scope(service: Service) -> None:
    for operation in OPERATIONS:
        others = [name for name in DELEGATED if name not in operation.delegated]
        headers = await service.bearer(service.tenant.administrator, *others)
        assert (await ask(service, operation, headers)).status_code == 403, operation.name


async def test_operations_for_administrators_refuse_other_users(service: Service) -> None:
    headers = await service.bearer(service.tenant.anna, *DELEGATED)
    for operation in OPERATIONS:
        if operation.administrator:
            assert (await ask(service, operation, headers)).status_code == 403, operation.name


async def test_what_is_not_built_says_so(service: Service) -> None:
    every = frozenset(name for operation in OPERATIONS for name in (*operation.delegated, *operation.application))
    service.tenant.app.delegated = service.tenant.app.application = every
    admin, app = await service.bearer(service.tenant.administrator, *sorted(every)), await service.app_bearer()
    for operation in OPERATIONS:
        if operation.name not in HANDLERS:
            answer = await ask(service, operation, admin if operation.delegated else app)
            assert (answer.status_code, answer.json()["error"]["code"]) == (501, "notImplemented"), operation.name


async def test_the_second_permission_is_asked_for_too(service: Service) -> None:
    headers = await service.bearer(service.tenant.anna, "PrintJob.ReadWrite")
    answer = await service.http.post(f"/v1.0{service.jobs_path}", headers=headers, json={"configuration": {}})
    assert answer.status_code == 403


async def test_a_user_lists_the_shares_of_the_own_access_list_with_public_properties(service: Service) -> None:
    seen = {}
    for user in (service.tenant.anna, service.tenant.bruno, service.tenant.stranger, service.tenant.administrator):
        answer = await service.graph("GET", "/print/shares", user)
        seen[user.display_name] = answer.json()["value"]
    assert {name: len(shares) for name, shares in seen.items()} == {"anna": 1, "bruno": 1, "stranger": 0, "admin": 1}
    assert seen["anna"][0].keys() == {"id", "displayName", "manufacturer", "model", "location"}
    assert {"status", "allowAllUsers"} <= seen["admin"][0].keys()
    assert not {"capabilities", "defaults"} & seen["admin"][0].keys()


async def test_allow_all_users_overrides_the_lists(service: Service) -> None:
    path = f"/print/shares/{service.tenant.share.id}"
    assert (await service.graph("GET", path, service.tenant.stranger)).status_code == 403
    service.tenant.share.allow_all_users = True
    assert (await service.graph("GET", path, service.tenant.stranger)).status_code == 200


async def test_capabilities_come_only_when_selected(service: Service) -> None:
    path = f"/print/shares/{service.tenant.share.id}"
    assert "capabilities" not in (await service.graph("GET", path)).json()
    selected = (await service.graph("GET", f"{path}?$select=id,capabilities")).json()
    assert selected.keys() == {"@odata.context", "id", "capabilities"}
    assert said(selected["capabilities"]) == service.tenant.device.capabilities
    assert (await service.graph("GET", f"{path}?$select=price")).status_code == 400


async def test_an_administrator_reads_printers_and_access_lists(service: Service) -> None:
    admin = await service.bearer(service.tenant.administrator, *DELEGATED)
    share = f"/v1.0/print/shares/{service.tenant.share.id}"
    printer = f"/v1.0/print/printers/{service.tenant.printer.id}"

    async def get(path: str) -> Any:
        answer = await service.http.get(path, headers=admin)
        assert answer.status_code == 200, answer.text
        return answer.json()

    assert (await get(f"{share}/printer"))["id"] == service.tenant.printer.id
    assert (await get(f"{printer}?$select=capabilities&$expand=shares"))["shares"][0]["displayName"] == "Finance"
    assert [one["displayName"] for one in (await get("/v1.0/print/printers?$expand=shares"))["value"]] == ["Recorder"]
    assert [one["id"] for one in (await get(f"{printer}/shares"))["value"]] == [service.tenant.share.id]
    assert [one["userPrincipalName"] for one in (await get(f"{share}/allowedUsers"))["value"]] == [
        "anna@contoso.example"
    ]
    assert [one["displayName"] for one in (await get(f"{share}/allowedGroups"))["value"]] == ["Staff"]
    assert (await get("/v1.0/print/settings"))["documentConversionEnabled"] is True
    assert (await get("/v1.0/me"))["userPrincipalName"] == "admin@contoso.example"
    assert len((await get("/v1.0/users"))["value"]) == 4


async def test_an_app_reads_a_printer_and_its_jobs_but_no_upload_without_a_task(service: Service) -> None:
    job = await service.create_job()
    headers = await service.app_bearer()
    printer = f"/v1.0/print/printers/{service.tenant.printer.id}"
    assert (await service.http.get(printer, headers=headers)).status_code == 200
    listed = (await service.http.get(f"{printer}/jobs", headers=headers)).json()["value"]
    assert [one["id"] for one in listed] == [job["id"]]
    path = f"{printer}/jobs/{job['id']}/documents/{job['documents'][0]['id']}/createUploadSession"
    assert (await service.http.post(path, headers=headers, json={})).status_code == 403


async def test_shares_come_in_pages_of_the_asked_size(tmp_path: Path) -> None:
    tenant = small_tenant()
    for name in ("A", "B", "C"):
        tenant.share.allow_all_users = True
        device = type(tenant.device)(name)
        tenant.world.add_share(tenant.world.add_printer(device), allow_all_users=True)
    async with running_service(tmp_path, tenant, quick_settings()) as service:
        page = (await service.graph("GET", "/print/shares?$top=3")).json()
        assert len(page["value"]) == 3
        empty = (await service.http.get(page["@odata.nextLink"], headers=await service.bearer())).json()
        assert empty["value"] == []
        following = (await service.http.get(empty["@odata.nextLink"], headers=await service.bearer())).json()
        seen = {share["displayName"] for share in page["value"] + following["value"]}
        assert (len(following["value"]), seen) == (1, {"Finance", "A", "B", "C"})
        assert "@odata.nextLink" not in following


async def test_an_unknown_path_a_wrong_method_and_a_wrong_body_are_told_apart(service: Service) -> None:
    assert (await service.graph("GET", "/print/gremlins")).status_code == 400
    refused = await service.graph("DELETE", service.jobs_path)
    assert (refused.status_code, set(refused.headers["allow"].split(", "))) == (405, {"GET", "POST"})
    plain: dict[str, Any] = {"headers": {"Content-Type": "text/plain"}, "content": "{}"}
    assert (await service.graph("POST", service.jobs_path, **plain)).status_code == 415
    broken: dict[str, Any] = {"headers": {"Content-Type": "application/json"}, "content": "{"}
    assert (await service.graph("POST", service.jobs_path, **broken)).status_code == 400
    large: dict[str, Any] = {"headers": {"Content-Type": "application/json"}, "content": b" " * (4 * 1024 * 1024 + 1)}
    assert (await service.graph("POST", service.jobs_path, **large)).status_code == 413


async def test_an_answer_that_the_schema_does_not_allow_is_found_out(service: Service) -> None:
    service.tenant.device.capabilities["paperColour"] = "blue"
    path = f"/print/shares/{service.tenant.share.id}?$select=capabilities"
    answer = await service.graph("GET", path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "emulatorSchemaViolation")
    assert service.emulator.violations.found == [
        "getShare: printerShare.capabilities has no property paperColour",
    ]
    service.emulator.violations.found.clear()
