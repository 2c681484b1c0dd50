"""Does what the plan says in the end. A held entry is written first: from then on nothing that fails loses the job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from shared.catalog import Catalog
from shared.claimed import Claimed
from shared.errors import GraphError, GraphThrottled, GraphUnavailable, PrintFunctionsError, StorageConflict
from shared.held.ending import ABORT_REFUSED, ABORTED, Finish, finish_ending, refused_text
from shared.held.entry import HeldEnding, HeldEntry, HeldOutcome, HeldState
from shared.held.releasing import ReleaseCode, release
from shared.held.steps import called, look_later, new_run
from shared.tasks.facts import TaskFacts, held_entry
from shared.tasks.policy import Plan
from shared.tasks.record import TaskAlert, TaskRecord, TaskState
from shared.tasks.rules import Abort, Redirect, Release
from shared.tasks.services import TaskServices
from shared.telemetry.signals import count
from shared.times import timestamp

# Graph: printerProcessingState. A printer that is stopped takes jobs and keeps them.
_READY = frozenset({"idle", "processing"})


async def act(holding: Claimed[TaskRecord], facts: TaskFacts, catalog: Catalog | None, services: TaskServices) -> None:
    """Hold, release, redirect or abort the job, and close the task's record. Every part can be repeated."""
    plan = holding.record.plan or Plan()
    match plan.final:
        case Redirect(printer_ids):
            entry = await hold(holding.record, facts, services)
            outcome, alert = await _redirect(entry, printer_ids, services)
        case Abort(reason):
            outcome, alert = await _abort(holding.record, facts, reason, services)
        case Release() if _prints(facts, catalog):
            outcome, alert = await _complete(holding.record, facts, services)
        case Release():
            await hold(holding.record, facts, services)
            text = f"job {facts.job.id} of {facts.person.name} is held: its policy releases it on a virtual printer"
            outcome, alert = "held", TaskAlert("nothingPrints", text)
        case _:
            await hold(holding.record, facts, services)
            outcome, alert = "held", None
    await holding.release(
        outcome,
        state=TaskState.DONE,
        outcome=outcome,
        alert=alert or holding.record.alert,
        due=timestamp(services.now()),
    )


async def hold(record: TaskRecord, facts: TaskFacts, services: TaskServices, **changes: object) -> HeldEntry:
    """Write the held entry of the job, or find the one that was written, and return it."""
    expires = timestamp(services.now() + timedelta(hours=services.hold_hours))
    entry = replace(held_entry(record, facts, expires, services), **changes)  # type: ignore[arg-type]
    if await services.entries.hold(entry):
        count("print.held")
    return entry


async def _complete(record: TaskRecord, facts: TaskFacts, services: TaskServices) -> tuple[str, TaskAlert | None]:
    """Let the job print where it is (Graph: printtaskdefinition-update-task, which can be repeated)."""
    try:
        await services.graph.complete_task(record.definition_id, record.key)
    except (GraphThrottled, GraphUnavailable):
        raise
    except GraphError as error:
        await hold(record, facts, services)
        text = f"job {facts.job.id} of {facts.person.name} is held: Graph does not release it ({error.code})"
        return "held", TaskAlert("releaseRefused", text)
    return "released", None


def _prints(facts: TaskFacts, catalog: Catalog | None) -> bool:
    printer = catalog.printer(facts.printer_id) if catalog else None
    return printer is not None and not printer.virtual


async def _redirect(
    entry: HeldEntry, printer_ids: Sequence[str], services: TaskServices
) -> tuple[str, TaskAlert | None]:
    """Send the held job on as a kiosk would; where that fails the job stays held, and its owner collects it."""
    destination = await _first_ready(printer_ids, services)
    if destination is None:
        text = f"{called(entry)} is held: no printer of its policy is ready"
        return "held", TaskAlert("noPrinterReady", text)
    outcome = await release(
        entry.path,
        None,
        to_printer=destination,
        kiosk_id=None,
        by=entry.user_principal_name,
        changes={},
        services=services,
    )
    if outcome.code in (ReleaseCode.RELEASED, ReleaseCode.ALREADY_GONE):
        return "redirected", None
    text = f"{called(entry)} is held: {outcome.reason}"
    return "held", TaskAlert("redirectRefused", text)


async def _first_ready(printer_ids: Sequence[str], services: TaskServices) -> str | None:
    """The first printer that takes jobs and works (Graph: printer status, isAcceptingJobs)."""
    for printer_id in printer_ids:
        try:
            printer = await services.graph.get_printer(printer_id)
        except PrintFunctionsError:
            continue
        if printer.accepting and printer.state in _READY:
            return printer_id
    return None


async def _abort(
    record: TaskRecord, facts: TaskFacts, reason: str, services: TaskServices
) -> tuple[str, TaskAlert | None]:
    """The entry is written as one that ends, so that nobody can collect it meanwhile and its owner is told."""
    now = timestamp(services.now())
    ending = HeldEnding(HeldOutcome(ABORTED, reason, now), now, new_run(services))
    entry = await hold(record, facts, services, state=HeldState.ENDING, ending=ending, due=now)
    loaded = await services.entries.load(entry.path)
    if loaded is None or loaded[0].state is not HeldState.ENDING:
        return "aborted", None
    try:
        finish = await finish_ending(*loaded, services)
    except StorageConflict:
        return "aborted", None
    match finish:
        case Finish.REFUSED:
            return "held", TaskAlert(ABORT_REFUSED, refused_text(entry))
        case Finish.GONE:
            return "gone", None
        case Finish.LATER:
            await look_later(loaded[0], services.bounds.poll_longest_seconds, services)
    return "aborted", None
