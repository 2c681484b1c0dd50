"""The receipt: what a person finds beside the document when it is done. Pure."""

from __future__ import annotations

import json
from typing import Any

from shared.names import FAILED
from shared.submission.record import Record, Result


def make_receipt(record: Record) -> bytes:
    """The receipt of a record with an outcome, as indented JSON that people read."""
    outcome, job, document = record.outcome, record.job, record.document
    if outcome is None:
        raise ValueError("a receipt needs an outcome")
    receipt: dict[str, Any] = {
        "outcome": outcome.result.value,
        "code": outcome.code,
        "reason": outcome.reason,
        "next": next_step(record),
        "document": {
            "name": document.name,
            "size": document.size,
            "contentType": job.content_type if job else document.content_type,
            "etag": document.etag,
            "movedTo": record.moved_to,
        },
        "submission": record.key,
        "share": document.share_name,
        "printer": {"id": job.printer_id, "name": job.printer_name} if job else None,
        "job": {"id": job.id, "shareId": job.share_id} if job and job.id else None,
        "printAccount": job.account if job else None,
        "owner": job.owner if job else None,
        "settings": dict(job.configuration) if job else {},
        "settingsFrom": dict(job.origins) if job else {},
        "accepted": record.accepted,
        "started": job.started if job else None,
        "states": [
            {"at": sighting.at, "state": sighting.state, "details": list(sighting.details)}
            for sighting in record.sightings
        ],
        "story": [f"{at} {text}" for at, text in record.history],
    }
    # Half a surrogate pair, as an answer of the service may hold, has no UTF-8.
    return json.dumps(receipt, indent=2, ensure_ascii=False).encode(errors="backslashreplace")


def next_step(record: Record) -> str | None:
    """What a person can do next with a failed document, or None."""
    if record.outcome is None or record.outcome.result is not Result.FAILED or record.moved_to is None:
        return None
    return f"The file is kept in {FAILED}/{record.moved_to}. `printops submissions retry {record.key}` sends it again."
