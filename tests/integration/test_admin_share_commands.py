"""`printops share`, `trigger` and `definition`: what people print to, who may, and what starts a task."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.azurite import StorageAccount
from emulator.universal_print.world import Printer
from tests.support.administered import OTHER_CLIENT, AdministratorsDesk, administrators_desk
from tests.support.emulated_service import SECRET, RecordingPrinter


@pytest.fixture
async def desk(
    storage_account: StorageAccount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[AdministratorsDesk]:
    async with administrators_desk(storage_account, tmp_path, monkeypatch) as running:
        yield running


def new_device(desk: AdministratorsDesk, name: str, **capabilities: Any) -> Printer:
    """Another printer in the tenant."""
    device = RecordingPrinter(name)
    device.capabilities = capabilities
    return desk.set_up.tenant.world.add_printer(device)


def catalog(desk: AdministratorsDesk, **sections: Any) -> dict[str, Any]:
    """A catalog with the tenant's share. It asks for staples by its profile."""
    tenant = desk.set_up.tenant
    capabilities = {"contentTypes": ["application/pdf", "image/jpeg"], "finishings": ["staple"]}
    return {
        "version": 1,
        "printers": [{"id": tenant.printer.id, "displayName": "Recorder", "capabilities": capabilities}],
        "shares": [
            {
                "alias": "finance",
                "id": tenant.share.id,
                "printerId": tenant.printer.id,
                "displayName": "Finance",
                "printerName": "Recorder",
                "capabilities": capabilities,
                "profile": {"finishings": ["staple"]},
            }
        ],
        **sections,
    }


async def test_shares_are_listed_and_shown_with_their_people(desk: AdministratorsDesk) -> None:
    assert (await desk.answer("share", "list"))["displayName"] == "Finance"
    shown = await desk.answer("share", "show", "finance")
    assert [user["userPrincipalName"] for user in shown["allowedUsers"]] == ["anna@contoso.example"]
    assert [group["displayName"] for group in shown["allowedGroups"]] == ["Staff"]
    assert shown["printer"]["displayName"] == "Recorder"
    assert desk.asked[0] == {"PrinterShare.ReadBasic.All"}
    assert desk.asked[1] == {"PrinterShare.Read.All", "User.ReadBasic.All", "GroupMember.Read.All"}
    assert "those who are listed" in await desk.done("share", "show", "Finance")


async def test_an_ordinary_user_lists_the_shares_that_are_open_to_him(desk: AdministratorsDesk) -> None:
    desk.at_the_desk = desk.set_up.tenant.anna.user_principal_name
    listed = await desk.answer("share", "list")
    assert listed["displayName"] == "Finance"
    assert "status" not in listed
    assert "Finance" in await desk.done("share", "list")


async def test_a_printer_is_shared_with_users_and_groups(desk: AdministratorsDesk) -> None:
    new_device(desk, "Hall")
    tenant = desk.set_up.tenant
    made = await desk.answer("share", "create", "Hall", "--name", "Lobby", "--user", "bruno@contoso.example")
    share = tenant.world.shares[made["id"]]
    assert (share.display_name, share.users, share.allow_all_users) == ("Lobby", {tenant.bruno.id}, False)
    await desk.done("share", "update", "Lobby", "--name", "Hall", "--everyone")
    assert (share.display_name, share.allow_all_users) == ("Hall", True)
    again = await desk.refused("share", "create", "Hall")
    assert "is shared as Hall already" in again
    await desk.done("share", "delete", "Hall", typed="Hall\n")
    assert share.id not in tenant.world.shares


async def test_nothing_is_shared_where_somebody_named_does_not_exist(desk: AdministratorsDesk) -> None:
    new_device(desk, "Hall")
    refused = await desk.refused("share", "create", "Hall", "--user", "nobody@contoso.example")
    assert "There is no user nobody@contoso.example" in refused
    refused = await desk.refused("share", "allow", "Finance", "--group", "Nobody")
    assert "There is no group called Nobody" in refused
    refused = await desk.refused("share", "create", "Hall", "--name", "x" * 51)
    assert "1 to 50 characters" in refused
    assert desk.changes() == []


async def test_people_are_let_in_and_shut_out_as_often_as_one_likes(desk: AdministratorsDesk) -> None:
    share, tenant = desk.set_up.tenant.share, desk.set_up.tenant
    stranger = tenant.stranger.user_principal_name
    for _ in range(2):
        told = await desk.done("share", "allow", "Finance", "--user", stranger, "--group", "Staff")
    assert f"{stranger} was on the list already" in told
    assert share.users == {tenant.anna.id, tenant.stranger.id}
    for _ in range(2):
        told = await desk.done("share", "disallow", "Finance", "--user", stranger, "--group", tenant.staff.id)
    assert f"{stranger} was not on the list" in told
    assert (share.users, share.groups) == ({tenant.anna.id}, set())
    assert desk.asked[-1] == {"PrinterShare.ReadWrite.All", "User.ReadBasic.All"}
    await desk.done("share", "allow", "Finance", "--everyone")
    assert (await desk.answer("share", "show", "Finance"))["allowAllUsers"] is True
    assert "its lists do not matter" in await desk.done("share", "allow", "Finance", "--user", stranger)
    await desk.done("share", "disallow", "Finance", "--everyone")
    assert (await desk.answer("share", "show", "Finance"))["allowAllUsers"] is False
    assert "Name somebody" in await desk.refused("share", "allow", "Finance")


