"""One invocation from the moment a trigger fires to its outcome: logged, bounded in time, recorded for tests."""

from __future__ import annotations

import asyncio
import logging
import os
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from emulator.functions_host.errors import HostError, InvocationFailed
from emulator.functions_host.functions import Function, Retry
from emulator.functions_host.outputs import Outputs
from emulator.functions_host.worker_process import WorkerSlot
from emulator.functions_host.worker_protocol import TypedValue

RUNNING, SUCCEEDED, FAILED = "Running", "Succeeded", "Failed"

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Invocation:
    """A record of one run of a function. `error` is the message of a failed one."""

    id: str
    function: str
    reason: str
    started: datetime
    ended: datetime | None = None
    outcome: str = RUNNING
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """What a trigger hands to a function: inputs by parameter name, trigger metadata, and why it fired."""

    inputs: Mapping[str, TypedValue]
    metadata: Mapping[str, TypedValue]
    reason: str
    traceparent: str = ""


class Invoker:
    """Runs functions on their workers and keeps the record."""

    def __init__(
        self,
        slot_of: Callable[[Function], WorkerSlot],
        outputs: Outputs,
        timeout: timedelta | None,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._slot_of = slot_of
        self._outputs = outputs
        self._timeout = timeout
        self._now = now
        self._sleep = sleep
        self.invocations: list[Invocation] = []

    @property
    def running(self) -> list[Invocation]:
        """The invocations that have not ended."""
        return [invocation for invocation in self.invocations if invocation.outcome == RUNNING]

    async def invoke(self, function: Function, call: Call) -> TypedValue | None:
        """Run a function, by its retry policy when it has one, and give its `$return` value.

        Raises InvocationFailed when it failed, took too long, or its outputs could not be stored; WorkerLost or
        AppBroken when there was no worker to answer.
        """
        retry = function.retry if function.kind != "httpTrigger" else None
        for attempt in range((retry.count if retry else 0) + 1):
            try:
                return await self._once(function, call, attempt, retry)
            except InvocationFailed:
                if retry is None or attempt == retry.count:
                    raise
                await self._sleep(_retry_delay(retry, attempt))
        raise InvocationFailed(f"the retry policy of {function.name} allows no attempt")

    async def _once(self, function: Function, call: Call, attempt: int, retry: Retry | None) -> TypedValue | None:
        record = Invocation(str(uuid4()), function.name, call.reason, self._now())
        self.invocations.append(record)
        logger.info("Executing 'Functions.%s' (Reason='%s', Id=%s)", function.name, call.reason, record.id)
        message = {
            "id": record.id,
            "function": function.id,
            "inputs": list(call.inputs.items()),
            "metadata": {**call.metadata, "sys": _system_metadata(function, record)},
            "traceparent": call.traceparent or f"00-{os.urandom(16).hex()}-{os.urandom(8).hex()}-01",
            "retry_count": attempt,
            "max_retry_count": retry.count if retry else 0,
        }
        try:
            value = await self._answer(function, message, call)
        except HostError as error:
            self._end(record, FAILED, str(error))
            raise
        except BaseException:
            self._end(record, FAILED, "the host stopped")
            raise
        self._end(record, SUCCEEDED, None)
        return value

    async def _answer(self, function: Function, message: Mapping[str, object], call: Call) -> TypedValue | None:
        slot = self._slot_of(function)
        try:
            async with asyncio.timeout(self._timeout.total_seconds() if self._timeout else None):
                answer = await slot.invoke(message)
        except TimeoutError:
            # As in Azure: nothing can stop Python code, so its process goes, with all that runs in it.
            slot.kill()
            raise InvocationFailed(f"the function did not end within {self._timeout}") from None
        if not answer["ok"]:
            if answer["trace"]:
                logger.error("%s", answer["trace"].rstrip())
            raise InvocationFailed(answer["error"])
        returned = answer.get("return")
        value = (returned[0], returned[1]) if returned else None
        given = {name: (item[0], item[1]) for name, item in answer["outputs"] if item}
        if value is not None:
            given["$return"] = value
        await self._outputs.store(function, given, call.metadata)
        return value

    def _end(self, record: Invocation, outcome: str, error: str | None) -> None:
        record.ended, record.outcome, record.error = self._now(), outcome, error
        milliseconds = (record.ended - record.started).total_seconds() * 1000
        log = logger.info if outcome == SUCCEEDED else logger.error
        log(
            "Executed 'Functions.%s' (%s, Id=%s, Duration=%.0fms)%s",
            *(record.function, outcome, record.id, milliseconds),
            f": {error}" if error else "",
        )


def _retry_delay(retry: Retry, attempt: int) -> float:
    if retry.fixed:
        return retry.minimum
    spread = random.uniform(0.8, 1.2)  # noqa: S311 - spreads retries, guards nothing
    return float(min(retry.maximum, max(retry.minimum, 2**attempt * retry.minimum * spread)))


def _system_metadata(function: Function, record: Invocation) -> TypedValue:
    moment = record.started.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return "json", f'{{"MethodName":"{function.name}","UtcNow":"{moment}","RandGuid":"{uuid4()}"}}'
