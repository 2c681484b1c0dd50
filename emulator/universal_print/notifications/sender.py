"""Sends notifications as Graph does: several in one request, with retries, and never for certain."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx

from emulator.universal_print.clock import graph_time
from emulator.universal_print.faults import NOTIFICATION, Faults
from emulator.universal_print.notifications.bodies import Json, addressed, reauthorization_required
from emulator.universal_print.notifications.endpoints import WINDOW, Endpoint
from emulator.universal_print.settings import Settings
from emulator.universal_print.subscriptions import Subscription, SubscriptionBook
from emulator.universal_print.world import World

type Fate = Literal["waiting", "delivered", "dropped", "lost"]

# Graph: change-notifications-delivery-webhooks, latency of print resources: five minutes at most.
_OUT_OF_ORDER = timedelta(minutes=5)
_LOOK_SECONDS = 0.1
_MOST_ENTRIES = 10_000
_numbers = count(1)


@dataclass(eq=False, slots=True)
class Notification:
    """One item on its way to one subscription. `due` is when it is sent next; `status` what came of that last."""

    subscription: Subscription
    url: str
    change: Json
    created: datetime
    due: datetime
    fate: Fate = "waiting"
    attempts: int = 0
    status: str | None = None
    number: int = field(default_factory=lambda: next(_numbers))

    def finish(self, fate: Fate, status: str) -> None:
        """Nothing further happens to it."""
        self.fate, self.status = fate, status

    def view(self) -> dict[str, Any]:
        """The JSON form, without what is secret."""
        return {
            "number": self.number,
            "subscriptionId": self.subscription.id,
            "what": self.change.get("resource") or self.change.get("lifecycleEvent"),
            "createdDateTime": graph_time(self.created),
            "state": self.fate,
            "attempts": self.attempts,
            "dueDateTime": graph_time(self.due) if self.fate == "waiting" else None,
            "lastAnswer": self.status,
        }


class NotificationSender:
    """The outbox. Times are the emulator's, apart from how long an endpoint may take to answer."""

    def __init__(self, world: World, subscriptions: SubscriptionBook, settings: Settings, faults: Faults) -> None:
        self._world = world
        self._subscriptions = subscriptions
        self._settings = settings
        self._faults = faults
        self._waiting: list[Notification] = []
        self._overtaken: dict[str, list[Notification]] = {}
        self._endpoints: dict[str, Endpoint] = {}
        self._posts: set[asyncio.Task[None]] = set()
        self._worker: asyncio.Task[None] | None = None
        # The emulator's clock may jump, or be another one than time's: nothing waits longer than _LOOK_SECONDS.
        self._wake = asyncio.Event()
        self._http: httpx.AsyncClient | None = None
        self.log: deque[Notification] = deque(maxlen=_MOST_ENTRIES)
        # Nothing is sent before this moment.
        self.stopped_until: datetime | None = None

    @property
    def http(self) -> httpx.AsyncClient:
        """The client for requests to endpoints."""
        if self._http is None:
            trust = ssl.create_default_context(cafile=self._settings.notification_trust)
            self._http = httpx.AsyncClient(verify=trust, trust_env=False)
        return self._http

    def start(self) -> None:
        """Begin to send, in the running event loop."""
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())

    async def stop(self) -> None:
        """Send no more; what is on its way is cut."""
        tasks = [*self._posts, *([self._worker] if self._worker else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._worker = None
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    def announce(self, change: Json, subscriptions: Iterable[Subscription]) -> None:
        """Tell subscriptions of a change, as far as faults and the endpoints' own slowness let it happen."""
        for subscription in subscriptions:
            faults = self._faults.take(NOTIFICATION, str(change["resource"]))
            fault = faults[0] if faults else None
            action = fault.action if fault is not None else None
            for _ in range(2 if action == "double" else 1):
                notification = Notification(subscription, subscription.notification_url, change, *self._moments())
                if not subscription.delivers(notification.created):
                    notification.finish("lost", "the subscription is not authorized")
                elif action == "lose":
                    notification.finish("lost", "lost by a fault")
                elif action == "late" and fault is not None:
                    notification.due += timedelta(seconds=fault.seconds)
                self._put(notification, overtaken=action == "reorder")

    def ask_to_reauthorize(self, subscription: Subscription) -> None:
        """Send the lifecycle event, where the subscription has an address for it."""
        subscription.reminded = self._world.clock.now()
        if subscription.lifecycle_url is not None:
            change = reauthorization_required()
            self._put(Notification(subscription, subscription.lifecycle_url, change, *self._moments()))

    def remind(self, now: datetime) -> None:
        """Ask, again and again, for reauthorization of what ends soon, and of what was authorized some time ago.

        Once the token has ended by which a subscription was authorized, only its own end makes Graph ask once more.
        """
        interval = self._settings.reauthorization_interval
        for one in self._subscriptions:
            first = min(one.authorized + interval, one.authorized_until - interval)
            due = one.reminded + interval if one.reminded is not None else first
            ends_soon = one.expires - self._settings.reauthorization_lead <= now
            if due <= now and (due < one.authorized_until or ends_soon):
                self.ask_to_reauthorize(one)

    def _moments(self) -> tuple[datetime, datetime]:
        now = self._world.clock.now()
        return now, now

    def _put(self, notification: Notification, *, overtaken: bool = False) -> None:
        """Take a notification; one that is to be `overtaken` waits for the next one to the same address."""
        self.log.append(notification)
        mode = self._endpoint(notification.url).mode(notification.created)
        if notification.fate == "lost":
            return
        if mode == "drop":
            notification.finish("dropped", "the endpoint answers too late")
            return
        if mode == "slow":
            notification.due += WINDOW
        if overtaken:
            notification.due += _OUT_OF_ORDER
            self._overtaken.setdefault(notification.url, []).append(notification)
            return
        self._waiting.append(notification)
        for one in self._overtaken.pop(notification.url, ()):
            one.due = notification.due
            self._waiting.append(one)
        self._wake.set()

    async def _work(self) -> None:
        while True:
            now = self._world.clock.now()
            self._subscriptions.expire(now)
            self.remind(now)
            if self.stopped_until is None or self.stopped_until <= now:
                self._send_due(now)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._wake.wait()
            self._wake.clear()

    def _send_due(self, now: datetime) -> None:
        kept: list[Notification] = []
        due: dict[str, list[Notification]] = {}
        for url, held_back in list(self._overtaken.items()):
            if held_back[0].due <= now:
                self._waiting += self._overtaken.pop(url)
        for one in self._waiting:
            if not self._subscriptions.has(one.subscription):
                one.finish("dropped", "the subscription is gone")
            elif one.created + self._settings.notification_lifetime <= now:
                one.finish("dropped", one.status or "not delivered in time")
            elif one.due > now or not self._may_send(one, now):
                kept.append(one)
            else:
                due.setdefault(one.url, []).append(one)
        for url, items in due.items():
            endpoint = self._endpoint(url)
            while items and endpoint.under_way < self._settings.notification_requests:
                most = self._settings.notifications_per_request
                batch, items = items[:most], items[most:]
                endpoint.under_way += 1
                post = asyncio.create_task(self._post(url, endpoint, batch))
                self._posts.add(post)
                post.add_done_callback(self._posts.discard)
            kept += items
        self._waiting = kept

    def _may_send(self, notification: Notification, now: datetime) -> bool:
        return notification.subscription.delivers(now) or "lifecycleEvent" in notification.change

    async def _post(self, url: str, endpoint: Endpoint, batch: list[Notification]) -> None:
        is_retry = any(one.attempts for one in batch)
        settings = self._settings
        limit = settings.notification_retry_seconds if is_retry else settings.notification_seconds
        body = {"value": [addressed(one.change, one.subscription, self._world.tenant_id) for one in batch]}
        began = time.monotonic()
        accepted = False
        try:
            async with asyncio.timeout(limit):
                answer = await self.http.post(url, json=body, timeout=None)
            accepted, status = answer.is_success, f"status {answer.status_code}"
            endpoint.record(self._world.clock.now(), time.monotonic() - began)
        except TimeoutError:
            status = f"no answer within {limit:g} s"
            endpoint.record(self._world.clock.now(), limit)
        except httpx.HTTPError as error:
            status = type(error).__name__
        finally:
            endpoint.under_way -= 1
        now = self._world.clock.now()
        for one in batch:
            one.attempts += 1
            if accepted:
                one.finish("delivered", status)
            else:
                one.status = status
                wait = settings.notification_first_retry * 2 ** min(one.attempts - 1, 20)
                one.due = now + min(wait, settings.notification_longest_retry)
                self._waiting.append(one)
        self._wake.set()

    def _endpoint(self, url: str) -> Endpoint:
        return self._endpoints.setdefault(urlsplit(url).netloc, Endpoint(self._settings))
