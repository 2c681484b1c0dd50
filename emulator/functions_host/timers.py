"""Timer triggers: schedule, status blob, past due runs (azure-webjobs-sdk-extensions, TimerListener)."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.blob.aio import BlobClient, ContainerClient

from emulator.functions_host.connections import made
from emulator.functions_host.errors import HostError, StartError
from emulator.functions_host.functions import Function
from emulator.functions_host.invoking import Call, Invoker
from emulator.functions_host.ncrontab import BadSchedule, Schedule, parse_schedule

STATUS_CONTAINER = "azure-webjobs-hosts"
LONGEST_SLEEP_SECONDS = 3600.0
_LEAST_MONITORED = timedelta(minutes=1)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Status:
    """What the status blob remembers of a timer; `last` is None before its first run."""

    last: datetime | None
    next: datetime
    updated: datetime

    def as_json(self) -> dict[str, str]:
        """Give the content of the status blob, in .NET's names."""
        last = self.last or datetime(1, 1, 1, tzinfo=UTC)
        return {"Last": last.isoformat(), "Next": self.next.isoformat(), "LastUpdated": self.updated.isoformat()}


def read_status(content: str | bytes) -> Status:
    """Read a status blob. Raises ValueError or KeyError when it is not one."""
    document = json.loads(content)
    last, following, updated = (datetime.fromisoformat(document[key]) for key in ("Last", "Next", "LastUpdated"))
    return Status(last if last.year > 1 else None, following, updated)


def is_past_due(status: Status | None, schedule: Schedule, now: datetime) -> bool:
    """Whether an occurrence was missed while no host ran. A changed schedule has missed nothing yet."""
    if status is None:
        return False
    expected = schedule.next_after(status.last or status.updated)
    if expected > status.next:
        return expected <= now
    return status.next <= now


def monitors(function: Function, schedule: Schedule, now: datetime) -> bool:
    """Whether the timer keeps a status blob: unless told not to, or when it runs more often than every minute."""
    if function.trigger.get("useMonitor") is False:
        return False
    first = schedule.next_after(now)
    return schedule.next_after(first) - first >= _LEAST_MONITORED


def timer_schedule(function: Function) -> Schedule:
    """Parse a function's schedule. Raises StartError naming the function."""
    try:
        return parse_schedule(str(function.trigger.get("schedule", "")))
    except BadSchedule as error:
        raise StartError(f"the schedule of {function.name} cannot be used: {error}") from None


class Timer:
    """Runs one timer function. `now` and `sleep` are the clock; `storage` is None where nothing can be remembered."""

    def __init__(
        self,
        function: Function,
        invoker: Invoker,
        storage: ContainerClient | None,
        host_id: str,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self.function = function
        self._invoker = invoker
        self._schedule = timer_schedule(function)
        self._now = now
        self._sleep = sleep
        self._storage = storage if monitors(function, self._schedule, now()) else None
        self._path = f"timers/{host_id}/{function.name}/status"
        self._status: Status | None = None

    async def run(self) -> None:
        """Run the function whenever it is due, until cancelled. It never overlaps itself."""
        self._status = await self._read()
        now = self._now()
        if self.function.trigger.get("runOnStartup"):
            await self.fire(past_due=False)
        elif is_past_due(self._status, self._schedule, now):
            await self.fire(past_due=True)
        elif self._status is None:
            await self._write(Status(None, self._schedule.next_after(now), now))
        while True:
            due = self._schedule.next_after(self._now())
            while (left := (due - self._now()).total_seconds()) > 0:
                await self._sleep(min(left, LONGEST_SLEEP_SECONDS))
            await self.fire(past_due=False)

    async def fire(self, *, past_due: bool) -> None:
        """Run once now. A failure is not retried: the next occurrence comes as planned."""
        started = self._now()
        information: dict[str, Any] = {
            "Schedule": {"AdjustForDST": True},
            "ScheduleStatus": self._status.as_json() if self._status else None,
            "IsPastDue": past_due,
        }
        call = Call(
            inputs={str(self.function.trigger["name"]): ("json", json.dumps(information))},
            metadata={},
            reason=f"Timer fired at {started.isoformat()}",
        )
        try:
            await self._invoker.invoke(self.function, call)
        except HostError:
            logger.info("The timer %s goes on with its next occurrence.", self.function.name)
        now = self._now()
        await self._write(Status(started, self._schedule.next_after(max(now, started)), now))

    async def _read(self) -> Status | None:
        if self._storage is None:
            return None
        try:
            return read_status(await (await self._blob(self._storage).download_blob()).readall())
        except ResourceNotFoundError:
            return None
        except (AzureError, ValueError, KeyError, TypeError) as error:
            logger.warning("The status of the timer %s cannot be read: %s", self.function.name, error)
            return None

    async def _write(self, status: Status) -> None:
        if self._storage is None:
            return
        self._status = status
        content = json.dumps(status.as_json())
        try:
            try:
                await self._blob(self._storage).upload_blob(content, overwrite=True)
            except ResourceNotFoundError:
                await made(self._storage)
                await self._blob(self._storage).upload_blob(content, overwrite=True)
        except AzureError as error:
            logger.warning("The status of the timer %s cannot be kept: %s", self.function.name, error)

    def _blob(self, storage: ContainerClient) -> BlobClient:
        return storage.get_blob_client(self._path)
