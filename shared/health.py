"""What the app says of itself: up or not, the status for operators, and the alerts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import azure.functions as func

from shared import alerts
from shared.accounts.pool import AccountStatus
from shared.alert_causes import list_causes
from shared.alerts import Observed
from shared.errors import PrintFunctionsError
from shared.names import CATALOG_PATH, HELD_PREFIX, POISON_SUFFIX, QUEUES, open_marker_path
from shared.problems import answer_json
from shared.services import Services, services
from shared.storage.state import StateStore
from shared.submission.record import Record, State
from shared.subscriptions.alerting import ALERT as SUBSCRIPTION_ALERT
from shared.subscriptions.alerting import is_told, subscription_alert, subscription_status
from shared.subscriptions.upkeep import load_record
from shared.telemetry.signals import measure
from shared.times import timestamp
from shared.usage.pending import ALERT as EXPORT_ALERT
from shared.usage.pending import export_alert, read_pending

logger = logging.getLogger(__name__)

LAPSED, POISON = "account-lapsed:", "poison:"
# Of open submissions the oldest is shown that can be read: after so many that cannot, none is.
OPEN_RECORDS_READ = 20
HEALTH_SECONDS = 5.0
# Held jobs are counted up to one page of a listing (Storage: List Blobs, 5,000).
HELD_COUNTED = 5000


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
    """Accounts, queues, open submissions and the oldest of them, held jobs, the subscription, and the alerts."""
    state = ready.storage.state
    accounts, depths, (count, oldest), held, (subscription, _), told = await asyncio.gather(
        ready.pool.statuses(),
        read_depths(ready),
        _open_records(ready),
        _count_held(state),
        load_record(state),
        alerts.in_force(state),
    )
    return {
        "accounts": [_account(account) for account in accounts],
        "queues": depths,
        "openSubmissions": {"count": count, "oldest": _summary(oldest) if oldest else None},
        "held": held,
        "subscription": subscription_status(subscription),
        # What was told last holds those that only the timers find; what is known now may be newer.
        "alerts": {**told, **current_alerts(accounts, depths)},
    }


async def read_depths(ready: Services) -> dict[str, int | None]:
    """About how many messages each queue and its poison queue hold; None where a queue does not exist yet."""
    names = _queue_names()
    depths = await asyncio.gather(*(ready.storage.queue(name).depth() for name in names))
    return dict(zip(names, depths, strict=True))


def _queue_names() -> list[str]:
    return [name + suffix for name in QUEUES for suffix in ("", POISON_SUFFIX)]


async def update_alerts(ready: Services, more: Observed | None = None) -> None:
    """Tell what began and what ended since the last time; `more` is what the caller saw.

    What cannot be looked at is told itself, and what it would say stays as it was. Raises where the causes cannot be
    listed or the alerts not be stored: then nothing begins or ends.
    """
    state = ready.storage.state
    causes = Observed(await list_causes(state))
    looks = await asyncio.gather(
        _look("print accounts", {LAPSED}, _accounts_alerts(ready)),
        *(_look(f"queue {name}", {POISON + name}, _depth_alerts(name, ready)) for name in _queue_names()),
        _look("usage export", {EXPORT_ALERT}, _export_alerts(state)),
        _look("subscription", {SUBSCRIPTION_ALERT}, _subscription_alerts(ready)),
    )
    observed = alerts.together(*looks, causes, more or Observed())
    await alerts.update(observed, state, ready.http, ready.settings.alert_webhook_url)


async def _look(what: str, names: Collection[str], look: Awaitable[Observed]) -> Observed:
    try:
        return await look
    except Exception as error:
        logger.exception("the %s cannot be looked at", what)
        text = f"the {what} cannot be looked at ({type(error).__name__}): the log says more"
        return Observed({f"unwatched:{what}": text}, frozenset(names))


async def _accounts_alerts(ready: Services) -> Observed:
    accounts = await ready.pool.statuses()
    _measure(accounts)
    return Observed(current_alerts(accounts, {}))


async def _depth_alerts(name: str, ready: Services) -> Observed:
    queue = ready.storage.queue(name)
    depth = await queue.depth()
    measure("print.queue_depth", depth or 0, "{message}", queue=name)
    if not name.endswith(POISON_SUFFIX):
        measure("print.queue_age", await queue.late_seconds(datetime.now(UTC)) if depth else 0.0, "s", queue=name)
    return Observed(current_alerts((), {name: depth}))


async def _export_alerts(state: StateStore) -> Observed:
    return Observed(export_alert(await read_pending(state), datetime.now(UTC)))


async def _subscription_alerts(ready: Services) -> Observed:
    if not ready.settings.notification_url:
        return Observed()
    record, etag = await load_record(ready.storage.state)
    if etag is not None and not is_told(record):
        return Observed(unseen=frozenset({SUBSCRIPTION_ALERT}))
    return Observed(subscription_alert(record, datetime.now(UTC), ready.settings.bounds))


def _measure(accounts: Sequence[AccountStatus]) -> None:
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
            active[LAPSED + name] = f"{name} must sign in again: run `printops login {name}`. {reason}"
    for name, depth in depths.items():
        if name.endswith(POISON_SUFFIX) and depth:
            active[POISON + name] = f"the queue {name} holds messages that could not be handled: look at the log"
    return active


async def _open_records(ready: Services) -> tuple[int, Record | None]:
    prefix = open_marker_path("")
    # A marker is written when a submission is accepted, and never changed.
    listed = ready.storage.state.list_summaries(prefix)
    marks = sorted([(found.modified, found.path.removeprefix(prefix)) async for found in listed])
    for _, key in marks[:OPEN_RECORDS_READ]:
        try:
            loaded = await ready.submissions.records.load(key)
        except PrintFunctionsError:
            continue
        if loaded is not None and loaded[0].state is not State.CLOSED:
            return len(marks), loaded[0]
    return len(marks), None


async def _count_held(state: StateStore) -> dict[str, Any]:
    count = 0
    async for _ in state.list_paths(HELD_PREFIX):
        if count == HELD_COUNTED:
            return {"count": count, "orMore": True}
        count += 1
    return {"count": count, "orMore": False}


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
