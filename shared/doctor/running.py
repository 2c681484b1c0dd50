"""Runs checks side by side, each with a time limit; one that fails ends no other but those that depend on it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from shared.doctor.asked import Asked
from shared.doctor.explain import explain
from shared.doctor.finding import Finding, Line, Status, failed, skipped
from shared.errors import PrintFunctionsError

AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Check:
    """What to try. `needs` are the keys of checks that must have ended well; `asked` is as whom it is tried."""

    id: str
    run: Callable[[], Awaitable[Finding]]
    subject: str = ""
    needs: tuple[str, ...] = ()
    asked: Asked = field(default_factory=Asked)

    @property
    def key(self) -> str:
        """What other checks name it by."""
        return key(self.id, self.subject)


def key(check: str, subject: str = "") -> str:
    """The name of a check among `needs`."""
    return f"{check} {subject}" if subject else check


async def examine(checks: Sequence[Check], seconds: float) -> list[Line]:
    """A line for each check, in their order. Each may take `seconds` from when what it needs is known."""
    gate = asyncio.Semaphore(AT_ONCE)
    running: dict[str, asyncio.Task[Finding]] = {}

    async def one(check: Check) -> Finding:
        for need in check.needs:
            found = await running[need]
            if found.status in (Status.FAILED, Status.SKIPPED):
                return skipped(f"not tried, because {need} {'failed' if found.status is Status.FAILED else 'was not'}")
        async with gate:
            return await guarded(check.run, check.asked, seconds)

    async with asyncio.TaskGroup() as group:
        # None starts before this block is left for the first time, so that each finds what it needs.
        for check in checks:
            running[check.key] = group.create_task(one(check))
    return [Line(check.id, check.subject, running[check.key].result()) for check in checks]


async def guarded(run: Callable[[], Awaitable[Finding]], asked: Asked, seconds: float) -> Finding:
    """What the check finds, or what its error means."""
    from azure.core.exceptions import AzureError

    try:
        async with asyncio.timeout(seconds):
            return await run()
    except TimeoutError:
        words = f"could not be told: no answer within {seconds:g} s (DOCTOR_CHECK_SECONDS)"
        return Finding(Status.FAILED, words, "look at the network between here and the service", told=False)
    except (PrintFunctionsError, AzureError) as error:
        return from_error(error, asked)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other checks have to go on
        words = f"could not be told: {type(error).__name__}: {error}"
        return Finding(Status.FAILED, words, "send these words to whoever maintains this app", told=False)


def from_error(error: Exception, asked: Asked) -> Finding:
    """The finding that an error makes."""
    found = explain(error, asked)
    if found is None:
        return failed(" ".join(str(error).split()).rstrip("."))
    return failed(found.what, portal=found.portal, command=found.command, cause=found.cause)
