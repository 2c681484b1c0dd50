"""A pool of print accounts on a clock that only moves when told, and a store that counts and lets others in between."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from shared.accounts.budget import ACCOUNT_CEILINGS, PRINTER_CEILINGS, Ceilings
from shared.accounts.pool import AccountPool
from shared.bounds import Bounds
from shared.storage.state import StateStore, Stored
from tests.support.clock import Clock
from tests.support.memory_state import MemoryStateStore

ONE, TWO = "print1@contoso.com", "print2@contoso.com"


# Turns of the event loop that one call takes.
LATENCY_TURNS = 8


class SharedStore(MemoryStateStore):
    """Gives up the loop in each call, as a network does, so that workers really interleave. Counts the calls."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[str] = Counter()

    async def read(self, path: str) -> Stored | None:
        self.calls["read"] += 1
        await self._travel()
        return await super().read(path)

    async def create(self, path: str, content: bytes, summary: Mapping[str, Any] | None = None) -> str:
        self.calls["write"] += 1
        await self._travel()
        return await super().create(path, content, summary)

    async def replace(self, path: str, content: bytes, etag: str, summary: Mapping[str, Any] | None = None) -> str:
        self.calls["write"] += 1
        await self._travel()
        return await super().replace(path, content, etag, summary)

    async def _travel(self) -> None:
        for _ in range(LATENCY_TURNS):
            await asyncio.sleep(0)


def make_pool(
    store: StateStore,
    clock: Clock,
    names: Sequence[str] = (ONE, TWO),
    *,
    account: Ceilings = ACCOUNT_CEILINGS,
    printer: Ceilings = PRINTER_CEILINGS,
    seed: int = 1,
) -> AccountPool:
    return AccountPool(
        names,
        store,
        bounds=Bounds(),
        now=clock.now,
        sleep=clock.sleep,
        random=Random(seed).random,  # noqa: S311 - no secret hangs on it
        account_ceilings=account,
        printer_ceilings=printer,
    )
