"""`printops printer`: printers are listed, registered, changed and unregistered as the rules of Graph allow."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from emulator.azurite import StorageAccount
from shared.names import administrator_cache_path
from shared.settings import StorageConnection
from shared.storage.clients import open_storage
from tests.support.administered import AdministratorsDesk, administrators_desk


@pytest.fixture
async def desk(
    storage_account: StorageAccount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[AdministratorsDesk]:
    async with administrators_desk(storage_account, tmp_path, monkeypatch) as running:
        yield running


async def test_a_list_tells_how_printers_stand_and_asks_for_nothing_but_to_read_them(desk: AdministratorsDesk) -> None:
    desk.set_up.tenant.device.is_accepting_jobs = False
    shown = await desk.done("printer", "list")
    assert "Recorder" in shown
    assert "ready" in shown
    assert "Finance" in shown
    listed = await desk.answer("printer", "list")
    assert (listed["displayName"], listed["isAcceptingJobs"]) == ("Recorder", False)
    assert listed["shares"][0]["displayName"] == "Finance"
    assert desk.asked == [{"Printer.Read.All"}] * 2


async def test_names_are_shown_as_they_are_whatever_characters_they_have(desk: AdministratorsDesk) -> None:
    strange = "Büro [/dim] :printer: 'A'"
    desk.set_up.tenant.printer.display_name = strange
    await desk.done("definition", "create", strange)
    await desk.done("trigger", "create", strange)
    for command in (("list",), ("show", strange)):
        assert strange in await desk.done("printer", *command)
    assert strange in await desk.done("trigger", "list")
    assert strange in await desk.done("definition", "list")


async def test_a_printer_is_shown_by_its_name_with_what_it_can_do(desk: AdministratorsDesk) -> None:
    shown = await desk.answer("printer", "show", "recorder")
    assert shown["capabilities"]["contentTypes"] == ["application/pdf"]
    assert shown["taskTriggers"] == []
    assert "can: contentTypes" in await desk.done("printer", "show", desk.set_up.tenant.printer.id)
    assert "Did you mean Recorder?" in await desk.refused("printer", "show", "Recoder")


async def test_a_virtual_printer_is_registered_and_the_next_step_is_told(desk: AdministratorsDesk) -> None:
    told = await desk.done("printer", "create", "Follow Me", "--manufacturer", "Contoso", "--model", "Virtual")
    [made] = [one for one in desk.set_up.tenant.world.printers.values() if one.display_name == "Follow Me"]
    assert not made.has_physical_device
    assert f"printops trigger create {made.id}" in told
    assert "completed successfully" in told
    assert desk.asked == [{"Printer.Create"}]


@pytest.mark.parametrize(
    "name", ["大" * 70, "Drücker für das Großraumbüro 🖨 im dritten Stock, gleich rechts", "'q' \\ /"]
)
async def test_a_virtual_printer_may_have_any_name_that_can_be_read(desk: AdministratorsDesk, name: str) -> None:
    await desk.done("printer", "create", name, "--manufacturer", "Contoso", "--model", "Virtual")
    assert name in {one.display_name for one in desk.set_up.tenant.world.printers.values()}


async def test_a_printer_without_a_name_and_a_user_who_cannot_be_one_are_refused_in_a_sentence(
    desk: AdministratorsDesk,
) -> None:
    for wrong in ("", " ", "a\nb"):
        told = await desk.refused("printer", "create", wrong, "--manufacturer", "Contoso", "--model", "Virtual")
        assert "A printer's name must be a text that can be read" in told
    assert "There is no user x/y." in await desk.refused("share", "allow", "Finance", "--user", "x/y")
    assert desk.changes() == []


async def test_attributes_are_pushed_to_a_virtual_printer_by_its_name_in_the_catalog(
    desk: AdministratorsDesk, tmp_path: Path
) -> None:
    made = await desk.answer("printer", "create", "Follow Me", "--manufacturer", "Contoso", "--model", "Virtual")
    file = tmp_path / "attributes.json"
    file.write_text('{"attributes": {"copies-supported": {"rangeOfInteger": "1-7"}}}', encoding="utf-8")
    push = ("printer", "attributes", "push", str(file))
    assert "has no virtual printer Follow Me alone (it has none)" in await desk.refused(*push, "Follow Me")
    virtual = {"id": made["id"], "displayName": "Follow Me", "virtual": True}
    device = {"id": desk.set_up.tenant.printer.id, "displayName": "Recorder"}
    await desk.publish({"version": 1, "shares": [], "printers": [virtual, device]})
    before = desk.changes()
    assert "has a device, and says itself what it offers" in await desk.refused(*push, "Recorder")
    assert desk.changes() == before
    gone = await desk.refused(*push, "8a4f2c1e-6b0d-4f57-9c3a-2e1d5b7a9f60")
    assert "To mend it: run `python -m printops plan" in gone
    await desk.done(*push, "follow me")
    shown = await desk.answer("printer", "show", "Follow Me")
    assert shown["capabilities"]["copiesPerJob"] == {"start": 1, "end": 7}
    file.write_text("{", encoding="utf-8")
    assert f"{file}: it is no JSON" in await desk.refused(*push, "Follow Me")


async def test_each_change_goes_out_with_the_permissions_that_may_make_it(
    desk: AdministratorsDesk, tmp_path: Path
) -> None:
    made = await desk.answer("printer", "create", "Follow Me", "--manufacturer", "Contoso", "--model", "Virtual")
    desk.asked.clear()
    name = "Follow Me"
    await desk.done("printer", "update", name, "--location", "building=Main", "--default", "copiesPerJob=2")
    assert desk.asked == [{"Printer.ReadWrite.All"}]
    printer = desk.set_up.tenant.world.printers[made["id"]]
    assert (printer.location, printer.changed_defaults) == ({"building": "Main"}, {"copiesPerJob": 2})
    capabilities = tmp_path / "body.json"
    capabilities.write_text(json.dumps({"capabilities": {"contentTypes": ["application/pdf"]}}))
    desk.asked.clear()
    told = await desk.done("printer", "update", made["id"], "--file", str(capabilities), "--accepting")
    assert "capabilities, isAcceptingJobs changed, as application" in told
    assert desk.asked == []
    shown = await desk.answer("printer", "show", name)
    assert (shown["isAcceptingJobs"], shown["capabilities"]["contentTypes"]) == (True, ["application/pdf"])


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--location", "building=Main", "--model", "2"), "once for each"),
        (
            ("--model", "2", "--as", "administrator"),
            "run `python -m printops printer update Recorder --as application`",
        ),
        (("--location", "city=Rome", "--as", "application"), "location is changed by a Printer Administrator alone"),
        (("--model", "2"), "Recorder has a device"),
        (("--accepting",), "isAcceptingJobs of this one come from the device"),
        ((), "There is nothing to change"),
        (("--location", "planet=Mars"), "--location knows no 'planet'"),
        (("--default", "copiesPerJob=two"), "'two' is no value"),
    ],
)
async def test_what_these_permissions_may_not_change_never_leaves(
    desk: AdministratorsDesk, options: tuple[str, ...], reason: str
) -> None:
    assert reason in await desk.refused("printer", "update", "Recorder", *options)
    assert desk.changes() == []


async def test_properties_that_no_one_changes_name_what_does_it(desk: AdministratorsDesk, tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_text(json.dumps({"isShared": True, "hasPhysicalDevice": False}))
    refused = await desk.refused("printer", "update", "Recorder", "--file", str(body))
    assert "`printops share create`" in refused
    assert "`printops printer create`" in refused


async def test_factory_defaults_come_back(desk: AdministratorsDesk) -> None:
    await desk.done("printer", "update", "Recorder", "--default", "copiesPerJob=2")
    await desk.done("printer", "restore-defaults", "Recorder")
    assert desk.set_up.tenant.printer.changed_defaults == {}


async def test_a_shared_printer_is_not_deleted_without_force_and_what_people_lose_is_told(
    desk: AdministratorsDesk,
) -> None:
    refused = await desk.refused("printer", "delete", "Recorder", "--yes")
    assert "Recorder is shared as Finance" in refused
    assert "Windows users have to add a printer anew" in refused
    assert desk.changes() == []
    wrong = await desk.refused("printer", "delete", "Recorder", "--force", typed="recorder\n")
    assert "1 users and 1 groups can no longer print" in wrong
    assert desk.changes() == []
    await desk.done("printer", "delete", "Recorder", "--force", typed="Recorder\n")
    assert desk.set_up.tenant.world.printers == {}
    assert desk.set_up.tenant.world.shares == {}


async def test_deleting_asks_for_the_one_permission_that_it_takes(desk: AdministratorsDesk) -> None:
    desk.set_up.tenant.world.shares.clear()
    await desk.done("printer", "delete", "Recorder", "--yes")
    assert desk.set_up.tenant.world.printers == {}
    assert desk.asked == [{"Printer.FullControl.All"}]


async def test_a_user_without_the_role_reads_which_one_is_missing(desk: AdministratorsDesk) -> None:
    desk.at_the_desk = desk.set_up.tenant.anna.user_principal_name
    refused = await desk.refused("printer", "list")
    assert "the signed-in user needs the role Printer Administrator" in refused


async def test_a_permission_without_consent_is_named(desk: AdministratorsDesk) -> None:
    desk.set_up.tenant.app.delegated -= {"Printer.FullControl.All"}
    refused = await desk.refused("printer", "delete", "Recorder", "--yes")
    assert "Consent" in refused
    assert "Printer.FullControl.All" in refused


async def test_a_remembered_sign_in_serves_the_next_commands_and_can_be_forgotten(desk: AdministratorsDesk) -> None:
    name = desk.at_the_desk
    await desk.done("printer", "list", "--remember")
    assert len(desk.asked) == 1
    await desk.done("printer", "list", "--administrator", name.upper())
    await desk.done("printer", "update", "Recorder", "--default", "copiesPerJob=2", "--administrator", name)
    assert len(desk.asked) == 1
    async with open_storage(StorageConnection(desk.storage.connection_string)) as storage:
        stored = await storage.state.read(administrator_cache_path(name))
        assert stored is not None
        assert b"RefreshToken" not in stored.content
    await desk.done("administrator", "forget", name)
    await desk.done("printer", "list", "--administrator", name)
    assert len(desk.asked) == 2


async def test_somebody_else_than_the_named_administrator_does_nothing(desk: AdministratorsDesk) -> None:
    refused = await desk.refused("printer", "list", "--administrator", "other@contoso.example")
    assert "not other@contoso.example" in refused
