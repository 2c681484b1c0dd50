"""A document that many change: lost races are bounded, and trouble reaches every caller."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

import pytest

from shared.accounts.account import AccountUnreadable, decode_account, decode_printer
from shared.accounts.shared_document import WRITE_ATTEMPTS, SharedDocument
from shared.errors import NotNow
from shared.storage.state import StateStore, Stored
from tests.support.accounts import SharedStore
from tests.support.clock import Clock


def counter(store: StateStore, clock: Clock) -> SharedDocument[int]:
    return SharedDocument(
        store,
        "counter",
        lambda content: int(content or b"0"),
        lambda value: str(value).encode(),
        clock.now,
        clock.sleep,
        Random(1).random,  # noqa: S311 - no secret hangs on it
    )


def add(value: int) -> tuple[int, int]:
    return value + 1, value


class AlwaysLost(SharedStore):
    """Somebody else writes after every read."""

    async def read(self, path: str) -> Stored | None:
        found = await super().read(path)
        self._write(path, b"0")
        return found


class Broken(SharedStore):
    """Reads fail."""

    async def read(self, path: str) -> Stored | None:
        self.calls["read"] += 1
        await asyncio.sleep(0)
        raise OSError(f"no route to {path}")


async def test_changes_of_many_instances_all_count() -> None:
    store, clock = SharedStore(), Clock()
    documents = [counter(store, clock) for _ in range(4)]
    seen = await asyncio.gather(*(documents[number % 4].change(add) for number in range(40)))
    assert sorted(seen) == list(range(40))
    assert store.documents["counter"].content == b"40"


async def test_too_many_lost_races_end_in_a_delay_with_waits_that_grow_between_them() -> None:
    store, clock = AlwaysLost(), Clock()
    with pytest.raises(NotNow) as refused:
        await counter(store, clock).change(add)
    assert refused.value.code == "contended"
    assert len(clock.slept) == WRITE_ATTEMPTS
    assert sum(clock.slept) < 15
    assert clock.slept[0] < 0.05 < clock.slept[-1]


async def test_a_failure_of_storage_reaches_every_caller_and_the_next_change_starts_afresh() -> None:
    store, clock = Broken(), Clock()
    document = counter(store, clock)
    outcomes = await asyncio.gather(*(document.change(add) for _ in range(5)), return_exceptions=True)
    assert all(isinstance(outcome, OSError) for outcome in outcomes)
    document.store = SharedStore()
    assert await document.change(add) == 0


async def test_a_change_that_changes_nothing_is_not_written_and_sees_what_others_wrote() -> None:
    store, clock = SharedStore(), Clock()
    document, other = counter(store, clock), counter(store, clock)
    await document.change(add)
    await other.change(add)
    writes = store.calls["write"]
    assert await document.change(lambda value: (value, value)) == 2
    assert store.calls["write"] == writes


async def test_a_look_reads_only_what_is_older_than_asked() -> None:
    store, clock = SharedStore(), Clock()
    document, other = counter(store, clock), counter(store, clock)
    assert await document.look(5) == 0
    await other.change(add)
    assert await document.look(5) == 0
    clock.advance(6)
    assert await asyncio.gather(*(document.look(5) for _ in range(5))) == [1] * 5
    assert store.calls["read"] == 3


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        b'{"budget": 5, "lapsed": null}',
        b'{"budget": {"buckets": {"x": 1}}}',
        b"[" * 100_000,
    ],
)
@pytest.mark.parametrize("decode", [decode_account, decode_printer])
def test_a_damaged_document_says_where_it_is_and_what_to_do(decode: Callable[[bytes], object], content: bytes) -> None:
    with pytest.raises(AccountUnreadable, match=r"in print-state is damaged .*; delete it"):
        decode(content)
