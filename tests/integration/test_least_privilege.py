"""The product works with the permissions that it lists, and each of them is needed for what it says, and no more."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import pytest
import pytest_asyncio

from shared.graph.admin_permissions import least_permissions
from shared.permissions import PERMISSIONS, Kind, Part, Permission, naming, permissions
from tests.support.least_privilege import (
    Clients,
    Granted,
    Walk,
    administration,
    app_set_up,
    held_jobs,
    printing,
    running_clients,
    usage,
)

pytestmark = [pytest.mark.asyncio(loop_scope="module")]

type Flow = Callable[[Clients, Granted], Awaitable[Walk]]

ADMINISTRATION = frozenset({Part.SET_UP, Part.DELETING})
FLOWS: Mapping[tuple[Kind, frozenset[Part]], Flow] = {
    (Kind.DELEGATED, frozenset({Part.PRINTING})): printing,
    (Kind.DELEGATED, frozenset({Part.USAGE})): usage,
    (Kind.APPLICATION, frozenset({Part.TAP})): held_jobs,
    (Kind.APPLICATION, frozenset({Part.SET_UP})): app_set_up,
    (Kind.DELEGATED, ADMINISTRATION): administration,
}

# Of each permission the ones that come closest to it and reach less far.
NARROWER: Mapping[tuple[Kind, str], tuple[str, ...]] = {
    (Kind.DELEGATED, "PrintJob.ReadWrite"): ("PrintJob.Create", "PrintJob.ReadWriteBasic", "PrintJob.Read"),
    (Kind.APPLICATION, "PrintJob.ReadWrite.All"): ("PrintJob.Read.All", "PrintJob.ReadWriteBasic.All"),
    (Kind.APPLICATION, "PrintJob.Manage.All"): ("PrintJob.ReadWriteBasic.All",),
    (Kind.APPLICATION, "User.Read.All"): ("User.ReadBasic.All",),
    (Kind.APPLICATION, "Printer.ReadWrite.All"): ("Printer.Read.All",),
}
NARROWER_FOR_ADMINISTRATION = {
    "Printer.ReadWrite.All": "Printer.Read.All",
    "Printer.FullControl.All": "Printer.ReadWrite.All",
    "PrinterShare.Read.All": "PrinterShare.ReadBasic.All",
    "PrinterShare.ReadWrite.All": "PrinterShare.Read.All",
    "PrintSettings.ReadWrite.All": "PrintSettings.Read.All",
    "User.ReadBasic.All": "User.Read",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def clients(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Clients]:
    async with running_clients(tmp_path_factory.mktemp("least-privilege")) as running:
        yield running


def operations(kind: Kind, parts: frozenset[Part]) -> set[str]:
    return {name for row in PERMISSIONS if row.kind is kind and row.part in parts for name in row.operations}


def granting(kind: Kind, parts: frozenset[Part], without: str | None = None) -> Granted:
    """What a token carries: of an administrator's what the command asks for, of others all of their part."""
    consented = set(permissions(kind, parts)) - {without}
    if parts == ADMINISTRATION:
        return lambda operation: set(least_permissions((operation,))) & consented
    return lambda _: consented


@pytest.mark.parametrize(("kind", "parts"), FLOWS, ids=lambda value: value if isinstance(value, Kind) else min(value))
async def test_every_operation_of_a_part_works_with_the_permissions_that_are_listed_for_it(
    clients: Clients, kind: Kind, parts: frozenset[Part]
) -> None:
    walk = await FLOWS[kind, parts](clients, granting(kind, parts))
    assert walk.refused == set()
    assert walk.done == operations(kind, parts)


@pytest.mark.parametrize("row", PERMISSIONS, ids=lambda row: f"{row.name}-{row.kind}-{row.part}")
async def test_without_a_permission_the_operations_that_it_names_are_refused_and_no_others(
    clients: Clients, row: Permission
) -> None:
    parts = next(parts for kind, parts in FLOWS if kind is row.kind and row.part in parts)
    walk = await FLOWS[row.kind, parts](clients, granting(row.kind, parts, without=row.name))
    assert walk.refused == set(row.operations)
    assert all(row in naming(operation, row.kind) for operation in walk.refused)


@pytest.mark.parametrize(
    ("kind", "name", "narrower"), [(*of, narrower) for of, names in NARROWER.items() for narrower in names]
)
async def test_a_narrower_permission_is_not_enough(clients: Clients, kind: Kind, name: str, narrower: str) -> None:
    (part,) = {row.part for row in PERMISSIONS if (row.kind, row.name) == (kind, name)}
    parts = frozenset({part})
    granted = set(granting(kind, parts, without=name)("")) | {narrower}
    walk = await FLOWS[kind, parts](clients, lambda _: granted)
    assert walk.refused


async def test_narrower_permissions_are_not_enough_for_an_administrator(clients: Clients) -> None:
    def granted(operation: str) -> set[str]:
        return {NARROWER_FOR_ADMINISTRATION.get(name, name) for name in least_permissions((operation,))}

    walk = await administration(clients, granted)
    narrowed = (row for row in PERMISSIONS if row.kind is Kind.DELEGATED and row.part in ADMINISTRATION)
    assert walk.refused == {
        operation for row in narrowed if row.name in NARROWER_FOR_ADMINISTRATION for operation in row.operations
    }


async def test_an_app_with_the_least_set_of_all_parts_does_all_of_its_work(clients: Clients) -> None:
    everything = permissions(Kind.APPLICATION)
    assert "Printer.Read.All" not in everything
    for flow in (held_jobs, app_set_up):
        assert (await flow(clients, lambda _: everything)).refused == set()


async def test_one_sign_in_for_all_of_set_up_asks_for_less_than_is_listed_and_is_enough(clients: Clients) -> None:
    asked = least_permissions(operations(Kind.DELEGATED, frozenset({Part.SET_UP})))
    assert set(asked) < set(permissions(Kind.DELEGATED, {Part.SET_UP}))
    assert (await administration(clients, lambda _: asked)).refused == {"delete printer"}
