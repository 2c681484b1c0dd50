"""Print tasks on the emulator: held, changed, released once, whatever reply is lost and whoever races."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from emulator.universal_print.faults import Fault
from shared.held.entry import HeldState
from shared.held.releasing import ReleaseCode, ReleaseOutcome, discard, release
from shared.held.retention import tidy
from tests.support.documents import pdf
from tests.support.tap_world import TapWorld, tap_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[TapWorld]:
    async with tap_world(tmp_path) as running:
        yield running


async def tap(world: TapWorld, path: str, **changes: Any) -> ReleaseOutcome:
    return await release(
        path, None, to_printer=world.office, kiosk_id="k", by="anna", changes=changes, services=world.services
    )


async def held(world: TapWorld, content: bytes | None = None, **configuration: Any) -> str:
    task = await world.tap.print_held(content or pdf(), **configuration)
    await world.notify(task.id)
    await world.settle(within=1)
    return (await world.held_paths())[-1]


async def test_a_held_job_is_released_and_followed_to_paper(world: TapWorld) -> None:
    path = await held(world, copies=2, colorMode="color")
    ((view, _),) = await world.services.entries.list_of(world.anna)
    assert (view.document_name, view.copies, view.user_principal_name) == ("letter.pdf", 2, "anna@contoso.example")
    assert world.papers == 0

    answer = await tap(world, path, copies=1)
    assert answer.code is ReleaseCode.RELEASED
    await world.finished(world.tap.service.emulator.job(str(answer.destination_job_id)))
    await world.settle()

    assert world.papers == 1
    (document,) = world.tap.tenant.device.documents
    # The printer offers no colour, and the person chose one copy.
    assert (document.configuration["copies"], document.configuration["colorMode"]) == (1, "grayscale")
    assert await world.entries() == []
    assert [(row["outcome"], row["pages"] is None) for row in world.rows] == [("completed", True)]


async def test_two_kiosks_race_for_one_job(world: TapWorld) -> None:
    path = await held(world)
    answers = await asyncio.gather(*(tap(world, path) for _ in range(4)))
    assert [answer.code for answer in answers].count(ReleaseCode.RELEASED) == 1
    await world.settle()
    assert world.papers == 1


@pytest.mark.parametrize("fault", ["dropBefore", "dropAfter", "status"])
@pytest.mark.parametrize("operation", ["getTask", "getPrinterJob", "updatePrinterJob", "redirectPrinterJob"])
async def test_a_fault_at_any_call_prints_once(world: TapWorld, operation: str, fault: Any) -> None:
    world.catalog["policies"] = [
        {"name": "grey", "action": {"do": "configure", "configuration": {"colorMode": "grayscale"}}}
    ]
    task = await world.tap.print_held(pdf())
    world.tap.service.emulator.faults.add(Fault(fault, operation, after=fault == "status"))
    await world.notify(task.id)
    await world.settle()
    (path,) = await world.held_paths()
    answer = await tap(world, path)
    if answer.code is ReleaseCode.TRY_AGAIN:
        world.clock.advance(15)
        answer = await tap(world, path)
    assert answer.code is ReleaseCode.RELEASED
    await world.finished(world.tap.service.emulator.job(str(answer.destination_job_id)))
    await world.settle()

    assert world.papers == 1
    assert await world.entries() == []


@pytest.mark.parametrize("fault", ["dropBefore", "dropAfter", "status"])
@pytest.mark.parametrize("operation", ["abortPrinterJob", "getTask", "updateTask", "getPrinterJob"])
async def test_a_fault_at_any_call_discards_for_good(world: TapWorld, operation: str, fault: Any) -> None:
    path = await held(world)
    world.tap.service.emulator.faults.add(Fault(fault, operation, after=fault == "status"))
    await discard(path, None, by="anna", kiosk_id="k", services=world.services)
    await world.recover()

    assert await world.entries() == []
    assert world.papers == 0
    assert [row["outcome"] for row in world.rows] == ["discarded"]


async def test_a_stamp_is_on_the_paper(world: TapWorld) -> None:
    world.catalog["policies"] = [{"name": "stamp", "action": {"do": "stamp", "banner": True, "footer": True}}]
    task = await world.tap.print_held(pdf(2))
    await world.notify(task.id)
    await world.settle()
    await world.notify(task.id)
    await world.settle()

    content = task.job.payload.read_bytes()
    texts = [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]
    assert len(texts) == 3
    assert "anna@contoso.example" in texts[0]
    assert all("anna@contoso.example" in text for text in texts[1:])
    assert (await world.reconcile()).alerts == {}  # type: ignore[union-attr]


async def test_a_document_that_cannot_be_stamped_is_held_and_told(world: TapWorld) -> None:
    world.catalog["policies"] = [
        {"name": "stamp", "action": {"do": "stamp", "footer": True}},
        {"name": "go", "action": {"do": "redirect", "printer": world.office}},
    ]
    await held(world, b"%PDF-1.7 and nothing else")

    reconciled = await world.reconcile()
    assert reconciled is not None
    assert "print-task:stampRefused" in reconciled.alerts
    assert world.papers == 0


async def test_a_redirect_by_a_rule_prints_once_and_is_counted(world: TapWorld) -> None:
    world.catalog["policies"] = [{"name": "go", "action": {"do": "redirect", "printer": world.office}}]
    task = await world.tap.print_held(pdf())
    for _ in range(3):
        await world.notify(task.id)
    await world.settle(within=30)
    await asyncio.sleep(0.05)
    await world.settle()

    assert world.papers == 1
    assert [row["outcome"] for row in world.rows] == ["completed"]


async def test_what_nobody_collects_expires_before_the_service_forgets_it(world: TapWorld) -> None:
    await held(world)
    world.clock.advance(24 * 3600 + 1)
    await tidy(world.services)

    ((view, _),) = await world.services.entries.list_of(world.anna)
    assert view.state is HeldState.EXPIRED
    assert world.papers == 0
    assert {task.state for task in await world.services.graph.list_tasks(world.definition_id)} == {"completed"}
