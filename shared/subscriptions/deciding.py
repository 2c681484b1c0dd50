"""Decides what a subscription needs. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.bounds import Bounds
from shared.graph.subscription_client import CHANGE_TYPE, Subscription


class Move(StrEnum):
    """What to do: nothing, make one, make its end later, or make another in its place."""

    KEEP = "keep"
    CREATE = "create"
    RENEW = "renew"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The subscription that there should be. The addresses are those of this app's two routes."""

    resource: str
    notification_url: str
    lifecycle_url: str

    @classmethod
    def of(cls, definition_id: str, base_url: str) -> Wanted:
        """For the tasks of this definition, told to the app at `base_url`."""
        address = f"{base_url}/api/notifications"
        return cls(f"print/taskDefinitions/{definition_id}/tasks", address, f"{address}/lifecycle")


@dataclass(frozen=True, slots=True)
class Existing:
    """What Graph has, and what it does not show of it.

    `secret_current` says whether it was made with the secret that is in force; `changed` when it was last made or
    renewed, as far as that is known.
    """

    subscription: Subscription
    secret_current: bool
    changed: datetime | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The move, and the reason in words for the log."""

    move: Move
    reason: str = ""


def decide(existing: Existing | None, wanted: Wanted, now: datetime, bounds: Bounds) -> Decision:
    """What the subscription needs now.

    The lifecycle address and the clientState are fixed when a subscription is made (Graph: subscription), so a change
    of either makes another one.
    """
    if existing is None:
        return Decision(Move.CREATE, "there is none")
    found = existing.subscription
    if found.subject != wanted.resource.lower() or found.change_type != CHANGE_TYPE:
        return Decision(Move.REPLACE, "it is for another task definition")
    if (found.notification_url, found.lifecycle_url) != (wanted.notification_url, wanted.lifecycle_url):
        return Decision(Move.REPLACE, "NOTIFICATION_URL has changed")
    if not existing.secret_current:
        return Decision(Move.REPLACE, "NOTIFICATION_CLIENT_STATE has changed")
    if found.expires <= now:
        return Decision(Move.CREATE, "it has ended")
    if found.expires - now <= timedelta(seconds=bounds.subscription_renew_seconds):
        return Decision(Move.RENEW, f"it ends at {found.expires:%Y-%m-%d %H:%M} UTC")
    authorized = timedelta(seconds=bounds.subscription_reauthorize_seconds)
    if existing.changed is not None and now - existing.changed >= authorized:
        # Graph: change-notifications-lifecycle-events. Where its question was lost, nothing else would mend that.
        return Decision(Move.RENEW, "the token that authorized it has ended")
    return Decision(Move.KEEP)
