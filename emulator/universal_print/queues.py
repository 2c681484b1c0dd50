"""Takes started jobs to their printers, one after the other, or holds them by a task (Graph: printjob-start)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulator.universal_print.devices.device import DeliveredDocument, DeviceReport
from emulator.universal_print.devices.documents import UnprintableDocumentError
from emulator.universal_print.graph.conversion import PDF, convert, is_converted, is_taken
from emulator.universal_print.jobs import BEING_PROCESSED, CANCELED, NOT_A_CANDIDATE, WAITING, Job, JobBook
from emulator.universal_print.settings import Settings
from emulator.universal_print.tasks import TaskBook, TaskTrigger
from emulator.universal_print.world import Printer, World


@dataclass(eq=False, slots=True)
class _Queue:
    waiting: asyncio.Queue[Job] = field(default_factory=asyncio.Queue)
    current: Job | None = None
    printing: asyncio.Task[None] | None = None
    worker: asyncio.Task[None] | None = None


def _no_listener(_job: Job) -> None:
    pass


class PrintQueues:
    """One queue per printer; `stop` ends them all. `on_fetchable` is told when a printer may fetch a job's document."""

    def __init__(
        self,
        world: World,
        jobs: JobBook,
        tasks: TaskBook,
        settings: Settings,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._world = world
        self._jobs = jobs
        self._tasks = tasks
        self._settings = settings
        self._sleep = sleep
        self._queues: dict[str, _Queue] = {}
        self._under_way: set[asyncio.Task[None]] = set()
        self.on_fetchable: Callable[[Job], None] = _no_listener

    def submit(self, job: Job) -> None:
        """Take a started job: hold it where its printer has a trigger, else let it print."""
        job.started = self._world.clock.now()
        job.enter(job.started, "processing", ("interpreting",), BEING_PROCESSED)
        trigger = self._tasks.trigger_of(job.printer)
        if trigger is not None:
            self._begin(self._hold(job, trigger))
        else:
            self._enqueue(job)

    def resume(self, job: Job) -> None:
        """Let a job print whose task is completed."""
        job.enter(self._world.clock.now(), "processing", ("interpreting",), BEING_PROCESSED)
        self._enqueue(job)

    def _enqueue(self, job: Job) -> None:
        """It prints after those that came to the printer before it; where there is no device, it never does."""
        if not job.printer.has_physical_device:
            self._begin(self._wait_for_ever(job))
            return
        queue = self._queues.setdefault(job.printer.id, _Queue())
        queue.waiting.put_nowait(job)
        if queue.worker is None:
            queue.worker = asyncio.create_task(self._work(job.printer, queue))

    def cancel(self, job: Job) -> None:
        """End a job wherever it is. A printer that has it is told to stop, and its word decides: paper may be out."""
        queue = self._queues.get(job.printer.id)
        if queue is not None and queue.current is job and queue.printing is not None:
            queue.printing.cancel()
        else:
            job.enter(self._world.clock.now(), "canceled", (), CANCELED)
            self._jobs.drop_payload(job)

    async def stop(self) -> None:
        """Stop all printers where they are."""
        for task in self._under_way:
            task.cancel()
        workers = [queue.worker for queue in self._queues.values() if queue.worker is not None]
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, *self._under_way, return_exceptions=True)
        self._queues.clear()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _hold(self, job: Job, trigger: TaskTrigger) -> None:
        await self._sleep(self._settings.processing_seconds)
        if job.is_final:
            return
        now = self._world.clock.now()
        job.enter(now, "paused", (), NOT_A_CANDIDATE)
        self._tasks.begin(trigger, job, now)

    async def _wait_for_ever(self, job: Job) -> None:
        await self._prepare(job.printer, job)

    async def _work(self, printer: Printer, queue: _Queue) -> None:
        while True:
            job = await queue.waiting.get()
            if job.is_final:
                continue
            queue.current = job
            queue.printing = asyncio.create_task(self._print(printer, job))
            try:
                await asyncio.wait([queue.printing])
                self._close(job, queue.printing)
            except asyncio.CancelledError:
                queue.printing.cancel()
                await asyncio.gather(queue.printing, return_exceptions=True)
                raise
            finally:
                queue.current = queue.printing = None
            self._jobs.drop_payload(job)

    def _close(self, job: Job, printing: asyncio.Task[None]) -> None:
        """Make a job final whose printer left that out. What the printer said last stands."""
        if printing.cancelled():
            job.enter(self._world.clock.now(), "canceled", (), CANCELED)
        elif (failure := printing.exception()) is not None:
            self._abort(job, f"The printer failed: {failure}")
        else:
            self._abort(job, "The printer lost the job.")

    async def _prepare(self, printer: Printer, job: Job) -> tuple[Path, str] | None:
        """Make what the printer may fetch, and say so; None where the job has come to its end."""
        payload, content_type = job.payload, job.document.content_type
        conversion = self._world.document_conversion_enabled
        await self._sleep(self._settings.processing_seconds)
        if not is_taken(content_type, printer, conversion):
            self._abort(job, f"The printer does not support the content type {content_type}.", acquired=False)
        elif is_converted(content_type, printer, conversion):
            job.enter(self._world.clock.now(), "processing", ("transforming",), BEING_PROCESSED)
            try:
                payload, content_type = await asyncio.to_thread(convert, job.payload), PDF
            except UnprintableDocumentError as error:
                self._abort(job, f"The document could not be converted: {error}", acquired=False)
        if job.is_final:
            return None
        job.fetchable = True
        job.enter(self._world.clock.now(), "pending", (), WAITING)
        self.on_fetchable(job)
        return payload, content_type

    async def _print(self, printer: Printer, job: Job) -> None:
        prepared = await self._prepare(printer, job)
        if prepared is None:
            return
        payload, content_type = prepared
        document = DeliveredDocument(
            job.id,
            job.document.display_name,
            content_type,
            payload,
            payload.stat().st_size,
            job.configuration,
            job.created_by.user_principal_name,
            job.created,
        )
        await printer.device.print(document, lambda report: self._take_report(job, report))

    def _abort(self, job: Job, reason: str, *, acquired: bool = True) -> None:
        job.enter(self._world.clock.now(), "aborted", ("completedWithErrors",), reason, acquired=acquired)

    def _take_report(self, job: Job, report: DeviceReport) -> None:
        now = self._world.clock.now()
        if report.acquired and job.document.downloaded is None:
            job.document.downloaded = now
        job.pages = report.pages if report.pages is not None else job.pages
        job.sheets = report.sheets if report.sheets is not None else job.sheets
        job.paper = report.paper or job.paper
        job.color = report.color if report.color is not None else job.color
        job.enter(now, report.state, report.details, report.description, acquired=report.acquired)
