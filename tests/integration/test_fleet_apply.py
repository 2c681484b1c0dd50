"""One file makes the emulator's empty tenant ready, wherever a run is interrupted, and tells what others changed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.catalog import parse_catalog
from shared.errors import NoReply
from shared.fleet.model import Fleet
from shared.fleet.reading import parse_fleet
from shared.fleet.steps import Kind, Step
from shared.ipp.document import write_document
from shared.ipp.values import Attribute, Value
from shared.names import CATALOG_PATH
from tests.support.fleet_world import FleetWorld, Stopped, StoppingTenancy, fleet_world

FILE = """
[settings]
document_conversion = false

[task_definition]
name = "Follow me"

[[virtual_printers]]
name = "Follow me"
attributes = "follow-me.json"
capabilities = { contentTypes = ["application/pdf"], colorModes = ["color", "grayscale"] }
defaults = { colorMode = "grayscale" }
location = { building = "Main" }

[[printers]]
name = "Hall MFP"
defaults = { duplexMode = "oneSided" }

[[printers]]
name = "Back Office Laser"

[[shares]]
name = "Follow me"
printer = "Follow me"
everyone = true

[[shares]]
name = "Hall"
printer = "Hall MFP"
users = ["dora@fabrikam.example", "Emil@fabrikam.example"]
groups = ["Finance"]
exclusive = true

