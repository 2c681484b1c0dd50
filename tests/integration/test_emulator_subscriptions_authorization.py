"""A subscription tells of changes while the token lasts by which it was authorized (Graph: lifecycle events)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.universal_print.notifications.sender import Notification
from emulator.universal_print.printing import print_as
from emulator.universal_print.subscriptions import Subscription
from tests.support.emulated_service import PDF, quick_settings, until
from tests.support.emulated_tasks import Tap, running_tap, subscription_body
from tests.support.notified import NotifiedEndpoint, notified_endpoint


@pytest.fixture
async def endpoint() -> AsyncIterator[NotifiedEndpoint]:
    async with notified_endpoint() as listening:
        yield listening


@pytest.fixture
async def tap(tmp_path: Path) -> AsyncIterator[Tap]:
    async with running_tap(tmp_path, settings=quick_settings(allow_http_notifications=True)) as running:
        yield running


async def subscribe(tap: Tap, endpoint: NotifiedEndpoint, headers: dict[str, str] | None = None) -> Subscription:
    body = subscription_body(tap, endpoint.url, lifecycleNotificationUrl=f"{endpoint.url}/lifecycle")
    body["expirationDateTime"] = (tap.service.emulator.clock.now() + timedelta(minutes=4000)).isoformat()
    answer = await tap.as_app("POST", "/subscriptions", json=body, headers=headers or {})
    assert answer.status_code == 201, answer.text
    [subscription] = tap.service.emulator.subscriptions
    return subscription


def advance(tap: Tap, minutes: float) -> None:
    tap.service.emulator.clock.advance(timedelta(minutes=minutes))


def lifecycle_items(endpoint: NotifiedEndpoint) -> list[Any]:
    return [item for path, items in endpoint.posts for item in items if path == "/lifecycle"]


async def asked(endpoint: NotifiedEndpoint, times: int) -> None:
    """Wait for so many lifecycle events; there must be no more of them."""
    await until(lambda: len(lifecycle_items(endpoint)) >= times)
    assert [item["lifecycleEvent"] for item in lifecycle_items(endpoint)] == ["reauthorizationRequired"] * times


async def reauthorize(tap: Tap, subscription: Subscription) -> httpx.Response:
    return await tap.as_app("POST", f"/subscriptions/{subscription.id}/reauthorize")


async def told_of_a_job(tap: Tap) -> Notification:
    """Print a job; what became of its notification so far."""
    log = tap.service.emulator.notifications.log
    known = len(log)
    print_as(tap.service.emulator, tap.tenant.anna, tap.share, PDF)
    await until(lambda: len(log) > known)
    return log[known]


async def test_reauthorization_is_asked_for_every_quarter_of_an_hour_until_the_token_ends(
    tap: Tap, endpoint: NotifiedEndpoint
) -> None:
    subscription = await subscribe(tap, endpoint)
    for times in (1, 2, 3):
        advance(tap, 15)
        await asked(endpoint, times)
    [item] = lifecycle_items(endpoint)[:1]
    assert item["subscriptionId"] == subscription.id
    assert item["clientState"] == "a-secret-state"
    assert "resource" not in item
    advance(tap, 16)
    assert (await told_of_a_job(tap)).fate == "lost"
    await asked(endpoint, 3)


async def test_what_happens_without_authorization_is_never_told(tap: Tap, endpoint: NotifiedEndpoint) -> None:
    subscription = await subscribe(tap, endpoint)
    advance(tap, 60)
    assert (await told_of_a_job(tap)).fate == "lost"
    [shown] = (await tap.service.http.get("/emulator/subscriptions")).json()["value"]
    assert shown["isAuthorized"] is False
    assert (await reauthorize(tap, subscription)).status_code == 204
    later = await told_of_a_job(tap)
    await until(lambda: later.fate == "delivered")
    assert [item["resourceData"]["id"] for item in endpoint.items if "resource" in item] == [
        later.change["resourceData"]["id"]
    ]


async def test_what_was_on_its_way_before_the_token_ended_comes_after_the_renewal(
    tap: Tap, endpoint: NotifiedEndpoint
) -> None:
    subscription = await subscribe(tap, endpoint)
    endpoint.answers.append(500)
    early = await told_of_a_job(tap)
    await until(lambda: early.attempts == 1)
    advance(tap, 60)
    # The event that came between is delivered, the change is not.
    await asked(endpoint, 1)
    assert (early.fate, early.attempts) == ("waiting", 1)
    body = {"expirationDateTime": subscription.expires.isoformat()}
    assert (await tap.as_app("PATCH", f"/subscriptions/{subscription.id}", json=body)).status_code == 200
    await until(lambda: early.fate == "delivered")


async def test_the_token_that_was_used_counts_and_not_the_time_of_the_call(
    tap: Tap, endpoint: NotifiedEndpoint
) -> None:
    old = await tap.service.app_bearer()
    advance(tap, 50)
    await subscribe(tap, endpoint, old)
    # Ten minutes are left, less than an interval: Graph asks before they are over.
    await asked(endpoint, 1)
    first = await told_of_a_job(tap)
    await until(lambda: first.fate == "delivered")
    advance(tap, 10)
    assert (await told_of_a_job(tap)).fate == "lost"


async def test_the_end_of_the_subscription_makes_graph_ask_whatever_became_of_the_token(
    tap: Tap, endpoint: NotifiedEndpoint
) -> None:
    await subscribe(tap, endpoint)
    endpoint.answers.append(202)
    advance(tap, 61)
    await asked(endpoint, 1)
    advance(tap, 4000 - 61 - 60)
    await asked(endpoint, 2)


async def test_what_is_withheld_on_demand_is_lost(tap: Tap, endpoint: NotifiedEndpoint) -> None:
    subscription = await subscribe(tap, endpoint)
    path = f"/emulator/subscriptions/{subscription.id}/reauthorization"
    assert (await tap.service.http.post(path, json={"withhold": True})).status_code == 204
    assert (await told_of_a_job(tap)).fate == "lost"
    await asked(endpoint, 1)
    assert (await reauthorize(tap, subscription)).status_code == 204
    later = await told_of_a_job(tap)
    await until(lambda: later.fate == "delivered")
