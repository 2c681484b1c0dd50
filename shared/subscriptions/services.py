"""What the upkeep of the subscription works with: made from the settings, or from stand-ins by tests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from shared.bounds import Bounds
from shared.catalog import Catalog
from shared.graph.subscription_client import Subscription
from shared.names import EVENTS_QUEUE
from shared.storage.queues import MessageQueue
from shared.storage.state import StateStore

if TYPE_CHECKING:
    from shared.services import Services


class SubscriptionGraph(Protocol):
    """What the upkeep asks of Graph; see `shared.graph.subscription_client`."""

    async def create(
        self, resource: str, notification_url: str, lifecycle_url: str, client_state: str, expires: datetime
    ) -> Subscription:
        """Make one. Raises GraphConflict where there is one for the resource."""
        ...

    async def get(self, subscription_id: str) -> Subscription | None:
        """The subscription, or None where it is gone."""
        ...

    async def list_own(self) -> list[Subscription]:
        """Those of this app."""
        ...

    async def renew(self, subscription_id: str, expires: datetime) -> Subscription:
        """Make its end later. Raises GraphNotFound."""
        ...

    async def delete(self, subscription_id: str) -> None:
        """Remove it; nothing happens where it is gone."""
        ...


@dataclass(frozen=True, slots=True)
class SubscriptionServices:
    """Clients, bounds and the clock. `client_states` are the current secret, then the previous one."""

    state: StateStore
    events: MessageQueue
    graph: SubscriptionGraph
    load_catalog: Callable[[], Awaitable[Catalog]]
    notification_url: str | None
    client_states: tuple[str, ...] = field(repr=False)
    bounds: Bounds
    now: Callable[[], datetime]
    token_hex: Callable[[int], str]


_ready: SubscriptionServices | None = None


async def subscription_services() -> SubscriptionServices:
    """The services of this worker process. Raises SettingsError, at every call until the settings are right."""
    global _ready
    if _ready is None:
        from shared.services import services

        _ready = make_subscription_services(await services())
    return _ready


def make_subscription_services(base: Services) -> SubscriptionServices:
    """What the upkeep of the subscription works with, from what every function has."""
    import secrets

    from shared.graph.application import ApplicationAccess
    from shared.graph.subscription_client import SubscriptionClient

    core, settings = base.submissions, base.settings
    return SubscriptionServices(
        state=core.state,
        events=base.storage.queue(EVENTS_QUEUE),
        graph=SubscriptionClient(base.calls(ApplicationAccess(settings, core.uploads))),
        load_catalog=core.load_catalog,
        notification_url=settings.notification_url,
        client_states=settings.notification_client_states,
        bounds=core.bounds,
        now=core.now,
        token_hex=secrets.token_hex,
    )
