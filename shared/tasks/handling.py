"""Handles one print task: facts, policy, and what the policy says. It never prints unasked and never strands a job."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from shared.catalog import Catalog, CatalogUnreadable
from shared.claimed import Claim, Claimed
from shared.errors import (
    GraphError,
    GraphThrottled,
    GraphUnavailable,
    NoReply,
    NotNow,
    PrintFunctionsError,
    Superseded,
)
from shared.held.steps import report_done
from shared.submission.claims import CLAIM_MARGIN_SECONDS, backoff
from shared.tasks.acting import act
from shared.tasks.changing import NotChanged, change
from shared.tasks.facts import NothingToDo, TaskFacts, gather_facts, policy_facts
from shared.tasks.messages import TaskEvent, task_message
from shared.tasks.policy import Plan, decide, groups_named
from shared.tasks.record import TaskAlert, TaskRecord, TaskState
from shared.tasks.rules import Hold, PoliciesUnreadable, parse_rules
from shared.tasks.services import TaskServices
from shared.times import moment, timestamp

logger = logging.getLogger(__name__)

TaskHolding = Claimed[TaskRecord]


async def handle(event: TaskEvent, by: str, services: TaskServices) -> None:
    """Take one task as far as it goes. `by` names this run. The same task again is a look at its record, and no more.

    Errors that are not ours go to the host, which delivers the message again.
    """
    try:
        holding = await _claim(event, by, services)
        if holding is not None:
            async with holding.renewing(services.sleep):
                await _tried(holding, event, services)
    except Superseded as error:
        logger.info("task %s: %s", event.task_id, error)


async def _claim(event: TaskEvent, by: str, services: TaskServices) -> TaskHolding | None:
    """The claimed record; None where there is nothing to do, or somebody is at it."""
    now = services.now()
    loaded = await services.tasks.load(event.task_id)
    if loaded is None:
        claim = Claim(by, timestamp(now + timedelta(seconds=services.bounds.claim_seconds)))
        record = TaskRecord(
            event.task_id.lower(), event.definition_id, timestamp(now), timestamp(now), claim=claim, attempts=1
        ).with_event(timestamp(now), f"seen by {event.source}")
        etag = await services.tasks.create(record)
        return TaskHolding(services.tasks, record, etag, services.now, services.bounds)
    record, etag = loaded
    if record.state is TaskState.DONE:
        return None
    left = (moment(record.claim.until) - now).total_seconds() if record.claim else 0.0
    if left > 0:
        await services.events.send(task_message(event), left + CLAIM_MARGIN_SECONDS)
        return None
    holding = TaskHolding(services.tasks, record, etag, services.now, services.bounds)
    await holding.claim(by)
    return holding


async def _tried(holding: TaskHolding, event: TaskEvent, services: TaskServices) -> None:
    try:
        await _go_on(holding, services)
    except Superseded:
        raise
    except PrintFunctionsError as error:
        await _put_off(holding, event, error, services)
    except Exception as error:
        await holding.release(f"stopped by {type(error).__name__}")
        raise


async def _go_on(holding: TaskHolding, services: TaskServices) -> None:
    catalog, trouble = await _catalog(holding.record, services)
    facts = await gather_facts(holding.record, catalog, services)
    if isinstance(facts, NothingToDo):
        await _nothing(holding, facts, services)
        return
    if holding.record.printer_id is None:
        await holding.save(printer_id=facts.printer_id, job_id=facts.job.id)
    if holding.record.state is TaskState.NEW:
        await _guarded(holding, facts, services, lambda: _decide(holding, facts, catalog, trouble, services))
    if holding.record.state is TaskState.DECIDED:
        await _guarded(holding, facts, services, lambda: _change(holding, facts, services))
    if holding.record.state is TaskState.ACTING:
        await act(holding, facts, catalog, services)


async def _catalog(record: TaskRecord, services: TaskServices) -> tuple[Catalog | None, TaskAlert | None]:
    try:
        return await services.load_catalog(), None
    except CatalogUnreadable as error:
        # It also tells whose a dropped document is, so a catalog that is being mended is worth some waiting.
        if record.attempts < services.bounds.task_attempts:
            raise
        return None, TaskAlert("catalogUnreadable", f"jobs are held, because {error}")


async def _nothing(holding: TaskHolding, facts: NothingToDo, services: TaskServices) -> None:
    """A task that does not wait any more was acted on by us, or ended elsewhere: its held entry looks after itself."""
    acted = holding.record.state is TaskState.ACTING and holding.record.plan is not None
    outcome = "acted" if acted else "gone"
    if facts.job_ended:
        await report_done(holding.record.definition_id, holding.record.key, services)
    await holding.release(facts.reason, state=TaskState.DONE, outcome=outcome, due=timestamp(services.now()))


async def _decide(
    holding: TaskHolding,
    facts: TaskFacts,
    catalog: Catalog | None,
    trouble: TaskAlert | None,
    services: TaskServices,
) -> None:
    alert = trouble or facts.alert
    plan = Plan()
    if catalog is not None:
        try:
            rules = parse_rules(catalog)
        except PoliciesUnreadable as error:
            alert = TaskAlert("policiesUnreadable", f"jobs are held, because the policies cannot be used: {error}")
        else:
            named = groups_named(rules)
            groups = await services.graph.member_of(facts.person.id, sorted(named)) if named else frozenset[str]()
            plan = decide(rules, policy_facts(facts, services, groups))
    by = f" by {', '.join(plan.rules)}" if plan.rules else ""
    await holding.save(
        f"decided{by}: {type(plan.final).__name__.lower()}", state=TaskState.DECIDED, plan=plan, alert=alert
    )


async def _change(holding: TaskHolding, facts: TaskFacts, services: TaskServices) -> None:
    plan = holding.record.plan or Plan()
    try:
        await change(holding.record, plan, facts, services)
    except NotChanged as error:
        alert = TaskAlert(error.code, f"job {facts.job.id} of {facts.person.name} is held: {error}")
        plan = replace(plan, final=Hold())
        await holding.save(f"held: {error}", state=TaskState.ACTING, plan=plan, alert=alert)
        return
    await holding.save(state=TaskState.ACTING)


async def _guarded(
    holding: TaskHolding, facts: TaskFacts, services: TaskServices, step: Callable[[], Awaitable[None]]
) -> None:
    """Run a step; where it cannot be done, or not for too long, the job is held and an operator told."""
    try:
        await step()
    except Superseded:
        raise
    except PrintFunctionsError as error:
        passing = isinstance(error, (NotNow, GraphThrottled, GraphUnavailable, NoReply))
        if passing and holding.record.attempts < services.bounds.task_attempts:
            raise
        text = f"job {facts.job.id} of {facts.person.name} is held: its policy cannot be carried out ({error})"
        plan = replace(holding.record.plan or Plan(), final=Hold())
        alert = TaskAlert("policyFailed", text)
        await holding.save(f"held: {error}", state=TaskState.ACTING, plan=plan, alert=alert)


async def _put_off(holding: TaskHolding, event: TaskEvent, error: PrintFunctionsError, services: TaskServices) -> None:
    """Queue the task again, then write it down: a death between the two leaves a message too many, not one too few."""
    record, bounds = holding.record, services.bounds
    delay = backoff(record.attempts, bounds, services.random())
    if isinstance(error, NotNow):
        delay = max(delay, error.delay)
    elif isinstance(error, (GraphThrottled, GraphUnavailable)):
        delay = max(delay, error.retry_after or 0.0)
    alert = record.alert
    lasting = isinstance(error, GraphError) and not isinstance(error, (GraphThrottled, GraphUnavailable))
    if lasting or record.attempts >= bounds.task_attempts:
        alert = TaskAlert("taskStuck", f"print task {record.key} cannot be handled: {error}")
    await services.events.send(task_message(event), delay)
    due = timestamp(services.now() + timedelta(seconds=delay))
    await holding.release(f"waits {delay:.0f} s: {error}", due=due, alert=alert)
