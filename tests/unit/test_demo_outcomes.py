"""The demo's table: what it shows of each document, and when it says that something is wrong."""

from __future__ import annotations

import io
import json
from pathlib import Path

from rich.console import Console

from emulator.demo.outcomes import Receipt, Slip, human_size, join, parse_receipt, read_slips
from emulator.demo.table import outcome_table, remarks

PAPER = Path("/demo/paper")
INVOICE = Receipt(
    "finance/invoice.pdf", 2048, "completed", "Printed.", "Finance", "7", "print-archive/finance/x/invoice.pdf"
)
WRONG = Receipt(
    "finance/wrong.pdf", 22, "failed", "The file is a zip archive.", None, None, "print-failed/finance/x/wrong.pdf"
)
PRINTED = Slip("Finance", "7", 4, 2, PAPER / "Finance" / "7 invoice.pdf")


def shown(receipts: list[Receipt], slips: list[Slip], states: dict[str, str] | None = None) -> str:
    rows = join({"finance/invoice.pdf": "completed", "finance/wrong.pdf": "failed"}, receipts, slips)
    console = Console(file=io.StringIO(), width=160, color_system=None)
    console.print(outcome_table(rows, states or {}), *remarks(rows, receipts))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_printed_document_shows_printer_job_pages_and_where_the_paper_lies() -> None:
    line = next(line for line in shown([INVOICE, WRONG], [PRINTED]).splitlines() if line.startswith("finance/invoice"))
    assert [cell.strip() for cell in line.split("│")] == [
        "finance/invoice.pdf", "2.0 kB", "Finance", "7", "4 pages on 2", "completed", "7 invoice.pdf"
    ]  # fmt: skip


def test_a_failed_document_shows_its_reason_and_where_it_is_kept() -> None:
    text = shown([INVOICE, WRONG], [PRINTED])
    assert "print-failed/finance/x/wrong.pdf" in text
    assert "finance/wrong.pdf: The file is a zip archive." in text


def test_an_open_document_shows_how_far_it_has_come() -> None:
    assert "starting" in shown([WRONG], [], {"finance/invoice.pdf": "starting"})


def test_all_as_expected_has_no_fault() -> None:
    rows = join({"finance/invoice.pdf": "completed", "finance/wrong.pdf": "failed"}, [INVOICE, WRONG], [PRINTED])
    assert [row.fault for row in rows] == [None, None]


def test_paper_that_came_out_twice_is_a_fault() -> None:
    (row,) = join({INVOICE.document: "completed"}, [INVOICE], [PRINTED, PRINTED])
    assert row.fault == "came out 2 times where 1 was expected"


def test_a_receipt_without_paper_is_a_fault() -> None:
    (row,) = join({INVOICE.document: "completed"}, [INVOICE], [])
    assert row.fault == "came out 0 times where 1 was expected"


def test_another_outcome_than_expected_is_a_fault_with_its_reason() -> None:
    (row,) = join({WRONG.document: "completed"}, [WRONG], [])
    assert row.fault == "failed where completed was expected: The file is a zip archive."


def test_a_missing_receipt_is_a_fault() -> None:
    (row,) = join({INVOICE.document: "completed"}, [], [PRINTED])
    assert row.fault == "has no receipt yet"


def test_the_same_job_number_at_another_printer_is_another_job() -> None:
    (row,) = join({INVOICE.document: "completed"}, [INVOICE], [PRINTED, Slip("Lobby", "7", 1, 1, PAPER / "x")])
    assert row.fault is None


def test_receipt_and_slip_are_read_as_they_are_written(tmp_path: Path) -> None:
    receipt = {
        "outcome": "completed",
        "reason": "Printed.",
        "document": {"name": "finance/invoice.pdf", "size": 2048},
        "printer": {"id": "p", "name": "Finance"},
        "job": {"id": "7", "shareId": "s"},
    }
    assert parse_receipt(json.dumps(receipt).encode(), INVOICE.place) == INVOICE
    slip = {"printer": "Finance", "jobId": "7", "pages": 4, "sheets": 2, "paper": "7 invoice.pdf"}
    (tmp_path / "Finance").mkdir()
    (tmp_path / "Finance" / "7 invoice.pdf.slip-1.json").write_text(json.dumps(slip), encoding="utf-8")
    assert read_slips(tmp_path) == [Slip("Finance", "7", 4, 2, tmp_path / "Finance" / "7 invoice.pdf")]


def test_sizes_are_for_people() -> None:
    assert [human_size(size) for size in (None, 999, 22_500, 107_346_798, 2_000_000_000)] == [
        "", "999 B", "22.5 kB", "107.3 MB", "2.0 GB"
    ]  # fmt: skip
