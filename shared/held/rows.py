"""The ledger's row for a held job that ended. Pure."""

from __future__ import annotations

from datetime import datetime

from shared.held.entry import HeldEntry
from shared.ledger import LedgerRow
from shared.times import timestamp


def ledger_row(entry: HeldEntry, outcome: str, code: str, reason: str, now: datetime) -> LedgerRow:
    """How the held job ended; the row of one task has one id however often its end is written."""
    release, ending = entry.release, entry.ending
    by = release.by if release else ending.by if ending and ending.by else None
    person = by or entry.user_principal_name
    configuration = release.configuration if release else entry.configuration
    another = person.lower() != entry.user_principal_name.lower()
    return LedgerRow(
        id=entry.task_id,
        source="tap",
        ended=timestamp(now),
        outcome=outcome,
        code=code,
        reason=reason,
        person=person,
        person_id=None if another else entry.user_id,
        on_behalf_of=entry.user_principal_name if another else None,
        document=entry.document_name,
        content_type=entry.content_type,
        bytes=entry.size,
        pages=entry.pages,
        copies=configuration.get("copies") or 1,
        color_mode=configuration.get("colorMode"),
        duplex_mode=configuration.get("duplexMode"),
        printer_id=release.printer_id if release else entry.printer_id,
        printer_name=release.printer_name if release else None,
        kiosk=release.kiosk_id if release else ending.kiosk_id if ending else None,
        job_id=(release.destination_job_id if release else None) or entry.job_id,
        begun=entry.created,
        started=release.at if release else None,
        states=[{"at": seen.at, "state": seen.state} for seen in entry.sightings],
    )
