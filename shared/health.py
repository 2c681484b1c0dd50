"""What the app says of itself: up or not, the status for operators, and the alerts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import azure.functions as func

from shared import alerts
from shared.accounts.pool import AccountStatus
from shared.errors import PrintFunctionsError
from shared.names import CATALOG_PATH, POISON_SUFFIX, QUEUES
from shared.problems import answer_json
from shared.services import Services, services
from shared.submission.record import Record, timestamp
from shared.telemetry.signals import measure
from shared.usage.pending import export_alert, read_pending

# The status answers within the host's limit also when many submissions are open: so many are read.
OPEN_RECORDS_READ = 500
HEALTH_SECONDS = 5.0


async def answer_health() -> func.HttpResponse:
    """200 when the settings are right and the storage answers, else 503."""
    try:
        async with asyncio.timeout(HEALTH_SECONDS):
            ready = await services()
            await ready.storage.state.read(CATALOG_PATH)
    except Exception:  # noqa: BLE001 - whatever it is, the app is not up, and this answer must not say why
        return answer_json({"status": "down"}, 503)
    return answer_json({"status": "up"})


async def answer_status() -> func.HttpResponse:
    """The status as JSON."""
    return answer_json(await read_status(await services()))


async def read_status(ready: Services) -> dict[str, Any]:
    """Accounts and their token age, queue and poison depth, open submissions and the oldest of them."""
    accounts, depths, (count, oldest) = await asyncio.gather(
        ready.pool.statuses(), read_depths(ready), _open_records(ready)
    )
    return {
        "accounts": [_account(account) for account in accounts],
        "queues": depths,
        "openSubmissions": {"count": count, "oldest": _summary(oldest) if oldest else None},
        "alerts": current_alerts(accounts, depths),
    }


async def read_depths(ready: Services) -> dict[str, int | None]:
    """About how many messages each queue and its poison queue hold; None where a queue does not exist yet."""
    names = [name + suffix for name in QUEUES for suffix in ("", POISON_SUFFIX)]
    depths = await asyncio.gather(*(ready.storage.queue(name).depth() for name in names))
    return dict(zip(names, depths, strict=True))


async def update_alerts(ready: Services, more: Mapping[str, str] | None = None) -> None:
    """Tell what began and what ended since the last time; `more` are alerts that the caller knows of."""
    accounts, depths = await asyncio.gather(ready.pool.statuses(), read_depths(ready))
    _measure(accounts, depths)
    unfinished = export_alert(await read_pending(ready.storage.state), datetime.now(UTC))
    active = {**current_alerts(accounts, depths), **unfinished, **(more or {})}
    await alerts.update(active, ready.storage.state, ready.http, ready.settings.alert_webhook_url)


def _measure(accounts: Sequence[AccountStatus], depths: Mapping[str, int | None]) -> None:
    for name, depth in depths.items():
        measure("print.queue_depth", depth or 0, "{message}", queue=name)
    for account in accounts:
        for window, (used, limit) in account.use.items():
            left = max(0.0, 1 - used / limit) if limit else 0.0
            measure("print.account_budget_left", left, "1", account=account.user_principal_name, window=window)


def current_alerts(accounts: Sequence[AccountStatus], depths: Mapping[str, int | None]) -> dict[str, str]:
    """Every alert in force by name, each a sentence that says what to do. Pure."""
    active: dict[str, str] = {}
    for account in accounts:
        if account.lapsed_since is not None:
            name, reason = account.user_principal_name, account.lapsed_reason or ""
            active[f"account-lapsed:{name}"] = f"{name} must sign in again: run `printops login {name}`. {reason}"
    for name, depth in depths.items():
        if name.endswith(POISON_SUFFIX) and depth:
            active[f"poison:{name}"] = f"the queue {name} holds messages that could not be handled: look at the log"
    return active


async def _open_records(ready: Services) -> tuple[int, Record | None]:
    records = ready.submissions.records
    keys = [key async for key in records.open_keys()]
    oldest: Record | None = None
    for key in keys[:OPEN_RECORDS_READ]:
        try:
            loaded = await records.load(key)
        except PrintFunctionsError:
            continue
        if loaded and (oldest is None or loaded[0].accepted < oldest.accepted):
            oldest = loaded[0]
    return len(keys), oldest


def _account(account: AccountStatus) -> dict[str, Any]:
    return {
        "userPrincipalName": account.user_principal_name,
        "lapsed": {"since": timestamp(account.lapsed_since), "reason": account.lapsed_reason}
        if account.lapsed_since
        else None,
        "throttledUntil": timestamp(account.throttled_until) if account.throttled_until else None,
        "tokenAgeSeconds": account.token_age_seconds,
        "inSubmission": account.in_submission,
        "use": {name: {"used": count, "limit": limit} for name, (count, limit) in account.use.items()},
    }


def _summary(record: Record) -> dict[str, Any]:
    return {
        "submission": record.key,
        "document": record.document.name,
        "accepted": record.accepted,
        "state": record.state.value,
        "waiting": record.waiting,
    }
