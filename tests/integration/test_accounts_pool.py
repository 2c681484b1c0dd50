"""The pool on real blob storage: several instances, one set of budgets."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from emulator.azurite import StorageAccount
from shared.accounts.budget import ACCOUNT_CEILINGS, Ceilings, Unit, Window
from shared.accounts.pool import AccountPool
from shared.bounds import Bounds
from shared.errors import NotNow
from shared.names import STATE
from shared.settings import StorageConnection
from shared.storage.clients import Storage, open_storage
from tests.support.accounts import ONE, TWO

TEN_JOBS = Ceilings((Window("few", Unit.JOBS, 10, 600, "10 jobs in 10 minutes"),), in_submission=4)


@pytest.fixture
async def storages(storage_account: StorageAccount) -> AsyncIterator[list[Storage]]:
    """Two instances' clients of one account."""
    connection = StorageConnection(storage_account.connection_string)
    async with open_storage(connection) as one, open_storage(connection) as other:
        await one.container(STATE).create_container()
        yield [one, other]


def pool_of(storage: Storage, account: Ceilings = ACCOUNT_CEILINGS) -> AccountPool:
    return AccountPool(
        [ONE, TWO],
        storage.state,
        bounds=Bounds(),
        now=lambda: datetime.now(UTC),
        sleep=asyncio.sleep,
        random=random.random,
        account_ceilings=account,
    )


async def test_a_burst_over_two_instances_is_spread_and_never_exceeds_the_places(storages: list[Storage]) -> None:
    pools = [pool_of(storage) for storage in storages]
    queue = [f"k{number}" for number in range(60)]
    now_in: Counter[tuple[str, str]] = Counter()
    most: Counter[tuple[str, str]] = Counter()
    printed: Counter[str] = Counter()

    async def work(pool: AccountPool) -> None:
        while queue:
            key = queue.pop()
            printer = f"p{int(key[1:]) % 2}"
            try:
                account = await pool.reserve(submission_key=key, printer_id=printer, size_bytes=50_000, allowed=None)
            except NotNow:
                queue.append(key)
                continue
            now_in[account, printer] += 1
            most[account, printer] = max(most[account, printer], now_in[account, printer])
            await asyncio.sleep(0.01)
            now_in[account, printer] -= 1
            await pool.settle(key, account, printer)
            printed[account] += 1

    async with asyncio.timeout(60):
        await asyncio.gather(*(work(pools[number % 2]) for number in range(16)))
    assert max(most.values()) <= ACCOUNT_CEILINGS.in_submission
    assert sum(printed.values()) == 60
    assert min(printed.values()) >= 10
    uses = {status.user_principal_name: status.use for status in await pool_of(storages[0]).statuses()}
    assert {name: use["bytesIn15Minutes"][0] for name, use in uses.items()} == {
        name: count * 50_000 for name, count in printed.items()
    }


async def test_instances_that_race_for_the_last_room_do_not_exceed_it(storages: list[Storage]) -> None:
    pools = [pool_of(storage, TEN_JOBS) for storage in storages]

    async def one(number: int) -> str | None:
        pool, key, printer = pools[number % 2], f"k{number}", f"p{number}"
        try:
            account = await pool.reserve(submission_key=key, printer_id=printer, size_bytes=1, allowed=None)
        except NotNow as refused:
            assert refused.code == "accountBudget", refused.reason  # noqa: PT017 - the winners do not raise
            return None
        await pool.settle(key, account, printer)
        return account

    async with asyncio.timeout(60):
        won = Counter(await asyncio.gather(*(one(number) for number in range(30))))
    assert won == {ONE: 10, TWO: 10, None: 10}
