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


def from_services(ready: Services, *, longest_wait_seconds: float | None = None) -> UsageServices:
    """The same over services that are open. A command may wait longer for Graph than a function: say how long."""
    from dataclasses import replace

    from shared.graph.reports_client import ReportsClient

    settings, submissions = ready.settings, ready.submissions
    bounds = settings.bounds
    if longest_wait_seconds is not None:
        bounds = replace(bounds, in_process_wait_seconds=longest_wait_seconds)
    key = settings.usage_pseudonym_key
    return UsageServices(
        state=submissions.state,
        container=ready.storage.container(USAGE),
        ledger=BlobDayLog(ready.storage.container(STATE), LEDGER_PREFIX),
        load_catalog=submissions.load_catalog,
        reports=ReportsClient(
            settings.graph_base_url,
            ready.http,
            ready.tokens,
            settings.reports_account,
            bounds=bounds,
            sleep=submissions.sleep,
            random=submissions.random,
        ),
        pseudonyms=Pseudonyms(key) if key else None,
        bounds=bounds,
        now=submissions.now,
    )
