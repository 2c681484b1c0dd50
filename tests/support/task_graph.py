"""Graph's side of print tasks in memory, as strict as documented: TASK rules, one redirect, aborts that end jobs."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from shared.errors import GraphConflict, GraphNotFound, NoReply
from shared.graph.task_client import Job, JobDocument, PrinterStatus, Task, User
from shared.upload.ranges import ByteRanges
from shared.upload.session import UploadSession

DEFINITION = "d0000000-0000-0000-0000-000000000001"


@dataclass(frozen=True, slots=True)
class FakeJob(Job):
    """A job that knows where it lies."""

    printer_id: str = ""


ANNA = User("a0000000-0000-0000-0000-00000000000a", "anna@contoso.example", "Anna Ahorn")
BEN = User("b0000000-0000-0000-0000-00000000000b", "ben@contoso.example", "Ben Birke")


@dataclass
class FakeGraph:
    """Jobs, tasks and what was asked. `faults` maps a method to errors; `after` says that the work is done first."""

    now: Callable[[], datetime]
    jobs: dict[tuple[str, str], FakeJob] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    printers: dict[str, PrinterStatus] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    groups: dict[str, set[str]] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    sessions: list[tuple[str, int]] = field(default_factory=list)
    faults: dict[str, list[tuple[Exception, bool]]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    numbers: Any = field(default_factory=lambda: itertools.count(100))

    def printed(
        self,
        printer_id: str,
        person: User | None = ANNA,
        *,
        configuration: Mapping[str, Any] | None = None,
        content: bytes = b"%PDF-1.4",
        content_type: str = "application/pdf",
        name: str = "letter.pdf",
    ) -> Task:
        """A person's job on a printer with a trigger: paused, with a task in processing."""
        number = next(self.numbers)
        document = JobDocument(f"doc{number}", name, content_type, len(content))
        job = FakeJob(
            id=str(number),
            printer_id=printer_id,
            state="paused",
            details=(),
            description="",
            created=self.now(),
            created_by=person,
            configuration=dict(configuration or {}),
            document=document,
            redirected_to=None,
        )
        self.jobs[printer_id, job.id] = job
        self.contents[document.id] = content
        task = Task(f"70000000-0000-0000-0000-{number:012}", "processing", printer_id, job.id)
        self.tasks[task.id] = task
        return task

    def on_paper(self) -> list[FakeJob]:
        """Jobs that may come out: every one that was redirected to a printer, or let go."""
        return [job for job in self.jobs.values() if job.state in ("pending", "processing", "stopped", "completed")]

    def set_state(self, printer_id: str, job_id: str, state: str, description: str = "") -> None:
        job = self.jobs[printer_id, job_id]
        self.jobs[printer_id, job_id] = replace(job, state=state, description=description)

    async def list_tasks(self, definition_id: str) -> list[Task]:
        assert definition_id == DEFINITION
        return await self._call("list_tasks", lambda: list(self.tasks.values()))

    async def get_task(self, definition_id: str, task_id: str) -> Task:
        assert definition_id == DEFINITION
        return await self._call("get_task", lambda: self._task(task_id))

    async def complete_task(self, definition_id: str, task_id: str) -> None:
        assert definition_id == DEFINITION
        await self._call("complete_task", lambda: self._complete(task_id))

    async def get_job(self, printer_id: str, job_id: str) -> Job:
        return await self._call("get_job", lambda: self._job(printer_id, job_id))

    async def patch_configuration(self, printer_id: str, job_id: str, configuration: Mapping[str, Any]) -> None:
        def work() -> None:
            job = self._waiting(printer_id, job_id)
            self.jobs[printer_id, job_id] = replace(job, configuration={**job.configuration, **configuration})

        await self._call("patch_configuration", work)

    async def redirect(
        self, printer_id: str, job_id: str, destination_printer_id: str, configuration: Mapping[str, Any] | None
    ) -> str:
        def work() -> str:
            job = self._waiting(printer_id, job_id)
            new = str(next(self.numbers))
            merged = {**job.configuration, **(configuration or {})}
            self.jobs[destination_printer_id, new] = replace(
                job, id=new, printer_id=destination_printer_id, state="pending", configuration=merged
            )
            self.jobs[printer_id, job_id] = replace(job, state="completed", redirected_to=(destination_printer_id, new))
            self._end_task(printer_id, job_id)
            return new

        return await self._call("redirect", work)

    async def abort(self, printer_id: str, job_id: str, reason: str) -> None:
        def work() -> None:
            self._waiting(printer_id, job_id)
            self.reasons.append(reason)
            self.set_state(printer_id, job_id, "aborted", reason)

        await self._call("abort", work)

    async def create_upload_session(
        self, printer_id: str, job_id: str, document_id: str, name: str, content_type: str, size: int
    ) -> UploadSession:
        assert name
        assert content_type == "application/pdf"

        def work() -> UploadSession:
            self._waiting(printer_id, job_id)
            self.sessions.append((document_id, size))
            expires = self.now() + timedelta(hours=1)
            return UploadSession(f"https://upload.example/{document_id}", expires, ByteRanges.whole(size))

        return await self._call("create_upload_session", work)

    async def download(self, printer_id: str, job_id: str, document_id: str, *, most: int) -> AsyncIterator[bytes]:
        self._job(printer_id, job_id)
        content = await self._call("download", lambda: self.contents[document_id])
        assert len(content) <= most
        for start in range(0, len(content), 1000):
            yield content[start : start + 1000]

    async def get_printer(self, printer_id: str) -> PrinterStatus:
        def work() -> PrinterStatus:
            if printer_id not in self.printers:
                raise GraphNotFound("get printer", 404, "itemNotFound", printer_id)
            return self.printers[printer_id]

        return await self._call("get_printer", work)

    async def get_user(self, name: str) -> User:
        def work() -> User:
            if name.lower() not in self.users:
                raise GraphNotFound("get user", 404, "Request_ResourceNotFound", name)
            return self.users[name.lower()]

        return await self._call("get_user", work)

    async def member_of(self, user_id: str, group_ids: Collection[str]) -> frozenset[str]:
        return await self._call(
            "member_of",
            lambda: frozenset(group for group in group_ids if user_id in self.groups.get(group.lower(), set())),
        )

    async def _call[T](self, name: str, work: Callable[[], T]) -> T:
        self.calls.append(name)
        faults = self.faults.get(name)
        if not faults:
            return work()
        error, after = faults.pop(0)
        if after:
            work()
        raise error

    def lose(self, name: str, *, after: bool, times: int = 1) -> None:
        """Lose the replies to the next calls, with their work done or not."""
        self.faults.setdefault(name, []).extend((NoReply(name, "cut"), after) for _ in range(times))

    def _task(self, task_id: str) -> Task:
        if task_id.lower() not in self.tasks:
            raise GraphNotFound("get task", 404, "itemNotFound", task_id)
        return self.tasks[task_id.lower()]

    def _complete(self, task_id: str) -> None:
        task = self._task(task_id)
        assert task.printer_id is not None
        assert task.job_id is not None
        self.tasks[task.id] = replace(task, state="completed")
        if self.jobs[task.printer_id, task.job_id].state == "paused":
            self.set_state(task.printer_id, task.job_id, "processing")

    def _end_task(self, printer_id: str, job_id: str) -> None:
        for task in self.tasks.values():
            if (task.printer_id, task.job_id) == (printer_id, job_id):
                self.tasks[task.id] = replace(task, state="completed")
                return

    def _job(self, printer_id: str, job_id: str) -> FakeJob:
        if (printer_id, job_id) not in self.jobs:
            raise GraphNotFound("get job", 404, "itemNotFound", job_id)
        return self.jobs[printer_id, job_id]

    def _waiting(self, printer_id: str, job_id: str) -> FakeJob:
        """The job, where a task of ours is in processing (Graph: the TASK rule)."""
        job = self._job(printer_id, job_id)
        mine = [task for task in self.tasks.values() if (task.printer_id, task.job_id) == (printer_id, job_id)]
        if job.state != "paused" or not any(task.state == "processing" for task in mine):
            raise GraphConflict("change job", 409, "notAllowed", "The job has no print task in processing.")
        return job
