"""Gathers what is known of a task: its job, its document, and the person that the job is held for."""

from __future__ import annotations

import json
from dataclasses import dataclass

from shared.catalog import Catalog
from shared.errors import GraphError, GraphNotFound, GraphThrottled, GraphUnavailable, NotNow
from shared.graph.task_client import Job
from shared.held.entry import HeldEntry
from shared.held.lookup import FINAL_JOB_STATES, RUNNING_TASK
from shared.names import job_owner_path
from shared.submission.holding import Records
from shared.submission.record import RecordUnreadable
from shared.tasks.policy import Facts
from shared.tasks.record import TaskAlert, TaskRecord
from shared.tasks.services import TaskServices
from shared.times import moment, timestamp

# Where a job lies whose maker Graph does not name: nobody's prefix, so only an operator releases it.
NOBODY = "unknown"


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the job is held for. `printed_by` is the print account that printed it for them."""

    id: str
    user_principal_name: str
    name: str
    printed_by: str | None = None
    submission: str | None = None


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """A task that waits for us. `alert` says what was unexpected about it."""

    printer_id: str
    job: Job
    person: Person
    alert: TaskAlert | None = None


@dataclass(frozen=True, slots=True)
class NothingToDo:
    """The task does not wait for us any more; `reason` says why. `job_ended` where its job is over and it is not."""

    reason: str
    job_ended: bool = False


async def gather_facts(record: TaskRecord, catalog: Catalog | None, services: TaskServices) -> TaskFacts | NothingToDo:
    """Read task, job and person (Graph: printtask-get, printjob-get).

    Raises what the client raises, and NotNow for a task or job that Graph does not find yet.
    """
    try:
        task = await services.graph.get_task(record.definition_id, record.key)
    except GraphNotFound as error:
        return _unknown("task", error, record, services)
    if task.state != RUNNING_TASK:
        return NothingToDo(f"the task is {task.state}")
    printer_id, job_id = task.printer_id, task.job_id
    if printer_id is None or job_id is None:
        return NothingToDo("the task names no job")
    try:
        job = await services.graph.get_job(printer_id, job_id)
    except GraphNotFound as error:
        return _unknown("job", error, record, services)
    if job.redirected_to is not None:
        return NothingToDo("the job was redirected")
    if job.state in FINAL_JOB_STATES:
        return NothingToDo(f"the job is {job.state}", job_ended=True)
    person, alert = await _person(printer_id, job, catalog, services)
    return TaskFacts(printer_id, job, person, alert)


def policy_facts(facts: TaskFacts, services: TaskServices, groups: frozenset[str] = frozenset()) -> Facts:
    """The facts as rules see them. Pure but for the clock, where Graph names no time."""
    job, document = facts.job, facts.job.document
    return Facts(
        printer_id=facts.printer_id,
        user_id=facts.person.id,
        user_principal_name=facts.person.user_principal_name,
        content_type=document.content_type if document else "",
        size=document.size if document else 0,
        configuration=job.configuration,
        printed=job.created or services.now(),
        groups=groups,
    )


def held_entry(record: TaskRecord, facts: TaskFacts, expires: str, services: TaskServices) -> HeldEntry:
    """The entry that a kiosk shows."""
    job, document, person = facts.job, facts.job.document, facts.person
    now = timestamp(services.now())
    changed = record.plan.configure if record.plan else {}
    return HeldEntry(
        user_id=person.id,
        user_principal_name=person.user_principal_name,
        user_name=person.name,
        printer_id=facts.printer_id,
        job_id=job.id,
        document_id=document.id if document else None,
        definition_id=record.definition_id,
        task_id=record.key,
        document_name=document.name if document else "",
        content_type=document.content_type if document else "",
        size=document.size if document else 0,
        configuration={**job.configuration, **changed},
        created=timestamp(job.created) if job.created else now,
        held=now,
        expires=expires,
        owner_of=person.printed_by,
        submission=person.submission,
    )


def _unknown(what: str, error: GraphNotFound, record: TaskRecord, services: TaskServices) -> NothingToDo:
    """What a 404 means. A notification may overtake the read: no page promises that it finds what was just made."""
    age = (services.now() - moment(record.seen)).total_seconds()
    if age <= services.bounds.job_unknown_seconds and record.attempts < services.bounds.task_attempts:
        raise NotNow("notFoundYet", f"the service does not find the {what} yet", 0.0) from error
    return NothingToDo(f"the service knows no such {what}")


async def _person(
    printer_id: str, job: Job, catalog: Catalog | None, services: TaskServices
) -> tuple[Person, TaskAlert | None]:
    maker = job.created_by
    if maker is None or not maker.id:
        alert = TaskAlert(
            "creatorUnknown", f"Graph does not say who made job {job.id}: release it with `printops held`"
        )
        return Person(NOBODY, NOBODY, NOBODY), alert
    creator = Person(maker.id, maker.user_principal_name, maker.display_name)
    submission, owner = await _dropped_for(printer_id, job.id, catalog, services)
    creator = Person(creator.id, creator.user_principal_name, creator.name, None, submission)
    if owner is None:
        return creator, None
    try:
        user = await services.graph.get_user(owner)
    except (GraphThrottled, GraphUnavailable):
        raise
    except GraphError as error:
        alert = TaskAlert(
            "ownerUnknown", f"the owner {owner} of job {job.id} was not found ({error.code}): held for {creator.name}"
        )
        return creator, alert
    person = Person(user.id, user.user_principal_name, user.display_name, creator.user_principal_name, submission)
    return person, None


async def _dropped_for(
    printer_id: str, job_id: str, catalog: Catalog | None, services: TaskServices
) -> tuple[str | None, str | None]:
    """The submission that made the job, and the owner that it names: None where it was not dropped."""
    shares = [share for share in catalog.shares if share.printer_id.lower() == printer_id.lower()] if catalog else []
    for share in shares:
        stored = await services.state.read(job_owner_path(share.id, job_id))
        if stored is None:
            continue
        try:
            key = str(json.loads(stored.content)["submission"])
            loaded = await Records(services.state).load(key)
        except (ValueError, KeyError, TypeError, RecordUnreadable):
            continue
        if loaded is not None and loaded[0].job is not None:
            return key, loaded[0].job.owner
    return None, None
