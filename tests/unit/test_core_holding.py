"""One worker holds a record: it keeps its claim while it works, and stops when it has lost it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from shared.bounds import Bounds
from shared.claimed import RENEWALS_PER_CLAIM
from shared.errors import StorageConflict, Superseded
from shared.names import open_marker_path, submission_path
from shared.storage.state import Stored
from shared.submission.holding import Holding, Records
from shared.submission.record import Document, Record, RecordUnreadable, State
from shared.times import moment, timestamp
from tests.support.clock import Clock
from tests.support.memory_state import MemoryStateStore

KEY = "0123456789abcdef0123456789abcdef"
BOUNDS = Bounds()


class GatedStore(MemoryStateStore):
    """Writes wait for `gate`; `trouble` is raised by so many writes before they are done."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()
        self.entered = asyncio.Event()
        self.trouble: list[Exception] = []
        self.repeats = 0
        self.writes = 0

    async def replace(self, path: str, content: bytes, etag: str, summary: Mapping[str, Any] | None = None) -> str:
        self.writes += 1
        self.entered.set()
        await self.gate.wait()
        if self.trouble:
            raise self.trouble.pop()
        written = await super().replace(path, content, etag, summary)
        if self.repeats:
            # As the storage SDK does after a lost reply: the same conditional write again.
            self.repeats -= 1
            return await super().replace(path, content, etag, summary)
        return written


