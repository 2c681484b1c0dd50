"""What a person sees when something outside goes wrong: accounts, printers, replaced files, sessions, limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from emulator.azurite import StorageAccount
from emulator.universal_print.faults import Fault
from shared.bounds import Bounds
from shared.names import ARCHIVE, FAILED, INBOX
from shared.submission.accepting import accept, sweep
from shared.submission.operations import OperationRefused, retry
from shared.submission.record import Result, State
from tests.support.documents import pdf
from tests.support.drop_world import ACCOUNTS, DropWorld, drop_world

SMALL_PARTS = replace(Bounds(), upload_part_bytes=320 * 1024)


@pytest.fixture
async def world(storage_account: StorageAccount, tmp_path: Path) -> AsyncIterator[DropWorld]:
    async with drop_world(storage_account, tmp_path, bounds=SMALL_PARTS) as built:
        yield built


async def _seen(condition: Callable[[], bool]) -> None:
    """Wait until the emulator has seen something."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


async def _deliver_until(world: DropWorld, condition: Any) -> None:
    """Deliver messages, time moving on, until `condition` holds."""
    for _ in range(100):
        if await condition():
            return
        if not await world.deliver_one():
            world.clock.advance(1)
        await asyncio.sleep(0.005)
    raise AssertionError("it never came to that")


async def test_a_file_that_no_event_announced_is_found_by_the_sweep(world: DropWorld) -> None:
    await world.put("office/unannounced.pdf", pdf())
    assert await sweep(world.services) == 0, "a young file may still be announced"
    world.clock.advance(60)
    assert await sweep(world.services) == 1
    await world.settle()
    assert [slip["documentName"] for slip in world.slips] == ["unannounced.pdf"]


async def test_sidecars_and_folder_tickets_are_settings_and_not_documents(world: DropWorld) -> None:
    await world.put("office/_print.json", b'{"copies": 3, "quality": "high"}')
    await world.put("office/a/b/letter.pdf.print.json", b'{"copies": 2}')
    key = await world.drop("office/a/b/letter.pdf", pdf(), metadata={"Orientation": "landscape"})
    world.clock.advance(60)
    await sweep(world.services)
    await world.settle()

    receipt = await world.receipt(key)
    assert receipt["settings"] == {"orientation": "landscape", "copies": 2, "quality": "high"}
    assert receipt["settingsFrom"] == {
        "orientation": "metadata",
        "copies": "the sidecar",
        "quality": "office/_print.json",
    }
    assert await world.names(INBOX) == ["office/_print.json"], "the sidecar moves with its document"
    assert len(world.slips) == 1


async def test_a_file_that_is_overwritten_before_it_is_printed_prints_its_newer_version_only(world: DropWorld) -> None:
    first = await world.drop("office/draft.pdf", pdf(text="first"))
    second = await world.drop("office/draft.pdf", pdf(text="second", pages=2))
    await world.recover()

    assert first != second
    assert (await world.receipt(first))["code"] == "fileReplaced"
    assert [slip["pages"] for slip in world.slips] == [2]
    assert await world.places("draft.pdf") == [ARCHIVE]


async def test_a_file_that_is_overwritten_in_mid_upload_gives_up_that_job(world: DropWorld) -> None:
    world.emulator.faults.add(Fault("delay", "uploadPart", seconds=0.4, skip=2, count=None))
    first = await world.drop("office/draft.pdf", pdf(padding=3_000_000))
    printing = asyncio.create_task(world.deliver_one())
    await _seen(lambda: bool(world.emulator.requests.of("uploadPart")))
    second = await world.drop("office/draft.pdf", pdf(pages=2))
    await printing
    world.emulator.faults.clear()
    await world.recover()

    assert (await world.receipt(first))["code"] == "fileReplaced"
    assert (await world.receipt(second))["code"] == "completed"
    assert [slip["pages"] for slip in world.slips] == [2]
    abandoned = (await world.record(first)).job
    assert abandoned is not None
    assert abandoned.id is not None
    assert world.emulator.job(abandoned.id).state == "canceled"


async def test_an_upload_goes_on_after_a_death_and_sends_only_what_is_missing(world: DropWorld) -> None:
    world.emulator.faults.add(Fault("delay", "uploadPart", seconds=5, skip=6, count=None))
    key = await world.drop("office/big.pdf", pdf(padding=4_000_000))
    printing = asyncio.create_task(world.deliver_one())
    await _seen(lambda: len([part for part in world.emulator.requests.of("uploadPart") if part.status == 202]) >= 6)
    printing.cancel()
    await asyncio.gather(printing, return_exceptions=True)
    world.emulator.faults.clear()
    held = {entry.detail for entry in world.emulator.requests.of("uploadPart") if entry.status == 202}
    world.emulator.requests.clear()
    await world.submissions.send({"key": key, "sequence": 0}, 200)
    await world.recover()

    sent_again = {entry.detail for entry in world.emulator.requests.of("uploadPart")}
    assert not held & sent_again
    assert world.emulator.requests.counts()["createShareUploadSession"] == 0
    assert [slip["bytes"] for slip in world.slips] == [(await world.record(key)).document.size]


