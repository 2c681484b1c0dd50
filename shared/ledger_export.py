"""Exports the print ledger: one row for each document, in the partition of the day on which it ended."""

from __future__ import annotations

import json
import logging
from datetime import date

from shared.ledger import LedgerRow, rows_between
from shared.usage.partitions import write_partition
from shared.usage.services import UsageServices
from shared.usage.tables import Column, PartitionResult, Table, day_key
from shared.usage_report.documents import seconds_to_paper

logger = logging.getLogger(__name__)

# Names of people and what they printed are left out, or replaced, where a tenant wants no names.
LEDGER = Table(
    "print-ledger",
    (
        Column("endedDate", "date"),
        Column("id", "text"),
        Column("source", "text"),
        Column("outcome", "text"),
        Column("code", "text"),
        Column("reason", "text", privacy="omitted"),
        Column("person", "text", privacy="pseudonym"),
        Column("onBehalfOf", "text", privacy="pseudonym"),
        Column("document", "text", privacy="omitted"),
        Column("contentType", "text"),
        Column("bytes", "integer"),
        Column("pages", "integer"),
        Column("copies", "integer"),
        Column("colorMode", "text"),
        Column("duplexMode", "text"),
        Column("share", "text"),
        Column("printerId", "text"),
        Column("printerName", "text"),
        Column("kiosk", "text"),
        Column("jobId", "text"),
        Column("accepted", "datetime"),
        Column("started", "datetime"),
        Column("ended", "datetime"),
        Column("secondsToPaper", "number"),
        Column("states", "text"),
    ),
    "day",
    sort_by=("ended", "id"),
)


async def export_ledger(services: UsageServices, first: date, last: date) -> list[PartitionResult]:
    """Write the partitions of the days from `first` to `last` that have rows. The same rows give the same bytes."""
    results = []
    async for day, rows, unreadable in rows_between(services.ledger, first, last):
        if unreadable:
            logger.warning("%d lines of the ledger of %s cannot be read", unreadable, day)
        cells = (ledger_cells(row, day) for row in rows)
        results.append(await write_partition(LEDGER, day_key(day), cells, services=services))
    return results


def ledger_cells(row: LedgerRow, day: date) -> tuple[object, ...]:
    """The values of LEDGER's columns. Columns with one name of their own are as LedgerRow describes them."""
    return (
        day,
        row.id,
        row.source,
        row.outcome,
        row.code,
        row.reason,
        row.person,
        row.on_behalf_of,
        row.document,
        row.content_type,
        row.bytes,
        row.pages,
        row.copies,
        row.color_mode,
        row.duplex_mode,
        row.share,
        row.printer_id,
        row.printer_name,
        row.kiosk,
        row.job_id,
        row.begun,
        row.started,
        row.ended,
        seconds_to_paper(row),
        json.dumps([dict(state) for state in row.states], ensure_ascii=False, separators=(",", ":")),
    )
