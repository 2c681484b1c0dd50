"""Finds what no notification brought: the service's list of tasks is the truth, a webhook is a hint."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.errors import StorageConflict
from shared.held.lookup import RUNNING_TASK
from shared.tasks.messages import TaskEvent, task_message
from shared.tasks.record import TaskRecordUnreadable, TaskState, TaskView, read_task_view
from shared.tasks.services import TaskServices
from shared.times import moment, timestamp

logger = logging.getLogger(__name__)

# Which tasks were queued by a reconcile before, so that a long queue is not filled with the same ones each minute.
QUEUED_PATH = "reconcile/queued.json"
SENDS_AT_ONCE = 16
ALERT_PREFIX = "print-task:"
UNREADABLE_ALERT = f"{ALERT_PREFIX}recordUnreadable"


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a run did, and the alerts that the tasks give rise to (name → sentence).

    `unreadable` counts records that could not be read: what alerts they would give is not known.
    """

    queued: int
    removed: int
    alerts: Mapping[str, str]
    unreadable: int = 0


async def reconcile(services: TaskServices) -> Reconciled:
    """Queue every waiting task that is not known and every record that is overdue; forget records of forgotten tasks.

    Two listings, whatever their number: one of the service's tasks, one of our records. Raises what the client raises.
    """
    definition = (await services.load_catalog()).task_definition_id
    if definition is None:
        return Reconciled(0, 0, {})
    # The records first: a task that appears between the two listings is queued once too often, not missed.
    unreadable: list[str] = []
    known = {view.key: view async for view in _views(services, unreadable)}
    listed = {task.id.lower(): task.state for task in await services.graph.list_tasks(definition)}
    now, bounds = services.now(), services.bounds
    waiting = [key for key, state in listed.items() if state == RUNNING_TASK and key not in known]
    late = [key for key, view in known.items() if _late(view, now, bounds.overdue_seconds)]
    queued = await _queue([*waiting, *late], definition, services)
    removed = 0
    for view in known.values():
        if view.state is TaskState.DONE and view.key not in listed and _old(view, now, bounds.overdue_seconds):
            await services.tasks.remove(view.key)
            removed += 1
    if queued:
        logger.warning("%d print tasks that no notification brought are queued", queued)
    alerts = _alerts(known.values(), listed, now, bounds.notice_seconds)
    if unreadable:
        text = f"{len(unreadable)} records of print tasks cannot be read; one of them: {unreadable[0]}"
        alerts[UNREADABLE_ALERT] = f"{text}. Remove it, and its task is handled anew"
    return Reconciled(queued, removed, alerts, len(unreadable))


async def _views(services: TaskServices, unreadable: list[str]) -> AsyncIterator[TaskView]:
    async for found in services.tasks.list_all():
        try:
            yield read_task_view(found)
        except TaskRecordUnreadable:
            logger.exception("a task record is passed over")
            unreadable.append(found.path)


async def _queue(keys: Iterable[str], definition: str, services: TaskServices) -> int:
    now = services.now()
    stored = await services.state.read(QUEUED_PATH)
    marks = _marks(stored.content if stored else b"{}", now, services.bounds.overdue_seconds)
    wanted = [key for key in keys if key not in marks][: services.bounds.reconcile_tasks_per_run]
    if not wanted:
        return 0
    gate = asyncio.Semaphore(SENDS_AT_ONCE)

    async def send(key: str) -> None:
        async with gate:
            await services.events.send(task_message(TaskEvent(definition, key, "reconcile")))

    await asyncio.gather(*(send(key) for key in wanted))
    content = json.dumps({**marks, **dict.fromkeys(wanted, timestamp(now))}).encode()
    try:
        if stored is None:
            await services.state.create(QUEUED_PATH, content)
        else:
            await services.state.replace(QUEUED_PATH, content, stored.etag)
    except StorageConflict:
        logger.info("two reconcile runs met; a task that is queued twice is handled once")
    return len(wanted)


def _marks(content: bytes, now: datetime, seconds: float) -> dict[str, str]:
    """Which tasks were queued so recently that their message is still to be expected."""
    try:
        values = json.loads(content)
        return {str(key): at for key, at in values.items() if (now - moment(at)).total_seconds() <= seconds}
    except (ValueError, TypeError, AttributeError, RecursionError):
        return {}


def _late(view: TaskView, now: datetime, seconds: float) -> bool:
    return view.state is not TaskState.DONE and _old(view, now, seconds)


def _old(view: TaskView, now: datetime, seconds: float) -> bool:
    return (now - moment(view.due)).total_seconds() > seconds


def _alerts(known: Iterable[TaskView], listed: Mapping[str, str], now: datetime, notice: float) -> dict[str, str]:
    """One alert for each kind of trouble: while its tasks wait, and for a time after a release that failed."""
    found: dict[str, list[str]] = {}
    for view in known:
        waits = view.state is not TaskState.DONE or listed.get(view.key) == RUNNING_TASK
        failed = view.alert is not None and view.alert.code.startswith("released") and not _old(view, now, notice)
        if view.alert is not None and (waits or failed):
            found.setdefault(view.alert.code, []).append(view.alert.text)
    return {
        ALERT_PREFIX + code: texts[0] if len(texts) == 1 else f"{len(texts)} print tasks; one of them: {texts[0]}"
        for code, texts in found.items()
    }
