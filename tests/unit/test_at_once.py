"""Many things are worked on together, and never more than so many."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from shared.at_once import each_at_once


class Work:
    """Counts what is begun, under way and done; a number that is `wrong` fails."""

    def __init__(self, wrong: int | None = None) -> None:
        self.wrong = wrong
        self.taken = self.under_way = self.most = 0
        self.done: list[int] = []

    async def numbers(self, count: int) -> AsyncIterator[int]:
        for number in range(count):
            self.taken += 1
            yield number

    async def __call__(self, number: int) -> None:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.sleep(0)
            if number == self.wrong:
                raise ValueError(number)
            await asyncio.sleep(0)
            self.done.append(number)
        finally:
            self.under_way -= 1


@pytest.mark.parametrize(("count", "most"), [(0, 3), (2, 3), (100, 3), (100, 1)])
async def test_every_item_is_worked_on_once_and_so_many_at_once(count: int, most: int) -> None:
    work = Work()
    await each_at_once(work.numbers(count), work, most)
    assert sorted(work.done) == list(range(count))
    assert work.most == min(count, most)


async def test_the_first_error_ends_the_others_and_takes_no_more() -> None:
    work = Work(wrong=10)
    with pytest.raises(ValueError, match="10"):
        await each_at_once(work.numbers(100), work, 4)
    assert work.under_way == 0
    assert work.taken < 20
