"""A printer that exists: jobs go on to it over IPP and are followed there to their end."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Self
from xml.etree import ElementTree

from emulator.universal_print.devices.device import (
    DeliveredDocument,
    DeviceReport,
    UnknownConditionError,
)
from emulator.universal_print.devices.ipp_client import (
    IppClient,
    IppError,
    PrinterUnreachableError,
    Status,
    page_counts,
)
from emulator.universal_print.devices.ipp_message import Attributes
from emulator.universal_print.devices.ipp_settings import (
    contents,
    job_attributes,
    printer_capabilities,
    printer_defaults,
)

POLL_SECONDS = 1.0
# How long a question at the end of a job may hold up the next one.
ANSWER_SECONDS = 5.0
# RFC 8011 appendix B sets no length for a name's use here; 255 octets is the longest `name` (5.1.4).
MOST_NAME_BYTES = 255

WAITING = "The print job is waiting for the printer."
# What can be done to a printer from here. Nobody jams a real printer or slows it down over the network.
_POSSIBLE = ("paused", "offline", "notAcceptingJobs")

_PRINTER_STATES = {3: "idle", 4: "processing", 5: "stopped"}
_JOB_STATES = {
    3: ("pending", WAITING),
    4: ("paused", "The printer holds the print job."),
    5: ("processing", "The print job is currently being processed by the printer."),
    6: ("stopped", "The printer has stopped while it processed the print job."),
    7: ("canceled", "The print job was canceled at the printer."),
    8: ("aborted", "The printer aborted the print job."),
    9: ("completed", "The print job has completed successfully and no further processing will take place."),
}
_JOB_DETAILS = {
    "job-interpreting": "interpreting",
    "job-transforming": "transforming",
    "job-completed-successfully": "completedSuccessfully",
    "job-completed-with-warnings": "completedWithWarnings",
    "job-completed-with-errors": "completedWithErrors",
}


class IppPrinter:
    """A real printer behind the emulated service. `await IppPrinter.open(...)` makes one, `close` ends it.

    Paused and offline are states of the way to the printer: while they hold, no job goes there. A document is sent at
    most once. When the connection breaks after it may have arrived, the printer's own list of jobs decides.
    """

    def __init__(
        self,
        name: str,
        client: IppClient,
        attributes: Attributes,
        *,
        poll_seconds: float = POLL_SECONDS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.name = name
        self._client = client
        self._poll_seconds = poll_seconds
        self._sleep = sleep
        self._conditions: dict[str, bool] = dict.fromkeys(_POSSIBLE, False)
        self._changed = asyncio.Event()
        self._turn = asyncio.Lock()
        self._reachable = True
        self._take(attributes)

    @classmethod
    async def open(
        cls,
        name: str,
        uri: str,
        *,
        poll_seconds: float = POLL_SECONDS,
        verify: ssl.SSLContext | bool = True,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> Self:
        """Ask the printer at `uri` (`ipp://…` or `ipps://…`) what it is. Raises IppError, PrinterUnreachableError."""
        client = IppClient(uri, verify=verify)
        try:
            attributes = await client.printer_attributes()
        except BaseException:
            await client.close()
            raise
        return cls(name, client, attributes, poll_seconds=poll_seconds, sleep=sleep)

    async def close(self) -> None:
        """End the connections to the printer."""
        await self._client.close()

    def _take(self, attributes: Attributes) -> None:
        self._attributes = attributes
        make = next(iter(contents(attributes, "printer-make-and-model")), "Unknown printer")
        self.manufacturer, _, self.model = str(make).partition(" ")
        self._capabilities = printer_capabilities(attributes)
        self._defaults = printer_defaults(attributes)

    @property
    def capabilities(self) -> dict[str, Any]:
        """Graph: printerCapabilities."""
        return self._capabilities

    @property
    def defaults(self) -> dict[str, Any]:
        """Graph: printerDefaults."""
        return self._defaults

    @property
    def conditions(self) -> dict[str, bool]:
        """Which of the conditions that it can be put into hold at present."""
        return dict(self._conditions)

    @property
    def is_accepting_jobs(self) -> bool:
        """What the printer last said, unless told otherwise here."""
        said = True in contents(self._attributes, "printer-is-accepting-jobs")
        return said and not self._conditions["notAcceptingJobs"]

    @property
    def status(self) -> dict[str, Any]:
        """Graph: printerStatus, as the printer was when last asked."""
        if self._conditions["offline"] or not self._reachable:
            return {"state": "stopped", "details": ["timedOut"], "description": "The printer can't be reached."}
        if self._conditions["paused"]:
            return {"state": "stopped", "details": ["paused"], "description": "The printer is paused."}
        state = _PRINTER_STATES.get(_number(self._attributes, "printer-state"), "unknown")
        details = [printer_detail(str(reason)) for reason in contents(self._attributes, "printer-state-reasons")]
        message = " ".join(str(text) for text in contents(self._attributes, "printer-state-message"))
        return {"state": state, "details": [detail for detail in details if detail], "description": message}

    async def set_condition(self, name: str, on: bool) -> None:
        """Hold the way to the printer, or open it. Raises UnknownConditionError for what needs hands."""
        if name not in _POSSIBLE:
            raise UnknownConditionError(
                f"A real printer cannot be made {name!r} from here; {', '.join(_POSSIBLE)} can."
            )
        self._conditions[name] = on
        self._changed.set()
        self._changed = asyncio.Event()

    async def refresh(self) -> None:
        """Ask the printer anew what it is and how it does; a printer that does not answer shows in `status`."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                self._take(await self._client.printer_attributes())
            self._reachable = True
        except (IppError, PrinterUnreachableError, TimeoutError):
            self._reachable = False

    async def print(self, document: DeliveredDocument, report: Callable[[DeviceReport], None]) -> None:
        """Pass the document on and report each change; return when the printer is done. Cancelling cancels there."""
        tell = _changes_only(report)
        tell(DeviceReport("pending", (), WAITING, acquired=False))
        async with self._turn:
            errand = _Errand(_job_name(document))
            try:
                final = await self._submit(document, errand) or await self._follow(errand, tell)
                tell(final)
            except asyncio.CancelledError:
                await self._cancel(errand)
                raise
            finally:
                await self.refresh()

    async def _submit(self, document: DeliveredDocument, errand: _Errand) -> DeviceReport | None:
        """Send the document; gives the report that ends the job when the printer does not take it."""
        settings = dict(job_attributes(document.configuration))
        while True:
            while self._conditions["offline"] or self._conditions["paused"]:
                await self._changed.wait()
            try:
                errand.earlier = await self._client.find_job(errand.name)
                errand.sent = True
                errand.job, ignored = await self._client.print_job(
                    document.path,
                    name=errand.name,
                    user=document.user_principal_name,
                    content_type=document.content_type,
                    attributes=settings,
                )
                errand.ignored += ignored
            except IppError as error:
                refused = [name for name in error.unsupported if name in settings]
                if error.status == Status.VALUES_NOT_SUPPORTED and refused:
                    # Not every printer replaces what it lacks by itself, so it gets the job without those settings.
                    errand.ignored += refused
                    settings = {name: values for name, values in settings.items() if name not in refused}
                    continue
                if error.status not in {Status.BUSY, Status.NOT_ACCEPTING_JOBS}:
                    return _aborted(str(error))
            except PrinterUnreachableError as error:
                self._reachable = False
                if errand.sent and error.sent:
                    errand.job = await self._find(errand)
                    return None if errand.job else _aborted(f"{error} It does not know the job; nothing was printed.")
            else:
                return None
            errand.sent = False
            await self._sleep(self._poll_seconds)

    async def _find(self, errand: _Errand) -> int | None:
        """The job in the printer's own list, asked for until the printer answers."""
        while True:
            try:
                job = await self._client.find_job(errand.name)
            except PrinterUnreachableError:
                await self._sleep(self._poll_seconds)
            except IppError:
                return None
            else:
                return job if job != errand.earlier else None

    async def _follow(self, errand: _Errand, tell: Callable[[DeviceReport], None]) -> DeviceReport:
        """Report each change; gives the final report."""
        while True:
            try:
                attributes = await self._client.job_attributes(errand.job or 0)
            except PrinterUnreachableError:
                self._reachable = False
            except IppError as error:
                return _aborted(f"The printer lost the job. {error}")
            else:
                self._reachable = True
                latest = job_report(attributes, errand.ignored)
                if latest.is_final:
                    return latest
                tell(latest)
            # Why a job stopped is often known to the printer alone.
            await self.refresh()
            await self._sleep(self._poll_seconds)

    async def _cancel(self, errand: _Errand) -> None:
        """Best effort: a printer that does not answer in time keeps what it has."""
        if not errand.sent:
            return
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                job = errand.job or await self._find(errand)
                if job is not None:
                    await self._client.cancel_job(job)
        except (IppError, PrinterUnreachableError, TimeoutError):
            self._reachable = False


