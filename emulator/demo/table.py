"""The demo's table, while documents are on their way and when they are done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from emulator.demo.outcomes import Receipt, Row, human_size

_STYLES = {"completed": "green", "failed": "yellow", "open": "cyan"}


def outcome_table(rows: Sequence[Row], states: Mapping[str, str]) -> Table:
    """Document, printer, job, pages, outcome and where it lies; an open document shows its state instead.

    `states` maps a document to how far its submission has come.
    """
    table = Table(title_justify="left", show_edge=False, pad_edge=False)
    for heading in ("document", "size", "printer", "job", "paper", "outcome", "where"):
        table.add_column(
            heading,
            justify="right" if heading in {"size", "job"} else "left",
            overflow="fold",
            no_wrap=heading == "size",
        )
    for row in rows:
        outcome = states.get(row.document, "waiting") if row.outcome == "open" else row.outcome
        style = "red" if row.fault and row.outcome != "open" else _STYLES.get(row.outcome, "red")
        table.add_row(
            Text(row.document),
            human_size(row.size),
            Text(row.printer),
            row.job,
            row.pages,
            Text(outcome, style=style),
            Text(row.where),
        )
    return table


def remarks(rows: Sequence[Row], receipts: Sequence[Receipt]) -> list[Text]:
    """What the table has no room for: the reason of each failed document, and what is not as expected."""
    reasons = {receipt.document: receipt.reason for receipt in receipts}
    lines = [
        Text.assemble((row.document, "bold"), f": {reasons[row.document]}") for row in rows if row.outcome == "failed"
    ]
    lines += [Text.assemble((row.document, "bold red"), f" {row.fault}") for row in rows if row.fault]
    return lines
