"""What applying a file asks of Graph grows with the file, and no faster; and nothing is made twice for that."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from emulator.universal_print.world import Printer, Share, User
from shared.errors import NoReply
from shared.fleet.applying import Outcome, TenantChanged, apply
from shared.fleet.model import Fleet, FleetUnreadable
from shared.fleet.planning import plan
from shared.fleet.reading import parse_fleet
from shared.fleet.steps import Kind, Step
from shared.fleet.tenant import Tenant
from shared.names import CATALOG_PATH
from tests.support.fleet_world import FleetWorld, Stopped, StoppingTenancy, fleet_world

# The emulator's lists have twenty entries a page, so a list read for each step shows in the number of calls.
FEW = 60
DEFINITION = '[task_definition]\nname = "Follow me"\n'


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[FleetWorld]:
    async with fleet_world(tmp_path) as running:
        yield running


def read(*parts: str) -> Fleet:
    files: dict[str, str] = {}
    return parse_fleet("\n".join(parts), files.__getitem__)


def device(world: FleetWorld, name: str) -> Printer:
    """One more registered printer."""
    there = world.tenant.emulator.world
    like = next(iter(there.printers.values()))
    printer = Printer(str(uuid.uuid4()), name, like.device, like.registered)
    there.printers[printer.id] = printer
    return printer


def share_by_hand(world: FleetWorld, name: str, printer: Printer) -> Share:
    """What another administrator does in the portal."""
    there = world.tenant.emulator.world
    made = Share(str(uuid.uuid4()), name, printer, printer.registered)
    there.shares[made.id] = made
    return made


def shared_devices(world: FleetWorld, count: int) -> str:
    parts = []
    for number in range(count):
        name = device(world, f"Room {number}").display_name
        parts.append(f'[[printers]]\nname = "{name}"\ntrigger = true\n[[shares]]\nname = "{name}"\nprinter = "{name}"')
        parts.append('users = ["dora@fabrikam.example"]\ngroups = ["Finance"]')
    return DEFINITION + "\n".join(parts)


def virtual_printers(world: FleetWorld, count: int) -> str:
    del world
    offered = 'capabilities = { contentTypes = ["application/pdf"] }'
    return DEFINITION + "\n".join(f'[[virtual_printers]]\nname = "Queue {one}"\n{offered}' for one in range(count))


def people_of_a_share(world: FleetWorld, count: int) -> str:
    there = world.tenant.emulator.world
    names = [f"person{number}@fabrikam.example" for number in range(count)]
    for name in names:
        user = User(str(uuid.uuid4()), name, name)
        there.users[user.id] = user
    return f'[[printers]]\nname = "Hall MFP"\n[[shares]]\nname = "Hall"\nprinter = "Hall MFP"\nusers = {names}'


def absent_printers(world: FleetWorld, count: int) -> str:
    parts = []
    for number in range(count):
        printer = device(world, f"Queue {number}")
        printer.has_physical_device = False
        parts.append(f'[[virtual_printers]]\nname = "{printer.display_name}"\nstate = "absent"')
    return "\n".join(parts)


def absent_shares(world: FleetWorld, count: int) -> str:
    parts = []
    for number in range(count):
        share_by_hand(world, f"Room {number}", device(world, f"Room {number}"))
        parts.append(f'[[shares]]\nname = "Room {number}"\nstate = "absent"')
    return "\n".join(parts)


async def calls_to_apply(directory: Path, made: Callable[[FleetWorld, int], str], count: int) -> Counter[str]:
    async with fleet_world(directory / str(count)) as world:
        fleet = read(made(world, count))
        log = world.tenant.emulator.requests
        log.clear()
        await world.apply(fleet)
        asked = log.counts()
        assert await world.plan(fleet) == ()
        return asked


@pytest.mark.parametrize(
    ("made", "most_for_each"),
    [
        (shared_devices, 17),
        (virtual_printers, 10),
        (people_of_a_share, 4),
        (absent_printers, 6),
        (absent_shares, 3),
    ],
)
async def test_twice_the_file_asks_at_most_twice_as_much(
    tmp_path: Path, made: Callable[[FleetWorld, int], str], most_for_each: int
) -> None:
    few = await calls_to_apply(tmp_path, made, FEW)
    many = await calls_to_apply(tmp_path, made, 2 * FEW)
    assert many.total() <= 2 * few.total(), many - few - few
    assert many.total() - few.total() <= most_for_each * FEW, many - few


class Crowded(StoppingTenancy):
    """Somebody else does something just before the share of this name is looked at."""

    share: str
    meanwhile: Callable[[], object]

    async def refreshed(self, fleet: Fleet, tenant: Tenant, step: Step, *, unanswered: bool = False) -> Tenant:
        if step.kind is Kind.CREATE_SHARE and step.subject == self.share and not unanswered:
            self.meanwhile()
        return await super().refreshed(fleet, tenant, step, unanswered=unanswered)


def asked_to_share(world: FleetWorld) -> Counter[int | None]:
    """How often Graph was asked to make a share, by what it answered."""
    return Counter(entry.status for entry in world.tenant.emulator.requests.of("createShare"))


def names_of_shares(world: FleetWorld) -> Counter[str]:
    return Counter(share.display_name for share in world.tenant.emulator.world.shares.values())


# The list of all shares is read for the first of sixty; for the last one it was read some steps before.
@pytest.mark.parametrize("number", [0, FEW - 1])
async def test_a_share_that_somebody_makes_of_the_same_printer_is_taken_for_the_one_in_the_file(
    world: FleetWorld, number: int
) -> None:
    fleet = read(shared_devices(world, FEW))
    printer = next(one for one in world.tenant.emulator.world.printers.values() if one.display_name == f"Room {number}")
    tenancy = world.tenancy(Crowded)
    assert isinstance(tenancy, Crowded)
    tenancy.share, tenancy.meanwhile = printer.display_name, lambda: share_by_hand(world, f"Room {number}", printer)
    lines = await world.apply(fleet, tenancy)
    assert [line for line in lines if line.endswith(Outcome.ALREADY)] == [
        f"Share the printer 'Room {number}' as 'Room {number}': {Outcome.ALREADY}"
    ]
    assert asked_to_share(world) == {201: FEW - 1}
    assert set(names_of_shares(world).values()) == {1}
    assert await world.plan(fleet) == ()


@pytest.mark.parametrize(("number", "answers"), [(0, {201: FEW - 1}), (FEW - 1, {201: FEW - 1, 409: 1})])
async def test_a_share_that_somebody_makes_of_another_printer_is_no_double_and_ends_the_run(
    world: FleetWorld, number: int, answers: dict[int, int]
) -> None:
    name = f"Room {number}"
    fleet = read(shared_devices(world, FEW))
    spare = device(world, "Spare")
    tenancy = world.tenancy(Crowded)
    assert isinstance(tenancy, Crowded)
    tenancy.share, tenancy.meanwhile = name, lambda: share_by_hand(world, name, spare)
    with pytest.raises(TenantChanged, match=f"Put the printer '{name}' behind the share '{name}'"):
        await world.apply(fleet, tenancy)
    assert asked_to_share(world) == answers
    assert await world.state.read(CATALOG_PATH) is None
    assert set(names_of_shares(world).values()) == {1}
    await world.apply(fleet)
    assert await world.plan(fleet) == ()
    assert asked_to_share(world) == answers


@pytest.mark.parametrize("number", [0, FEW // 2, FEW - 1])
async def test_a_run_that_dies_after_a_share_is_made_makes_no_second(world: FleetWorld, number: int) -> None:
    fleet = read(shared_devices(world, FEW))
    first = [step.kind for step in await world.plan(fleet)].index(Kind.CREATE_SHARE)
    tenancy = world.tenancy()
    tenancy.stop_after = first + number
    with pytest.raises(Stopped):
        await world.apply(fleet, tenancy)
    assert asked_to_share(world) == {201: number + 1}
    await world.apply(fleet)
    assert asked_to_share(world) == {201: FEW}
    assert await world.plan(fleet) == ()


async def test_shares_and_printers_whose_answers_are_lost_are_looked_up_however_many(world: FleetWorld) -> None:
    class Deaf(StoppingTenancy):
        async def do(self, step: Step) -> str | None:
            made = await super().do(step)
            if step.kind in (Kind.CREATE_SHARE, Kind.CREATE_PRINTER, Kind.ADD_USER):
                raise NoReply(step.kind, "cut")
            return made

    queues = virtual_printers(world, FEW).removeprefix(DEFINITION)
    fleet = read(shared_devices(world, FEW), queues)
    lines = await world.apply(fleet, world.tenancy(Deaf))
    assert [line for line in lines if not line.endswith(Outcome.DONE)] == []
    assert asked_to_share(world) == {201: FEW}
    assert len(world.tenant.emulator.requests.of("createPrinter")) == FEW
    assert await world.plan(fleet) == ()


async def test_a_printer_that_somebody_registers_before_it_is_made_is_found(world: FleetWorld) -> None:
    fleet = read(virtual_printers(world, FEW))
    tenancy = world.tenancy()
    tenant = await tenancy.read(fleet)
    await world.administrator.create_printer("Queue 0", "Contoso", "Made by another")
    told: list[tuple[Kind, str, Outcome]] = []
    steps = plan(fleet, tenant)
    await apply(
        *(fleet, tenancy, tenant, steps),
        confirmed=True,
        told=lambda step, outcome: told.append((step.kind, step.subject, outcome)),
    )
    assert told[1] == (Kind.CREATE_PRINTER, "Queue 0", Outcome.ALREADY)
    assert len(world.tenant.emulator.requests.of("createPrinter")) == FEW
    assert await world.plan(fleet) == ()


async def test_who_is_allowed_by_somebody_else_while_many_are_is_no_error(world: FleetWorld) -> None:
    fleet = read(people_of_a_share(world, FEW))
    last = world.tenant.emulator.world.user_named(f"person{FEW - 1}@fabrikam.example")
    assert last is not None
    tenancy = world.tenancy()
    tenant = await tenancy.read(fleet)

    def meanwhile(step: Step, outcome: Outcome) -> None:
        del outcome
        if step.kind is Kind.ADD_USER:
            next(iter(world.tenant.emulator.world.shares.values())).users.add(last.id)

    await apply(fleet, tenancy, tenant, plan(fleet, tenant), confirmed=True, told=meanwhile)
    assert len(world.tenant.emulator.requests.of("addShareAllowedUser")) == FEW
    assert await world.plan(fleet) == ()


async def test_a_printer_of_a_name_that_somebody_gives_twice_meanwhile_is_told_and_nothing_published(
    world: FleetWorld,
) -> None:
    fleet = read(virtual_printers(world, FEW))
    tenancy = world.tenancy()
    tenant = await tenancy.read(fleet)

    def meanwhile(step: Step, outcome: Outcome) -> None:
        del outcome
        if (step.kind, step.subject) == (Kind.CREATE_PRINTER, f"Queue {FEW - 1}"):
            device(world, f"Queue {FEW - 1}")

    with pytest.raises(FleetUnreadable, match=f"'Queue {FEW - 1}': the tenant has 2 printers of this name"):
        await apply(fleet, tenancy, tenant, plan(fleet, tenant), confirmed=True, told=meanwhile)
    assert await world.state.read(CATALOG_PATH) is None
