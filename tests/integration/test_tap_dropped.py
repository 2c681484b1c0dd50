"""A file that is dropped for another person on a virtual printer: held for them, collected, and closed as it ended."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from emulator.azurite import StorageAccount
from emulator.universal_print.tokens import signing
from shared.catalog import Catalog, parse_catalog
from shared.graph.application_calls import ApplicationCalls
from shared.graph.task_client import TaskClient
from shared.held.entry import HeldState
from shared.held.releasing import ReleaseCode, discard, release
from shared.held.retention import tidy
from shared.held.store import HeldEntries
from shared.names import ARCHIVE, FAILED
from shared.submission.record import Result, State
from shared.tasks.record import TaskRecords
from tests.support.documents import pdf
from tests.support.drop_world import DropWorld, drop_world
from tests.support.emulated_tasks import TAP_APPLICATION
from tests.support.task_world import TaskPump, task_pump

OWNER = "carla@contoso.example"
HOUR = 3600.0


class ApplicationToken:
    """A token that the emulator's authority would give the app, without asking it."""

    def __init__(self, world: DropWorld) -> None:
        self._world = world

    async def access_token(self) -> str:
        world = self._world.emulator.world
        (app,) = world.apps.values()
        lifetime = timedelta(hours=1)
        return signing.access_token(world, app, None, list(TAP_APPLICATION), world.clock.now(), lifetime)

    def invalidate(self) -> None:
        raise AssertionError("the token was refused")


@dataclass
class Dropped:
    """A drop whose share `laser` is held by print tasks, and the pump that handles those."""

    drop: DropWorld
    pump: TaskPump
    key: str
    office: str

    async def turn(self) -> None:
        """Let both go on for ten minutes."""
        for _ in range(2):
            await self.pump.reconcile()
            await self.pump.settle(within=300)
            while await self.drop.deliver_one():
                pass


@pytest.fixture
async def dropped(storage_account: StorageAccount, tmp_path: Path) -> AsyncIterator[Dropped]:
    async with drop_world(storage_account, tmp_path) as drop:
        world = drop.emulator.world
        world.add_user(OWNER)
        (app,) = world.apps.values()
        app.application = frozenset(TAP_APPLICATION)
        definition = drop.emulator.tasks.define(app, "Hold")
        virtual, office = drop.shares["laser"].printer, drop.shares["office"].printer
        drop.emulator.tasks.add_trigger(virtual, definition)
        document = {
            **drop.catalog,
            "taskDefinitionId": definition.id,
            "printers": [
                {"id": virtual.id, "displayName": "Follow me", "virtual": True},
                {"id": office.id, "displayName": "Office"},
            ],
        }

        async def load_catalog() -> Catalog:
            return parse_catalog(json.dumps(drop.catalog).encode())

        trust = ssl.create_default_context(cafile=str(drop.emulator.ca_bundle))
        async with httpx.AsyncClient(verify=trust) as http:
            client = TaskClient(
                ApplicationCalls(
                    f"{drop.emulator.base_url}/v1.0",
                    http,
                    ApplicationToken(drop),
                    bounds=drop.services.bounds,
                    sleep=drop.clock.sleep,
                    random=drop.services.random,
                )
            )
            fields = task_pump(drop.clock, client, load_catalog)
            state = drop.services.state
            fields["services"] = replace(
                fields["services"], state=state, tasks=TaskRecords(state), entries=HeldEntries(state)
            )
            fields["state"] = drop.state
            drop.catalog |= document
            pump = TaskPump(**fields, definition_id=definition.id)
            key = await drop.drop("laser/payslip.pdf", pdf(), metadata={"owner": OWNER})
            found = Dropped(drop, pump, key, office.id)
            await found.turn()
            yield found


async def test_it_is_held_for_its_owner_for_days_and_stays_open(dropped: Dropped) -> None:
    for _ in range(10):
        dropped.drop.clock.advance(2 * HOUR)
        await dropped.turn()

    (entry,) = await dropped.pump.entries()
    assert (entry.user_principal_name, entry.state, entry.submission) == (OWNER, HeldState.HELD, dropped.key)
    assert entry.owner_of in {"print1@contoso.example", "print2@contoso.example"}
    assert (await dropped.drop.record(dropped.key)).state is State.STARTED
    assert dropped.drop.slips == []


async def test_it_is_archived_when_its_owner_collected_it(dropped: Dropped) -> None:
    (entry,) = await dropped.pump.entries()
    answer = await release(
        entry.path,
        None,
        to_printer=dropped.office,
        kiosk_id="k",
        by=OWNER,
        changes={},
        services=dropped.pump.services,
    )
    assert answer.code is ReleaseCode.RELEASED
    await dropped.drop.emulator.job(str(answer.destination_job_id)).finished.wait()
    for _ in range(3):
        await dropped.turn()
    await dropped.drop.settle()

    record = await dropped.drop.record(dropped.key)
    assert record.outcome is not None
    assert (record.outcome.result, record.outcome.code) == (Result.COMPLETED, "collected")
    assert await dropped.drop.places("payslip.pdf") == [ARCHIVE]
    assert len(dropped.drop.slips) == 1
    # One document has one row: that of the held job, which knows who collected it where.
    assert [row["person"] for row in dropped.pump.rows] == [OWNER]
    assert dropped.drop.ledger.lines == {}
    assert not [path for path in dropped.drop.state.documents if path.startswith("collected/")]


async def test_it_fails_with_a_reason_when_its_owner_discards_it(dropped: Dropped) -> None:
    (entry,) = await dropped.pump.entries()
    answer = await discard(entry.path, None, by=OWNER, kiosk_id="k", services=dropped.pump.services)
    assert answer.code is ReleaseCode.DISCARDED
    await dropped.drop.settle()

    receipt = await dropped.drop.receipt(dropped.key)
    assert (receipt["outcome"], receipt["code"]) == ("failed", "held:discarded")
    assert await dropped.drop.places("payslip.pdf") == [FAILED]
    assert dropped.drop.slips == []


async def test_it_fails_with_a_reason_when_nobody_comes(dropped: Dropped) -> None:
    dropped.drop.clock.advance(24 * HOUR + 1)
    await tidy(dropped.pump.services)
    await dropped.drop.settle()

    receipt = await dropped.drop.receipt(dropped.key)
    assert receipt["code"] == "held:expired"
    assert "Nobody collected it" in receipt["reason"]
