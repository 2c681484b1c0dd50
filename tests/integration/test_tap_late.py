"""Graph tells of a task, or answers a redirect, before its reads find what was made: nothing is taken for lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from shared.held.releasing import ReleaseCode, release
from tests.support.tap_world import TapWorld, tap_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[TapWorld]:
    async with tap_world(tmp_path) as running:
        yield running


async def test_a_task_that_is_told_before_a_read_finds_it_is_held_all_the_same(world: TapWorld) -> None:
    world.tap.service.emulator.settings.reading_delay = timedelta(seconds=5)
    task = await world.tap.print_held()
    await world.notify(task.id)
    await world.settle(within=30)
    assert len(await world.held_paths()) == 1
    reconciled = await world.reconcile()
    assert reconciled is not None
    assert dict(reconciled.alerts) == {}


async def test_a_released_job_that_no_read_finds_at_first_is_followed_to_paper(world: TapWorld) -> None:
    task = await world.tap.print_held()
    await world.notify(task.id)
    await world.settle(within=1)
    world.clock.advance(60)
    world.tap.service.emulator.settings.reading_delay = timedelta(seconds=5)
    [path] = await world.held_paths()
    answer = await release(
        path, None, to_printer=world.office, kiosk_id="k", by="anna", changes={}, services=world.services
    )
    assert answer.code is ReleaseCode.RELEASED
    await world.finished(world.tap.service.emulator.job(str(answer.destination_job_id)))
    await world.settle()
    assert world.papers == 1
    assert await world.entries() == []
