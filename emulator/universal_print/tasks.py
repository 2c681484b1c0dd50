"""Task definitions, their triggers on printers, and the tasks that hold jobs (Graph: printTask)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from emulator.universal_print.jobs import Job, JobBook
from emulator.universal_print.settings import Settings
from emulator.universal_print.world import AppRegistration, Printer

PROCESSING = "processing"
COMPLETED = "completed"
ABORTED = "aborted"
BEING_PROCESSED = "The task is being processed."
DONE = "Task execution is completed."
GIVEN_UP = "The task was not completed in time."
BLOCKED_TOO_LONG = "The task on the print job was not completed in time, and the print job has been removed."


@dataclass(eq=False, slots=True)
class TaskDefinition:
    """What an app may let triggers start. `created_by_name` is the app's own word (Graph: appIdentity)."""

    id: str
    app: AppRegistration
    display_name: str
    created_by_name: str | None = None


@dataclass(eq=False, slots=True)
class TaskTrigger:
    """Starts a task of its definition whenever a job of its printer has been started."""

    id: str
    printer: Printer
    definition: TaskDefinition


@dataclass(eq=False, slots=True)
class PrintTask:
    """A task on a job. While its state is `processing`, the job is held and the definition's app may work on it."""

    id: str
    definition: TaskDefinition
    trigger: TaskTrigger
    job: Job
    created: datetime
    state: str = PROCESSING
    description: str = BEING_PROCESSED
    ended: datetime | None = None

    @property
    def is_processing(self) -> bool:
        """Whether the task still holds its job."""
        return self.state == PROCESSING

    def end(self, state: str, description: str, now: datetime) -> None:
        """Take a last state."""
        self.state, self.description, self.ended = state, description, now


def _no_listener(_task: PrintTask) -> None:
    pass


class TaskBook:
    """All definitions, triggers and tasks of the tenant. `on_started` is told of every task that begins."""

    def __init__(self, jobs: JobBook, settings: Settings) -> None:
        self._jobs = jobs
        self._settings = settings
        self._triggers: dict[str, TaskTrigger] = {}
        self._tasks: dict[str, PrintTask] = {}
        self._of_job: dict[str, PrintTask] = {}
        # The tasks that keep a job from printing, oldest first.
        self._blocking: dict[str, PrintTask] = {}
        self.definitions: dict[str, TaskDefinition] = {}
        self.on_started: Callable[[PrintTask], None] = _no_listener

    def define(self, app: AppRegistration, display_name: str, created_by_name: str | None = None) -> TaskDefinition:
        """Make a definition of the app's."""
        definition = TaskDefinition(str(uuid.uuid4()), app, display_name, created_by_name)
        self.definitions[definition.id] = definition
        return definition

    def forget(self, definition: TaskDefinition) -> None:
        """Delete a definition. Its tasks are out of reach from then on; jobs that they hold stay blocked."""
        self.definitions.pop(definition.id, None)

    def add_trigger(self, printer: Printer, definition: TaskDefinition) -> TaskTrigger:
        """Put a trigger on a printer. Raises ValueError where it has one: one trigger is all it may have."""
        if printer.id in self._triggers:
            raise ValueError(f"{printer.display_name} has a trigger already.")
        trigger = TaskTrigger(str(uuid.uuid4()), printer, definition)
        self._triggers[printer.id] = trigger
        return trigger

    def remove_trigger(self, trigger: TaskTrigger) -> None:
        """Take a trigger off its printer. Jobs that are held stay held."""
        self._triggers.pop(trigger.printer.id, None)

    def trigger_of(self, printer: Printer) -> TaskTrigger | None:
        """The printer's trigger, if it has one."""
        return self._triggers.get(printer.id)

    def triggers_of(self, definition: TaskDefinition) -> list[TaskTrigger]:
        """The triggers that start tasks of the definition."""
        return [trigger for trigger in self._triggers.values() if trigger.definition is definition]

    def begin(self, trigger: TaskTrigger, job: Job, now: datetime) -> PrintTask:
        """Start the trigger's task on a job, which is held by it."""
        task = PrintTask(str(uuid.uuid4()), trigger.definition, trigger, job, now)
        self._tasks[task.id] = self._of_job[job.id] = self._blocking[task.id] = task
        self.on_started(task)
        return task

    def end(self, task: PrintTask, state: str, description: str, now: datetime) -> None:
        """End a task. A job whose task is aborted stays blocked; any other job is the caller's business."""
        task.end(state, description, now)
        if state != ABORTED or not task.job.is_held:
            self._blocking.pop(task.id, None)

    def of_job(self, job: Job) -> PrintTask | None:
        """The task that runs or ran on the job: a printer has one trigger at most."""
        return self._of_job.get(job.id)

    def of_definition(self, definition: TaskDefinition, now: datetime) -> list[PrintTask]:
        """Tasks that run, and those that ended recently, oldest first (Graph: printtaskdefinition-list-tasks)."""
        return [task for task in self._tasks.values() if task.definition is definition and self._is_shown(task, now)]

    def find(self, definition: TaskDefinition, task_id: str, now: datetime) -> PrintTask | None:
        """The definition's task with that id, unless it ended long ago."""
        task = self._tasks.get(task_id)
        return task if task is not None and task.definition is definition and self._is_shown(task, now) else None

    def processing(self) -> list[PrintTask]:
        """Every task in `processing`, oldest first."""
        return [task for task in self._blocking.values() if task.is_processing]

    def expire(self, now: datetime) -> None:
        """Give up the tasks that nobody completed in time, and delete the jobs that they blocked (Graph: printTask)."""
        for task in list(self._blocking.values()):
            if task.created + self._settings.task_lifetime > now:
                break
            if task.job.is_held:
                task.job.enter(now, "aborted", ("completedWithErrors",), BLOCKED_TOO_LONG)
                task.job.deleted = True
                self._jobs.drop_payload(task.job)
            if task.is_processing:
                self.end(task, ABORTED, GIVEN_UP, now)
            self._blocking.pop(task.id, None)

    def _is_shown(self, task: PrintTask, now: datetime) -> bool:
        if task.created + self._settings.reading_delay > now:
            return False
        return task.ended is None or task.ended + self._settings.ended_task_lifetime > now
