"""Does the steps one by one. Safe to interrupt and to repeat; waits where the directory does not yet know its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from shared.directory.plan import Action, Step, plan
from shared.directory.registration import Registration, Resource
from shared.directory.wanted import DirectoryProblem, Wanted
from shared.errors import (
    GraphConflict,
    GraphDenied,
    GraphError,
    GraphNotFound,
    GraphThrottled,
    GraphUnavailable,
    NoReply,
)

# What was just made is not known everywhere in the directory for some seconds (Graph: known to answer 404, and 400 for
# a service principal whose app it cannot see yet).
SETTLING_WAITS = (1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0)
_UNKNOWN = (NoReply, GraphUnavailable)


class Directory(Protocol):
    """What is used of DirectoryClient."""

    async def find(self, *, client_id: str | None = None, name: str = "") -> Registration | None:
        """An app registration by client id or name."""
        ...

    async def read(self, object_id: str) -> Registration:
        """An app registration by object id. Raises GraphNotFound."""
        ...

    async def do(self, step: Step, registration: Registration | None, resource: Resource) -> Mapping[str, Any]:
        """Do a step."""
        ...


class NotAllowed(DirectoryProblem):
    """Whoever is signed in may not do the step; the message says which role it takes."""


@dataclass(slots=True)
class Applying:
    """The run of a plan. `told` hears of each step when it is done, with Graph's answer; `waiting` of each wait.

    `registration` is the app as far as the steps need it: known as soon as it was made.
    """

    directory: Directory
    wanted: Wanted
    resource: Resource
    registration: Registration | None
    now: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]]
    told: Callable[[Step, Mapping[str, Any]], None]
    waiting: Callable[[Step], None]

    async def apply(self, steps: Sequence[Step]) -> None:
        """Do the steps of a plan.

        Raises NotAllowed where a role is missing, and what Graph answered where a step failed otherwise: the plan made
        anew goes on from there.
        """
        for step in steps:
            answer = await self._done(step)
            self._take_over(step, answer)
            self.told(step, answer)

    def _take_over(self, step: Step, answer: Mapping[str, Any]) -> None:
        if step.action is Action.CREATE_APP and answer:
            self.registration = Registration({"createdDateTime": self.now().isoformat(), **answer})
        elif step.action is Action.CREATE_PRINCIPAL and answer and self.registration is not None:
            self.registration = replace(self.registration, principal_id=str(answer["id"]))

    async def _done(self, step: Step) -> Mapping[str, Any]:
        """Do it, again where that is safe and may help; an empty answer where it was found done already."""
        told = False
        for wait in (*SETTLING_WAITS, None):
            try:
                return await self.directory.do(step, self.registration, self.resource)
            except GraphDenied as error:
                raise NotAllowed(_denial(step, error)) from error
            except GraphThrottled as error:
                if wait is None:
                    raise
                wait = min(error.retry_after or wait, SETTLING_WAITS[-1])
            except (NoReply, GraphError) as error:
                if not _may_pass(error):
                    raise
                if step.action is Action.ADD_SECRET and isinstance(error, _UNKNOWN):
                    raise DirectoryProblem(_lost_secret(error)) from error
                if step.action is Action.CREATE_APP:
                    await self._look_for_made(error)
                    return {}
                still = await self._still(step)
                if still is None:
                    return {}
                if wait is None or not (self._is_new() or isinstance(error, _UNKNOWN)):
                    raise
                step = still
            if not told:
                self.waiting(step)
                told = True
            await self.sleep(wait)
        raise AssertionError("the last try returns or raises")

    async def _look_for_made(self, error: NoReply | GraphError) -> None:
        """An app whose creation was not answered: look until it is seen, because a second one would stay for good."""
        for wait in SETTLING_WAITS[:5]:
            found = await self.directory.find(name=self.wanted.name)
            if found is not None:
                self.registration = found
                return
            if not isinstance(error, _UNKNOWN):
                break
            await self.sleep(wait)
        raise error

    async def _still(self, step: Step) -> Step | None:
        """The step as it is now, None where it is no longer needed."""
        if self.registration is None:
            return step
        try:
            fresh = await self.directory.read(self.registration.object_id)
        except GraphNotFound:
            return step
        if self.registration.principal_id is None and fresh.principal_id is not None:
            self.registration = replace(self.registration, principal_id=fresh.principal_id)
        steps = plan(self.wanted, fresh, self.resource, self.now())
        return next((each for each in steps if each.key == step.key), None)

    def _is_new(self) -> bool:
        return self.registration is not None and self.registration.is_new(self.now())


def _may_pass(error: NoReply | GraphError) -> bool:
    if isinstance(error, NoReply):
        return True
    return isinstance(error, (GraphUnavailable, GraphConflict, GraphNotFound)) or error.status == 400


def _denial(step: Step, error: GraphDenied) -> str:
    return (
        f"You may not do this step: {step.sentence}. It takes the directory role {step.needs.role}; the sign-in "
        f"has the permission {step.needs.permission}. Graph says: {error.message} ({error.code}, request-id "
        f"{error.request_id or 'unknown'})"
    )


def _lost_secret(error: Exception) -> str:
    return (
        f"Whether the secret was made is unknown, and it cannot be shown again ({error}). Make another: --new-secret."
    )
