"""What the checks work with: made from open services, or from stand-ins by tests."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from shared.catalog import Catalog
from shared.doctor.account_checks import AccountTokensOf
from shared.doctor.administrator_checks import Administrator
from shared.doctor.storage_checks import AT_ONCE, StoragePlace, place_of
from shared.graph.admin_client import AdminClient
from shared.graph.app_client import AppClient
from shared.graph.application import ApplicationAccess
from shared.names import KIOSKS_PREFIX, STATE
from shared.services import Services
from shared.subscriptions.services import SubscriptionServices, make_subscription_services
from shared.tasks.services import make_task_services
from shared.usage.services import from_services
from shared.usage.watermark import Span, condition

if TYPE_CHECKING:
    from shared.accounts.pool import AccountStatus
    from shared.tasks.graph import TaskGraph


@dataclass(frozen=True, slots=True)
class Ground:
    """Clients and what was read before: `catalog` is None, `statuses` and `kiosks` empty where that failed.

    `read_reports` reads a page of the reports as the account that does.
    """

    services: Services
    place: StoragePlace
    access: ApplicationAccess
    app: AppClient
    tasks: TaskGraph
    subscriptions: SubscriptionServices
    read_reports: Callable[[], Awaitable[object]]
    catalog: Catalog | None
    statuses: Mapping[str, AccountStatus]
    kiosks: tuple[str, ...]
    administrator: Administrator | None
    now: Callable[[], datetime]
    token_hex: Callable[[int], str] = secrets.token_hex

    def share_reader(self, account: str) -> AdminClient:
        """Graph as this print account, for what AdminClient reads."""
        calls = self.services.calls(AccountTokensOf(self.services.tokens, account))
        return AdminClient(calls, sleep=self.services.submissions.sleep)


async def open_ground(
    services: Services, administrator: Administrator | None, now: Callable[[], datetime] | None = None
) -> Ground:
    """Everything that the checks need, from open services. Nothing is raised: the checks tell what is wrong."""
    core, settings = services.submissions, services.settings
    access = ApplicationAccess(settings, core.uploads)
    container = services.storage.container(STATE)
    seconds = settings.bounds.doctor_check_seconds
    if await _tried(lambda: container.exists(**AT_ONCE), seconds):
        catalog, statuses, kiosks = await asyncio.gather(
            _tried(core.load_catalog, seconds),
            _tried(services.pool.statuses, seconds),
            _tried(lambda: _kiosks(services), seconds),
        )
    else:
        catalog, statuses, kiosks = None, None, None
    reports = from_services(services).reports
    clock = now or core.now
    return Ground(
        services=services,
        place=place_of(settings.storage, str(container.url), str(container.account_name)),
        access=access,
        app=AppClient(services.calls(access)),
        tasks=make_task_services(services).graph,
        subscriptions=make_subscription_services(services),
        read_reports=lambda: reports.page(reports.usage_address("dailyPrintUsageByUser", _yesterday(clock().date()))),
        catalog=catalog,
        statuses={status.user_principal_name: status for status in statuses or ()},
        kiosks=tuple(kiosks or ()),
        administrator=administrator,
        now=clock,
    )


def _yesterday(today: date) -> str | None:
    day = today - timedelta(days=1)
    return condition("date", "day", Span(day, day))


async def _kiosks(services: Services) -> list[str]:
    paths = [path async for path in services.storage.state.list_paths(KIOSKS_PREFIX)]
    return [path.removeprefix(KIOSKS_PREFIX).removesuffix(".json") for path in paths]


async def _tried[T](read: Callable[[], Awaitable[T]], seconds: float) -> T | None:
    try:
        async with asyncio.timeout(seconds):
            return await read()
    except Exception:  # noqa: BLE001 - a check reads it again, and tells why it cannot be read
        return None