@dataclass(slots=True)
class _Errand:
    """What is known of one job at the printer. `earlier` is a job of the same name that was there before."""

    name: str
    earlier: int | None = None
    sent: bool = False
    job: int | None = None
    ignored: list[str] = field(default_factory=list)


def job_report(attributes: Attributes, ignored: list[str]) -> DeviceReport:
    """What a printer's job attributes mean in Graph's words; `ignored` are settings that it did not follow."""
    state, description = _JOB_STATES.get(_number(attributes, "job-state"), ("unknown", "The state is not known."))
    reasons = [str(reason) for reason in contents(attributes, "job-state-reasons")]
    details = tuple(_JOB_DETAILS[reason] for reason in reasons if reason in _JOB_DETAILS)
    if state == "completed" and ignored:
        details = ("completedWithWarnings",)
        description = f"{description} Note: the printer ignored {', '.join(sorted(ignored))}."
    elif state == "completed":
        details = details or ("completedSuccessfully",)
    elif state == "aborted":
        words = [str(text) for text in contents(attributes, "job-state-message")] or reasons
        details, description = ("completedWithErrors",), f"{description} ({', '.join(words)})"
    pages, sheets = page_counts(attributes)
    acquired = state not in {"pending", "unknown"}
    return DeviceReport(state, details, description, acquired=acquired, pages=pages, sheets=sheets)


