"""Keeps the held jobs true: expires what nobody collects, wakes what got stuck, removes what was told."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime

from shared.bounds import Bounds
from shared.errors import PrintFunctionsError, StorageConflict, Superseded
from shared.held.ending import ABORT_REFUSED, EXPIRED, Finish, begin_ending, finish_ending, refused_text
from shared.held.entry import HeldEntry, HeldOutcome, HeldState, HeldView
from shared.held.following import STOPPED
from shared.held.lookup import RUNNING_TASK, Waiting, look_up
from shared.held.recovery import recover
from shared.held.steps import look_later, note_alert
from shared.tasks.record import TaskRecordUnreadable, TaskState
from shared.tasks.services import TaskServices
from shared.times import moment, timestamp

logger = logging.getLogger(__name__)

Work = Callable[[HeldEntry, str, TaskServices], Awaitable[None]]


async def tidy(services: TaskServices) -> Mapping[str, int]:
    """One upkeep run over every held job: how often each thing was done. Raises what the client raises.

    Two listings, and work for `held_work_per_run` jobs at most; what is left over is found by the next run.
    """
    definition = (await services.load_catalog()).task_definition_id
    tasks = await services.graph.list_tasks(definition) if definition else []
    states = {task.id.lower(): task.state for task in tasks}
    found: set[str] = set()
    work: list[tuple[str, HeldView]] = []
    looks: list[HeldView] = []
    held = 0
    async for view, _ in services.entries.list_all():
        found.add(view.task_id.lower())
        wanted = what_to_do(view, states, services.now(), services.bounds)
        if wanted is not None and len(work) < services.bounds.held_work_per_run:
            work.append((wanted, view))
        elif wanted is None and view.state is HeldState.HELD:
            held += 1
            _sample(looks, view, held, services)
    work += [("check", view) for view in looks]
    done: Counter[str] = Counter()
    gate = asyncio.Semaphore(services.bounds.held_work_at_once)

    async def one(wanted: str, view: HeldView) -> None:
        async with gate:
            if await _done(wanted, view, services):
                done[wanted] += 1

    await asyncio.gather(*(one(wanted, view) for wanted, view in work))
    waiting = [key for key, state in states.items() if state == RUNNING_TASK and key not in found]
    for key in waiting[: services.bounds.held_work_per_run]:
        done["handled again"] += await _handle_again(key, services)
    return done


def _sample(looks: list[HeldView], view: HeldView, seen: int, services: TaskServices) -> None:
    """Keep an even sample of the held jobs (reservoir): a person may cancel a job, and its task says nothing of it."""
    if len(looks) < services.bounds.held_looks_per_run:
        looks.append(view)
        return
    place = int(services.random() * seen)
    if place < len(looks):
        looks[place] = view


def what_to_do(view: HeldView, states: Mapping[str, str], now: datetime, bounds: Bounds) -> str | None:
    """What an entry needs, in a word; None where it needs nothing. `states` are those of the listed tasks. Pure."""
    task = states.get(view.task_id.lower())
    if view.state is HeldState.HELD:
        if moment(view.expires) <= now:
            return "expire"
        return None if task == RUNNING_TASK else "check"
    if view.due is not None:
        return "wake" if (now - moment(view.due)).total_seconds() > bounds.overdue_seconds else None
    if view.state in (HeldState.FAILED, HeldState.EXPIRED) and view.outcome is not None:
        followed = view.outcome.code == STOPPED
        age = (now - moment(view.outcome.at)).total_seconds()
        return "remove" if (view.told and not followed) or age > bounds.notice_seconds else None
    return None


async def _done(wanted: str, view: HeldView, services: TaskServices) -> bool:
    """Whether the work on one entry was done; its trouble is logged and left to the next run."""
    try:
        loaded = await services.entries.load(view.path)
        if loaded is None or loaded[0].state is not view.state:
            return False
        await _WORK[wanted](*loaded, services)
    except StorageConflict:
        return False
    except PrintFunctionsError:
        logger.exception("%s could not be tidied", view.path)
        return False
    return True


async def _expire(entry: HeldEntry, etag: str, services: TaskServices) -> None:
    hours = (moment(entry.expires) - moment(entry.held)).total_seconds() / 3600
    reason = f"Nobody collected it within {hours:.0f} hours, so it was not printed. Print it again."
    outcome = HeldOutcome(EXPIRED, reason, timestamp(services.now()))
    entry, etag = await begin_ending(entry, etag, outcome, services)
    if await finish_ending(entry, etag, services) is Finish.REFUSED:
        await note_alert(entry, ABORT_REFUSED, refused_text(entry), services)


async def _check(entry: HeldEntry, etag: str, services: TaskServices) -> None:
    """A job may have ended elsewhere: its task is not listed as waiting, or it is this one's turn to be looked at."""
    seen = await look_up(entry, services)
    if not isinstance(seen, Waiting):
        await recover(entry, etag, seen, services)


async def _wake(entry: HeldEntry, _: str, services: TaskServices) -> None:
    await look_later(entry, 0.0, services)


async def _remove(entry: HeldEntry, etag: str, services: TaskServices) -> None:
    await services.entries.remove(entry.path, etag)


_WORK: Mapping[str, Work] = {"expire": _expire, "check": _check, "wake": _wake, "remove": _remove}


async def _handle_again(task_id: str, services: TaskServices) -> bool:
    """A waiting task that was dealt with and has no held entry is dealt with anew: nothing may strand."""
    try:
        loaded = await services.tasks.load(task_id)
        if loaded is None or loaded[0].state is not TaskState.DONE:
            return False
        now = services.now()
        if (now - moment(loaded[0].due)).total_seconds() <= services.bounds.overdue_seconds:
            return False
        again = replace(loaded[0], state=TaskState.NEW, attempts=0, plan=None, outcome=None, due=timestamp(now))
        await services.tasks.save(again.with_event(timestamp(now), "handled again: its job is held nowhere"), loaded[1])
    except (Superseded, TaskRecordUnreadable) as error:
        logger.warning("task %s is not handled again: %s", task_id, error)
        return False
    return True
