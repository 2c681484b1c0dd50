"""A virtual printer: opens the document, takes its time, and puts paper into a folder."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from emulator.universal_print.devices.capabilities import PrinterModel
from emulator.universal_print.devices.device import (
    CONDITIONS,
    DeliveredDocument,
    DeviceReport,
    UnknownConditionError,
)
from emulator.universal_print.devices.documents import Inspection, UnprintableDocumentError, inspect_document
from emulator.universal_print.devices.job_plan import JobPlan, plan_job
from emulator.universal_print.devices.paper import PaperTray

SLOW_FACTOR = 20.0
# A page of a printer that is made slow takes at least this long, also where pages otherwise take no time.
SLOW_PAGE_SECONDS = 2.0

WAITING = "The print job is waiting for the printer."
PROCESSING = "The print job is currently being processed by the printer."
COMPLETED = "The print job has completed successfully and no further processing will take place."

# Condition, the printerProcessingStateDetail that shows it, and its words. The CSDL has no detail for a printer that
# cannot be reached; `timedOut` is what IPP says of an output device that does not answer (RFC 8011 5.4.12).
_STOPPING = (
    ("offline", "timedOut", "The printer can't be reached."),
    ("mediaJam", "mediaJam", "The printer has a paper jam."),
    ("paused", "paused", "The printer is paused."),
)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class VirtualPrinter:
    """A printer of a given model. Jobs come out one after the other, in the order in which they were handed over.

    An offline printer takes no job, so the job stays pending; one that loses its network while it prints goes on, and
    its reports arrive when it is back. A paused printer takes no new job either. A jam stops the job that is in the
    printer until it is cleared.
    """

    def __init__(
        self,
        name: str,
        model: PrinterModel,
        paper: Path,
        *,
        seconds_per_page: float = 0.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self.name = name
        self.manufacturer = model.manufacturer
        self.model = model.model
        self._model = model
        self._tray = PaperTray(paper, name)
        self._seconds_per_page = seconds_per_page
        self._sleep = sleep
        self._now = now
        self._conditions = dict.fromkeys(CONDITIONS, False)
        self._changed = asyncio.Event()
        self._turn = asyncio.Lock()
        self._printing = False

    @property
    def capabilities(self) -> dict[str, Any]:
        """Graph: printerCapabilities."""
        return self._model.capabilities

    @property
    def defaults(self) -> dict[str, Any]:
        """Graph: printerDefaults."""
        return self._model.defaults

    @property
    def conditions(self) -> dict[str, bool]:
        """Which of CONDITIONS hold at present."""
        return {str(name): on for name, on in self._conditions.items()}

    @property
    def is_accepting_jobs(self) -> bool:
        """False when told so; jobs that it has been handed print all the same."""
        return not self._conditions["notAcceptingJobs"]

    @property
    def status(self) -> dict[str, Any]:
        """Graph: printerStatus."""
        stopping = self._stopping(*(condition for condition, _, _ in _STOPPING))
        if stopping:
            state, details = "stopped", [detail for _, detail, _ in stopping]
            description = " ".join(words for _, _, words in stopping)
        elif self._printing:
            state, details, description = "processing", [], "The printer is printing."
        else:
            state, details, description = "idle", [], "The printer is ready."
        return {"state": state, "details": details, "description": description}

    async def set_condition(self, name: str, on: bool) -> None:
        """Enter or leave a condition. Raises UnknownConditionError."""
        if name not in CONDITIONS:
            raise UnknownConditionError(f"{name!r} is no condition of a printer; there are: {', '.join(CONDITIONS)}.")
        self._conditions[name] = on
        self._changed.set()
        self._changed = asyncio.Event()

    async def print(self, document: DeliveredDocument, report: Callable[[DeviceReport], None]) -> None:
        """Print the document and report each change; return when the job is final. Cancelling cancels the job."""
        if self._turn.locked() or self._stopping("offline", "paused"):
            report(DeviceReport("pending", (), WAITING, acquired=False))
        async with self._turn:
            await self._until_free_of("offline", "paused")
            self._printing = True
            try:
                final = await self._print_acquired(document, report)
            finally:
                self._printing = False
        await self._until_free_of("offline")
        report(final)

    async def _print_acquired(
        self, document: DeliveredDocument, report: Callable[[DeviceReport], None]
    ) -> DeviceReport:
        report(DeviceReport("processing", ("interpreting",), PROCESSING, acquired=True))
        if document.content_type not in self.capabilities["contentTypes"]:
            return _aborted(f"The printer does not take {document.content_type}.")
        try:
            inspection = await asyncio.to_thread(inspect_document, document.path, document.content_type)
        except UnprintableDocumentError as error:
            return _aborted(str(error))
        plan = plan_job(
            document.configuration,
            self.capabilities,
            self.defaults,
            pages=inspection.pages,
            color=inspection.color,
        )
        if plan.impressions == 0:
            return _aborted(f"None of the chosen pages is in the document, which has {inspection.pages}.")
        report(DeviceReport("processing", (), PROCESSING, acquired=True))
        for _ in range(plan.impressions):
            await self._feed_page(report)
        slip = self._slip(document, plan, inspection)
        paper = await _to_the_end(
            asyncio.to_thread(self._tray.put, document.path, document.job_id, document.document_name, slip)
        )
        if plan.warnings:
            details, description = "completedWithWarnings", f"{COMPLETED} Note: {'; '.join(plan.warnings)}."
        else:
            details, description = "completedSuccessfully", COMPLETED
        return DeviceReport(
            "completed",
            (details,),
            description,
            acquired=True,
            pages=plan.impressions,
            sheets=plan.sheets,
            paper=paper,
            color=plan.color,
        )

    async def _feed_page(self, report: Callable[[DeviceReport], None]) -> None:
        stopping = self._stopping("mediaJam", "paused")
        if stopping:
            report(DeviceReport("stopped", (), " ".join(words for _, _, words in stopping), acquired=True))
            await self._until_free_of("mediaJam", "paused")
            report(DeviceReport("processing", (), PROCESSING, acquired=True))
        seconds = self._seconds_per_page
        if self._conditions["slow"]:
            seconds = max(SLOW_PAGE_SECONDS, seconds * SLOW_FACTOR)
        if seconds > 0:
            await self._sleep(seconds)

    def _slip(self, document: DeliveredDocument, plan: JobPlan, inspection: Inspection) -> dict[str, Any]:
        return {
            "jobId": document.job_id,
            "documentName": document.document_name,
            "contentType": document.content_type,
            "printer": self.name,
            "model": f"{self.manufacturer} {self.model}",
            "user": document.user_principal_name,
            "created": document.created.isoformat(),
            "printed": self._now().isoformat(),
            "documentPages": inspection.pages,
            "copies": plan.copies,
            "pages": plan.impressions,
            "sheets": plan.sheets,
            "color": plan.color,
            "settings": dict(plan.settings),
            "warnings": list(plan.warnings),
        }

    def _stopping(self, *conditions: str) -> list[tuple[str, str, str]]:
        return [row for row in _STOPPING if row[0] in conditions and self.conditions[row[0]]]

    async def _until_free_of(self, *conditions: str) -> None:
        while self._stopping(*conditions):
            await self._changed.wait()


def _aborted(reason: str) -> DeviceReport:
    return DeviceReport("aborted", ("completedWithErrors",), reason, acquired=True, pages=0, sheets=0)


async def _to_the_end[Result](work: Coroutine[Any, Any, Result]) -> Result:
    """Finish `work` though the job is cancelled meanwhile: paper that is on its way out does not go back."""
    task = asyncio.ensure_future(work)
    while True:
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if task.cancelled() or current is None:
                raise
            current.uncancel()
