"""A tenant in memory that set-up reads and changes, with the refusals that Graph has, and faults on demand."""

from __future__ import annotations

import itertools
from dataclasses import replace

from shared.errors import GraphConflict, NoReply
from shared.fleet.effects import after
from shared.fleet.model import Fleet
from shared.fleet.steps import Kind, Step
from shared.fleet.tenant import Tenant


class Interrupted(Exception):
    """The process ended here."""


class ModelTenancy:
    """Keeps the tenant. `done` are the kinds of what was done, in order.

    `stop_before` and `stop_after` interrupt at that step; `lose_reply_of` does the step and loses the answer.
    """

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.done: list[Step] = []
        self.stop_before: int | None = None
        self.stop_after: int | None = None
        self.lose_reply_of: int | None = None
        self._ids = itertools.count(1)

    async def read(self, fleet: Fleet) -> Tenant:
        del fleet
        return self.tenant

    async def refreshed(self, fleet: Fleet, tenant: Tenant, step: Step, *, unanswered: bool = False) -> Tenant:
        del fleet, tenant, step, unanswered
        return self.tenant

    async def do(self, step: Step) -> str | None:
        number = len(self.done)
        if number == self.stop_before:
            raise Interrupted
        self._refuse(step)
        made = f"made-{next(self._ids)}" if "create" in step.kind else None
        self.tenant = after(self.tenant, step, made)
        if step.kind is Kind.DELETE_SHARE:
            assert all(share.id != step.share_id for share in self.tenant.shares)
        self.done.append(step)
        if number == self.stop_after:
            raise Interrupted
        if number == self.lose_reply_of:
            raise NoReply(step.kind, "the connection was cut")
        return made

    def _refuse(self, step: Step) -> None:
        """Raises GraphConflict where Graph would answer 409."""
        shares = self.tenant.shares
        taken = step.kind in (Kind.CREATE_SHARE, Kind.SWAP_PRINTER) and self.tenant.share_on(str(step.printer_id))
        name = (step.body or {}).get("displayName")
        same = step.kind in (Kind.CREATE_SHARE, Kind.UPDATE_SHARE) and any(share.name == name for share in shares)
        shared = step.kind is Kind.DELETE_PRINTER and self.tenant.share_on(str(step.printer_id))
        trigger = step.kind is Kind.CREATE_TRIGGER and str(step.printer_id) in self.tenant.triggers
        if taken or same or shared or trigger:
            raise GraphConflict(step.kind, 409, "conflict", "it is there already")
        if "create" in step.kind and step.kind in (Kind.CREATE_SHARE, Kind.CREATE_TRIGGER):
            assert step.printer_id is not None


def with_people(tenant: Tenant, fleet: Fleet) -> Tenant:
    """The tenant with every user and group that the file names."""
    users = {name: f"id of {name}" for name in fleet.user_names}
    return replace(tenant, users=users, groups={name: (f"id of {name}",) for name in fleet.group_names})
