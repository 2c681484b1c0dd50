"""Subscriptions are made, read, renewed and deleted as Graph documents it, and end by the emulator's clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from emulator.universal_print.settings import Limits
from tests.support.emulated_service import quick_settings
from tests.support.emulated_tasks import Tap, running_tap, subscription_body
from tests.support.notified import NotifiedEndpoint, notified_endpoint

ALLOWED = quick_settings(allow_http_notifications=True)


@pytest.fixture
async def tap(tmp_path: Path) -> AsyncIterator[Tap]:
    async with running_tap(tmp_path, settings=ALLOWED) as running:
        yield running


@pytest.fixture
async def endpoint() -> AsyncIterator[NotifiedEndpoint]:
    async with notified_endpoint() as listening:
        yield listening


async def subscribed(tap: Tap, endpoint: NotifiedEndpoint, **changes: Any) -> dict[str, Any]:
    answer = await tap.as_app("POST", "/subscriptions", json=subscription_body(tap, endpoint.url + "/api", **changes))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_an_endpoint_is_asked_before_the_subscription_exists(tap: Tap, endpoint: NotifiedEndpoint) -> None:
    lifecycle = f"{endpoint.url}/api/lifecycle?code=a%2Bb"
    made = await subscribed(tap, endpoint, lifecycleNotificationUrl=lifecycle)
    assert len(endpoint.validations) == 2
    assert endpoint.validations[0].startswith("/api?validationToken=")
    assert endpoint.validations[1].startswith("/api/lifecycle?code=a%2Bb&validationToken=")
    assert made["applicationId"] == tap.tenant.app.client_id
    assert made["creatorId"] == tap.tenant.app.service_principal_id


@pytest.mark.parametrize("how", ["with another token", "as JSON", "with 202"])
async def test_an_endpoint_that_answers_wrongly_gets_no_subscription(
    tap: Tap, endpoint: NotifiedEndpoint, how: str
) -> None:
    endpoint.validates = how
    answer = await tap.as_app("POST", "/subscriptions", json=subscription_body(tap, endpoint.url))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "ValidationError")
    assert list(tap.service.emulator.subscriptions) == []


async def test_an_endpoint_that_is_away_gets_no_subscription(tap: Tap, endpoint: NotifiedEndpoint) -> None:
    await endpoint.close()
    answer = await tap.as_app("POST", "/subscriptions", json=subscription_body(tap, endpoint.url))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "ValidationError")


async def test_a_second_one_for_the_same_is_refused_with_the_id_of_the_first(
    tap: Tap, endpoint: NotifiedEndpoint
) -> None:
    made = await subscribed(tap, endpoint)
    again = subscription_body(tap, endpoint.url, resource=f"/print/taskdefinitions/{tap.definition.id}/tasks")
    answer = await tap.as_app("POST", "/subscriptions", json=again)
    assert answer.status_code == 409
    assert answer.json()["error"]["message"] == (
        f"Subscription Id {made['id']} already exists for the requested combination"
    )


async def test_the_client_state_is_never_told_again(tap: Tap, endpoint: NotifiedEndpoint) -> None:
    made = await subscribed(tap, endpoint)
    assert made["clientState"] == "a-secret-state"
    one = await tap.as_app("GET", f"/subscriptions/{made['id']}")
    several = await tap.as_app("GET", "/subscriptions")
    state = await tap.service.http.get("/emulator/state")
    assert one.json()["clientState"] is None
    assert several.json()["value"] == [{name: value for name, value in one.json().items() if "@" not in name}]
    assert "a-secret-state" not in one.text + several.text + state.text


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"changeType": "updated"}, 400),
        ({"changeType": None}, 400),
        ({"resource": "users"}, 400),
        ({"resource": "print/taskDefinitions/00000000-0000-0000-0000-000000000000/tasks"}, 404),
        ({"notificationQueryOptions": "$filter = isFetchable eq true"}, 400),
        ({"clientState": None}, 400),
        ({"clientState": "x" * 129}, 400),
        ({"includeResourceData": True}, 400),
        ({"expirationDateTime": None}, 400),
        ({"expirationDateTime": "2020-01-01T00:00:00Z"}, 400),
        ({"notificationUrl": "http://print.contoso.example/api"}, 400),
        ({"notificationUrl": "/api"}, 400),
        ({"lifecycleNotificationUrl": "ftp://127.0.0.1/api"}, 400),
        ({"nonsense": 1}, 400),
    ],
)
async def test_what_does_not_fit_is_refused(
    tap: Tap, endpoint: NotifiedEndpoint, changes: dict[str, Any], status: int
) -> None:
    body = subscription_body(tap, endpoint.url, **changes)
    assert (await tap.as_app("POST", "/subscriptions", json=body)).status_code == status
    assert list(tap.service.emulator.subscriptions) == []


async def test_plain_http_is_refused_unless_the_emulator_is_told_to_allow_it(
    tmp_path: Path, endpoint: NotifiedEndpoint
) -> None:
    async with running_tap(tmp_path) as tap:
        answer = await tap.as_app("POST", "/subscriptions", json=subscription_body(tap, endpoint.url))
        assert answer.status_code == 400
        assert endpoint.validations == []


async def test_a_subscription_lasts_45_to_4230_minutes(tap: Tap, endpoint: NotifiedEndpoint) -> None:
    now = tap.service.emulator.clock.now()
    too_long = subscription_body(
        tap, endpoint.url, expirationDateTime=(now + timedelta(minutes=4231, seconds=30)).isoformat()
    )
    assert (await tap.as_app("POST", "/subscriptions", json=too_long)).status_code == 400
    made = await subscribed(tap, endpoint, expirationDateTime=(now + timedelta(minutes=1)).isoformat())
    assert datetime.fromisoformat(made["expirationDateTime"]) >= now + timedelta(minutes=45)


async def test_a_subscription_ends_by_the_clock_and_may_be_made_anew(tap: Tap, endpoint: NotifiedEndpoint) -> None:
    made = await subscribed(tap, endpoint)
    tap.service.emulator.clock.advance(timedelta(minutes=61))
    later = (tap.service.emulator.clock.now() + timedelta(minutes=60)).isoformat()
    gone = await tap.as_app("PATCH", f"/subscriptions/{made['id']}", json={"expirationDateTime": later})
    assert gone.status_code == 404
    await subscribed(tap, endpoint)


async def test_a_renewal_moves_the_end_and_the_address(tap: Tap, endpoint: NotifiedEndpoint) -> None:
    made = await subscribed(tap, endpoint)
    later = (tap.service.emulator.clock.now() + timedelta(minutes=4000)).isoformat()
    changes = {"expirationDateTime": later, "notificationUrl": f"{endpoint.url}/elsewhere"}
    answer = await tap.as_app("PATCH", f"/subscriptions/{made['id']}", json=changes)
    assert answer.status_code == 200
    assert endpoint.validations[-1].startswith("/elsewhere?")
    assert datetime.fromisoformat(answer.json()["expirationDateTime"]) == datetime.fromisoformat(later)


async def test_renewal_and_reauthorization_stay_ten_minutes_apart(tap: Tap, endpoint: NotifiedEndpoint) -> None:
    made = await subscribed(tap, endpoint)
    path = f"/subscriptions/{made['id']}"
    assert (await tap.as_app("POST", f"{path}/reauthorize")).status_code == 204
    later = {"expirationDateTime": (tap.service.emulator.clock.now() + timedelta(minutes=100)).isoformat()}
    assert (await tap.as_app("PATCH", path, json=later)).status_code == 409
    tap.service.emulator.clock.advance(timedelta(minutes=10))
    assert (await tap.as_app("PATCH", path, json=later)).status_code == 200


async def test_a_deleted_subscription_is_gone(tap: Tap, endpoint: NotifiedEndpoint) -> None:
    made = await subscribed(tap, endpoint)
    assert (await tap.as_app("DELETE", f"/subscriptions/{made['id']}")).status_code == 204
    assert (await tap.as_app("GET", f"/subscriptions/{made['id']}")).status_code == 404


async def test_each_resource_wants_its_own_permission(tap: Tap, endpoint: NotifiedEndpoint) -> None:
    tap.tenant.app.application = frozenset({"Printer.Read.All"})
    body = subscription_body(tap, endpoint.url)
    assert (await tap.as_app("POST", "/subscriptions", json=body)).status_code == 403
    await subscribed(
        tap,
        endpoint,
        changeType="updated",
        resource=f"print/printers/{tap.tenant.printer.id}/jobs",
        notificationQueryOptions="$filter = isFetchable eq true",
    )


async def test_a_person_makes_no_subscription(tap: Tap, endpoint: NotifiedEndpoint) -> None:
    answer = await tap.as_administrator("POST", "/subscriptions", json=subscription_body(tap, endpoint.url))
    assert answer.status_code == 403


async def test_the_list_has_a_ceiling_of_its_own(tmp_path: Path) -> None:
    most = 3
    settings = quick_settings(limits=Limits(subscription_lists=[(most, timedelta(seconds=20))]))
    assert Limits().subscription_lists == [(25, timedelta(seconds=20))]
    async with running_tap(tmp_path, settings=settings) as tap:
        answers = [await tap.as_app("GET", "/subscriptions") for _ in range(most + 1)]
        assert [answer.status_code for answer in answers] == [200] * most + [429]
        assert 0 < int(answers[-1].headers["Retry-After"]) <= 20
        # What was refused counts too: who goes on asking is let wait for longer.
        tap.service.emulator.clock.advance(timedelta(seconds=19))
        assert (await tap.as_app("GET", "/subscriptions")).status_code == 429
        tap.service.emulator.clock.advance(timedelta(seconds=2))
        assert (await tap.as_app("GET", "/subscriptions")).status_code == 200