def printer_detail(reason: str) -> str | None:
    """A printer-state-reasons keyword as a printerProcessingStateDetail; `other` when Graph has no word for it."""
    bare = re.sub(r"-(error|warning|report)$", "", reason)
    if bare == "none":
        return None
    first, *rest = bare.split("-")
    detail = first + "".join(word.capitalize() for word in rest)
    return detail if detail in _graph_details() else "other"


@cache
def _graph_details() -> frozenset[str]:
    schema = files("emulator.universal_print").joinpath("csdl", "print-v1.0.csdl.xml").read_bytes()
    root = ElementTree.fromstring(schema)  # noqa: S314 - the project's own file
    [enumeration] = root.findall(".//{*}EnumType[@Name='printerProcessingStateDetail']")
    return frozenset(member.get("Name", "") for member in enumeration.iter())


def _number(attributes: Attributes, name: str) -> int:
    return next((value for value in contents(attributes, name) if isinstance(value, int)), 0)


def _job_name(document: DeliveredDocument) -> str:
    """Begins with the service's job id, so that the job can be told from others of the same document."""
    return f"{document.job_id} {document.document_name}".encode()[:MOST_NAME_BYTES].decode(errors="ignore")


def _aborted(reason: str) -> DeviceReport:
    return DeviceReport("aborted", ("completedWithErrors",), reason, acquired=True)


def _changes_only(report: Callable[[DeviceReport], None]) -> Callable[[DeviceReport], None]:
    last: DeviceReport | None = None

    def tell(latest: DeviceReport) -> None:
        nonlocal last
        if latest != last:
            last = latest
            report(latest)

    return tell
