"""What the export of usage works with, over Azurite, on a clock that only moves when told."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, cast

from azure.core.exceptions import ResourceExistsError

from emulator.azurite import StorageAccount
from shared.bounds import Bounds
from shared.catalog import Catalog
from shared.graph.reports_client import ReportsClient
from shared.ledger import LEDGER_PREFIX
from shared.names import STATE, USAGE
from shared.settings import StorageConnection
from shared.storage.clients import open_storage
from shared.storage.day_log import BlobDayLog
from shared.usage.pseudonyms import Pseudonyms
from shared.usage.services import UsageServices
from tests.support.clock import Clock

KEY = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="
BOUNDS = replace(Bounds(), usage_rows_in_memory=50, usage_first_days=16)


@asynccontextmanager
async def usage_storage(
    account: StorageAccount, clock: Clock, *, pseudonyms: bool = False, catalog: Catalog | None = None
) -> AsyncIterator[UsageServices]:
    """Services without Graph: `reports` is for tests that put a client in with `dataclasses.replace`."""

    async def load_catalog() -> Catalog:
        return catalog or Catalog(shares=())

    async with open_storage(StorageConnection(account.connection_string)) as storage:
        for name in (STATE, USAGE):
            try:
                await storage.container(name).create_container()
            except ResourceExistsError:
                continue
        yield UsageServices(
            state=storage.state,
            container=storage.container(USAGE),
            spool=storage.container(STATE),
            load_catalog=load_catalog,
            reports=cast("ReportsClient", None),
            pseudonyms=Pseudonyms(KEY) if pseudonyms else None,
            ledger=BlobDayLog(storage.container(STATE), LEDGER_PREFIX),
            bounds=BOUNDS,
            now=clock.now,
        )


async def blobs(services: UsageServices) -> dict[str, bytes]:
    """Every file of the container with its content."""
    found: dict[str, bytes] = {}
    async for name in services.container.list_blob_names():
        download: Any = await services.container.download_blob(name)
        found[name] = await download.readall()
    return found


def chance() -> float:
    """A number for the waits between repeats."""
    return random.random()  # noqa: S311 - no secret hangs on it
