"""Makes what the functions work with, once for each worker process and at first use."""

from __future__ import annotations

import asyncio
import logging
import os
import random
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from shared.accounts.pool import AccountPool
from shared.accounts.tokens import AccountTokens
from shared.bounds import Bounds
from shared.catalog import Catalog, CatalogUnreadable, parse_catalog
from shared.deferred import deferred
from shared.graph.print_client import PrintClient
from shared.ledger import LEDGER_PREFIX, LedgerWriter
from shared.names import CATALOG_PATH, JOBS_QUEUE, STATE, SUBMISSIONS_QUEUE
from shared.sealing import Sealer
from shared.settings import Settings, load_settings
from shared.storage.clients import Storage, open_storage
from shared.storage.day_log import BlobDayLog
from shared.storage.documents import Documents
from shared.storage.state import StateStore
from shared.submission.holding import Records
from shared.submission.services import SubmissionServices
from shared.telemetry.switch import switch
from shared.trust import trust

if TYPE_CHECKING:
    import aiohttp
    import httpx

    from shared.graph.application_calls import ApplicationCalls, ApplicationTokens

# httpx logs every address in full, and those of uploads and webhooks are secrets.
logging.getLogger("httpx").setLevel(logging.WARNING)
# A catalog that was published is in force everywhere after this time.
CATALOG_SECONDS = 15.0
CONNECT_SECONDS = 10.0
KEEP_ALIVE_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that a function may need; `submissions` is the part that the submission core works with."""

    settings: Settings
    storage: Storage
    http: httpx.AsyncClient
    pool: AccountPool
    tokens: AccountTokens
    submissions: SubmissionServices

    def calls(self, tokens: ApplicationTokens) -> ApplicationCalls:
        """Calls of Graph as the bearer of these tokens, by the settings."""
        from shared.graph.application_calls import ApplicationCalls

        core = self.submissions
        return ApplicationCalls(
            self.settings.graph_base_url,
            self.http,
            tokens,
            bounds=core.bounds,
            sleep=core.sleep,
            random=core.random,
        )


class CatalogCache:
    """Reads the catalog anew when the one at hand is older than CATALOG_SECONDS."""

    def __init__(self, state: StateStore) -> None:
        self._state = state
        self._catalog: Catalog | None = None
        self._read = 0.0

    async def load(self) -> Catalog:
        """The catalog in force. Raises CatalogUnreadable."""
        clock = asyncio.get_running_loop().time()
        if self._catalog is None or clock - self._read > CATALOG_SECONDS:
            stored = await self._state.read(CATALOG_PATH)
            if stored is None:
                raise CatalogUnreadable("catalog.json is missing; `python -m printops apply` publishes it")
            self._catalog, self._read = parse_catalog(stored.content), clock
        return self._catalog


async def open_services(environ: Mapping[str, str], stack: AsyncExitStack) -> Services:
    """Services for these settings; `stack` closes them. Raises SettingsError.

    Clients of Graph are made at their first use: a tap that shows held jobs asks storage alone.
    """
    settings = load_settings(environ)
    switch(environ, telemetry=settings.telemetry, log_names=settings.log_names)
    bounds = settings.bounds
    bundle = settings.graph_ca_bundle
    if bundle is not None:
        # One that cannot be read is told of now, not at the first call, and before there is anything to close.
        trust(bundle)
    storage = await stack.enter_async_context(open_storage(settings.storage))
    new_http = partial(_new_http, bounds, bundle)

    def shared_http() -> httpx.AsyncClient:
        client = new_http()
        stack.push_async_callback(client.aclose)
        return client

    def new_uploads() -> aiohttp.ClientSession:
        from shared.upload.http import new_upload_http

        client = new_upload_http(trust(bundle))
        stack.push_async_callback(client.close)
        return client

    pool = AccountPool(
        settings.print_accounts,
        storage.state,
        bounds=bounds,
        now=_now,
        sleep=asyncio.sleep,
        random=random.random,
    )
    tokens = AccountTokens.from_settings(settings, storage.state, now=_now, refreshed=pool.mark_refreshed)
    graph = PrintClient(
        settings.graph_base_url, new_http, tokens, bounds=bounds, sleep=asyncio.sleep, random=random.random
    )
    submissions = SubmissionServices(
        state=storage.state,
        records=Records(storage.state),
        documents=Documents(storage),
        submissions=storage.queue(SUBMISSIONS_QUEUE),
        jobs=storage.queue(JOBS_QUEUE),
        ledger=LedgerWriter(BlobDayLog(storage.container(STATE), LEDGER_PREFIX)),
        load_catalog=CatalogCache(storage.state).load,
        pool=pool,
        graph=graph,
        uploads=deferred(new_uploads),
        sealer=Sealer(settings.token_cache_keys),
        bounds=bounds,
        now=_now,
        sleep=asyncio.sleep,
        random=random.random,
    )
    return Services(settings, storage, deferred(shared_http), pool, tokens, submissions)


def _new_http(bounds: Bounds, ca_bundle: Path | None) -> httpx.AsyncClient:
    import httpx

    timeout = httpx.Timeout(bounds.graph_timeout_seconds, connect=CONNECT_SECONDS)
    # Opening a connection costs two round trips, which a person at a kiosk would wait for at each tap.
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=KEEP_ALIVE_SECONDS)
    return httpx.AsyncClient(verify=trust(ca_bundle), timeout=timeout, limits=limits)


# Held here because a stack that nobody holds is collected, and closes its clients with it. The worker is stopped
# without a signal, so nothing else ever closes them.
_stack = AsyncExitStack()
_opened: Services | None = None
_opening: asyncio.Lock | None = None


async def services() -> Services:
    """The services of this worker process. Raises SettingsError, at every call until the settings are right."""
    global _opened, _opening
    if _opened is not None:
        return _opened
    _opening = _opening or asyncio.Lock()
    async with _opening:
        if _opened is None:
            _opened = await open_services(os.environ, _stack)
    return _opened


def _now() -> datetime:
    return datetime.now(UTC)
