"""Exports usage in a process of its own, as the timer does: pages from Graph, files into storage.

Run as `python -m benchmarks.export_worker` by `children.child`. It takes `{"storage": "connection string", "url":
"http://127.0.0.1:PORT/v1.0"}`, opens its clients and says `{"ready": "ours"}`: that is idle. Then it takes `{"first":
"…", "last": "…"}`, exports those days of `daily-by-user`, and says `{"rows": N, "partitions": N, "seconds": S,
"pageCount": N}`.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from datetime import UTC, date, datetime
from typing import Any

import httpx

from shared.bounds import Bounds
from shared.catalog import Catalog
from shared.graph.reports_client import ReportsClient
from shared.ledger import LEDGER_PREFIX
from shared.names import STATE, USAGE
from shared.settings import StorageConnection
from shared.storage.clients import Storage, open_storage
from shared.storage.day_log import BlobDayLog
from shared.usage.export import export_usage
from shared.usage.series import DAILY_BY_USER
from shared.usage.services import UsageServices
from shared.usage.watermark import Span


class NoTokens:
    """The server asks for none."""

    async def access_token(self, user_principal_name: str) -> str:
        """Any text."""
        return user_principal_name

    def invalidate(self, user_principal_name: str) -> None:
        """Nothing is refused."""


async def _no_catalog() -> Catalog:
    return Catalog(shares=())


def _now() -> datetime:
    return datetime.now(UTC)


def _services(storage: Storage, http: httpx.AsyncClient, url: str) -> UsageServices:
    bounds = Bounds()
    return UsageServices(
        state=storage.state,
        container=storage.container(USAGE),
        spool=storage.container(STATE),
        ledger=BlobDayLog(storage.container(STATE), LEDGER_PREFIX),
        load_catalog=_no_catalog,
        reports=ReportsClient(
            url, http, NoTokens(), "reports", bounds=bounds, sleep=asyncio.sleep, random=random.random
        ),
        pseudonyms=None,
        bounds=bounds,
        now=_now,
    )


async def serve() -> None:
    """Serve one export."""
    opening = json.loads(await asyncio.to_thread(sys.stdin.readline))
    async with open_storage(StorageConnection(opening["storage"])) as storage, httpx.AsyncClient() as http:
        services = _services(storage, http, opening["url"])
        for container in (services.container, services.spool):
            if not await container.exists():
                await container.create_container()
        _say({"ready": "ours"})
        message = json.loads(await asyncio.to_thread(sys.stdin.readline))
        span = Span(date.fromisoformat(message["first"]), date.fromisoformat(message["last"]))
        started = time.perf_counter()
        run = await export_usage(services, span=span, series=(DAILY_BY_USER,))
        took = time.perf_counter() - started
        (done,) = run.series
        pages = sum(int(result.totals["pageCount"]) for result in done.partitions)
        _say(
            {
                "rows": done.rows,
                "partitions": len(done.partitions),
                "seconds": took,
                "pageCount": pages,
                "ending": f"{done.ending} {done.reason}",
            }
        )
    sys.stdin.read()


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(serve())
