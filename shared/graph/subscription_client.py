"""Subscriptions to notifications of print tasks, which Graph gives to the application alone (Graph: subscription)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shared.errors import GraphError, GraphNotFound
from shared.graph.application_calls import ApplicationCalls, segment

# Graph: universal-print-webhook-notifications, JobStarted.
CHANGE_TYPE = "created"
TLS_VERSION = "v1_2"


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription as Graph shows it, which never shows the clientState. `expires` is aware."""

    id: str
    resource: str
    change_type: str
    notification_url: str
    lifecycle_url: str | None
    expires: datetime

    @property
    def subject(self) -> str:
        """The resource in the one form in which two can be compared: Graph varies slash and letter case."""
        return self.resource.strip("/").lower()


class SubscriptionClient:
    """Calls Graph as the application. Raises GraphError's branches, NoReply and NotNow."""

    def __init__(self, calls: ApplicationCalls) -> None:
        self._calls = calls
        self._address = f"{self._calls.base_url}/subscriptions"

    async def create(
        self, resource: str, notification_url: str, lifecycle_url: str, client_state: str, expires: datetime
    ) -> Subscription:
        """Graph: subscription-post-subscriptions; both addresses are asked before it answers.

        Repeatable, because the service refuses a second one with 409 (GraphConflict).
        """
        body = {
            "changeType": CHANGE_TYPE,
            "resource": resource,
            "notificationUrl": notification_url,
            "lifecycleNotificationUrl": lifecycle_url,
            "clientState": client_state,
            "expirationDateTime": expires.isoformat(),
            "latestSupportedTlsVersion": TLS_VERSION,
        }
        values = await self._calls.run("create subscription", "POST", self._address, body, repeatable=True)
        return _subscription(values, "create subscription")

    async def get(self, subscription_id: str) -> Subscription | None:
        """Graph: subscription-get; None where it is gone."""
        try:
            values = await self._calls.run("get subscription", "GET", self._one(subscription_id), repeatable=True)
        except GraphNotFound:
            return None
        return _subscription(values, "get subscription")

    async def list_own(self) -> list[Subscription]:
        """Those of this app (Graph: subscription-list, 25 calls in 20 s at most)."""
        entries = self._calls.entries("list subscriptions", self._address)
        return [_subscription(values, "list subscriptions") async for values in entries]

    async def renew(self, subscription_id: str, expires: datetime) -> Subscription:
        """Graph: subscription-update, which reauthorizes too. Repeatable: it sets. Raises GraphNotFound when gone."""
        body = {"expirationDateTime": expires.isoformat()}
        values = await self._calls.run("renew subscription", "PATCH", self._one(subscription_id), body, repeatable=True)
        return _subscription(values, "renew subscription")

    async def delete(self, subscription_id: str) -> None:
        """Graph: subscription-delete; nothing happens where it is gone."""
        try:
            await self._calls.run("delete subscription", "DELETE", self._one(subscription_id), repeatable=True)
        except GraphNotFound:
            return

    def _one(self, subscription_id: str) -> str:
        return f"{self._address}/{segment(subscription_id)}"


def _subscription(values: Mapping[str, Any], operation: str) -> Subscription:
    try:
        subscription_id = str(values["id"])
        expires = datetime.fromisoformat(values["expirationDateTime"])
    except (KeyError, TypeError, ValueError) as error:
        raise GraphError(operation, 200, "emptyAnswer", f"the answer holds no subscription: {error!r}") from error
    lifecycle = values.get("lifecycleNotificationUrl")
    return Subscription(
        id=subscription_id,
        resource=str(values.get("resource") or ""),
        change_type=str(values.get("changeType") or ""),
        notification_url=str(values.get("notificationUrl") or ""),
        lifecycle_url=str(lifecycle) if lifecycle else None,
        expires=expires if expires.tzinfo else expires.replace(tzinfo=UTC),
    )
