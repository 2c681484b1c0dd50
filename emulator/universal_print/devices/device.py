"""What the emulated service and a printer say to each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

type Condition = Literal["paused", "mediaJam", "offline", "notAcceptingJobs", "slow"]

CONDITIONS: tuple[Condition, ...] = ("paused", "mediaJam", "offline", "notAcceptingJobs", "slow")


@dataclass(frozen=True, slots=True)
class DeliveredDocument:
    """One job as the service hands it to a printer: the payload on disk and how it is to be printed.

    `size` is in bytes. `configuration` is a printJobConfiguration as Graph writes it in JSON. The file at `path`
    belongs to the service: a printer reads it and never changes it.
    """

    job_id: str
    document_name: str
    content_type: str
    path: Path
    size: int
    configuration: dict[str, Any]
    user_principal_name: str
    created: datetime


@dataclass(frozen=True, slots=True)
class DeviceReport:
    """What a printer says of a job (Graph: printJobStatus).

    `state` is a printJobProcessingState and each of `details` a printJobStateDetail. `pages` are impressions, all
    copies together; `sheets` are pieces of paper; `color` is whether colour was used, None when the printer does not
    say. `paper` is where the output lies, relative to the folder that holds the paper of all printers.
    """

    state: str
    details: tuple[str, ...]
    description: str
    acquired: bool
    pages: int | None = None
    sheets: int | None = None
    paper: str | None = None
    color: bool | None = None

    @property
    def is_final(self) -> bool:
        """Whether nothing further happens to the job (Graph: printJobStatus)."""
        return self.state in {"completed", "canceled", "aborted"}


class UnknownConditionError(ValueError):
    """A printer was asked for a condition that it cannot be in; the message names those that it can."""


class Device(Protocol):
    """One printer. A test or the control page can put it into the conditions of CONDITIONS."""

    name: str
    manufacturer: str
    model: str

    @property
    def capabilities(self) -> dict[str, Any]:
        """What the printer offers, as Graph's printerCapabilities."""
        ...

    @property
    def defaults(self) -> dict[str, Any]:
        """What the printer does when a job does not say, as Graph's printerDefaults."""
        ...

    @property
    def status(self) -> dict[str, Any]:
        """The present state, as Graph's printerStatus."""
        ...

    @property
    def conditions(self) -> dict[str, bool]:
        """Those of CONDITIONS that the printer can be put into, and whether each holds at present."""
        ...

    @property
    def is_accepting_jobs(self) -> bool | None:
        """Whether new jobs may be sent (Graph: printerBase.isAcceptingJobs); None where nothing was ever said."""
        ...

    async def print(self, document: DeliveredDocument, report: Callable[[DeviceReport], None]) -> None:
        """Print the document and report each change; return when the job is final.

        Cancelling the awaiting task cancels the job, and CancelledError comes back. When the paper is already on its
        way out the cancellation is too late: the call reports `completed` and returns as if nothing had been asked.
        """
        ...

    async def set_condition(self, name: str, on: bool) -> None:
        """Enter or leave a condition. Raises UnknownConditionError."""
        ...