async def test_a_device_that_cannot_do_what_is_asked_is_not_put_behind_a_share(desk: AdministratorsDesk) -> None:
    policies = [
        {"name": "thrift", "when": {}, "action": {"do": "configure", "configuration": {"colorMode": "grayscale"}}}
    ]
    await desk.publish(catalog(desk, policies=policies))
    new_device(desk, "Poor", contentTypes=["image/urf"], colorModes=["blackAndWhite"], finishings=[])
    refused = await desk.refused("share", "swap", "Finance", "--to", "Poor")
    assert "It takes no application/pdf" in refused
    assert "finishings staple (from the profile of finance; it offers no finishing)" in refused
    assert "colorMode grayscale (from the policy thrift; it offers blackAndWhite)" in refused
    assert desk.changes() == []


async def test_a_swap_publishes_the_new_device_and_what_it_can_do(desk: AdministratorsDesk) -> None:
    await desk.publish(catalog(desk))
    printer = new_device(desk, "New", contentTypes=["application/pdf"], finishings=["staple", "punch"])
    told = await desk.done("share", "swap", "Finance", "--to", "New")
    assert desk.set_up.tenant.share.printer is printer
    assert "does not take image/jpeg, which the printer before it took" in told
    assert desk.asked == [{"Printer.Read.All", "PrinterShare.ReadWrite.All"}]
    published = await desk.catalog()
    share = published["shares"][0]
    assert (share["printerId"], share["printerName"]) == (printer.id, "New")
    assert share["capabilities"]["finishings"] == ["staple", "punch"]
    assert share["profile"] == {"finishings": ["staple"]}
    assert {one["id"] for one in published["printers"]} == {desk.set_up.tenant.printer.id, printer.id}
    assert published["publishedDateTime"]


async def test_force_swaps_a_device_that_lacks_something(desk: AdministratorsDesk) -> None:
    await desk.publish(catalog(desk))
    printer = new_device(desk, "Poor", contentTypes=["application/pdf"], finishings=[])
    shown = await desk.answer("share", "swap", "Finance", "--to", "Poor", "--force")
    assert (shown["printer"], shown["published"]) == (printer.id, True)
    assert any("staple" in lack for lack in shown["lacks"])
    assert desk.set_up.tenant.share.printer is printer


async def test_a_device_that_is_shared_already_is_not_taken_even_by_force(desk: AdministratorsDesk) -> None:
    other = new_device(desk, "Other", contentTypes=["application/pdf"])
    desk.set_up.tenant.world.add_share(other, "Elsewhere")
    refused = await desk.refused("share", "swap", "Finance", "--to", "Other", "--force")
    assert "Other is shared as Elsewhere" in refused
    assert desk.changes() == []


async def test_definitions_and_triggers_are_made_by_one_app_registration(desk: AdministratorsDesk) -> None:
    made = await desk.answer("definition", "create", "Follow me")
    assert desk.asked == []
    assert (await desk.answer("definition", "list"))["id"] == made["id"]
    assert "already" in await desk.refused("definition", "create", "follow me")
    trigger = await desk.answer("trigger", "create", "Recorder")
    assert trigger["event"] == "jobStarted"
    assert "a trigger already" in await desk.refused("trigger", "create", "Recorder", "--definition", "Follow me")
    assert (await desk.answer("trigger", "list"))["printer"]["displayName"] == "Recorder"
    assert "still started by triggers" in await desk.refused("definition", "delete", "Follow me", "--yes")
    await desk.done("trigger", "delete", "Recorder")
    assert "Recorder has no trigger" in await desk.refused("trigger", "delete", "Recorder")
    await desk.done("definition", "delete", made["id"], typed="Follow me\n")
    assert "has made no task definition" in await desk.refused("trigger", "create", "Recorder")
    assert {"Printer.ReadWrite.All"} in desk.asked


async def test_a_definition_of_another_app_registration_is_explained_before_the_call(desk: AdministratorsDesk) -> None:
    own = await desk.answer("definition", "create", "Own")
    foreign = await definition_of_another_app(desk)
    refused = await desk.refused("trigger", "create", "Recorder", "--definition", foreign)
    assert "can only be made by the app registration that made its definition" in refused
    assert f"Own ({own['id']})" in refused
    assert desk.changes() == ["createTaskDefinition"] * 2


async def test_without_the_apps_own_token_graph_is_the_one_that_refuses_another_apps_definition(
    desk: AdministratorsDesk,
) -> None:
    foreign = await definition_of_another_app(desk)
    desk.set_up.tenant.app.application = frozenset()
    refused = await desk.refused("trigger", "create", "Recorder", "--definition", foreign)
    assert "Its definitions are not looked at" in refused
    assert "another app registration made the task definition" in refused


async def definition_of_another_app(desk: AdministratorsDesk) -> str:
    """The id of a task definition that another app registration makes."""
    service = desk.set_up.service
    form = {"grant_type": "client_credentials", "scope": "https://graph.microsoft.com/.default"}
    token: httpx.Response = await service.ask_token(**{**form, "client_id": OTHER_CLIENT, "client_secret": SECRET})
    headers = {"Authorization": f"Bearer {token.json()['access_token']}"}
    body = {"displayName": "Foreign", "createdBy": {"displayName": "Another"}}
    made = await service.http.post("/v1.0/print/taskDefinitions", headers=headers, json=body)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])
