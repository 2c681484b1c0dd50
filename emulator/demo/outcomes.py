"""What became of each document of the demo: receipts and the paper's slips, joined. Pure but for reading slips."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

type Expected = Literal["completed", "failed"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the functions say of one document: `outcome` is a word, `reason` a sentence, `size` in bytes."""

    document: str
    size: int
    outcome: str
    reason: str
    printer: str | None
    job: str | None
    place: str


@dataclass(frozen=True, slots=True)
class Slip:
    """One print that a virtual printer put out; `paper` is its file."""

    printer: str
    job: str
    pages: int
    sheets: int
    paper: Path


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    `where` is the paper's file in the folder of its printer, or container and path of what did not become paper.
    `fault` is None when all came out as expected, else a sentence.
    """

    document: str
    size: int | None
    printer: str
    job: str
    pages: str
    outcome: str
    where: str
    fault: str | None


def parse_receipt(content: bytes, place: str) -> Receipt:
    """Read a receipt that lies at `place` (container and path). Raises ValueError or KeyError."""
    values: Mapping[str, Any] = json.loads(content)
    document, printer, job = values["document"], values.get("printer") or {}, values.get("job") or {}
    return Receipt(
        document=document["name"],
        size=document["size"],
        outcome=values["outcome"],
        reason=values["reason"],
        printer=printer.get("name"),
        job=job.get("id"),
        place=place,
    )


def read_slips(paper: Path) -> list[Slip]:
    """Every print in the folder of all printers."""
    slips = []
    for path in sorted(paper.glob("*/*.slip-*.json")):
        values = json.loads(path.read_text(encoding="utf-8"))
        slips.append(
            Slip(values["printer"], values["jobId"], values["pages"], values["sheets"], path.parent / values["paper"])
        )
    return slips


def join(expected: Mapping[str, Expected], receipts: Iterable[Receipt], slips: Sequence[Slip]) -> list[Row]:
    """A row for each expected document, in the order given. A document without a receipt is still open."""
    by_document = {receipt.document: receipt for receipt in receipts}
    return [_row(name, outcome, by_document.get(name), slips) for name, outcome in expected.items()]


def _row(name: str, expected: Expected, receipt: Receipt | None, slips: Sequence[Slip]) -> Row:
    if receipt is None:
        return Row(name, None, "", "", "", "open", "", "has no receipt yet")
    prints = [slip for slip in slips if slip.job == receipt.job and slip.printer == receipt.printer]
    pages = " + ".join(_pages(slip) for slip in prints)
    where = " and ".join(slip.paper.name for slip in prints) or receipt.place
    fault = _fault(expected, receipt, len(prints))
    return Row(name, receipt.size, receipt.printer or "", receipt.job or "", pages, receipt.outcome, where, fault)


def _pages(slip: Slip) -> str:
    text = f"{slip.pages} {'page' if slip.pages == 1 else 'pages'}"
    return text if slip.sheets == slip.pages else f"{text} on {slip.sheets}"


def _fault(expected: Expected, receipt: Receipt, prints: int) -> str | None:
    if receipt.outcome != expected:
        return f"{receipt.outcome} where {expected} was expected: {receipt.reason}"
    wanted = 1 if expected == "completed" else 0
    if prints != wanted:
        return f"came out {prints} times where {wanted} was expected"
    return None


def human_size(size: int | None) -> str:
    """A size in bytes for people, in decimal units."""
    if size is None:
        return ""
    if size < 1000:
        return f"{size} B"
    value = float(size)
    for unit in ("kB", "MB"):
        value /= 1000
        if value < 1000:
            return f"{value:.1f} {unit}"
    return f"{value / 1000:.1f} GB"