class Ticks:
    """A sleep that returns once for each tick the test gives, moving the clock by what was asked."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.ticks: asyncio.Queue[None] = asyncio.Queue()

    async def sleep(self, seconds: float) -> None:
        await self.ticks.get()
        self.clock.advance(seconds)

    async def tick(self) -> None:
        self.ticks.put_nowait(None)
        for _ in range(20):
            await asyncio.sleep(0)


class Bench:
    """A store with one record, and holdings of it."""

    def __init__(self) -> None:
        self.store = GatedStore()
        self.clock = Clock()
        self.ticks = Ticks(self.clock)
        self.records = Records(self.store)

    async def holding(self, by: str | None = "worker A") -> Holding:
        loaded = await self.records.load(KEY)
        if loaded is None:
            now = timestamp(self.clock.now())
            await self.records.create(Record(KEY, Document("print-inbox", "finance/a.pdf", "0x1", 10, now), now))
            loaded = await self.records.load(KEY)
        assert loaded is not None
        holding = Holding(self.records, loaded[0], loaded[1], self.clock.now, BOUNDS)
        if by is not None:
            await holding.claim(by)
        return holding

    async def stored(self) -> Record:
        loaded = await self.records.load(KEY)
        assert loaded is not None
        return loaded[0]


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def _steps(number: int = 20) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def test_a_record_is_created_once_and_marked_open_until_it_is_forgotten(bench: Bench) -> None:
    await bench.holding(by=None)
    assert [key async for key in bench.records.open_keys()] == [KEY]
    assert not await bench.records.create(await bench.stored())
    await bench.records.mark_open(KEY)
    await bench.records.forget_open(KEY)
    assert open_marker_path(KEY) not in bench.store.documents


async def test_a_damaged_record_is_unreadable_and_a_missing_one_is_none(bench: Bench) -> None:
    assert await bench.records.load(KEY) is None
    bench.store.documents[submission_path(KEY)] = Stored(b"{}", '"1"')
    with pytest.raises(RecordUnreadable):
        await bench.records.load(KEY)


async def test_of_two_workers_one_gets_the_claim(bench: Bench) -> None:
    first, second = await bench.holding(by=None), await bench.holding(by=None)
    await first.claim("worker A")
    with pytest.raises(Superseded):
        await second.claim("worker B")
    claim = (await bench.stored()).claim
    assert claim is not None
    assert claim.by == "worker A"
    assert (moment(claim.until) - bench.clock.now()).total_seconds() == BOUNDS.claim_seconds


async def test_a_claim_over_one_that_was_never_let_go_counts_a_death(bench: Bench) -> None:
    await bench.holding("worker A")
    await bench.holding("worker B")
    third = await bench.holding("worker C")
    assert (third.record.deaths, third.record.attempts) == (2, 3)
    await third.release()
    assert (await bench.holding("worker D")).record.deaths == 2


async def test_a_save_renews_the_claim_and_tells_the_story(bench: Bench) -> None:
    holding = await bench.holding()
    bench.clock.advance(100)
    await holding.save("checked", state=State.CREATING)
    stored = await bench.stored()
    assert stored == holding.record
    assert stored.state is State.CREATING
    assert stored.claim is not None
    assert (moment(stored.claim.until) - bench.clock.now()).total_seconds() == BOUNDS.claim_seconds
    assert stored.history[-1] == (timestamp(bench.clock.now()), "checked")


async def test_who_lost_the_claim_cannot_write_any_more(bench: Bench) -> None:
    first = await bench.holding("worker A")
    await bench.holding("worker B")
    before = await bench.stored()
    for write in (first.save("late"), first.release("late", state=State.CLOSED)):
        with pytest.raises(Superseded):
            await write
    assert await bench.stored() == before


async def test_a_write_that_the_client_repeated_after_a_lost_reply_is_ours(bench: Bench) -> None:
    holding = await bench.holding()
    bench.store.repeats = 1
    await holding.save("once", state=State.CREATING)
    await holding.save("and on")
    assert (await bench.stored()).history[-1][1] == "and on"


async def test_the_claim_and_progress_are_renewed_while_the_block_runs(bench: Bench) -> None:
    holding = await bench.holding()
    async with holding.renewing(bench.ticks.sleep):
        for sent in (100, 200):
            holding.uploaded = sent
            await bench.ticks.tick()
            stored = await bench.stored()
            assert stored.uploaded == sent
            assert stored.claim is not None
            assert (moment(stored.claim.until) - bench.clock.now()).total_seconds() == BOUNDS.claim_seconds
    await holding.release()
    writes = bench.store.writes
    await bench.ticks.tick()
    assert bench.store.writes == writes


async def test_a_lost_claim_stops_the_block_with_superseded(bench: Bench) -> None:
    holding = await bench.holding()
    reached: list[str] = []

    async def work() -> None:
        async with holding.renewing(bench.ticks.sleep):
            await bench.holding("worker B")
            bench.ticks.ticks.put_nowait(None)
            reached.append("before")
            await asyncio.Event().wait()
            reached.append("after")

    with pytest.raises(Superseded):
        await asyncio.wait_for(work(), 5)
    assert reached == ["before"]
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_lost_claim_is_superseded_even_if_the_block_turns_the_cancellation_into_an_error(bench: Bench) -> None:
    holding = await bench.holding()

    async def work() -> None:
        async with holding.renewing(bench.ticks.sleep):
            await bench.holding("worker B")
            bench.ticks.ticks.put_nowait(None)
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise OSError("the connection was closed") from None

    with pytest.raises(Superseded):
        await asyncio.wait_for(work(), 5)


async def test_a_task_group_in_the_block_is_stopped_as_a_whole(bench: Bench) -> None:
    holding = await bench.holding()

    async def work() -> None:
        async with holding.renewing(bench.ticks.sleep), asyncio.TaskGroup() as parts:
            for _ in range(4):
                parts.create_task(asyncio.Event().wait())
            await bench.holding("worker B")
            bench.ticks.ticks.put_nowait(None)

    with pytest.raises(Superseded):
        await asyncio.wait_for(work(), 5)


async def test_cancelling_the_worker_from_outside_stays_a_cancellation(bench: Bench) -> None:
    holding = await bench.holding()

    async def work() -> None:
        async with holding.renewing(bench.ticks.sleep):
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await _steps()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await bench.ticks.tick()
    assert (await bench.stored()).claim == holding.record.claim


async def test_an_error_of_the_block_passes_and_the_renewal_ends(bench: Bench) -> None:
    holding = await bench.holding()
    with pytest.raises(KeyError):
        async with holding.renewing(bench.ticks.sleep):
            raise KeyError
    writes = bench.store.writes
    await bench.ticks.tick()
    assert bench.store.writes == writes


async def test_a_renewal_under_way_when_the_block_fails_is_finished_so_that_the_outcome_can_be_written(
    bench: Bench,
) -> None:
    holding = await bench.holding()

    async def fail_during_a_renewal() -> None:
        async with holding.renewing(bench.ticks.sleep):
            bench.store.gate.clear()
            bench.store.entered.clear()
            bench.ticks.ticks.put_nowait(None)
            await bench.store.entered.wait()
            raise OSError("in the middle of a renewal")

    async def work() -> None:
        with pytest.raises(OSError, match="in the middle"):
            await fail_during_a_renewal()
        await holding.release("put off", sequence=1)

    task = asyncio.create_task(work())
    await _steps()
    bench.store.gate.set()
    await asyncio.wait_for(task, 5)
    stored = await bench.stored()
    assert (stored.sequence, stored.claim) == (1, None)


async def test_one_renewal_that_fails_does_not_lose_the_claim(bench: Bench) -> None:
    holding = await bench.holding()
    async with holding.renewing(bench.ticks.sleep):
        bench.store.trouble = [OSError("storage is busy")]
        await bench.ticks.tick()
        await bench.ticks.tick()
        stored = await bench.stored()
        assert stored.claim is not None
        assert (moment(stored.claim.until) - bench.clock.now()).total_seconds() == BOUNDS.claim_seconds


async def test_renewals_that_fail_until_the_claim_lapsed_stop_the_worker(bench: Bench) -> None:
    holding = await bench.holding()
    bench.store.trouble = [OSError("storage is down")] * (RENEWALS_PER_CLAIM + 1)

    async def work() -> None:
        async with holding.renewing(bench.ticks.sleep):
            for _ in range(RENEWALS_PER_CLAIM + 1):
                bench.ticks.ticks.put_nowait(None)
            await asyncio.Event().wait()

    with pytest.raises(Superseded, match="lapsed unrenewed"):
        await asyncio.wait_for(work(), 5)


async def test_a_record_that_was_let_go_in_the_block_is_not_written_again(bench: Bench) -> None:
    holding = await bench.holding()
    async with holding.renewing(bench.ticks.sleep):
        await holding.release("done", state=State.CLOSED)
        writes = bench.store.writes
        await bench.ticks.tick()
        assert bench.store.writes == writes


@pytest.mark.parametrize("delay", range(12))
async def test_wherever_the_renewal_stands_when_the_block_ends_the_record_stays_consistent(
    bench: Bench, delay: int
) -> None:
    holding = await bench.holding()
    async with holding.renewing(bench.ticks.sleep):
        bench.ticks.ticks.put_nowait(None)
        await _steps(delay)
        await holding.save("work", uploaded=5)
    await holding.release("done", sequence=7)
    stored = await bench.stored()
    assert (stored.sequence, stored.claim, stored.history[-1][1]) == (7, None, "done")


@pytest.mark.parametrize("delay", range(12))
async def test_a_loss_at_the_moment_the_block_ends_is_superseded_and_never_a_stray_cancellation(
    bench: Bench, delay: int
) -> None:
    holding = await bench.holding()

    async def work() -> str:
        async with holding.renewing(bench.ticks.sleep):
            await bench.holding("worker B")
            bench.ticks.ticks.put_nowait(None)
            await _steps(delay)
        return "ended"

    try:
        ended = await asyncio.wait_for(asyncio.create_task(work()), 5)
    except Superseded:
        ended = "superseded"
    assert ended in {"ended", "superseded"}
    with pytest.raises(Superseded):
        await holding.save("late")


async def test_a_conflict_of_somebody_elses_making_stays_one(bench: Bench) -> None:
    holding = await bench.holding()
    other = replace(holding.record, sequence=9)
    bench.store.trouble = [StorageConflict("first")]
    with pytest.raises(Superseded):
        await bench.records.save(other, "any")
