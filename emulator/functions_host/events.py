"""Announces new blobs to the host's own blob functions, as a subscription for each would in Azure."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from emulator.event_grid.delivery import Delivery
from emulator.event_grid.watcher import INTERVAL_SECONDS, announcing
from emulator.functions_host.connections import setting_of
from emulator.functions_host.errors import StartError
from emulator.functions_host.host import FunctionsHost


@asynccontextmanager
async def announced_blobs(
    host: FunctionsHost, *, announce_existing: bool = False, interval: float = INTERVAL_SECONDS
) -> AsyncIterator[dict[str, Delivery]]:
    """Announce for the length of the block; give the delivery of each blob function, for faults and dead letters.

    Raises StartError when a trigger's connection is not a connection string: elsewhere Event Grid itself announces.
    """
    async with AsyncExitStack() as stack:
        deliveries = {}
        for function in host.functions.values():
            if function.kind != "blobTrigger" or function.disabled:
                continue
            text = setting_of(function.connection, host.settings)
            if text is None:
                raise StartError(f"blobs for {function.name} cannot be announced: its connection is no string")
            container, _, path = str(function.trigger["path"]).strip("/").partition("/")
            webhooks = [(container, path.partition("{")[0], host.webhook_url(function.name))]
            opened = announcing(text, webhooks, announce_existing=announce_existing, interval=interval)
            deliveries[function.name] = (await stack.enter_async_context(opened))[container]
        yield deliveries
