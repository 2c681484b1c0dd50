"""The alert of the subscription, and what the status shows of it. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from shared.bounds import Bounds
from shared.subscriptions.record import SubscriptionRecord

ALERT = "subscription"
# Trouble that is over at one of the next runs of the upkeep is nobody's business.
TROUBLED_FOR = timedelta(hours=1)
_EFFECT = "held jobs appear up to a minute late until it is mended"


def subscription_alert(record: SubscriptionRecord, now: datetime, bounds: Bounds) -> dict[str, str]:
    """The alert in force, by its name. A record that no run of the upkeep has written gives none."""
    reason = f": {record.trouble}" if record.trouble else ""
    if record.expires is None:
        return {ALERT: f"Graph does not tell of print tasks, {_EFFECT}{reason}"} if record.trouble else {}
    if record.expires <= now:
        return {ALERT: f"the subscription to print tasks has ended, {_EFFECT}{reason}"}
    if record.expires - now <= timedelta(seconds=bounds.subscription_alert_seconds):
        return {ALERT: f"the subscription to print tasks ends at {record.expires:%Y-%m-%d %H:%M} UTC{reason}"}
    if record.troubled is not None and now - record.troubled > TROUBLED_FOR:
        return {ALERT: f"the subscription to print tasks cannot be looked after{reason}"}
    return {}


def is_told(record: SubscriptionRecord) -> bool:
    """Whether the record says how the subscription is: not while a first run is at it, or after it was damaged."""
    return record.expires is not None or record.trouble is not None


def subscription_status(record: SubscriptionRecord) -> dict[str, Any] | None:
    """What operators see; None where there never was one."""
    if record.id is None and record.trouble is None:
        return None
    return {
        "id": record.id,
        "resource": record.resource,
        "expires": record.expires.isoformat() if record.expires else None,
        "trouble": record.trouble,
    }
