"""Looks for what is wrong and costs too much to find each minute: documents that wait, printers that have stopped."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from shared.alert_causes import set_causes
from shared.at_once import each_at_once
from shared.catalog import Catalog, CatalogUnreadable, Printer
from shared.errors import GraphNotFound, PrintFunctionsError
from shared.graph.task_client import PrinterStatus
from shared.names import open_marker_path
from shared.services import Services
from shared.steps import run_each
from shared.submission.record import Record, State
from shared.telemetry.names import shown

logger = logging.getLogger(__name__)

STUCK_ALERT = "document-stuck"
PRINTER_ALERT = "printer-stopped:"
# Graph: printerProcessingState.
STOPPED = "stopped"
PRINTERS_AT_ONCE = 8
RECORDS_AT_ONCE = 16

GetPrinter = Callable[[str], Awaitable[PrinterStatus]]


async def watch(ready: Services) -> None:
    """One run: raise and end the causes of these alerts. What cannot be looked at is logged, and left as it was."""
    await run_each(
        lambda: _watched("documents", _watch_documents(ready)), lambda: _watched("printers", _watch_printers(ready))
    )


async def _watched(what: str, work: Awaitable[None]) -> None:
    try:
        await work
    except PrintFunctionsError:
        logger.exception("the %s could not be watched", what)


async def _watch_documents(ready: Services) -> None:
    services = ready.submissions
    now, bounds = services.now(), services.bounds
    prefix = open_marker_path("")
    limit = timedelta(seconds=bounds.stuck_seconds)
    old = sorted(
        [
            (found.modified, found.path.removeprefix(prefix))
            async for found in services.state.list_summaries(prefix)
            if now - found.modified > limit
        ]
    )
    records: list[Record] = []
    unread = len(old) > bounds.stuck_records_read

    async def read(key: str) -> None:
        nonlocal unread
        try:
            loaded = await services.records.load(key)
        except PrintFunctionsError:
            # The sweep tells of a record that cannot be read.
            unread = True
        else:
            records.extend([loaded[0]] if loaded is not None else [])

    await each_at_once((key for _, key in old[: bounds.stuck_records_read]), read, RECORDS_AT_ONCE)
    text = stuck_text(records, len(old) > bounds.stuck_records_read, limit)
    # One that was not read may be the one that waits.
    unknown = {STUCK_ALERT} if unread else set[str]()
    await set_causes(services.state, STUCK_ALERT, {STUCK_ALERT: text} if text else {}, unknown=unknown)


def stuck_text(records: Sequence[Record], more: bool, limit: timedelta) -> str | None:
    """The sentence about documents that wait for too long; None where none does. Pure.

    A document that is held for the person who collects it may wait; what becomes of it is the held job's affair.
    """
    stuck = [record for record in records if not _is_held(record) and record.state is not State.CLOSED]
    if not stuck:
        return None
    oldest = min(stuck, key=lambda record: record.accepted)
    why = f" ({oldest.waiting['reason']})" if oldest.waiting and oldest.waiting.get("reason") else ""
    count = f"{'more than ' if more else ''}{len(stuck)} dropped documents wait"
    if len(stuck) == 1 and not more:
        count = "a dropped document waits"
    hours = limit.total_seconds() / 3600
    name = shown(oldest.document.name)
    return f"{count} for more than {hours:g} hours; the oldest is {name}{why}: `printops submissions list`"


def _is_held(record: Record) -> bool:
    return record.state is State.STARTED and record.job is not None and record.job.owner is not None


async def _watch_printers(ready: Services) -> None:
    from shared.tasks.services import task_services

    try:
        catalog = await ready.submissions.load_catalog()
    except CatalogUnreadable:
        return
    settings = ready.settings
    proof = settings.graph_federated_client_id, settings.graph_client_certificate_path, settings.graph_client_secret
    if not any(proof):
        # Without a proof of its own the app may ask for no printer, and needs none for dropped documents.
        return
    tasks = await task_services()
    standing, unknown = await stopped_printers(
        catalog, tasks.graph.get_printer, ready.submissions.bounds.printers_watched
    )
    await set_causes(ready.submissions.state, PRINTER_ALERT, standing, unknown=unknown)


async def stopped_printers(catalog: Catalog, get_printer: GetPrinter, most: int) -> tuple[dict[str, str], set[str]]:
    """The alerts of the catalog's devices, by name, and the names of those that could not be asked for."""
    devices = [printer for printer in catalog.printers if not printer.virtual]
    if len(devices) > most:
        logger.warning("%d of %d printers are not watched: see PRINTERS_WATCHED", len(devices) - most, len(devices))
    standing: dict[str, str] = {}
    unknown = {PRINTER_ALERT + printer.id for printer in devices[most:]}

    async def look(printer: Printer) -> None:
        name = PRINTER_ALERT + printer.id
        try:
            found = await get_printer(printer.id)
        except GraphNotFound:
            known_as = printer.display_name
            standing[name] = f"Universal Print knows the printer {known_as} no more: publish the catalog again"
        except PrintFunctionsError as error:
            logger.warning("the printer %s could not be asked for: %s", printer.display_name, error)
            unknown.add(name)
        else:
            if found.state == STOPPED:
                standing[name] = f"the printer {found.display_name} has stopped: look at the device"

    await each_at_once(devices[:most], look, PRINTERS_AT_ONCE)
    return standing, unknown
