"""Whether the catalog is published and readable, and whether what it names is still there."""

from __future__ import annotations

import shlex
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.catalog import Catalog, CatalogUnreadable, Printer
from shared.costs.cost_centers import parse_cost_centers
from shared.costs.licence_pool import parse_licence_pool
from shared.costs.price_list import parse_price_list
from shared.doctor.account_checks import STOPPED, explained
from shared.doctor.finding import Finding, failed, skipped, warning, works
from shared.doctor.graph_errors import not_accepting, wrong_app
from shared.errors import GraphError
from shared.graph.task_client import PrinterStatus, Task
from shared.kiosk.delegates import read_delegates
from shared.tasks.rules import parse_rules

APPLY = "python -m printops apply"
type Object = Mapping[str, Any]
type Triggers = Sequence[Object]
type ReadTriggers = Callable[[bool], Awaitable[Triggers]]


@dataclass(frozen=True, slots=True)
class VirtualPrinter:
    """A printer whose jobs this app, `client_id`, is to be handed by tasks of this definition."""

    printer: Printer
    definition_id: str
    client_id: str


async def check_catalog(load: Callable[[], Awaitable[Catalog]]) -> Finding:
    """Whether it is there, and every part of it can be read."""
    try:
        catalog = await load()
    except CatalogUnreadable as error:
        return failed(str(error), command=APPLY, cause="catalogUnreadable")
    problems = section_problems(catalog)
    if problems:
        return failed("; ".join(problems), portal="fleet.toml", command=APPLY, cause="catalogUnreadable")
    names = f"{len(catalog.shares)} shares, {len(catalog.printers)} printers"
    return works(f"catalog.json names {names}" + (f", published {catalog.published}" if catalog.published else ""))


def section_problems(catalog: Catalog) -> list[str]:
    """A sentence for each part that its reader refuses. Pure."""
    document = catalog.document
    readers: tuple[Callable[[], object], ...] = (
        lambda: parse_rules(catalog),
        lambda: read_delegates(document),
        lambda: parse_cost_centers(document),
        lambda: parse_price_list(document),
        lambda: parse_licence_pool(document),
    )
    problems = []
    for read in readers:
        try:
            read()
        except CatalogUnreadable as error:
            problems.append(str(error))
    return problems


async def check_printer(printer: Printer, read: Callable[[str], Awaitable[PrinterStatus]]) -> Finding:
    """Whether Universal Print knows it, and it takes jobs."""
    found = await read(printer.id)
    if not found.accepting:
        return explained(not_accepting(found.display_name))
    if found.state == STOPPED:
        told = not_accepting(found.display_name)
        return warning(
            f"the printer {found.display_name} has stopped",
            portal=told.portal,
            command=told.command,
            cause="printerStopped",
        )
    return works(f"there, and takes jobs ({found.state})")


async def check_definition(definition_id: str | None, read: Callable[[], Awaitable[Sequence[Object]]]) -> Finding:
    """Whether this app has made the task definition of the catalog: it sees no other."""
    if definition_id is None:
        return skipped("the catalog names no task definition: no job is held")
    for definition in await read():
        if str(definition.get("id", "")).lower() == definition_id.lower():
            return works(f"the task definition {definition.get('displayName')} is of this app")
    return failed(
        f"this app has made no task definition {definition_id}; another app registration has, or nobody",
        portal="set GRAPH_CLIENT_ID to the app that made it",
        command=APPLY,
        cause="definitionGone",
    )


async def check_trigger(
    virtual: VirtualPrinter, triggers: ReadTriggers | None, tasks: Callable[[], Awaitable[Sequence[Task]]]
) -> Finding:
    """Whether a virtual printer hands each job to this app.

    `triggers` reads as an administrator (None: nobody is signed in), with what each starts where it is told to. Where
    Graph does not say that, a task that came from the printer proves it.
    """
    name, client_id = virtual.printer.display_name, virtual.client_id
    found = await _read(triggers) if triggers is not None else None
    if found is not None and not found:
        return failed(
            f"{name} has no trigger, so a job sent to it is never held, and never printed",
            portal="there is none in the portal: triggers are set by Graph alone",
            command=f"python -m printops trigger create {shlex.quote(name)}",
            cause="triggerMissing",
        )
    definition = (found[0].get("definition") or {}) if found else {}
    if definition:
        return _of_definition(definition, virtual)
    came = any((task.printer_id or "").lower() == virtual.printer.id.lower() for task in await tasks())
    if came:
        return works("starts tasks of this app: one has come")
    if found is None:
        return skipped("a trigger is shown to a Printer Administrator only: use --administrator NAME")
    return warning(
        f"{name} has a trigger, and Graph does not say of which app; no task of this app has come from there yet",
        portal="print something to it, and look at the kiosk",
        command=wrong_app(name, client_id).command,
        cause="triggerUnknown",
    )


async def _read(triggers: ReadTriggers) -> Triggers:
    try:
        return await triggers(True)
    except GraphError as error:
        # Whether $expand is taken here is documented nowhere.
        if error.status != 400:
            raise
        return await triggers(False)


def _of_definition(definition: Object, virtual: VirtualPrinter) -> Finding:
    name, client_id = virtual.printer.display_name, virtual.client_id
    app = (definition.get("createdBy") or {}).get("appId")
    if app and str(app).lower() != client_id.lower():
        found = wrong_app(name, client_id)
        return failed(f"{found.what}; the trigger's is {app}", command=found.command, cause=found.cause)
    if str(definition.get("id", "")).lower() != virtual.definition_id.lower():
        return failed(
            f"the trigger of {name} starts another task definition than the catalog names",
            command=wrong_app(name, client_id).command,
            cause="triggerOfOtherDefinition",
        )
    return works(f"starts {definition.get('displayName')} for each job")
