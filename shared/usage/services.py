"""What the export of usage works with: made from the settings, or from stand-ins by tests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from shared.bounds import Bounds
from shared.catalog import Catalog
from shared.ledger import LEDGER_PREFIX
from shared.names import STATE, USAGE
from shared.storage.day_log import BlobDayLog, DayLog
from shared.storage.state import StateStore
from shared.usage.pseudonyms import Pseudonyms

if TYPE_CHECKING:
    from azure.storage.blob.aio import ContainerClient

    from shared.graph.reports_client import ReportsClient
    from shared.services import Services


@dataclass(frozen=True, slots=True)
class UsageServices:
    """Clients, bounds and the clock. `container` is `print-usage`, `ledger` the print ledger.

    Without `pseudonyms` names are exported as they are.
    """

    state: StateStore
    container: ContainerClient
    spool: ContainerClient
    ledger: DayLog
    load_catalog: Callable[[], Awaitable[Catalog]]
    reports: ReportsClient
    pseudonyms: Pseudonyms | None
    bounds: Bounds
    now: Callable[[], datetime]


async def usage_services() -> UsageServices:
    """The services of this worker process. Raises SettingsError."""
    from shared.services import services

    return from_services(await services())


def from_services(ready: Services) -> UsageServices:
    """The same over services that are open."""
    from shared.accounts.authority import REPORTS_PERMISSIONS
    from shared.accounts.tokens import AccountTokens
    from shared.graph.reports_client import ReportsClient

    settings, submissions = ready.settings, ready.submissions
    # Tokens of their own: a tenant that has not consented to reports must still print with the same account.
    tokens = AccountTokens.from_settings(
        settings,
        ready.storage.state,
        now=submissions.now,
        refreshed=ready.pool.mark_refreshed,
        permissions=REPORTS_PERMISSIONS,
    )
    key = settings.usage_pseudonym_key
    return UsageServices(
        state=ready.storage.state,
        container=ready.storage.container(USAGE),
        spool=ready.storage.container(STATE),
        load_catalog=submissions.load_catalog,
        reports=ReportsClient(
            settings.graph_base_url,
            ready.http,
            tokens,
            settings.reports_account,
            bounds=settings.bounds,
            sleep=submissions.sleep,
            random=submissions.random,
        ),
        pseudonyms=Pseudonyms(key) if key else None,
        ledger=BlobDayLog(ready.storage.container(STATE), LEDGER_PREFIX),
        bounds=settings.bounds,
        now=submissions.now,
    )
