"""Four hours without a webhook: every job that was printed meanwhile is held and can be collected, and none printed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.held.releasing import ReleaseCode, release
from tests.support.documents import pdf
from tests.support.tap_world import TapWorld, tap_world

JOBS = 500
HOURS = 4
PERIOD = 60.0


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[TapWorld]:
    async with tap_world(tmp_path) as running:
        yield running


def printed(world: TapWorld, content: bytes, number: int) -> None:
    """A started job of Anna's or Bruno's, made beside the API: how it came there is not what is tried here."""
    tap, emulator = world.tap, world.tap.service.emulator
    user = (tap.tenant.anna, tap.tenant.bruno)[number % 2]
    job = emulator.jobs.create(tap.follow_me, tap.share, user, tap.tenant.app, {}, emulator.clock.now())
    job.payload.write_bytes(content)
    job.document.display_name, job.document.content_type = f"{number}.pdf", "application/pdf"
    job.document.size, job.document.uploaded = len(content), datetime.now(UTC)
    emulator.queues.submit(job)


async def test_every_job_is_held_within_two_periods_and_can_be_collected(world: TapWorld) -> None:
    content = pdf()
    for number in range(JOBS):
        printed(world, content, number)
        world.clock.advance(HOURS * 3600 / JOBS)
    await asyncio.sleep(0.1)
    for _ in range(2):
        await world.reconcile()
        await world.settle(within=PERIOD)

    assert world.papers == 0
    for person in (world.tap.tenant.anna, world.tap.tenant.bruno):
        assert len(await world.services.entries.list_of(person.id)) == JOBS // 2
    paths = await world.held_paths()
    assert len(paths) == JOBS
    gate = asyncio.Semaphore(10)

    async def collect(path: str) -> ReleaseCode:
        async with gate:
            services, office = world.services, world.office
            return (
                await release(path, None, to_printer=office, kiosk_id="k", by="a", changes={}, services=services)
            ).code

    assert {*await asyncio.gather(*(collect(path) for path in paths))} == {ReleaseCode.RELEASED}
    async with asyncio.timeout(20):
        while world.papers < JOBS:
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.1)
    assert world.papers == JOBS
