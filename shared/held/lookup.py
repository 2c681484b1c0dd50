"""What became of a held job, asked of the service: the first move after any reply that was lost."""

from __future__ import annotations

from dataclasses import dataclass

from shared.errors import GraphNotFound
from shared.held.entry import HeldEntry
from shared.tasks.services import TaskServices

FINAL_JOB_STATES = frozenset({"completed", "canceled", "aborted"})
RUNNING_TASK = "processing"


@dataclass(frozen=True, slots=True)
class Sent:
    """The job was redirected: where to, by ids."""

    printer_id: str
    job_id: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The job is over and was not redirected. `state` is Graph's, or "gone" where the service knows it no more."""

    state: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The job still waits for this app."""


@dataclass(frozen=True, slots=True)
class LetGo:
    """The job goes on where it is: its task was completed by something else."""


async def look_up(entry: HeldEntry, services: TaskServices) -> Sent | Ended | Waiting | LetGo:
    """What the service says of the job (Graph: printjob-get, printtask-get). Raises what the client raises."""
    try:
        job = await services.graph.get_job(entry.printer_id, entry.job_id)
    except GraphNotFound:
        return Ended("gone")
    if job.redirected_to is not None:
        return Sent(*job.redirected_to)
    if job.state in FINAL_JOB_STATES:
        return Ended(job.state, job.description)
    try:
        task = await services.graph.get_task(entry.definition_id, entry.task_id)
    except GraphNotFound:
        return LetGo()
    return Waiting() if task.state == RUNNING_TASK else LetGo()
