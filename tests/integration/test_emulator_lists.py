"""Lists promise no order, pages may be empty, and a link leads on from where it was given (Graph: paging)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.emulated_service import quick_settings
from tests.support.emulated_tasks import Tap, running_tap


@pytest.fixture
async def tap(tmp_path: Path) -> AsyncIterator[Tap]:
    async with running_tap(tmp_path, settings=quick_settings(page_size=3)) as running:
        yield running


async def page(tap: Tap, path: str) -> dict[str, Any]:
    answer = await tap.as_app("GET", path.partition("/v1.0")[2] or path)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def pages(tap: Tap, path: str) -> list[list[str]]:
    """The ids of each page."""
    found = []
    while path:
        body = await page(tap, path)
        found.append([one["id"] for one in body["value"]])
        path = body.get("@odata.nextLink", "")
    return found


async def test_the_order_is_not_that_of_time_and_stays_the_same(tap: Tap) -> None:
    made = [(await tap.print_held()).job.id for _ in range(8)]
    path = f"/print/printers/{tap.follow_me.id}/jobs"
    found = await pages(tap, path)
    listed = [job_id for ids in found for job_id in ids]
    assert sorted(listed) == made
    assert made != listed != made[::-1]
    assert await pages(tap, path) == found


async def test_the_second_page_is_empty_and_leads_on(tap: Tap) -> None:
    for _ in range(7):
        await tap.print_held()
    assert [len(ids) for ids in await pages(tap, tap.tasks_path)] == [3, 0, 3, 1]
    tap.service.emulator.settings.empty_pages = False
    assert [len(ids) for ids in await pages(tap, tap.tasks_path)] == [3, 3, 1]


async def test_what_is_made_or_gone_meanwhile_moves_nothing_between_pages(tap: Tap) -> None:
    tap.service.emulator.settings.empty_pages = False
    before = {(await tap.print_held()).job.id for _ in range(6)}
    first = await page(tap, f"/print/printers/{tap.follow_me.id}/jobs")
    shown = [one["id"] for one in first["value"]]
    for _ in range(6):
        await tap.print_held()
    tap.service.emulator.job(shown[0]).deleted = True
    rest = [job_id for ids in await pages(tap, first["@odata.nextLink"]) for job_id in ids]
    assert before <= {*shown, *rest}
    assert not set(shown) & set(rest)


async def test_the_token_of_one_list_is_good_for_no_other(tap: Tap) -> None:
    for _ in range(4):
        await tap.print_held()
    token = (await page(tap, tap.tasks_path))["@odata.nextLink"].partition("?")[2]
    assert (await tap.as_app("GET", f"{tap.tasks_path}?{token}")).status_code == 200
    for path in (f"/print/printers/{tap.follow_me.id}/jobs?{token}", f"{tap.tasks_path}?$skiptoken=YWZ0ZXI6Mw=="):
        assert (await tap.as_app("GET", path)).status_code == 400


async def test_what_was_just_made_is_found_by_no_read_for_as_long_as_the_settings_say(tap: Tap) -> None:
    tap.service.emulator.settings.reading_delay = timedelta(seconds=5)
    task = await tap.print_held()
    jobs = f"/print/printers/{tap.follow_me.id}/jobs"
    one = (f"{tap.tasks_path}/{task.id}", tap.job_path(task.job))
    assert [(await tap.as_app("GET", path)).status_code for path in one] == [404, 404]
    assert [await pages(tap, path) for path in (tap.tasks_path, jobs)] == [[[]], [[]]]
    tap.service.emulator.clock.advance(timedelta(seconds=5))
    assert [(await tap.as_app("GET", path)).status_code for path in one] == [200, 200]
    assert [await pages(tap, path) for path in (tap.tasks_path, jobs)] == [[[task.id]], [[task.job.id]]]