[[policies]]
name = "Finance"
when = { groups = ["Finance"], printers = ["Follow me"] }
action = { do = "release", printer = "Hall MFP" }
"""
STEPS = 14
ATTRIBUTES = write_document([Attribute("printer-info", (Value(0x41, "Print here, collect anywhere"),))])


def read(text: str = FILE) -> Fleet:
    return parse_fleet(text, {"follow-me.json": ATTRIBUTES}.__getitem__)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[FleetWorld]:
    async with fleet_world(tmp_path) as running:
        yield running


async def published(world: FleetWorld) -> bytes:
    stored = await world.state.read(CATALOG_PATH)
    assert stored is not None
    return stored.content


async def test_an_empty_tenant_becomes_what_the_file_says_and_a_second_run_does_nothing(world: FleetWorld) -> None:
    fleet = read()
    lines = await world.apply(fleet)
    assert [line for line in lines if not line.endswith(": done")] == []
    assert await world.plan(fleet) == ()
    assert await world.apply(fleet) == []
    there = world.tenant.emulator.world
    share = {share.display_name: share for share in there.shares.values()}
    printer = share["Follow me"].printer
    assert printer.has_physical_device is False
    assert (printer.device.is_accepting_jobs, printer.location) == (True, {"building": "Main"})
    assert share["Follow me"].allow_all_users
    assert {there.users[name].user_principal_name for name in share["Hall"].users} == {
        *("dora@fabrikam.example", "emil@fabrikam.example"),
    }
    catalog = parse_catalog(await published(world))
    assert [(one.display_name, one.virtual) for one in catalog.printers] == [
        *(("Follow me", True), ("Hall MFP", False), ("Back Office Laser", False)),
    ]
    hall = catalog.find("hall")
    assert hall is not None
    assert "application/pdf" in hall.capabilities["contentTypes"]
    assert (hall.id, hall.printer_id) == (share["Hall"].id, share["Hall"].printer.id)
    assert catalog.task_definition_id


@pytest.mark.parametrize("number", range(STEPS))
async def test_a_run_that_ends_after_any_step_is_finished_by_the_next_one(world: FleetWorld, number: int) -> None:
    fleet = read()
    first = [step.kind for step in await world.plan(fleet)]
    assert len(first) == STEPS
    tenancy = world.tenancy()
    tenancy.stop_after = number
    with pytest.raises(Stopped):
        await world.apply(fleet, tenancy)
    again = await world.apply(fleet)
    # IPP attributes are sent again until the catalog remembers them: Graph does not show them.
    sent = first.index(Kind.SEND_ATTRIBUTES) <= number < STEPS - 1
    assert len(again) == STEPS - number - 1 + sent
    assert await world.plan(fleet) == ()
    there = world.tenant.emulator.world
    assert sorted(share.display_name for share in there.shares.values()) == ["Follow me", "Hall"]
    assert sum(not printer.has_physical_device for printer in there.printers.values()) == 1
    assert len(json.loads(await published(world))["printers"]) == 3


async def test_answers_that_are_lost_are_looked_up(world: FleetWorld) -> None:
    fleet = read()

    class Deaf(StoppingTenancy):
        async def do(self, step: Step) -> str | None:
            await super().do(step)
            raise NoReply(step.kind, "cut")

    deaf = world.tenancy(Deaf)
    with pytest.raises(NoReply):
        # Of IPP attributes Graph says nothing, so this one cannot be looked up, and is sent again by the next run.
        await world.apply(fleet, deaf)
    without = read(FILE.replace('attributes = "follow-me.json"', ""))
    lines = await world.apply(without, deaf)
    assert [line for line in lines if not line.endswith(": done")] == []
    await world.apply(fleet)
    assert await world.plan(fleet) == ()
    assert sum(not one.has_physical_device for one in world.tenant.emulator.world.printers.values()) == 1


async def test_a_printer_that_an_interrupted_run_was_registering_is_waited_for(world: FleetWorld) -> None:
    fleet = read('[[virtual_printers]]\nname = "Follow me"\ntrigger = false')

    class Killed(Exception):
        pass

    def die(_: object) -> None:
        raise Killed

    advance, world.administrator.advance = world.administrator.advance, die
    with pytest.raises(Killed):
        await world.apply(fleet)
    world.administrator.advance = advance
    assert next(step.kind for step in await world.plan(fleet)) is Kind.CREATE_PRINTER
    await world.apply(fleet)
    assert sum(not one.has_physical_device for one in world.tenant.emulator.world.printers.values()) == 1
    assert [path async for path in world.state.list_paths("fleet/")] == []
    assert await world.plan(fleet) == ()


async def test_what_somebody_changes_by_hand_is_drift(world: FleetWorld) -> None:
    fleet = read()
    await world.apply(fleet)
    there = world.tenant.emulator.world
    hall = next(share for share in there.shares.values() if share.display_name == "Hall")
    farid = there.user_named("farid@fabrikam.example")
    assert farid is not None
    hall.users.add(farid.id)
    hall.allow_all_users = True
    there.document_conversion_enabled = True
    # The file says nothing of access for all here.
    found = await world.plan(fleet)
    assert [step.kind for step in found] == [Kind.CHANGE_SETTINGS, Kind.REMOVE_USER, Kind.PUBLISH]
    await world.apply(fleet)
    assert farid.id not in hall.users
    assert hall.allow_all_users
    assert await world.plan(fleet) == ()


async def test_shares_are_swapped_renamed_and_removed(world: FleetWorld) -> None:
    await world.apply(read())
    hall = next(share for share in world.tenant.emulator.world.shares.values() if share.display_name == "Hall")
    before = hall.id
    text = FILE.replace('printer = "Hall MFP"\nusers', 'printer = "Back Office Laser"\nusers').replace(
        'name = "Hall"\n', f'name = "Office"\nid = "{before}"\n'
    )
    changed = read(text)
    assert [step.kind for step in await world.plan(changed)] == [Kind.UPDATE_SHARE, Kind.SWAP_PRINTER, Kind.PUBLISH]
    await world.apply(changed)
    assert (hall.id, hall.display_name, hall.printer.display_name) == (before, "Office", "Back Office Laser")
    gone = read(
        '[task_definition]\nname = "Follow me"\n[[virtual_printers]]\nname = "Follow me"\nstate = "absent"\n'
        '[[shares]]\nname = "Follow me"\nstate = "absent"'
    )
    assert [step.kind for step in await world.plan(gone)] == [Kind.DELETE_SHARE, Kind.DELETE_PRINTER, Kind.PUBLISH]
    await world.apply(gone)
    assert [share.display_name for share in world.tenant.emulator.world.shares.values()] == ["Office"]
    assert await world.plan(gone) == ()
