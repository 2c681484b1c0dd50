"""A webhook that takes events and answers them as told."""

from __future__ import annotations

import json
from collections import deque
from typing import Any

import httpx


class Receiver:
    """Keeps the events that came. `answers` holds a status for each of the next ones, None for no answer at all."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.answers: deque[int | None] = deque()
        self.client = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        [event] = json.loads(request.content)
        if request.headers["aeg-event-type"] == "SubscriptionValidation":
            return httpx.Response(200, json={"validationResponse": event["data"]["validationCode"]})
        self.events.append(event)
        status = self.answers.popleft() if self.answers else 202
        if status is None:
            raise httpx.ReadTimeout("no answer", request=request)
        return httpx.Response(status)
