"""Batches: each part for itself, dependencies kept, malformed ones refused whole."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.universal_print.faults import Fault
from tests.support.emulated_service import Service, running_service


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with running_service(tmp_path) as running:
        yield running


async def batch(service: Service, *requests: object) -> httpx.Response:
    return await service.graph("POST", "/$batch", json={"requests": requests})


def parts(answer: httpx.Response) -> dict[str, dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return {part["id"]: part for part in answer.json()["responses"]}


def creation(service: Service, name: str, **more: object) -> dict[str, object]:
    return {
        "id": name,
        "method": "POST",
        "url": service.jobs_path,
        "headers": {"Content-Type": "application/json"},
        "body": {"configuration": {}},
        **more,
    }


async def test_each_part_is_answered_for_itself_in_any_order(service: Service) -> None:
    listing = {"id": "list", "method": "GET", "url": "/print/shares"}
    missing = {"id": "missing", "method": "GET", "url": "/print/shares/nowhere"}
    answer = await batch(service, listing, missing, creation(service, "create"))
    assert {name: part["status"] for name, part in parts(answer).items()} == {
        "list": 200, "missing": 404, "create": 201
    }  # fmt: skip
    assert [part["id"] for part in answer.json()["responses"]] != ["list", "missing", "create"]
    assert parts(answer)["create"]["body"]["documents"]
    assert parts(answer)["missing"]["headers"]["request-id"]


async def test_a_part_whose_dependency_failed_is_not_done(service: Service) -> None:
    service.emulator.faults.add(Fault("status", "createShareJob", status=429, retry_after=4))
    answer = await batch(
        service,
        creation(service, "third", dependsOn=["second"]),
        creation(service, "first"),
        creation(service, "second", dependsOn=["first"]),
        creation(service, "apart"),
    )
    found = parts(answer)
    assert {name: part["status"] for name, part in found.items()} == {
        "first": 429, "second": 424, "third": 424, "apart": 201
    }  # fmt: skip
    assert found["first"]["headers"]["Retry-After"] == "4"
    assert len(list(service.emulator.jobs)) == 1


async def test_a_part_can_fail_after_its_work(service: Service) -> None:
    service.emulator.faults.add(Fault("status", "createShareJob", after=True))
    assert parts(await batch(service, creation(service, "1")))["1"]["status"] == 503
    assert len(list(service.emulator.jobs)) == 1


async def test_the_log_names_the_batch_and_its_parts(service: Service) -> None:
    await batch(service, creation(service, "1"), creation(service, "2"))
    entries = [(entry.operation, entry.in_batch) for entry in service.emulator.requests.of("batch", "createShareJob")]
    assert entries == [("batch", False), ("createShareJob", True), ("createShareJob", True)]


@pytest.mark.parametrize(
    "requests",
    [
        [],
        [{"id": "1", "method": "GET", "url": "/me"}, {"id": "1", "method": "GET", "url": "/me"}],
        [{"id": str(number), "method": "GET", "url": "/me"} for number in range(21)],
        [{"id": "1", "method": "GET", "url": "/me", "dependsOn": ["2"]}],
        [{"id": "1", "method": "GET", "url": "/me", "dependsOn": ["1"]}],
        [{"method": "GET", "url": "/me"}],
        [{"id": 1, "method": "GET", "url": "/me"}],
        [{"id": "1", "method": "FETCH", "url": "/me"}],
        [{"id": "1", "method": "GET", "url": "https://graph.microsoft.com/v1.0/me"}],
        ["me"],
    ],
)
async def test_a_malformed_batch_is_refused_whole(service: Service, requests: list[object]) -> None:
    assert (await batch(service, *requests)).status_code == 400


async def test_a_batch_within_a_batch_and_a_body_without_its_type_are_refused(service: Service) -> None:
    inner: dict[str, object] = {"id": "inner", "method": "POST", "url": "/$batch", "headers": {}, "body": None}
    untyped = {"id": "untyped", "method": "POST", "url": service.jobs_path, "body": {"configuration": {}}}
    found = parts(await batch(service, inner, untyped))
    assert {name: part["status"] for name, part in found.items()} == {"inner": 400, "untyped": 400}


async def test_a_batch_needs_a_token(service: Service) -> None:
    answer = await service.http.post("/v1.0/$batch", json={"requests": [creation(service, "1")]})
    assert answer.status_code == 401
