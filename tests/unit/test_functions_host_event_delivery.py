"""How long Event Grid goes on, and what it says of its own attempts (Event Grid: delivery and retry)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx

from emulator.event_grid.delivery import Delivery


async def test_an_event_is_given_up_after_a_day_whatever_attempts_are_left() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    asked: list[tuple[timedelta, str]] = []
    began = now

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((now - began, request.headers["aeg-delivery-count"]))
        return httpx.Response(503)

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += timedelta(seconds=seconds)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        delivery = Delivery("https://host.example/", http, now=lambda: now, sleep=sleep)
        delivery.announce({"subject": "a"})
        await delivery.settle()
    [letter] = delivery.dead_letters
    assert (letter.status, letter.attempts) == (503, len(asked))
    assert timedelta(hours=10) < asked[-1][0] < timedelta(hours=24)
    assert [count for _, count in asked] == [str(number) for number in range(len(asked))]
