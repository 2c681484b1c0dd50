"""Works on many things, a bounded number of them at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable


async def each_at_once[T](
    items: AsyncIterable[T] | Iterable[T], work: Callable[[T], Awaitable[object]], most: int
) -> None:
    """Run `work` on every item, on at most `most` at once. Items are taken as places come free, so any number may come.

    Raises the first error, and cancels what is under way then.
    """
    places = asyncio.Semaphore(most)

    async def one(item: T) -> None:
        try:
            await work(item)
        finally:
            places.release()

    try:
        async with asyncio.TaskGroup() as group:
            async for item in one_by_one(items):
                await places.acquire()
                group.create_task(one(item))
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None


async def one_by_one[T](items: AsyncIterable[T] | Iterable[T]) -> AsyncIterator[T]:
    """The items, whichever of the two they come in."""
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item