async def test_an_upload_session_that_expired_is_replaced(world: DropWorld) -> None:
    world.emulator.faults.add(Fault("status", "uploadPart", status=503, retry_after=3700, skip=3, count=1))
    key = await world.drop("office/late.pdf", pdf(padding=3_000_000))
    await world.recover()

    assert world.emulator.requests.counts()["createShareUploadSession"] == 2
    assert [slip["bytes"] for slip in world.slips] == [(await world.record(key)).document.size]


async def test_documents_of_a_lapsed_account_wait_and_go_on_after_the_next_sign_in(world: DropWorld) -> None:
    world.tokens.lapsed = set(ACCOUNTS)
    key = await world.drop("office/patient.pdf", pdf())
    for _ in range(6):
        await world.deliver_one()
        world.clock.advance(301)
    record = await world.record(key)
    assert record.state is State.ACCEPTED
    assert record.waiting is not None
    assert record.waiting["code"] == "accountLapsed"
    lapsed = [status.user_principal_name for status in await world.services.pool.statuses() if status.lapsed_since]
    assert lapsed == list(ACCOUNTS)
    assert await world.places("patient.pdf") == [INBOX]

    world.tokens.lapsed.clear()
    for name in ACCOUNTS:
        await world.services.pool.mark_signed_in(name)
    await world.settle()
    assert [slip["documentName"] for slip in world.slips] == ["patient.pdf"]


async def test_an_account_revoked_in_mid_upload_leaves_its_document_to_the_other(world: DropWorld) -> None:
    world.emulator.faults.add(Fault("status", "uploadPart", status=503, retry_after=60, skip=2, count=1))
    key = await world.drop("office/handed-over.pdf", pdf(padding=2_000_000))
    await world.deliver_one()
    first = (await world.record(key)).job
    assert first is not None
    # The upload needs no token, so a resumed one goes on; the start is what the account can no longer send.
    world.tokens.lapsed.add(first.account)
    world.clock.advance(3700)
    await world.recover()

    last = (await world.record(key)).job
    assert last is not None
    assert last.account != first.account
    assert [slip["documentName"] for slip in world.slips] == ["handed-over.pdf"]


async def test_an_account_without_access_to_the_share_is_passed_over(world: DropWorld) -> None:
    share = world.shares["office"]
    share.users = {user.id for user in world.emulator.world.users.values() if user.user_principal_name == ACCOUNTS[1]}
    for number in range(4):
        await world.drop(f"office/{number}.pdf", pdf())
    await world.settle()
    assert len(world.slips) == 4
    assert {record.job.account for record in await world.records() if record.job} == {ACCOUNTS[1]}


async def test_a_share_that_no_account_may_use_fails_the_document_and_says_what_to_do(world: DropWorld) -> None:
    world.shares["office"].users = set()
    key = await world.drop("office/denied.pdf", pdf())
    await world.settle()

    receipt = await world.receipt(key)
    assert receipt["code"] == "accessDenied"
    assert "access to the share" in receipt["reason"]
    assert await world.places("denied.pdf") == [FAILED]


async def test_a_paused_share_holds_its_documents_until_it_goes_on(world: DropWorld) -> None:
    world.catalog["shares"][0]["paused"] = True
    key = await world.drop("office/later.pdf", pdf())
    for _ in range(3):
        await world.deliver_one()
        world.clock.advance(61)
    waiting = (await world.record(key)).waiting
    assert waiting is not None
    assert waiting["code"] == "sharePaused"
    assert world.emulator.requests.counts()["createShareJob"] == 0

    world.catalog["shares"][0]["paused"] = False
    await world.settle()
    assert len(world.slips) == 1


async def test_a_printer_that_never_takes_the_job_gets_it_cancelled_and_the_file_is_kept(world: DropWorld) -> None:
    await world.printers["office"].set_condition("offline", on=True)
    key = await world.drop("office/never.pdf", pdf())
    await world.recover()

    receipt = await world.receipt(key)
    assert receipt["code"] == "tookTooLong"
    assert await world.places("never.pdf") == [FAILED]
    await world.printers["office"].set_condition("offline", on=False)
    await asyncio.sleep(0.05)
    assert world.slips == [], "a cancelled job must not print when the printer is back"


async def test_documents_for_a_printer_that_takes_no_jobs_wait_until_it_does(world: DropWorld) -> None:
    await world.printers["office"].set_condition("notAcceptingJobs", on=True)
    key = await world.drop("office/refused.pdf", pdf())
    await world.deliver_one()
    record = await world.record(key)
    assert record.state is State.ACCEPTED
    assert record.waiting is not None
    assert record.waiting["code"] == "printerRefuses"

    await world.printers["office"].set_condition("notAcceptingJobs", on=False)
    await world.recover()
    assert [slip["documentName"] for slip in world.slips] == ["refused.pdf"]


