"""Paper comes out exactly once, whatever dies or gets lost on the way."""

from __future__ import annotations

import asyncio
import copy
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emulator.azurite import StorageAccount
from emulator.universal_print.faults import Fault
from shared.graph.print_client import PrintClient
from shared.names import ARCHIVE, INBOX
from shared.submission.accepting import accept
from shared.submission.printing import print_document
from shared.submission.record import Result, State
from tests.support.crashes import Crash
from tests.support.documents import pdf
from tests.support.drop_world import DropWorld, drop_world

# What one document takes from accept to close, at the least.
FEWEST_WRITES = 15


@pytest.fixture
async def world(storage_account: StorageAccount, tmp_path: Path) -> AsyncIterator[DropWorld]:
    async with drop_world(storage_account, tmp_path) as built:
        yield built


async def test_a_dropped_pdf_comes_out_once_and_lies_in_the_archive_with_its_receipt(world: DropWorld) -> None:
    key = await world.drop("office/2026/invoice.pdf", pdf(pages=2), metadata={"copies": "2"})
    await world.settle()

    record = await world.record(key)
    assert record.state is State.CLOSED
    assert record.outcome is not None
    assert record.outcome.result is Result.COMPLETED
    assert len(world.slips) == 1
    assert world.slips[0]["documentName"] == "invoice.pdf"
    assert await world.names(INBOX) == []
    folder = f"office/2026/{record.accepted[:10].replace('-', '')}-{key[:8]}"
    assert await world.names(ARCHIVE) == [f"{folder}/invoice.pdf", f"{folder}/invoice.pdf.receipt.json"]
    receipt = await world.receipt(key)
    assert receipt["outcome"] == "completed"
    assert receipt["settings"] == {"copies": 2}
    assert receipt["settingsFrom"] == {"copies": "metadata"}
    assert receipt["job"]["id"] == record.job.id if record.job else None
    assert [state["state"] for state in receipt["states"]][-1] == "completed"


async def test_a_worker_that_dies_at_any_write_makes_no_second_copy_and_loses_nothing(world: DropWorld) -> None:
    for after in (False, True):
        # How many writes there are is the printer's to say, too: a slow one is looked at more often.
        for at in itertools.count(1):
            name = f"dies-{at}-{'after' if after else 'before'}.pdf"
            await world.put(f"office/{name}", pdf(text=name))
            world.plan.arm(at, after=after)
            world.plan.log.clear()
            deaths = world.deaths
            try:
                await accept(INBOX, f"office/{name}", world.services)
            except Crash:
                world.deaths += 1
            await world.recover()

            where = f"death {'after' if after else 'before'} write {at} of {world.plan.log}"
            assert [slip["documentName"] for slip in world.slips].count(name) == 1, where
            assert await world.places(name) == [ARCHIVE], where
            assert [key async for key in world.services.records.open_keys()] == [], where
            key = next(record.key for record in await world.records() if record.document.file_name == name)
            rows = world.ledger_rows(key)
            assert 1 <= len(rows) <= 2, where
            assert all(row == rows[0] for row in rows), f"a row that is written again is the same: {where}"
            assert rows[0].outcome == "completed", where
            if world.deaths == deaths:
                assert at > FEWEST_WRITES, where
                assert world.plan.log[-1].startswith("delete open/"), where
                break
            assert world.deaths == deaths + 1, where
    assert world.failures == []


