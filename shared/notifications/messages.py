"""The messages of the events queue that the webhook writes, and the trace that they carry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from shared.notifications.reading import Notices
from shared.telemetry.signals import TRACEPARENT


def messages_of(notices: Notices, traceparent: str, now: datetime, *, most: int) -> list[Mapping[str, Any]]:
    """One message for each `most` tasks of a definition, and one for each lifecycle event.

    A message a task would make the answer wait for a hundred writes; each task still has its own record and its own
    fate (see `shared.tasks.dispatching`).
    """
    by_definition: dict[str, list[dict[str, str]]] = {}
    for task in notices.tasks:
        by_definition.setdefault(task.definition_id, []).append({"taskId": task.task_id})
    messages: list[Mapping[str, Any]] = [
        {
            "kind": "tasks",
            "definitionId": definition,
            "source": "notification",
            "tasks": tasks[start : start + most],
            "traceparent": traceparent,
        }
        for definition, tasks in by_definition.items()
        for start in range(0, len(tasks), most)
    ]
    messages += [
        {
            "kind": "lifecycle",
            "subscriptionId": notice.subscription_id,
            "event": notice.event,
            "at": now.isoformat(),
            "traceparent": traceparent,
        }
        for notice in notices.lifecycle
    ]
    return messages


def trace_of(*given: str | None, token_hex: Callable[[int], str]) -> str:
    """The first valid traceparent of those given, else a new one (W3C Trace Context). `token_hex` gives n bytes."""
    for candidate in given:
        if candidate and TRACEPARENT.fullmatch(candidate.strip()):
            return candidate.strip()
    return f"00-{token_hex(16)}-{token_hex(8)}-01"