async def test_a_jam_that_is_cleared_in_time_prints_and_the_receipt_tells_of_it(world: DropWorld) -> None:
    await world.printers["office"].set_condition("mediaJam", on=True)
    key = await world.drop("office/jammed.pdf", pdf())

    async def stopped() -> bool:
        return any(sighting.state == "stopped" for sighting in (await world.record(key)).sightings)

    await _deliver_until(world, stopped)
    await world.printers["office"].set_condition("mediaJam", on=False)
    await world.recover()
    states = [state["state"] for state in (await world.receipt(key))["states"]]
    assert "stopped" in states
    assert states[-1] == "completed"
    assert len(world.slips) == 1


async def test_a_job_that_somebody_cancels_ends_in_the_failed_container_and_can_be_retried(world: DropWorld) -> None:
    await world.printers["office"].set_condition("offline", on=True)
    key = await world.drop("office/cancelled.pdf", pdf(), metadata={"copies": "2"})

    async def started() -> bool:
        return (await world.record(key)).state is State.STARTED

    await _deliver_until(world, started)
    job = (await world.record(key)).job
    assert job is not None
    await world.services.graph.cancel(job.account, job.printer_id, str(job.id))
    await world.recover()
    assert (await world.receipt(key))["code"] == "canceled"
    assert world.slips == []

    await world.printers["office"].set_condition("offline", on=False)
    again = await retry(world.services.records, world.services.documents, key, asyncio.sleep)
    assert await accept(INBOX, "office/cancelled.pdf", world.services) == again
    await world.recover()
    assert [slip["documentName"] for slip in world.slips] == ["cancelled.pdf"]
    assert (await world.receipt(again))["settings"] == {"copies": 2}
    assert await world.places("cancelled.pdf") == [ARCHIVE]
    with pytest.raises(OperationRefused):
        await retry(world.services.records, world.services.documents, key, asyncio.sleep)


async def test_a_job_that_vanishes_after_its_start_is_never_printed_again_by_itself(world: DropWorld) -> None:
    world.emulator.faults.add(Fault("status", "getShareJob", status=404, code="itemNotFound", count=None))
    key = await world.drop("office/vanished.pdf", pdf())
    await world.recover()

    receipt = await world.receipt(key)
    assert receipt["code"] == "outcomeUnknown"
    assert "only if no paper came out" in receipt["reason"]
    assert world.emulator.requests.counts()["createShareJob"] == 1


@pytest.mark.parametrize("lost", [None, "createShareJob", "uploadPart", "startShareJob"])
async def test_a_job_that_no_read_finds_at_first_is_followed_to_its_end(world: DropWorld, lost: str | None) -> None:
    world.emulator.settings.reading_delay = timedelta(seconds=40)
    if lost is not None:
        world.emulator.faults.add(Fault("dropAfter", lost))
    await world.drop("office/new.pdf", pdf(pages=3))
    await world.recover()

    assert [slip["documentName"] for slip in world.slips] == ["new.pdf"]
    assert await world.places("new.pdf") == [ARCHIVE]
    assert world.failures == []


async def test_a_job_that_graph_refuses_to_start_fails_at_once_and_can_never_print(world: DropWorld) -> None:
    world.emulator.faults.add(Fault("status", "startShareJob", status=400, code="invalidRequest", count=None))
    key = await world.drop("office/letter.pdf", pdf())
    await world.settle()

    record = await world.record(key)
    assert record.outcome is not None
    assert (record.outcome.result, record.outcome.code) == (Result.FAILED, "graphRefused")
    assert "invalidRequest" in record.outcome.reason
    assert [job.state for job in world.emulator.jobs] == ["canceled"]
    assert world.slips == []


async def test_a_document_that_cannot_be_printed_for_days_fails_and_was_not_printed(world: DropWorld) -> None:
    world.emulator.faults.add(Fault("status", "createShareJob", status=503, count=None))
    key = await world.drop("office/given-up.pdf", pdf())
    await world.deliver_one()
    world.clock.advance(timedelta(days=13).total_seconds())
    await world.recover()
    receipt = await world.receipt(key)
    assert receipt["code"] == "gaveUp"
    assert receipt["outcome"] == Result.FAILED
    assert world.slips == []


async def test_forty_documents_at_once_keep_every_limit_of_the_service(world: DropWorld) -> None:
    keys = [await world.drop(f"office/{number}.pdf", pdf(text=f"number {number}")) for number in range(40)]
    while True:
        await asyncio.gather(*(world.deliver_one() for _ in range(12)))
        if not [key async for key in world.services.records.open_keys()]:
            break
        world.clock.advance(1)
        await asyncio.sleep(0.005)

    assert len(world.slips) == len(keys) == 40
    refused = [
        (entry.operation, entry.error, entry.account) for entry in world.emulator.requests if entry.status == 429
    ]
    assert refused == []
    counts = world.emulator.requests.counts()
    for operation in ("createShareJob", "createShareUploadSession", "uploadPart", "startShareJob"):
        assert counts[operation] == 40, "one call of each kind is the least that the API allows"
    used = {record.job.account for record in await world.records() if record.job}
    assert used == set(ACCOUNTS)
