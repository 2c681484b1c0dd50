"""The messages of the events queue that concern tasks and held jobs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.errors import PrintFunctionsError
from shared.telemetry.signals import traceparent_in, traceparent_of

# Graph: task and definition ids are GUIDs, a job's id is a number; each becomes one segment of a path.
_SEGMENT = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_HELD = re.compile(r"held/[^/\x00-\x1f]{1,200}/[^/\x00-\x1f]{1,200}/[^/\x00-\x1f]{1,200}")
_DOTS = {".", ".."}


class EventUnreadable(PrintFunctionsError):
    """A message that no function of this app wrote. It ends on the poison queue."""


@dataclass(frozen=True, slots=True)
class TaskEvent:
    """A print task that should be looked at. `source` is who says so: notification or reconcile.

    `traceparent` is the trace that the message carries: the task's own, or that of the request that told of it.
    """

    definition_id: str
    task_id: str
    source: str
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class ReleasedEvent:
    """A held entry that should be looked at, and the version for which the message was made.

    `run` names the call that made it; None in messages of earlier releases.
    """

    path: str
    looks: int
    run: str | None = None


def read_event(body: bytes) -> Mapping[str, Any]:
    """The message as an object with a `kind`. Raises EventUnreadable."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise EventUnreadable(f"not an event message: {error!r}") from error
    if not isinstance(message, dict) or not isinstance(message.get("kind"), str):
        raise EventUnreadable("not an event message: it has no kind")
    return message


def read_tasks(message: Mapping[str, Any]) -> list[TaskEvent]:
    """The tasks of a `task` or `tasks` message. Raises EventUnreadable."""
    entries = message.get("tasks") if message["kind"] == "tasks" else [message]
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise EventUnreadable("a tasks message has no list of tasks")
    return [_task(entry, message) for entry in entries]


def read_released(message: Mapping[str, Any]) -> ReleasedEvent:
    """The entry of a `released` message. Raises EventUnreadable."""
    path, looks = message.get("path"), message.get("looks")
    if not isinstance(path, str) or not _HELD.fullmatch(path) or _DOTS & set(path.split("/")):
        raise EventUnreadable("a released message has no path of a held entry")
    if not isinstance(looks, int) or isinstance(looks, bool) or looks < 0:
        raise EventUnreadable("a released message has no number of looks")
    run = message.get("run")
    if run is not None and not isinstance(run, str):
        raise EventUnreadable("a released message has a run that is no text")
    return ReleasedEvent(path, looks, run)


def task_message(event: TaskEvent) -> dict[str, Any]:
    """The message that brings a task."""
    return {
        "kind": "task",
        "definitionId": event.definition_id,
        "taskId": event.task_id,
        "printerId": None,
        "jobId": None,
        "source": event.source,
        "traceparent": traceparent_of(event.task_id),
    }


def released_message(path: str, looks: int, task_id: str, run: str | None = None) -> dict[str, Any]:
    """The message that brings a look at the version `looks`, made by the call `run`, of the held entry at `path`."""
    return {"kind": "released", "path": path, "looks": looks, "run": run, "traceparent": traceparent_of(task_id)}


def _task(entry: Mapping[str, Any], message: Mapping[str, Any]) -> TaskEvent:
    definition = entry.get("definitionId") or message.get("definitionId")
    task, source = entry.get("taskId"), entry.get("source") or message.get("source") or "notification"
    for value in (definition, task):
        if not isinstance(value, str) or not _SEGMENT.fullmatch(value) or value in _DOTS:
            raise EventUnreadable("a task message names no task and definition")
    if not isinstance(source, str):
        raise EventUnreadable("a task message has a source that is no text")
    return TaskEvent(str(definition), str(task), source, traceparent_in(entry) or traceparent_in(message))
