"""The subscription on the emulator's Graph: made, renewed, replaced, found again after every trouble."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from emulator.universal_print.clock import Clock as EmulatorClock
from emulator.universal_print.faults import Fault
from emulator.universal_print.subscriptions import Subscription
from shared.bounds import Bounds
from shared.catalog import Catalog
from shared.graph.application_calls import ApplicationCalls
from shared.graph.subscription_client import SubscriptionClient
from shared.subscriptions.alerting import subscription_alert
from shared.subscriptions.deciding import Move
from shared.subscriptions.lifecycle import handle_lifecycle
from shared.subscriptions.record import SubscriptionRecord
from shared.subscriptions.services import SubscriptionServices
from shared.subscriptions.upkeep import RECORD_PATH, load_record, maintain
from tests.support.clock import Clock
from tests.support.emulated_service import quick_settings
from tests.support.emulated_tasks import Tap, running_tap, tap_tenant
from tests.support.memory_queue import MemoryQueue
from tests.support.memory_state import MemoryStateStore
from tests.support.notified import NotifiedEndpoint, notified_endpoint
from tests.support.tap_world import EmulatedApplication

HOUR = 3600.0


@dataclass
class World:
    """The upkeep with the emulator's Graph and the test's time."""

    tap: Tap
    clock: Clock
    endpoint: NotifiedEndpoint
    services: SubscriptionServices
    tokens: EmulatedApplication
    events: MemoryQueue

    @property
    def subscriptions(self) -> list[Subscription]:
        return list(self.tap.service.emulator.subscriptions)

    @property
    def only(self) -> Subscription:
        (one,) = self.subscriptions
        return one

    async def record(self) -> SubscriptionRecord:
        return (await load_record(self.services.state))[0]

    async def alert(self) -> dict[str, str]:
        return subscription_alert(await self.record(), self.clock.now(), self.services.bounds)

    def permit(self, permissions: frozenset[str]) -> frozenset[str]:
        """Give the app these permissions alone, in a token of its own; those of before."""
        app = self.tap.tenant.app
        before, app.application = app.application, permissions
        self.tokens.invalidate()
        return before

    async def changed(self, **changes: Any) -> Move | None:
        """A run of the upkeep with other services."""
        self.services = replace(self.services, **changes)
        return await maintain(self.services)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    clock = Clock(datetime.now(UTC))
    async with AsyncExitStack() as stack:
        tenant = tap_tenant(EmulatorClock(clock.now))
        tap = await stack.enter_async_context(
            running_tap(tmp_path, tenant, quick_settings(allow_http_notifications=True))
        )
        endpoint = await stack.enter_async_context(notified_endpoint())
        tokens = EmulatedApplication(tap.service)
        client = SubscriptionClient(
            ApplicationCalls(
                f"{tap.service.url}/v1.0",
                tap.service.http,
                tokens,
                bounds=Bounds(),
                sleep=clock.sleep,
                random=lambda: 0.5,
            )
        )

        async def load_catalog() -> Catalog:
            return Catalog((), task_definition_id=tap.definition.id)

        events = MemoryQueue(clock.now)
        services = SubscriptionServices(
            state=MemoryStateStore(),
            events=events,
            graph=client,
            load_catalog=load_catalog,
            notification_url=endpoint.url,
            client_states=("first",),
            bounds=Bounds(),
            now=clock.now,
            token_hex=lambda size: "5" * 2 * size,
        )
        yield World(tap, clock, endpoint, services, tokens, events)


async def test_the_subscription_is_made_once_and_for_both_addresses(world: World) -> None:
    assert await maintain(world.services) is Move.CREATE
    made = world.only
    assert made.resource == f"print/taskDefinitions/{world.tap.definition.id}/tasks"
    assert (made.notification_url, made.lifecycle_url) == (
        f"{world.endpoint.url}/api/notifications",
        f"{world.endpoint.url}/api/notifications/lifecycle",
    )
    assert made.client_state == "first"
    assert await maintain(world.services) is Move.KEEP
    assert world.subscriptions == [made]
    record = await world.record()
    assert (record.id, record.trouble, record.claimed) == (made.id, None, None)


async def test_it_lives_on_by_upkeep_alone_and_never_nears_its_end(world: World) -> None:
    await maintain(world.services)
    first = world.only
    moves = set()
    for _ in range(30):
        world.clock.advance(7 * HOUR)
        moves.add(await maintain(world.services))
        assert (
            world.only.expires - world.clock.now()
        ).total_seconds() > world.services.bounds.subscription_alert_seconds
        assert await world.alert() == {}
    assert world.only is first
    assert moves == {Move.RENEW}


async def test_one_whose_token_has_ended_unasked_is_authorized_again_by_upkeep_alone(world: World) -> None:
    await maintain(world.services)
    world.clock.advance(HOUR - 60)
    assert await maintain(world.services) is Move.KEEP
    world.clock.advance(60)
    assert not world.only.delivers(world.clock.now())
    # The token that was kept ends here by the emulator's clock alone: the next one is a new one.
    world.tokens.invalidate()
    assert await maintain(world.services) is Move.RENEW
    assert world.only.delivers(world.clock.now())


async def test_one_that_is_gone_is_made_again(world: World) -> None:
    await maintain(world.services)
    world.tap.service.emulator.subscriptions.remove(world.only)
    assert await maintain(world.services) is Move.CREATE
    assert (await world.record()).id == world.only.id


async def test_one_that_goes_between_look_and_renewal_is_made_again(world: World) -> None:
    await maintain(world.services)
    gone = world.only
    world.clock.advance(30 * HOUR)
    look = world.services.graph.get

    async def look_and_lose(subscription_id: str) -> Any:
        found = await look(subscription_id)
        world.tap.service.emulator.subscriptions.remove(gone)
        return found

    world.services.graph.get = look_and_lose  # type: ignore[method-assign]
    assert await maintain(world.services) is Move.CREATE
    assert world.only is not gone


async def test_one_that_the_record_does_not_know_is_replaced_because_its_secret_cannot_be_seen(world: World) -> None:
    await maintain(world.services)
    unknown = world.only
    await world.services.state.delete(RECORD_PATH)
    assert await maintain(world.services) is Move.CREATE
    assert world.only is not unknown
    assert (await world.record()).id == world.only.id


async def test_a_record_that_cannot_be_read_is_made_anew(world: World) -> None:
    await world.services.state.create(RECORD_PATH, b'{"expires": "2026-01-01"}')
    assert await maintain(world.services) is Move.CREATE
    assert (await world.record()).id == world.only.id


async def test_a_new_secret_is_in_force_after_the_next_run(world: World) -> None:
    await maintain(world.services)
    before = world.only
    assert await world.changed(client_states=("second", "first")) is Move.REPLACE
    assert (world.only.client_state, world.only is before) == ("second", False)
    assert await maintain(world.services) is Move.KEEP


async def test_a_new_address_is_in_force_after_the_next_run(world: World) -> None:
    await maintain(world.services)
    url = world.endpoint.url.replace("127.0.0.1", "localhost")
    assert await world.changed(notification_url=url) is Move.REPLACE
    assert world.only.notification_url == f"{url}/api/notifications"
    assert world.only.lifecycle_url == f"{url}/api/notifications/lifecycle"


async def test_an_address_that_does_not_answer_raises_an_alert_until_it_does(world: World) -> None:
    world.endpoint.validates = "as JSON"
    assert await maintain(world.services) is None
    (text,) = (await world.alert()).values()
    assert "ValidationError" in text
    world.clock.advance(900)
    world.endpoint.validates = "well"
    assert await maintain(world.services) is Move.CREATE
    assert await world.alert() == {}


async def test_one_that_was_deleted_and_could_not_be_replaced_is_missed(world: World) -> None:
    await maintain(world.services)
    world.endpoint.validates = "with 202"
    assert await world.changed(client_states=("second",)) is None
    assert world.subscriptions == []
    assert list(await world.alert()) == ["subscription"]


async def test_a_permission_that_was_taken_away_is_told_of_after_a_while(world: World) -> None:
    await maintain(world.services)
    permitted = world.permit(frozenset())
    for _ in range(6):
        assert await world.alert() == {}
        world.clock.advance(900)
        assert await maintain(world.services) is None
    assert "cannot be looked after" in (await world.alert())["subscription"]
    world.permit(permitted)
    assert await maintain(world.services) is Move.RENEW
    assert await world.alert() == {}


async def test_without_an_address_or_a_definition_there_is_none(world: World) -> None:
    await maintain(world.services)

    async def nothing_held() -> Catalog:
        return Catalog(())

    assert await world.changed(load_catalog=nothing_held) is None
    assert world.subscriptions == []
    assert await world.services.state.read(RECORD_PATH) is None
    assert await world.changed(notification_url=None) is None
    assert world.subscriptions == []


async def test_while_one_run_is_at_it_another_does_nothing(world: World) -> None:
    asked = world.services.graph.create

    async def create_beside_another_run(*given: Any) -> Any:
        assert await maintain(world.services) is None
        return await asked(*given)

    world.services.graph.create = create_beside_another_run  # type: ignore[method-assign,assignment]
    assert await maintain(world.services) is Move.CREATE
    assert (await world.record()).id == world.only.id


def event_of(world: World, subscription_id: str, event: str = "reauthorizationRequired") -> dict[str, Any]:
    at = world.clock.now().isoformat()
    return {"kind": "lifecycle", "subscriptionId": subscription_id, "event": event, "at": at}


async def test_what_graph_wants_reauthorized_is_renewed_once_for_an_event_that_comes_twice(world: World) -> None:
    await maintain(world.services)
    world.clock.advance(HOUR)
    one = world.only
    one.is_authorized, end = False, one.expires
    message = event_of(world, one.id.upper())
    await handle_lifecycle(message, world.services)
    assert one.is_authorized
    assert one.expires > end
    patched = one.patched
    await handle_lifecycle(message, world.services)
    assert one.patched == patched
    assert len(world.events) == 0


async def test_an_event_soon_after_a_renewal_waits_until_ten_minutes_are_over(world: World) -> None:
    await maintain(world.services)
    world.clock.advance(60)
    one = world.only
    one.is_authorized = False
    await handle_lifecycle(event_of(world, one.id), world.services)
    assert not one.is_authorized
    assert world.events.next_due is not None
    assert (world.events.next_due - world.clock.now()).total_seconds() == 540
    world.clock.advance(540)
    await handle_lifecycle(world.events.sent[0], world.services)
    assert one.is_authorized


async def test_an_event_that_graph_does_not_let_us_answer_comes_back(world: World) -> None:
    await maintain(world.services)
    world.clock.advance(HOUR)
    one = world.only
    permitted = world.permit(frozenset())
    await handle_lifecycle(event_of(world, one.id), world.services)
    world.permit(permitted)
    one.is_authorized = False
    (message,) = world.events.sent
    world.clock.advance(120)
    await handle_lifecycle(message, world.services)
    assert one.is_authorized
    assert len(world.events.sent) == 1


async def test_other_events_make_a_run_of_the_upkeep_and_those_of_strangers_nothing(world: World) -> None:
    await maintain(world.services)
    gone = world.only
    world.tap.service.emulator.subscriptions.remove(gone)
    await handle_lifecycle(event_of(world, "5d5d5d5d-0000-0000-0000-000000000005"), world.services)
    assert world.subscriptions == []
    await handle_lifecycle(event_of(world, gone.id, "subscriptionRemoved"), world.services)
    assert (await world.record()).id == world.only.id


@pytest.mark.parametrize("action", ["dropBefore", "dropAfter"])
@pytest.mark.parametrize("operation", ["createSubscription", "deleteSubscription", "getSubscription"])
async def test_a_lost_reply_leaves_one_subscription_whose_secret_is_known(
    world: World, operation: str, action: Any
) -> None:
    await maintain(world.services)
    world.tap.service.emulator.faults.add(Fault(action, operation, count=1))
    await world.changed(client_states=("second",))
    await maintain(world.services)
    assert world.only.client_state == "second"
    assert (await world.record()).id == world.only.id
    assert await maintain(world.services) is Move.KEEP
