"""CSV as Excel and RFC 4180 have it, with texts that no spreadsheet takes for a formula. Pure but for the file.

A spreadsheet that opens a CSV runs what begins with = + - or @. Names of people, printers and documents come from
outside, so an apostrophe is put before such a text. It goes before every part that another reader might take for a cell
of its own: Excel splits at semicolons or tabs where the region says so. `unguarded` takes the apostrophes away again.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from typing import IO

from shared.usage.tables import Cell, Table

BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
_BEGIN = r"(?:\A|(?<=[,;|\t\r\n]))"
# The wide forms are read as the narrow ones by spreadsheets set to East Asian languages.
_FORMULA = "[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]"
_IN_DANGER = re.compile(f"{_BEGIN}(?=[ \"']*{_FORMULA})")
_GUARDED = re.compile(f"{_BEGIN}'(?=[ \"']*{_FORMULA})")


def guarded(text: str) -> str:
    """The text with an apostrophe wherever a cell could begin a formula."""
    return _IN_DANGER.sub("'", text)


def unguarded(text: str) -> str:
    """What `guarded` made that of."""
    return _GUARDED.sub("", text)


def begin_csv(table: Table, file: IO[str]) -> None:
    """Write the mark by which Excel knows UTF-8, and the header. `file` is open for UTF-8 text with `newline=""`."""
    file.write(BYTE_ORDER_MARK)
    csv.writer(file, lineterminator="\r\n").writerow(table.names)


def append_csv(table: Table, rows: Iterable[Sequence[Cell]], file: IO[str]) -> None:
    """Write rows. Nothing is an empty field, a boolean `true` or `false`; times are ISO 8601 in UTC."""
    texts = [place for place, column in enumerate(table.columns) if column.kind == "text"]
    truths = [place for place, column in enumerate(table.columns) if column.kind == "boolean"]
    csv.writer(file, lineterminator="\r\n").writerows(_shown(row, texts, truths) for row in rows)


def _shown(row: Sequence[Cell], texts: Sequence[int], truths: Sequence[int]) -> Sequence[Cell]:
    shown: list[Cell] | None = None
    for place in texts:
        value = row[place]
        if value is not None and _IN_DANGER.search(str(value)):
            shown = shown or list(row)
            shown[place] = guarded(str(value))
    for place in truths:
        value = row[place]
        if value is not None:
            shown = shown or list(row)
            shown[place] = "true" if value else "false"
    return row if shown is None else shown
