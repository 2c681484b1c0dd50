"""A Printer Administrator's client sets printers, shares and triggers up on the emulator, by the emulator's rules."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.errors import GraphConflict, GraphNotFound
from shared.graph.admin_client import AdminClient, AdministratorDenied, RegistrationFailed
from shared.graph.printer_changes import ChangeRefused
from tests.support.administrator import administrator
from tests.support.managed_tenant import SetUp, setting_up


@pytest.fixture
async def set_up(tmp_path: Path) -> AsyncIterator[SetUp]:
    async with setting_up(tmp_path) as running:
        yield running


@pytest.fixture
def admin(set_up: SetUp) -> AdminClient:
    return administrator(set_up)


async def test_a_virtual_printer_is_registered_with_keys_made_here_and_waited_for_as_the_service_asks(
    set_up: SetUp,
) -> None:
    slept: list[float] = []
    told: list[str] = []
    admin = administrator(set_up, "Printer.Create", slept=slept)
    printer = await admin.create_printer("Follow Me", "Contoso", "Virtual", progress=told.append)
    known = set_up.tenant.world.printers[printer["id"]]
    assert (known.display_name, known.has_physical_device) == ("Follow Me", False)
    assert slept == [5.0]
    assert told == ["succeeded: The operation has completed successfully."]


async def test_a_printer_with_a_device_names_it(set_up: SetUp, admin: AdminClient) -> None:
    with pytest.raises(ChangeRefused, match="UUID"):
        await admin.create_printer("Real", "Contoso", "1", has_physical_device=True)
    device = "9a7d3c52-1f0e-4b8a-8c6d-5e4f3a2b1c0d"
    printer = await admin.create_printer("Real", "Contoso", "1", has_physical_device=True, physical_device_id=device)
    assert set_up.tenant.world.printers[printer["id"]].physical_device_id == device
    with pytest.raises(GraphConflict):
        await admin.create_printer("Real", "Contoso", "1", has_physical_device=True, physical_device_id=device)


async def test_a_registration_that_the_service_turns_down_says_why(
    set_up: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = {"content": "AA==", "transportKey": "AA=="}
    monkeypatch.setattr("shared.graph.admin_client.certificate_signing_request", lambda _: broken)
    with pytest.raises(RegistrationFailed, match=r"Graph did not register Follow Me: .*transportKey"):
        await administrator(set_up).create_printer("Follow Me", "Contoso", "Virtual")


async def test_lists_leave_capabilities_out_and_one_printer_shows_them_when_asked(
    set_up: SetUp, admin: AdminClient
) -> None:
    printer_id = set_up.tenant.printer.id
    [listed] = await admin.printers(with_shares=True)
    assert (listed["id"], [share["displayName"] for share in listed["shares"]]) == (printer_id, ["Finance"])
    assert "capabilities" not in listed
    shown = await admin.printer(printer_id, ("id", "capabilities"), with_shares=True)
    assert shown["capabilities"]["contentTypes"] == ["application/pdf"]
    assert [share["id"] for share in await admin.printer_shares(printer_id)] == [set_up.tenant.share.id]


async def test_a_finishing_that_is_newer_than_the_first_schema_is_read_by_its_name(
    set_up: SetUp, admin: AdminClient
) -> None:
    set_up.tenant.device.capabilities["finishings"] = ["staple", "foldHalf"]
    for shown in (
        await admin.printer(set_up.tenant.printer.id, ("capabilities",)),
        await admin.share(set_up.tenant.share.id, ("capabilities",)),
    ):
        assert shown["capabilities"]["finishings"] == ["staple", "foldHalf"]


async def test_a_printer_is_changed_reset_and_unregistered(set_up: SetUp, admin: AdminClient) -> None:
    printer = await admin.create_printer("Follow Me", "Contoso", "Virtual")
    changed = await admin.update_printer(printer["id"], {"displayName": "Hall", "location": {"building": "Main"}})
    assert changed["displayName"] == "Hall"
    await admin.update_printer(set_up.tenant.printer.id, {"defaults": {"copiesPerJob": 2}})
    await admin.restore_factory_defaults(set_up.tenant.printer.id)
    assert set_up.tenant.printer.changed_defaults == {}
    await admin.delete_printer(printer["id"])
    with pytest.raises(GraphNotFound):
        await admin.delete_printer(printer["id"])
    with pytest.raises(GraphConflict):
        await admin.delete_printer(set_up.tenant.printer.id)


async def test_a_share_is_made_changed_swapped_and_removed(set_up: SetUp, admin: AdminClient) -> None:
    first, second = [await admin.create_printer(name, "Contoso", "1") for name in ("First", "Second")]
    share = await admin.create_share(first["id"], "Hall", allow_all_users=True)
    assert share["allowAllUsers"] is True
    assert (await admin.update_share(share["id"], {"displayName": "Lobby"}))["displayName"] == "Lobby"
    await admin.swap_printer(share["id"], second["id"])
    shown = await admin.share(share["id"], with_printer=True)
    assert shown["printer"]["id"] == second["id"]
    with pytest.raises(GraphConflict):
        await admin.create_share(second["id"], "Another")
    with pytest.raises(GraphConflict):
        await admin.swap_printer(share["id"], set_up.tenant.printer.id)
    await admin.delete_share(share["id"])
    assert [each["displayName"] for each in await admin.shares()] == ["Finance"]


async def test_people_and_groups_are_let_in_and_shut_out(set_up: SetUp, admin: AdminClient) -> None:
    tenant = set_up.tenant
    share = tenant.share.id
    user = await admin.find_user(tenant.stranger.user_principal_name)
    assert user is not None
    assert user["id"] == tenant.stranger.id == await admin.user_id(tenant.stranger.id)
    await admin.add_allowed_user(share, user["id"])
    with pytest.raises(GraphConflict):
        await admin.add_allowed_user(share, user["id"])
    assert {each["id"] for each in await admin.allowed_users(share)} == {tenant.anna.id, tenant.stranger.id}
    await admin.remove_allowed_user(share, user["id"])
    group = await admin.find_group("staff")
    assert group is not None
    await admin.remove_allowed_group(share, group["id"])
    assert await admin.allowed_groups(share) == []
    await admin.add_allowed_group(share, group["id"])
    assert [each["displayName"] for each in await admin.allowed_groups(share)] == ["Staff"]
    assert await admin.find_user("nobody@contoso.example") is None
    assert await admin.find_group("it's nobody") is None


async def test_two_groups_of_one_name_are_told_apart_by_their_ids(set_up: SetUp, admin: AdminClient) -> None:
    other = set_up.tenant.world.add_group("Staff 2")
    other.display_name = "Staff"
    with pytest.raises(ChangeRefused, match=other.id):
        await admin.find_group("Staff")
    assert set(await admin.group_ids("Staff")) == {other.id, set_up.tenant.staff.id}


async def test_the_people_of_a_group_are_those_of_the_groups_in_it_too_over_all_pages(
    set_up: SetUp, admin: AdminClient
) -> None:
    world = set_up.tenant.world
    everyone = world.add_group("Everyone")
    set_up.tenant.staff.groups.add(everyone.id)
    people = [world.add_user(f"user{number}@contoso.example", groups=[everyone]) for number in range(25)]
    names = {user.user_principal_name for user in (set_up.tenant.bruno, *people)}
    assert set(await admin.group_members(everyone.id)) == names
    assert await admin.group_members(set_up.tenant.staff.id) == [set_up.tenant.bruno.user_principal_name]
    with pytest.raises(GraphNotFound):
        await admin.group_members("nowhere")


async def test_a_group_whose_people_are_shown_by_id_alone_is_not_taken_for_an_empty_one(set_up: SetUp) -> None:
    client = administrator(set_up, "GroupMember.Read.All")
    with pytest.raises(AdministratorDenied, match=r"The sign-in lacks User.ReadBasic.All") as refused:
        await client.group_members(set_up.tenant.staff.id)
    assert refused.value.operation == "list group members"


async def test_the_tenants_settings_are_read_and_changed(set_up: SetUp, admin: AdminClient) -> None:
    before = (await admin.settings())["documentConversionEnabled"]
    await admin.update_settings({"documentConversionEnabled": not before})
    assert set_up.tenant.world.document_conversion_enabled is not before


async def test_a_user_without_the_role_is_told_of_the_role(set_up: SetUp) -> None:
    client = administrator(set_up, "Printer.Read.All", user=set_up.tenant.anna)
    with pytest.raises(AdministratorDenied, match=r"has Printer.Read.All, so .* role Printer Administrator"):
        await client.printers()


async def test_a_sign_in_without_the_permission_is_told_of_the_permission(set_up: SetUp) -> None:
    client = administrator(set_up, "Printer.ReadWrite.All")
    with pytest.raises(AdministratorDenied, match=r"The sign-in lacks Printer.FullControl.All"):
        await client.delete_printer(set_up.tenant.printer.id)
    with pytest.raises(AdministratorDenied, match=r"lacks PrinterShare.Read.All and User.ReadBasic.All"):
        await client.allowed_users(set_up.tenant.share.id)
