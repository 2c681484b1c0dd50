"""Hands a message of the events queue to the code that it is for."""

from __future__ import annotations

import asyncio

from shared.held.following import follow
from shared.tasks.handling import handle
from shared.tasks.messages import EventUnreadable, TaskEvent, read_event, read_released, read_tasks
from shared.tasks.services import TaskServices
from shared.telemetry.signals import span, trace_of, traceparent_in, traceparent_of

# Tasks of one message that are handled at the same time.
TASKS_AT_ONCE = 8


async def dispatch(body: bytes, by: str, services: TaskServices) -> None:
    """Handle one message; `by` names this run. Raises EventUnreadable for a kind that this release does not know."""
    message = read_event(body)
    match message["kind"]:
        case "task" | "tasks":
            await _handle_all(read_tasks(message), by, services)
        case "released":
            event = read_released(message)
            await follow(event, services)
        case "lifecycle":
            from shared.subscriptions.lifecycle import handle_lifecycle
            from shared.subscriptions.services import subscription_services

            carried = traceparent_in(message) or traceparent_of(str(message.get("subscriptionId")))
            with span("subscription event", carried=carried):
                await handle_lifecycle({**message, "traceparent": carried}, await subscription_services())
        case kind:
            raise EventUnreadable(f"no function handles the kind {kind!r}")


async def _handle_all(events: list[TaskEvent], by: str, services: TaskServices) -> None:
    """Each task has its own fate: the first error is raised when all are done, and brings the message back."""
    gate = asyncio.Semaphore(TASKS_AT_ONCE)

    async def one(event: TaskEvent) -> None:
        async with gate:
            with span(
                "print task", trace_of(event.task_id), carried=event.traceparent, **{"print.task": event.task_id}
            ):
                await handle(event, by, services)

    results = await asyncio.gather(*(one(event) for event in events), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
