"""Notifications arrive as Graph's do: after retries, twice, late, out of order, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.universal_print.faults import Fault
from emulator.universal_print.jobs import Job
from emulator.universal_print.notifications.sender import Notification
from emulator.universal_print.printing import print_as
from emulator.universal_print.settings import Settings
from emulator.universal_print.tasks import PrintTask
from tests.support.emulated_service import PDF, quick_settings, until
from tests.support.emulated_tasks import Tap, running_tap, subscription_body
from tests.support.notified import NotifiedEndpoint, notified_endpoint


@pytest.fixture
def settings() -> Settings:
    return quick_settings(allow_http_notifications=True, notifications_per_request=2, notification_seconds=0.3)


@pytest.fixture
async def endpoint() -> AsyncIterator[NotifiedEndpoint]:
    async with notified_endpoint() as listening:
        yield listening


@pytest.fixture
async def tap(tmp_path: Path, settings: Settings, endpoint: NotifiedEndpoint) -> AsyncIterator[Tap]:
    """With a subscription to the tasks; its lifecycle events go to `/lifecycle`."""
    async with running_tap(tmp_path, settings=settings) as running:
        body = subscription_body(running, endpoint.url, lifecycleNotificationUrl=f"{endpoint.url}/lifecycle")
        body["expirationDateTime"] = (running.service.emulator.clock.now() + timedelta(minutes=4000)).isoformat()
        answer = await running.as_app("POST", "/subscriptions", json=body)
        assert answer.status_code == 201, answer.text
        yield running


def print_one(tap: Tap) -> Job:
    return print_as(tap.service.emulator, tap.tenant.anna, tap.share, PDF)


async def held(tap: Tap, *jobs: Job) -> list[PrintTask]:
    """The tasks that hold the jobs, once all do."""
    tasks = [tap.service.emulator.tasks.of_job(job) for job in jobs]
    while None in tasks:
        await asyncio.sleep(0)
        tasks = [tap.service.emulator.tasks.of_job(job) for job in jobs]
    return [task for task in tasks if task is not None]


def log(tap: Tap) -> list[Notification]:
    return list(tap.service.emulator.notifications.log)


def resources(endpoint: NotifiedEndpoint) -> list[str]:
    return [item["resource"].rpartition("/")[2] for item in endpoint.items]


async def reauthorize(tap: Tap) -> httpx.Response:
    [subscription] = tap.service.emulator.subscriptions
    return await tap.as_app("POST", f"/subscriptions/{subscription.id}/reauthorize")


def advance(tap: Tap, **by: float) -> None:
    tap.service.emulator.clock.advance(timedelta(**by))


async def test_a_task_that_begins_is_told_as_documented(tap: Tap, endpoint: NotifiedEndpoint) -> None:
    [task] = await held(tap, print_one(tap))
    await until(lambda: bool(endpoint.items))
    [subscription] = tap.service.emulator.subscriptions
    resource = f"{endpoint.items[0]['resource'].partition(tap.definition.id)[0]}{tap.definition.id}/tasks/{task.id}"
    [item] = endpoint.items
    assert item.pop("subscriptionExpirationDateTime").startswith("20")
    assert item["resourceData"].pop("@odata.etag")
    assert item == {
        "subscriptionId": subscription.id,
        "clientState": "a-secret-state",
        "changeType": "created",
        "tenantId": tap.tenant.world.tenant_id,
        "resource": resource,
        "resourceData": {
            "@odata.type": "#Microsoft.Graph.PrintTask",
            "@odata.id": resource,
            "id": task.id,
            "parentUrl": f"{tap.service.url}/v1.0{tap.job_path(task.job)}",
        },
    }


async def test_the_resource_of_a_task_is_written_in_either_of_two_ways(tap: Tap, endpoint: NotifiedEndpoint) -> None:
    tasks = await held(tap, *(print_one(tap) for _ in range(2)))
    await until(lambda: len(endpoint.items) == 2)
    ways = {item["resource"].partition(tap.definition.id)[0] for item in endpoint.items}
    assert ways == {"print/taskDefinitions/", "/print/taskdefinitions/"}
    assert sorted(resources(endpoint)) == sorted(task.id for task in tasks)


async def test_one_request_may_carry_several_notifications(tap: Tap, endpoint: NotifiedEndpoint) -> None:
    tap.service.emulator.settings.processing_seconds = 0.02
    tasks = await held(tap, *(print_one(tap) for _ in range(5)))
    await until(lambda: len(endpoint.items) == 5)
    assert sorted(resources(endpoint)) == sorted(task.id for task in tasks)
    assert max(len(items) for _, items in endpoint.posts) == 2


async def test_a_fetchable_job_is_told_to_who_subscribed_to_its_printer(tap: Tap, endpoint: NotifiedEndpoint) -> None:
    body = subscription_body(
        tap,
        f"{endpoint.url}/jobs",
        changeType="updated",
        resource=f"print/printers/{tap.tenant.printer.id}/jobs",
        notificationQueryOptions="$filter = isFetchable eq true",
    )
    assert (await tap.as_app("POST", "/subscriptions", json=body)).status_code == 201
    job = print_as(tap.service.emulator, tap.tenant.anna, tap.tenant.share, PDF)
    await until(lambda: bool(endpoint.items))
    [(path, [item])] = endpoint.posts
    assert path == "/jobs"
    assert item["changeType"] == "updated"
    assert item["resource"] == f"print/printers/{tap.tenant.printer.id}/jobs/{job.id}"


async def test_a_refused_delivery_is_repeated_until_it_is_taken(tap: Tap, endpoint: NotifiedEndpoint) -> None:
    endpoint.answers.extend([500, 302, 404])
    print_one(tap)
    for attempts in (1, 2, 3):
        await until(lambda wanted=attempts: bool(log(tap)) and log(tap)[0].attempts == wanted)  # type: ignore[misc]
        advance(tap, seconds=60)
    await until(lambda: log(tap)[0].fate == "delivered")
    assert len(endpoint.posts) == 4


async def test_an_endpoint_that_is_away_gets_everything_when_it_is_back(tap: Tap, endpoint: NotifiedEndpoint) -> None:
    await endpoint.close()
    tasks = await held(tap, *(print_one(tap) for _ in range(3)))
    await until(lambda: all(entry.attempts == 1 for entry in log(tap)))
    await endpoint.open()
    advance(tap, minutes=10)
    await until(lambda: len(endpoint.items) == 3)
    assert sorted(resources(endpoint)) == sorted(task.id for task in tasks)


async def test_after_four_hours_a_notification_is_dropped_for_good(tap: Tap, endpoint: NotifiedEndpoint) -> None:
    await endpoint.close()
    print_one(tap)
    await until(lambda: bool(log(tap)) and log(tap)[0].attempts == 1)
    advance(tap, hours=4)
    await until(lambda: log(tap)[0].fate == "dropped")
    await endpoint.open()
    assert (await reauthorize(tap)).status_code == 204
    [task] = await held(tap, print_one(tap))
    await until(lambda: bool(endpoint.items))
    assert [item["resourceData"]["id"] for item in endpoint.items if "resource" in item] == [task.id]


async def test_an_endpoint_that_answers_late_is_asked_again(tap: Tap, endpoint: NotifiedEndpoint) -> None:
    endpoint.seconds = 0.5
    print_one(tap)
    await until(lambda: bool(log(tap)) and log(tap)[0].attempts == 1)
    assert log(tap)[0].status == "no answer within 0.3 s"
    endpoint.seconds = 0.0
    advance(tap, seconds=10)
    await until(lambda: log(tap)[0].fate == "delivered")


async def test_a_slow_endpoint_is_told_ten_minutes_later(tap: Tap, endpoint: NotifiedEndpoint) -> None:
    tap.service.emulator.settings.endpoint_sample = 1
    endpoint.seconds = 0.5
    print_one(tap)
    await until(lambda: bool(log(tap)) and log(tap)[0].attempts == 1)
    endpoint.seconds = 0.0
    await held(tap, print_one(tap))
    assert log(tap)[1].due - log(tap)[1].created == timedelta(minutes=10)
    advance(tap, minutes=11)
    await until(lambda: log(tap)[1].fate == "delivered")


async def test_an_endpoint_that_is_far_too_slow_gets_nothing_for_ten_minutes(
    tap: Tap, endpoint: NotifiedEndpoint
) -> None:
    tap.service.emulator.settings.endpoint_sample = 1
    tap.service.emulator.settings.notification_retry_seconds = 0.3
    endpoint.seconds = 0.5
    print_one(tap)
    await until(lambda: bool(log(tap)) and log(tap)[0].attempts == 1)
    await held(tap, print_one(tap))
    assert log(tap)[1].fate == "dropped"
    endpoint.seconds = 0.0
    advance(tap, minutes=11)
    await held(tap, print_one(tap))
    await until(lambda: log(tap)[2].fate == "delivered")


@pytest.mark.parametrize(("action", "arrivals"), [("lose", "bc"), ("double", "aabc"), ("reorder", "bac")])
async def test_a_fault_loses_doubles_or_reorders_a_notification(
    tap: Tap, endpoint: NotifiedEndpoint, action: Any, arrivals: str
) -> None:
    # One request after the other, so that nothing but the fault changes the order.
    tap.service.emulator.settings.notification_requests = 1
    fault = tap.service.emulator.faults.add(Fault(action, "notification"))
    tasks = [task for _ in "abc" for task in await held(tap, print_one(tap))]
    await until(lambda: len(endpoint.items) == len(arrivals))
    names = {task.id: name for task, name in zip(tasks, "abc", strict=True)}
    assert "".join(names[task_id] for task_id in resources(endpoint)) == arrivals
    assert fault.applied == 1


async def test_a_late_notification_comes_late(tap: Tap, endpoint: NotifiedEndpoint) -> None:
    tap.service.emulator.faults.add(Fault("late", "notification", seconds=300))
    late, prompt = await held(tap, print_one(tap), print_one(tap))
    await until(lambda: len(endpoint.items) == 1)
    advance(tap, minutes=5)
    await until(lambda: len(endpoint.items) == 2)
    assert resources(endpoint) == [prompt.id, late.id]


async def test_notifications_can_be_stopped_for_a_while(tap: Tap, endpoint: NotifiedEndpoint) -> None:
    answer = await tap.service.http.post("/emulator/notifications", json={"stopSeconds": 600})
    assert answer.status_code == 200
    await held(tap, print_one(tap))
    advance(tap, minutes=9)
    listed = (await tap.service.http.get("/emulator/notifications")).json()["value"]
    assert [(entry["state"], entry["attempts"]) for entry in listed] == [("waiting", 0)]
    advance(tap, minutes=1)
    await until(lambda: len(endpoint.items) == 1)


async def test_what_waits_for_a_subscription_that_is_gone_is_dropped(tap: Tap, endpoint: NotifiedEndpoint) -> None:
    tap.service.emulator.notifications.stopped_until = tap.service.emulator.clock.now() + timedelta(minutes=1)
    await held(tap, print_one(tap))
    [subscription] = tap.service.emulator.subscriptions
    assert (await tap.service.http.delete(f"/emulator/subscriptions/{subscription.id}")).status_code == 204
    advance(tap, minutes=1)
    await until(lambda: log(tap)[0].fate == "dropped")
    assert endpoint.items == []
