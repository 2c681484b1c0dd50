"""Members of enumerations that are newer than the sentinel come only to who asks for them (Graph: evolvable enums)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.emulated_tasks import Tap, running_tap
from tests.support.managed_tenant import SetUp, setting_up

PREFER = {"Prefer": "include-unknown-enum-members"}


@pytest.fixture
async def tap(tmp_path: Path) -> AsyncIterator[Tap]:
    async with running_tap(tmp_path) as running:
        yield running


async def finishings(tap: Tap, headers: dict[str, str]) -> list[str]:
    path = f"/print/printers/{tap.follow_me.id}?$select=capabilities"
    answer = await tap.as_app("GET", path, headers=headers)
    found: list[str] = answer.json()["capabilities"]["finishings"]
    return found


async def test_newer_finishings_are_all_one_word_unless_they_are_asked_for(tap: Tap) -> None:
    assert (await finishings(tap, PREFER))[-3:] == ["punchQuadLeft", "saddleStitch", "foldHalf"]
    assert (await finishings(tap, {}))[-3:] == ["unknownFutureValue", "saddleStitch", "unknownFutureValue"]
    assert (await finishings(tap, {"Prefer": "return=minimal"}))[-1] == "unknownFutureValue"


async def test_the_answer_says_that_the_preference_was_applied(tap: Tap) -> None:
    path = f"/print/printers/{tap.follow_me.id}"
    asked = await tap.as_app("GET", path, headers={"Prefer": 'return=minimal, Include-Unknown-Enum-Members; x="y"'})
    assert asked.headers["preference-applied"] == "include-unknown-enum-members"
    assert "preference-applied" not in (await tap.as_app("GET", path)).headers


async def test_a_newer_finishing_can_be_sent_and_is_hidden_in_the_job(tap: Tap) -> None:
    task = await tap.print_held(finishings=["staple", "foldHalf"])
    shown = await tap.as_app("GET", tap.job_path(task.job))
    assert shown.json()["configuration"]["finishings"] == ["staple", "unknownFutureValue"]
    listed = await tap.as_app("GET", f"/print/printers/{tap.follow_me.id}/jobs", headers=PREFER)
    assert listed.json()["value"][0]["configuration"]["finishings"] == ["staple", "foldHalf"]


async def test_the_sentinel_is_no_value_that_a_client_may_send(tap: Tap) -> None:
    task = await tap.print_held()
    body = {"configuration": {"finishings": ["unknownFutureValue"]}}
    assert (await tap.as_app("PATCH", tap.job_path(task.job), json=body)).status_code == 400


@pytest.fixture
async def set_up(tmp_path: Path) -> AsyncIterator[SetUp]:
    async with setting_up(tmp_path) as running:
        yield running


async def test_a_newer_reason_of_a_printer_is_hidden_and_an_older_one_shown(set_up: SetUp) -> None:
    path = await set_up.virtual_printer()
    status = {"state": "stopped", "details": ["mediaJam", "banderAtLimit"], "description": ""}
    changed = await set_up.as_app("PATCH", path, json={"status": status}, headers=PREFER)
    assert changed.json()["status"]["details"] == ["mediaJam", "banderAtLimit"]
    listed = (await set_up.administer("GET", "/print/printers")).json()["value"]
    [shown] = [printer for printer in listed if path.endswith(printer["id"])]
    assert shown["status"]["details"] == ["mediaJam", "unknownFutureValue"]
