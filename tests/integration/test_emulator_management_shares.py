"""Shares are made, changed, given to people and taken away; connectors and settings beside them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from emulator.universal_print.world import Connector
from tests.support.emulated_service import RecordingPrinter, quick_settings, running_service, small_tenant
from tests.support.managed_tenant import SetUp, setting_up

GRAPH = "https://graph.microsoft.com/v1.0"


@pytest.fixture
async def set_up(tmp_path: Path) -> AsyncIterator[SetUp]:
    async with setting_up(tmp_path) as running:
        yield running


def bind(printer_id: str) -> str:
    return f"{GRAPH}/print/printers/{printer_id}"


async def new_share(set_up: SetUp, name: str = "Follow Me", **more: Any) -> dict[str, Any]:
    printer = set_up.tenant.world.add_printer(RecordingPrinter(f"Printer of {name}"))
    body = {"displayName": name, "printer@odata.bind": bind(printer.id), **more}
    made = await set_up.administer("POST", "/print/shares", json=body)
    assert made.status_code == 201, made.text
    share: dict[str, Any] = made.json()
    return share


async def test_a_printer_has_one_share(set_up: SetUp) -> None:
    share = await new_share(set_up)
    assert (share["displayName"], share["allowAllUsers"]) == ("Follow Me", False)
    assert not {"capabilities", "defaults"} & share.keys()
    body = {"displayName": "Again", "printer@odata.bind": bind(set_up.tenant.printer.id)}
    refused = await set_up.administer("POST", "/print/shares", json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"displayName": "x" * 51}, 400),
        ({"displayName": ""}, 400),
        ({"displayName": None}, 400),
        ({"displayName": "finance"}, 409),
        ({"allowAllUsers": "yes"}, 400),
        ({"printer@odata.bind": bind("00000000-0000-0000-0000-000000000000")}, 400),
        ({"printer@odata.bind": "printers/1"}, 400),
        ({"location": {}}, 400),
    ],
)
async def test_what_a_share_may_not_be_is_refused(set_up: SetUp, changes: dict[str, Any], status: int) -> None:
    printer = set_up.tenant.world.add_printer(RecordingPrinter("Hall"))
    body = {"displayName": "x" * 50, "printer@odata.bind": bind(printer.id), **changes}
    assert (await set_up.administer("POST", "/print/shares", json=body)).status_code == status


async def test_the_hardware_behind_a_share_is_swapped_and_the_share_stays(set_up: SetUp) -> None:
    device = RecordingPrinter("New")
    printer = set_up.tenant.world.add_printer(device)
    path = f"/print/shares/{set_up.tenant.share.id}"
    changed = await set_up.administer("PATCH", path, json={"printer@odata.bind": bind(printer.id)})
    assert (changed.status_code, changed.json()["displayName"]) == (200, "Finance")
    assert (await set_up.administer("GET", f"{path}/printer")).json()["id"] == printer.id
    job = await set_up.service.uploaded_job()
    assert (await set_up.service.start(job)).status_code == 200
    assert await set_up.service.final_state(job) == "completed"
    assert len(device.documents) == 1
    taken = await new_share(set_up, "Other")
    other = (await set_up.administer("GET", f"/print/shares/{taken['id']}/printer")).json()["id"]
    assert (await set_up.administer("PATCH", path, json={"printer@odata.bind": bind(other)})).status_code == 409


async def test_a_share_is_renamed_opened_to_all_and_deleted(set_up: SetUp) -> None:
    path = f"/print/shares/{set_up.tenant.share.id}"
    stranger = set_up.tenant.stranger
    assert (await set_up.service.graph("GET", path, stranger)).status_code == 403
    changed = await set_up.administer("PATCH", path, json={"displayName": "Money", "allowAllUsers": True})
    assert (changed.json()["displayName"], changed.json()["allowAllUsers"]) == ("Money", True)
    assert (await set_up.service.graph("GET", path, stranger)).status_code == 200
    assert (await set_up.administer("PATCH", path, json={})).status_code == 400
    assert (await set_up.administer("DELETE", path)).status_code == 204
    assert (await set_up.administer("GET", path)).status_code == 404
    assert (await set_up.administer("GET", "/print/printers?$expand=shares")).json()["value"][0]["isShared"] is False


@pytest.mark.parametrize(("kind", "listed"), [("Users", "userPrincipalName"), ("Groups", "displayName")])
async def test_who_may_use_a_share_is_added_and_removed(set_up: SetUp, kind: str, listed: str) -> None:
    share = await new_share(set_up)
    path = f"/print/shares/{share['id']}/allowed{kind}"
    member = set_up.tenant.anna if kind == "Users" else set_up.tenant.staff
    person = set_up.tenant.anna if kind == "Users" else set_up.tenant.bruno
    jobs = f"/print/shares/{share['id']}/jobs"
    assert (await set_up.service.graph("POST", jobs, person, json={"configuration": {}})).status_code == 403
    reference = {"@odata.id": f"{GRAPH}/{kind.lower()}/{member.id}"}
    added = await set_up.administer("POST", f"{path}/$ref", json=reference)
    assert (added.status_code, added.content) == (204, b"")
    assert (await set_up.administer("POST", f"{path}/$ref", json=reference)).status_code == 409
    assert [one["id"] for one in (await set_up.administer("GET", path)).json()["value"]] == [member.id]
    assert (await set_up.administer("GET", path)).json()["value"][0][listed]
    assert (await set_up.service.graph("POST", jobs, person, json={"configuration": {}})).status_code == 201
    assert (await set_up.administer("DELETE", f"{path}/{member.id}/$ref")).status_code == 204
    assert (await set_up.administer("DELETE", f"{path}/{member.id}/$ref")).status_code == 404
    assert (await set_up.administer("GET", path)).json()["value"] == []
    for wrong, status in (
        ({"@odata.id": f"{GRAPH}/{kind.lower()}/1"}, 404),
        ({"@odata.id": member.id}, 400),
        ({}, 400),
    ):
        assert (await set_up.administer("POST", f"{path}/$ref", json=wrong)).status_code == status


async def test_changing_shares_takes_the_role_beside_the_scope(set_up: SetUp) -> None:
    headers = await set_up.service.bearer(set_up.tenant.anna, "PrinterShare.ReadWrite.All")
    share = f"/v1.0/print/shares/{set_up.tenant.share.id}"
    reference = {"@odata.id": f"{GRAPH}/groups/{set_up.tenant.staff.id}"}
    for answer in (
        await set_up.service.http.delete(share, headers=headers),
        await set_up.service.http.patch(share, headers=headers, json={"allowAllUsers": True}),
        await set_up.service.http.post(f"{share}/allowedGroups/$ref", headers=headers, json=reference),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "accessDenied")


async def test_a_list_of_shares_comes_in_pages(tmp_path: Path) -> None:
    tenant = small_tenant()
    for number in range(4):
        printer = tenant.world.add_printer(RecordingPrinter(f"P{number}"))
        tenant.world.add_share(printer, allow_all_users=True)
    async with running_service(tmp_path, tenant, quick_settings(page_size=3)) as service:
        sizes, path = [], "/print/shares?$top=2"
        while path:
            body = (await service.graph("GET", path)).json()
            sizes.append(len(body["value"]))
            path = str(body.get("@odata.nextLink", "")).removeprefix(f"{service.url}/v1.0")
        assert sizes == [2, 0, 2, 1]


async def test_a_connector_stays_while_printers_are_registered_on_it(set_up: SetUp) -> None:
    connector = Connector("c1", "Connector", set_up.service.emulator.clock.now(), "print01.contoso.example")
    set_up.tenant.world.connectors[connector.id] = connector
    set_up.tenant.printer.connector_id = "c1"
    assert [one["id"] for one in (await set_up.administer("GET", "/print/connectors")).json()["value"]] == ["c1"]
    of_printer = f"/print/printers/{set_up.tenant.printer.id}/connectors"
    assert [one["id"] for one in (await set_up.administer("GET", of_printer)).json()["value"]] == ["c1"]
    changed = await set_up.administer("PATCH", "/print/connectors/c1", json={"displayName": "Hall"})
    assert (changed.json()["displayName"], changed.json()["appVersion"]) == ("Hall", "1.0.0.0")
    assert (await set_up.administer("DELETE", "/print/connectors/c1")).status_code == 409
    set_up.tenant.printer.connector_id = None
    assert (await set_up.administer("DELETE", "/print/connectors/c1")).status_code == 204
    assert (await set_up.administer("GET", "/print/connectors/c1")).status_code == 404


async def test_settings_are_changed_and_services_listed(set_up: SetUp) -> None:
    body = {
        "documentConversionEnabled": False,
        "printerDiscoverySettings": {"airPrint": {"incompatiblePrinters": "hide"}},
    }
    assert (await set_up.administer("PATCH", "/print/settings", json=body)).status_code == 204
    shown = (await set_up.administer("GET", "/print/settings")).json()
    assert {name: shown[name] for name in body} == body
    assert (await set_up.administer("PATCH", "/print/settings", json={"price": 1})).status_code == 400
    service_id = (await set_up.administer("GET", "/print/services")).json()["value"][0]["id"]
    endpoint = (await set_up.administer("GET", f"/print/services/{service_id}/endpoints")).json()["value"][0]
    assert endpoint["uri"] == "https://discovery.print.microsoft.com"
    one = await set_up.administer("GET", f"/print/services/{service_id}/endpoints/{endpoint['id']}")
    assert one.json()["id"] == "mpsdiscovery"


async def test_recent_shares_are_those_that_one_printed_to(set_up: SetUp) -> None:
    await set_up.service.create_job()
    mine = (await set_up.service.graph("GET", "/me/print/recentPrinterShares")).json()["value"]
    assert [one["id"] for one in mine] == [set_up.tenant.share.id]
    assert mine[0]["viewPoint"]["lastUsedDateTime"]
    other = f"/users/{set_up.tenant.anna.id}/print/recentPrinterShares"
    assert (await set_up.service.graph("GET", other, set_up.tenant.bruno)).status_code == 403
