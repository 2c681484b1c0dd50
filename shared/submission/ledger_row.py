"""The row that the print ledger keeps of a dropped document. Pure."""

from __future__ import annotations

from typing import Any

from shared.ledger import LedgerRow
from shared.submission.record import Record

DROP = "drop"


def ledger_row(record: Record) -> LedgerRow:
    """The row of a record with an outcome; the same however often it is asked for.

    The print account is the person who printed it, on behalf of the document's owner. Pages are not counted: the
    document is never read as a whole, and Graph tells no page count of a job.
    """
    outcome, job, document = record.outcome, record.job, record.document
    if outcome is None:
        raise ValueError("a row of the ledger needs an outcome")
    configuration = job.configuration if job else {}
    return LedgerRow(
        id=record.key,
        source=DROP,
        ended=record.ended or record.accepted,
        outcome=outcome.result.value,
        code=outcome.code,
        reason=outcome.reason,
        person=job.account if job else None,
        on_behalf_of=job.owner if job else None,
        document=document.name,
        content_type=job.content_type if job else document.content_type,
        bytes=document.size,
        copies=_copies(configuration.get("copies")),
        color_mode=configuration.get("colorMode"),
        duplex_mode=configuration.get("duplexMode"),
        share=document.share_name or None,
        printer_id=job.printer_id if job else None,
        printer_name=job.printer_name if job else None,
        job_id=job.id if job else None,
        begun=record.accepted,
        started=job.started if job else None,
        states=tuple(
            {"state": sighting.state, "details": " ".join(sighting.details), "at": sighting.at}
            for sighting in record.sightings
        ),
    )


def _copies(value: Any) -> int | None:
    return value if isinstance(value, int) else None