FAULTS = {
    "reply lost before the work": Fault("dropBefore"),
    "reply lost after the work": Fault("dropAfter"),
    "unavailable before the work": Fault("status", status=503),
    "unavailable after the work": Fault("status", status=503, after=True),
    "a burst of 503": Fault("status", status=503, count=4),
    "gateway timeout after the work": Fault("status", status=504, after=True),
    "a page of the gateway after the work": Fault("status", status=502, html=True, after=True),
    "throttled, without a time": Fault("status", status=429, code="TooManyRequests"),
    "throttled, in seconds": Fault("status", status=429, code="TooManyRequests", retry_after=37),
    "throttled, until a date": Fault(
        "status", status=429, code="TooManyRequests", retry_after=90, retry_after_as_date=True
    ),
    "connection cut in the reply": Fault("cutReply"),
    "service restarts before the work": Fault("restart"),
    "service restarts after the work": Fault("restart", after=True),
}
OPERATIONS = ("createShareJob", "createShareUploadSession", "uploadPart", "startShareJob", "getShareJob")


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda name: name.replace(" ", "-").replace(",", ""))
async def test_a_fault_at_any_call_makes_no_second_copy_and_loses_nothing(
    world: DropWorld, operation: str, fault: str
) -> None:
    scripted = world.emulator.faults.add(replace(FAULTS[fault], operation=operation))
    key = await world.drop("office/letter.pdf", pdf(pages=3))
    await world.recover()

    assert scripted.applied >= 1
    record = await world.record(key)
    assert [slip["documentName"] for slip in world.slips] == ["letter.pdf"], record.history
    assert await world.places("letter.pdf") == [ARCHIVE]
    assert record.state is State.CLOSED
    started = [entry for entry in world.emulator.requests.of("startShareJob") if entry.worked]
    assert len({entry.path for entry in started}) == 1, "only one job may ever be started"
    assert world.failures == []


async def test_an_event_that_comes_many_times_is_one_submission(world: DropWorld) -> None:
    key = await world.drop("office/twice.pdf", pdf())
    for _ in range(3):
        assert await accept(INBOX, "office/twice.pdf", world.services) == key
    await world.settle()
    await accept(INBOX, "office/twice.pdf", world.services)
    await world.settle()

    assert len(world.slips) == 1
    assert len(await world.records()) == 1


async def test_messages_delivered_again_and_out_of_order_change_nothing(world: DropWorld) -> None:
    key = await world.drop("office/again.pdf", pdf())
    await world.settle()
    old = [dict(message) for message in (*world.submissions.sent, *world.jobs.sent)]
    for message in reversed(old):
        await world.submissions.send(message)
        await world.jobs.send(message)
    await world.settle()

    assert len(world.slips) == 1
    assert (await world.record(key)).state is State.CLOSED
    assert world.emulator.requests.counts()["startShareJob"] == 1


async def test_two_workers_on_one_record_start_it_once(world: DropWorld) -> None:
    key = await world.drop("office/race.pdf", pdf(padding=400_000))
    await asyncio.gather(
        print_document(key, 0, "first", world.services), print_document(key, 0, "second", world.services)
    )
    await world.recover()

    assert len(world.slips) == 1
    assert world.emulator.requests.counts()["createShareJob"] == 1
    assert world.emulator.requests.counts()["startShareJob"] == 1


async def test_a_worker_that_was_taken_over_never_sends_its_start(world: DropWorld) -> None:
    key = await world.drop("office/slow.pdf", pdf(padding=400_000))
    reached, released = asyncio.Event(), asyncio.Event()
    original = world.services.graph.create_upload_session

    async def stalls(*arguments: Any) -> Any:
        session = await original(*arguments)
        reached.set()
        await released.wait()
        return session

    stalled = replace(world.services, graph=_with(world.services.graph, create_upload_session=stalls))
    slow = asyncio.create_task(print_document(key, 0, "slow", stalled))
    await reached.wait()
    world.clock.advance(10 * 60)
    await print_document(key, 0, "fast", world.services)
    released.set()
    await slow
    await world.recover()

    assert len(world.slips) == 1
    assert world.emulator.requests.counts()["startShareJob"] == 1


def _with(graph: PrintClient, **methods: Any) -> Any:
    """The client with some of its methods replaced."""
    clone = copy.copy(graph)
    for name, method in methods.items():
        setattr(clone, name, method)
    return clone
