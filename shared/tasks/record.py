"""The record of one print task: what was decided, and how far it has come.

    new ──► decided ──► acting ──► done
     │                              ▲
     └──────────────────────────────┘ the job ended, or its task was completed, before anything was done

`decided` keeps the plan, so that a task that is resumed is judged once. From `acting` on the job is in a held entry,
or its task is being completed; a held entry goes on by itself, so `done` says nothing about paper.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from shared.camel import build, encode
from shared.claimed import Claim
from shared.errors import PrintFunctionsError, StorageConflict, Superseded
from shared.names import task_path
from shared.storage.state import StateStore, Summary, replace_once
from shared.submission.record import HISTORY_LINES
from shared.tasks.policy import Plan
from shared.tasks.rules import Abort, Final, Hold, Redirect, Release, Stamp
from shared.times import moment

TASKS = "tasks/"
_VERBATIM = frozenset({"configure"})
_FINALS: dict[str, type[Final]] = {"hold": Hold, "release": Release, "redirect": Redirect, "abort": Abort}
_ALERT_CHARACTERS = 300


class TaskState(StrEnum):
    """How far a task has come; see the module's picture."""

    NEW = "new"
    DECIDED = "decided"
    ACTING = "acting"
    DONE = "done"


class TaskRecordUnreadable(PrintFunctionsError):
    """A stored record is not one that this release can read."""


@dataclass(frozen=True, slots=True)
class TaskAlert:
    """Why an operator should look: a stable word and a sentence."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """One task. `key` is its id; `due` is when the next delivery should have happened (ISO 8601, UTC).

    `outcome` says what was done with a task that is `done`: held, redirected, aborted, released or gone.
    """

    key: str
    definition_id: str
    seen: str
    due: str
    printer_id: str | None = None
    job_id: str | None = None
    state: TaskState = TaskState.NEW
    attempts: int = 0
    deaths: int = 0
    claim: Claim | None = None
    plan: Plan | None = None
    alert: TaskAlert | None = None
    outcome: str | None = None
    history: tuple[tuple[str, str], ...] = field(default=())

    def with_event(self, at: str, text: str) -> TaskRecord:
        """The record with one more line of its story."""
        return replace(self, history=(*self.history, (at, text))[-HISTORY_LINES:])


@dataclass(frozen=True, slots=True)
class TaskView:
    """What a listing shows of a record. For a task that is done `due` is when it was done."""

    key: str
    state: TaskState
    due: str
    alert: TaskAlert | None


def encode_task(record: TaskRecord) -> bytes:
    """The record as JSON, camel-cased as Graph is."""
    values = json.loads(encode(replace(record, plan=None), _VERBATIM))
    values["plan"] = _plan_values(record.plan) if record.plan else None
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode(errors="backslashreplace")


def decode_task(content: bytes) -> TaskRecord:
    """Read a record. Raises TaskRecordUnreadable."""
    try:
        values = dict(json.loads(content))
        record = build(
            TaskRecord,
            {
                **values,
                "state": TaskState(values["state"]),
                "claim": build(Claim, values["claim"]),
                "plan": _plan(values["plan"]) if values["plan"] else None,
                "alert": build(TaskAlert, values["alert"]),
                "history": tuple((line[0], line[1]) for line in values["history"]),
            },
        )
        for time in (record.seen, record.due, *([record.claim.until] if record.claim else [])):
            moment(time)
        if not all(type(number) is int for number in (record.attempts, record.deaths)):
            raise TaskRecordUnreadable("a count is not a whole number")
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError) as error:
        raise TaskRecordUnreadable(f"a task record cannot be read: {error!r}") from error
    return record


def task_summary(record: TaskRecord) -> dict[str, Any]:
    """What a listing shows: enough to tell which task is overdue, and which alerts are in force."""
    alert = record.alert
    due = max(record.due, record.claim.until) if record.claim else record.due
    return {
        "state": record.state.value,
        "due": due,
        "alert": [alert.code, alert.text[:_ALERT_CHARACTERS]] if alert else None,
    }


def read_task_view(found: Summary) -> TaskView:
    """What `task_summary` wrote. Raises TaskRecordUnreadable."""
    try:
        alert, due = found.values["alert"], found.values["due"]
        moment(due)
        key = found.path.removeprefix(TASKS).removesuffix(".json")
        return TaskView(key, TaskState(found.values["state"]), due, TaskAlert(*alert) if alert else None)
    except (KeyError, TypeError, ValueError) as error:
        raise TaskRecordUnreadable(f"the summary of {found.path} cannot be read: {error!r}") from error


class TaskRecords:
    """Task records in the state store."""

    def __init__(self, state: StateStore) -> None:
        self._state = state

    async def load(self, task_id: str) -> tuple[TaskRecord, str] | None:
        """The record and its ETag, or None. Raises TaskRecordUnreadable."""
        stored = await self._state.read(task_path(task_id))
        return (decode_task(stored.content), stored.etag) if stored else None

    async def create(self, record: TaskRecord) -> str:
        """Write a new record. Raises Superseded where the task is known already."""
        try:
            return await self._state.create(task_path(record.key), encode_task(record), task_summary(record))
        except StorageConflict as error:
            raise Superseded(f"task {record.key} is known already") from error

    async def save(self, record: TaskRecord, etag: str) -> str:
        """Replace the version `etag`. Raises Superseded where somebody else wrote first."""
        path = task_path(record.key)
        try:
            return await replace_once(self._state, path, encode_task(record), etag, task_summary(record))
        except StorageConflict as error:
            raise Superseded(f"task {record.key} was taken over") from error

    async def remove(self, task_id: str) -> None:
        """Forget the task."""
        await self._state.delete(task_path(task_id))

    def list_all(self) -> AsyncIterator[Summary]:
        """Every record's summary, by one listing."""
        return self._state.list_summaries(TASKS)


def _plan_values(plan: Plan) -> dict[str, Any]:
    name = next(name for name, kind in _FINALS.items() if isinstance(plan.final, kind))
    return {
        "configure": dict(plan.configure),
        "stamp": asdict(plan.stamp) if plan.stamp else None,
        "final": {"do": name, **asdict(plan.final)},
        "rules": list(plan.rules),
    }


def _plan(values: Mapping[str, Any]) -> Plan:
    final = dict(values["final"])
    kind = _FINALS[final.pop("do")]
    if "printer_ids" in final:
        final["printer_ids"] = tuple(final["printer_ids"])
    stamp = Stamp(**values["stamp"]) if values["stamp"] else None
    return Plan(dict(values["configure"]), stamp, kind(**final), tuple(values["rules"]))
