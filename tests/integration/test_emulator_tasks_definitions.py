"""Task definitions are the app's, triggers the administrator's, and the directory says who somebody is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from emulator.universal_print.world import AppRegistration
from tests.support.emulated_service import CLIENT
from tests.support.emulated_tasks import Tap, running_tap

DEFINITIONS = "/print/taskDefinitions"


@pytest.fixture
async def tap(tmp_path: Path) -> AsyncIterator[Tap]:
    async with running_tap(tmp_path, with_trigger=False) as running:
        yield running


def trigger_body(tap: Tap, **changes: Any) -> dict[str, Any]:
    return {
        "event": "jobStarted",
        "definition@odata.bind": f"https://graph.microsoft.com/v1.0{DEFINITIONS}/{tap.definition.id}",
        **changes,
    }


def triggers(tap: Tap) -> str:
    return f"/print/printers/{tap.follow_me.id}/taskTriggers"


async def test_an_app_makes_changes_and_deletes_its_definitions(tap: Tap) -> None:
    body = {"displayName": "Count", "createdBy": {"displayName": "Tests"}}
    made = (await tap.as_app("POST", DEFINITIONS, json=body)).json()
    assert made["createdBy"] == {"appId": CLIENT, "displayName": "Tests"}
    path = f"{DEFINITIONS}/{made['id']}"
    assert (await tap.as_app("PATCH", path, json={"displayName": "Count pages"})).status_code == 200
    assert (await tap.as_app("GET", path)).json()["displayName"] == "Count pages"
    listed = (await tap.as_app("GET", DEFINITIONS)).json()["value"]
    assert {one["displayName"] for one in listed} == {"Hold for release", "Count pages"}
    assert (await tap.as_app("DELETE", path)).status_code == 204
    assert (await tap.as_app("GET", path)).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"displayName": " "},
        {"displayName": 1},
        {"displayName": "x", "id": "1"},
        {"displayName": "x", "createdBy": {"appId": "x"}},
    ],
)
async def test_a_definition_that_does_not_fit_is_refused(tap: Tap, body: dict[str, Any]) -> None:
    assert (await tap.as_app("POST", DEFINITIONS, json=body)).status_code == 400


async def test_definitions_and_tasks_take_no_query_options(tap: Tap) -> None:
    for path in (DEFINITIONS, tap.tasks_path):
        assert (await tap.as_app("GET", f"{path}?$top=5")).status_code == 400


async def test_definitions_are_no_business_of_a_person(tap: Tap) -> None:
    assert (await tap.as_administrator("GET", DEFINITIONS)).status_code == 403


async def test_an_administrator_puts_one_trigger_on_a_printer(tap: Tap) -> None:
    made = await tap.as_administrator("POST", triggers(tap), json=trigger_body(tap))
    assert made.status_code == 201
    trigger = {"id": made.json()["id"], "event": "jobStarted"}
    assert (await tap.as_administrator("GET", triggers(tap))).json()["value"] == [trigger]
    assert (await tap.as_administrator("POST", triggers(tap), json=trigger_body(tap))).status_code == 409
    assert (await tap.as_app("DELETE", f"{DEFINITIONS}/{tap.definition.id}")).status_code == 409
    path = f"{triggers(tap)}/{trigger['id']}"
    assert (await tap.as_administrator("GET", path)).json()["id"] == trigger["id"]
    assert (await tap.as_administrator("DELETE", path)).status_code == 204
    assert (await tap.as_administrator("GET", triggers(tap))).json()["value"] == []


async def test_a_trigger_is_for_the_app_that_made_the_definition(tap: Tap) -> None:
    other = tap.tenant.world.add_app(AppRegistration("11111111-0000-0000-0000-000000000001", "Other"))
    theirs = tap.service.emulator.tasks.define(other, "Theirs")
    body = trigger_body(tap, **{"definition@odata.bind": f"{tap.service.url}/v1.0{DEFINITIONS}/{theirs.id}"})
    assert (await tap.as_administrator("POST", triggers(tap), json=body)).status_code == 403


@pytest.mark.parametrize(
    "changes",
    [
        {"event": "jobEnded"},
        {"definition@odata.bind": None},
        {
            "definition@odata.bind": f"https://graph.microsoft.com/v1.0{DEFINITIONS}/00000000-0000-0000-0000-000000000000"
        },
        {"definition@odata.bind": f"https://elsewhere.example/v1.0{DEFINITIONS}/1"},
    ],
)
async def test_a_trigger_that_does_not_fit_is_refused(tap: Tap, changes: dict[str, Any]) -> None:
    answer = await tap.as_administrator("POST", triggers(tap), json=trigger_body(tap, **changes))
    assert answer.status_code == 400


async def test_triggers_need_a_signed_in_administrator(tap: Tap) -> None:
    assert (await tap.as_app("POST", triggers(tap), json=trigger_body(tap))).status_code == 403
    headers = await tap.service.bearer(tap.tenant.anna, "Printer.ReadWrite.All")
    answer = await tap.service.http.post(f"/v1.0{triggers(tap)}", headers=headers, json=trigger_body(tap))
    assert answer.status_code == 403


async def test_the_app_reads_a_virtual_printer_and_learns_that_it_has_no_device(tap: Tap) -> None:
    printer = (await tap.as_app("GET", f"/print/printers/{tap.follow_me.id}")).json()
    assert (printer["hasPhysicalDevice"], printer["isAcceptingJobs"]) == (False, True)


async def test_the_app_reads_a_user_and_which_groups_he_is_in(tap: Tap) -> None:
    bruno = tap.tenant.bruno
    for name in (bruno.id, bruno.user_principal_name.upper()):
        assert (await tap.as_app("GET", f"/users/{name}")).json()["id"] == bruno.id
    other = tap.tenant.world.add_group("Other")
    asked = {"groupIds": [other.id, tap.tenant.staff.id]}
    path = f"/users/{bruno.id}/checkMemberGroups"
    assert (await tap.as_app("POST", path, json=asked)).json()["value"] == [tap.tenant.staff.id]
    for wrong in ([], ["Staff"], [other.id] * 21):
        assert (await tap.as_app("POST", path, json={"groupIds": wrong})).status_code == 400
    assert (await tap.as_app("POST", "/users/nobody/checkMemberGroups", json=asked)).status_code == 404
    tap.tenant.app.application -= {"GroupMember.Read.All"}
    assert (await tap.as_app("POST", path, json=asked)).status_code == 403
