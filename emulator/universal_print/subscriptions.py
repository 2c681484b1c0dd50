"""Subscriptions to change notifications (Graph: subscription)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from emulator.universal_print.tasks import TaskDefinition
from emulator.universal_print.world import AppRegistration, Printer


@dataclass(eq=False, slots=True)
class Subscription:
    """What an app wants to be told, where, and until when.

    `subject` is the definition whose tasks begin, or the printer whose jobs become fetchable. It was `authorized` by a
    token that ends at `authorized_until`; `is_authorized` is False from when Graph withdraws that before its time. What
    happens without authorization is never told.
    """

    app: AppRegistration
    subject: TaskDefinition | Printer
    change_type: str
    resource: str
    notification_url: str
    lifecycle_url: str | None
    client_state: str
    query_options: str | None
    tls_version: str
    expires: datetime
    authorized: datetime
    authorized_until: datetime
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    is_authorized: bool = True
    reminded: datetime | None = None
    patched: datetime | None = None
    reauthorized: datetime | None = None

    def authorize(self, now: datetime, until: datetime) -> None:
        """Take the authorization of another token."""
        self.authorized, self.authorized_until, self.is_authorized, self.reminded = now, until, True, None

    def delivers(self, now: datetime) -> bool:
        """Whether Graph still has an authorization to tell the app of changes."""
        return self.is_authorized and now < self.authorized_until


class SubscriptionBook:
    """All subscriptions of the tenant."""

    def __init__(self) -> None:
        self._entries: dict[str, Subscription] = {}

    def __iter__(self) -> Iterator[Subscription]:
        return iter(list(self._entries.values()))

    def add(self, subscription: Subscription) -> None:
        """Take a new one."""
        self._entries[subscription.id] = subscription

    def find(self, subscription_id: str) -> Subscription | None:
        """The subscription with that id, whoever's it is."""
        return self._entries.get(subscription_id)

    def remove(self, subscription: Subscription) -> None:
        """Delete one; what waits to be delivered for it is dropped."""
        self._entries.pop(subscription.id, None)

    def has(self, subscription: Subscription) -> bool:
        """Whether it still exists."""
        return subscription.id in self._entries

    def about(self, subject: TaskDefinition | Printer, app: AppRegistration | None = None) -> list[Subscription]:
        """Those to that definition or printer, of one app or of all."""
        return [one for one in self if one.subject is subject and (app is None or one.app is app)]

    def expire(self, now: datetime) -> None:
        """Remove those whose time is over."""
        for subscription in self:
            if subscription.expires <= now:
                self.remove(subscription)
