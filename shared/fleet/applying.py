"""Does the steps of a plan one by one. Safe to interrupt and to repeat: each is looked at again before it is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Protocol

from shared.errors import GraphConflict, GraphNotFound, GraphUnavailable, NoReply, PrintFunctionsError
from shared.fleet.effects import after
from shared.fleet.model import Fleet
from shared.fleet.planning import changes, plan
from shared.fleet.steps import SHARE, Kind, Step
from shared.fleet.tenant import Tenant


class Outcome(StrEnum):
    """What became of a step: done now, or found done already."""

    DONE = "done"
    ALREADY = "already"


class TenantChanged(PrintFunctionsError):
    """The tenant is no longer as it was when the plan was shown, in a way that somebody has to look at."""


class Tenancy(Protocol):
    """A tenant and its storage: read, read again in part, and changed by one step."""

    async def read(self, fleet: Fleet) -> Tenant:
        """All that the file speaks of."""
        ...

    async def refreshed(self, fleet: Fleet, tenant: Tenant, step: Step, *, unanswered: bool = False) -> Tenant:
        """`tenant` with what the step looks at read anew; `unanswered` says that nobody knows whether it was done."""
        ...

    async def do(self, step: Step) -> str | None:
        """Do it; the id of what it made. Raises PrintFunctionsError."""
        ...


async def apply(
    fleet: Fleet,
    tenancy: Tenancy,
    tenant: Tenant,
    steps: Sequence[Step],
    *,
    confirmed: bool,
    told: Callable[[Step, Outcome], None],
) -> None:
    """Do the steps of the plan that was made of `tenant`; `told` hears of each when it is done.

    `confirmed` says that somebody agreed to what people notice. Raises TenantChanged where a step became noticeable
    that was not, shares need more than was shown, or somebody else published another catalog; and what Graph or storage
    answered where a step failed: the plan made anew goes on from there.
    """
    published = tenant.catalog
    for shown in steps:
        tenant = await tenancy.refreshed(fleet, tenant, shown)
        step = _still(fleet, tenant, shown)
        if step is None:
            told(shown, Outcome.ALREADY)
            continue
        if step.kind is Kind.PUBLISH and tenant.catalog != published:
            raise TenantChanged(
                "Somebody else published another catalog meanwhile, so this one was not. Look at what differs with "
                "`printops plan`, agree which file holds, and apply again."
            )
        if step.kind is Kind.PUBLISH and (more := _not_shown(fleet, tenant, steps)):
            others = f" and {len(more) - 1} more" if len(more) > 1 else ""
            raise TenantChanged(
                f"The tenant changed meanwhile, so no catalog was published. It needs more than was shown: {more[0]}"
                f"{others}. Apply again."
            )
        if step.noticed and not shown.noticed and not confirmed:
            raise TenantChanged(f"The tenant changed meanwhile, and people would notice: {step.sentence}. Apply again.")
        try:
            made = await tenancy.do(step)
        except (NoReply, GraphUnavailable, GraphConflict, GraphNotFound):
            # It may have been done, by this very call or by somebody else.
            tenant = await tenancy.refreshed(fleet, tenant, step, unanswered=True)
            if _still(fleet, tenant, step) is not None:
                raise
            told(step, Outcome.DONE)
            continue
        tenant = after(tenant, step, made)
        told(step, Outcome.DONE)


def _not_shown(fleet: Fleet, tenant: Tenant, shown: Sequence[Step]) -> list[str]:
    """What shares need now and was not shown. Steps for printers may follow from the catalog that is not yet there."""
    known = {step.key for step in shown}
    return [step.sentence for step in changes(fleet, tenant) if step.needs == SHARE and step.key not in known]


def _still(fleet: Fleet, tenant: Tenant, step: Step) -> Step | None:
    """The step as it is now, None where it is no longer needed."""
    steps = plan(fleet, tenant) if step.kind is Kind.PUBLISH else changes(fleet, tenant)
    return next((each for each in steps if each.key == step.key), None)
