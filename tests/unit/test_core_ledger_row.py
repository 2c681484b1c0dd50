"""What the ledger keeps of a dropped document."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.ledger import decode_row, encode_row
from shared.submission.ledger_row import ledger_row
from shared.submission.record import (
    Document,
    Job,
    JobSighting,
    Outcome,
    Record,
    Result,
    decode_record,
    encode_record,
)

ACCEPTED, STARTED, ENDED = (f"2026-11-20T08:00:{second:02}.000Z" for second in (0, 5, 30))
JOB = Job(
    account="print1@contoso.example",
    share_id="share",
    printer_id="printer",
    printer_name="Lobby laser",
    content_type="application/pdf",
    configuration={"copies": 2, "colorMode": "grayscale", "duplexMode": "flipOnLongEdge"},
    origins={},
    owner="ann@contoso.example",
    id="17",
    started=STARTED,
)
RECORD = Record(
    "key",
    Document("print-inbox", "office/2026/invoice.pdf", "0x1", 1234, ACCEPTED, "application/octet-stream"),
    ACCEPTED,
    job=JOB,
    sightings=(
        JobSighting("processing", ("downloading", "interpreting"), "", STARTED),
        JobSighting("completed", (), "", ENDED),
    ),
    outcome=Outcome(Result.COMPLETED, "completed", "The printer finished the job."),
    ended=ENDED,
)


def test_a_printed_document_is_told_with_who_where_how_and_when() -> None:
    row = ledger_row(RECORD)

    assert encode_row(row) == {
        "id": "key",
        "source": "drop",
        "ended": ENDED,
        "outcome": "completed",
        "code": "completed",
        "reason": "The printer finished the job.",
        "person": "print1@contoso.example",
        "personId": None,
        "onBehalfOf": "ann@contoso.example",
        "document": "office/2026/invoice.pdf",
        "contentType": "application/pdf",
        "bytes": 1234,
        "pages": None,
        "copies": 2,
        "colorMode": "grayscale",
        "duplexMode": "flipOnLongEdge",
        "share": "office",
        "printerId": "printer",
        "printerName": "Lobby laser",
        "kiosk": None,
        "jobId": "17",
        "begun": ACCEPTED,
        "started": STARTED,
        "states": [
            {"state": "processing", "details": "downloading interpreting", "at": STARTED},
            {"state": "completed", "details": "", "at": ENDED},
        ],
    }
    assert decode_row(encode_row(row)) == row


def test_a_document_that_never_became_a_job_is_told_with_its_reason() -> None:
    outcome = Outcome(Result.FAILED, "shareUnknown", "There is no share 'offce'.")
    row = ledger_row(replace(RECORD, job=None, sightings=(), outcome=outcome))
    assert (row.outcome, row.code, row.person, row.printer_id, row.content_type) == (
        "failed",
        "shareUnknown",
        None,
        None,
        "application/octet-stream",
    )


def test_the_end_stays_in_the_record_so_that_a_row_written_again_lies_on_the_same_day() -> None:
    assert ledger_row(decode_record(encode_record(RECORD))) == ledger_row(RECORD)


def test_a_document_without_an_outcome_has_no_row() -> None:
    with pytest.raises(ValueError, match="outcome"):
        ledger_row(replace(RECORD, outcome=None))
