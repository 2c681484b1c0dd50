"""Acts on what Graph says of the subscription itself (Graph: change-notifications-lifecycle-events)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.errors import PrintFunctionsError
from shared.subscriptions.services import SubscriptionServices
from shared.subscriptions.upkeep import load_record, maintain

logger = logging.getLogger(__name__)

REAUTHORIZE = "reauthorizationRequired"
# Graph: "don't reauthorize and renew a subscription within ten minutes". Renewing does both, so it is enough alone.
APART = timedelta(minutes=10)
# What is in hand of another run is looked at again after this time.
BUSY_SECONDS = 150.0
# Until Graph is asked again nothing may be delivered, so trouble is not left to the next run of the upkeep.
AGAIN_SECONDS = 120.0
MOST_TRIES = 20


class LifecycleUnreadable(PrintFunctionsError):
    """A lifecycle message that this app did not write. It ends on the poison queue."""


async def handle_lifecycle(message: Mapping[str, Any], services: SubscriptionServices) -> None:
    """Handle one {"kind": "lifecycle"} message. Raises LifecycleUnreadable.

    The subscription is renewed unless that was done since the event; anything else makes a normal run of the upkeep.
    """
    subscription_id, event, at = _read(message)
    record, _ = await load_record(services.state)
    if record.id is None or record.id.lower() != subscription_id.lower():
        logger.info("a lifecycle event (%s) of a subscription that is not ours any more", event)
        return
    now = services.now()
    if record.claimed is not None and record.claimed > now:
        await services.events.send(message, BUSY_SECONDS)
        return
    if event != REAUTHORIZE:
        logger.warning("Graph tells of the subscription: %s", event)
        await maintain(services)
        return
    if record.changed is not None and at is not None and record.changed >= at:
        return
    if record.changed is not None and now < record.changed + APART:
        await services.events.send(message, (record.changed + APART - now).total_seconds())
        return
    tries = message.get("tries")
    tries = tries if isinstance(tries, int) else 0
    if await maintain(services, renew=True) is None and tries < MOST_TRIES:
        await services.events.send({**message, "tries": tries + 1}, AGAIN_SECONDS)


def _read(message: Mapping[str, Any]) -> tuple[str, str, datetime | None]:
    subscription_id, event, at = (message.get(name) for name in ("subscriptionId", "event", "at"))
    if not isinstance(subscription_id, str) or not isinstance(event, str):
        raise LifecycleUnreadable("a lifecycle message names no subscription and event")
    try:
        moment = datetime.fromisoformat(at) if isinstance(at, str) else None
    except ValueError as error:
        raise LifecycleUnreadable("a lifecycle message has no time that can be read") from error
    if moment is not None and moment.tzinfo is None:
        raise LifecycleUnreadable("a lifecycle message has a time without an offset")
    return subscription_id, event, moment
