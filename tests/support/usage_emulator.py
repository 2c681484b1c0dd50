"""Usage of the emulator's tenant, exported to Azurite. Time is the test's, for the emulator too."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from emulator.azurite import StorageAccount
from emulator.universal_print.clock import Clock as EmulatorClock
from emulator.universal_print.reports.history import HistoryPlan
from emulator.universal_print.server import Emulator
from emulator.universal_print.settings import Limits
from emulator.universal_print.tokens import signing
from shared.bounds import Bounds
from shared.catalog import Catalog, Printer
from shared.graph.reports_client import ReportsClient
from shared.usage.export import export_usage
from shared.usage.manifest import MANIFESTS, Run, SeriesRun
from shared.usage.partitions import read_partition
from shared.usage.series import Series
from shared.usage.services import UsageServices
from tests.support.clock import Clock
from tests.support.emulated_reports import READ, reporting_tenant
from tests.support.emulated_service import Service, quick_settings, running_service
from tests.support.usage_world import BOUNDS, blobs, chance, usage_storage

NOW = datetime(2026, 3, 20, 3, 15, tzinfo=UTC)
PLAN = HistoryPlan(date(2026, 3, 6), None, seed=7, people=8, printers=3, silent_printers=1, late=0.2)


class ReportTokens:
    """Tokens that the emulator's authority would give to the account that reads reports."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def access_token(self, user_principal_name: str) -> str:
        world, app = self._service.emulator.world, self._service.tenant.app
        user = next(user for user in world.users.values() if user.user_principal_name == user_principal_name)
        return signing.access_token(world, app, user, [READ], world.clock.now(), timedelta(hours=1))

    def invalidate(self, user_principal_name: str) -> None:
        raise AssertionError(f"a token of {user_principal_name} was refused")


@dataclass
class UsageWorld:
    """The emulator, the storage, and the addresses that were asked of Graph."""

    service: Service
    services: UsageServices
    clock: Clock
    asked: list[str]

    @property
    def emulator(self) -> Emulator:
        return self.service.emulator

    async def run(self, **options: Any) -> Run:
        """Export once."""
        return await export_usage(self.services, **options)

    async def run_to_the_end(self, **options: Any) -> list[Run]:
        """Export, waiting as long as Graph asks, until nothing is left."""
        runs = [await self.run(**options)]
        while (wait := runs[-1].wait) is not None:
            self.clock.advance(wait)
            runs.append(await self.run(**options, resumes=True, before=runs))
            assert len(runs) < 50, "it does not come to an end"
        return runs

    async def rows(self, series: Series, key: str) -> list[dict[str, Any]]:
        """The rows of a partition."""
        return [dict(row) async for row in read_partition(series.table, key, services=self.services)]

    async def files(self) -> dict[str, bytes]:
        """Every file of a table, without the manifests."""
        found = await blobs(self.services)
        return {name: content for name, content in found.items() if not name.startswith(MANIFESTS)}

    async def manifests(self) -> list[dict[str, Any]]:
        """The manifests in the order of the runs."""
        found = await blobs(self.services)
        return [json.loads(found[name]) for name in sorted(found) if name.startswith(MANIFESTS)]


def of(run: Run, series: Series) -> SeriesRun:
    """What a run did to a series."""
    return next(one for one in run.series if one.name == series.name)


@asynccontextmanager
async def usage_world(
    account: StorageAccount,
    folder: Path,
    *,
    throttled: bool = False,
    bounds: Bounds = BOUNDS,
    plan: HistoryPlan | None = PLAN,
    **storage: Any,
) -> AsyncIterator[UsageWorld]:
    """The world. Without `throttled` the emulator has no ceiling over reports."""
    clock = Clock(NOW)
    async with AsyncExitStack() as stack:
        settings = quick_settings()
        settings.limits = Limits() if throttled else Limits.off()
        tenant = reporting_tenant(EmulatorClock(clock.now))
        service = await stack.enter_async_context(running_service(folder, tenant, settings))
        history = service.emulator.reports.add_history(plan) if plan else None
        printers = tuple(Printer(one.id, one.name) for one in history.printers) if history else ()
        asked: list[str] = []

        async def note(request: httpx.Request) -> None:
            asked.append(str(request.url))

        trust = ssl.create_default_context(cafile=str(service.emulator.ca_bundle))
        client = httpx.AsyncClient(verify=trust, timeout=30, event_hooks={"request": [note]})
        http = await stack.enter_async_context(client)
        services = await stack.enter_async_context(
            usage_storage(account, clock, catalog=Catalog(shares=(), printers=printers), **storage)
        )
        reports = ReportsClient(
            f"{service.url}/v1.0",
            http,
            ReportTokens(service),
            tenant.anna.user_principal_name,
            bounds=bounds,
            sleep=clock.sleep,
            random=chance,
        )
        yield UsageWorld(service, replace(services, reports=reports, bounds=bounds), clock, asked)
