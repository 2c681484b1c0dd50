"""Reads a list of badges: CSV with `upn,badge[,pin]`, checked as a whole before anything is written. Pure."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from shared.errors import PrintFunctionsError
from shared.kiosk.badge_forms import BadgeUnreadable, forms, kept_form
from shared.kiosk.pins import PinRefused, check_pin
from shared.setting_values import user_principal_name

_COLUMNS = ("upn", "badge", "pin")
# A refusal names this many lines; the rest is a number.
_SHOWN_PROBLEMS = 50


@dataclass(frozen=True, slots=True)
class BadgeRow:
    """One line: a person (lower case), and a badge as a reader gives it, a PIN, or both."""

    line: int
    user_principal_name: str
    badge: str | None = field(default=None, repr=False)
    pin: str | None = field(default=None, repr=False)
    user_id: str | None = None
    display_name: str | None = None


class BadgesRefused(PrintFunctionsError):
    """Badges cannot be written as they are. `problems` are line numbers and sentences; no badge or PIN is in them."""

    def __init__(self, problems: Sequence[tuple[int, str]]) -> None:
        self.problems = tuple(sorted(problems))
        lines = [f"line {line}: {sentence}" for line, sentence in self.problems[:_SHOWN_PROBLEMS]]
        rest = len(self.problems) - len(lines)
        more = [f"and {rest} more"] if rest else []
        super().__init__("\n".join(["Nothing was written:", *lines, *more]))


def read_badges(text: str, user_id_column: str | None = None) -> tuple[BadgeRow, ...]:
    """The rows of the file. `user_id_column` names the column of user ids. Raises BadgesRefused with every problem.

    A first line that names `upn` and `badge` gives the order of the columns; the delimiter is a comma or a semicolon.
    """
    lines = text.removeprefix("\ufeff").splitlines()
    first = lines[0] if lines else ""
    reader = csv.reader(lines, delimiter=";" if first.count(";") > first.count(",") else ",", strict=True)
    columns: dict[str, int] | None = None
    rows: list[BadgeRow] = []
    problems: list[tuple[int, str]] = []
    for number, cells in _cells(reader, problems):
        if columns is None:
            columns = _columns(cells, user_id_column)
            if columns is not None:
                continue
            columns = {name: index for index, name in enumerate(_COLUMNS)}
            if user_id_column is not None:
                raise BadgesRefused([(number, f"no column is named {user_id_column}")])
        try:
            rows.append(_row(number, cells, columns))
        except (BadgeUnreadable, PinRefused, ValueError) as error:
            problems.append((number, str(error)))
    problems.extend(_shared_badges(rows))
    if not rows and not problems:
        problems.append((1, "the file names no badge"))
    if problems:
        raise BadgesRefused(problems)
    return tuple(rows)


def _cells(reader: Iterator[list[str]], problems: list[tuple[int, str]]) -> Iterator[tuple[int, list[str]]]:
    """The lines that are not empty, with their numbers."""
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problems.append((number, f"this is no CSV: {error}"))
            continue
        number = max(number, getattr(reader, "line_num", number))
        if any(cell.strip() for cell in cells):
            yield number, [cell.strip() for cell in cells]


def _columns(cells: list[str], user_id_column: str | None) -> dict[str, int] | None:
    """Where the columns are, where this is a heading."""
    names = [cell.casefold() for cell in cells]
    if "upn" not in names or not {"badge", "pin"} & set(names):
        return None
    wanted = {"upn": "upn", "badge": "badge", "pin": "pin", "displayname": "displayName"}
    if user_id_column is not None:
        wanted[user_id_column.casefold()] = "userId"
        if user_id_column.casefold() not in names:
            return None
    return {wanted[name]: index for index, name in enumerate(names) if name in wanted}


def _row(number: int, cells: list[str], columns: dict[str, int]) -> BadgeRow:
    values = {name: cells[index] for name, index in columns.items() if index < len(cells) and cells[index]}
    if "userId" in columns and "/" in values.get("userId", "/"):
        raise BadgeUnreadable("it has no user id")
    if "upn" not in values:
        raise BadgeUnreadable("it names nobody")
    if "badge" not in values and "pin" not in values:
        raise BadgeUnreadable("it has neither badge nor PIN")
    if "badge" in values:
        forms(values["badge"])
    if "pin" in values:
        check_pin(values["pin"])
    return BadgeRow(
        number,
        user_principal_name(values["upn"]),
        values.get("badge"),
        values.get("pin"),
        values.get("userId"),
        values.get("displayName"),
    )


def _shared_badges(rows: Sequence[BadgeRow]) -> Iterator[tuple[int, str]]:
    """Badges of two people that are one, or that two kinds of readers could take for one."""
    kept = {kept_form(row.badge): row for row in rows if row.badge is not None}
    for row in rows:
        for form in forms(row.badge) if row.badge is not None else ():
            other = kept.get(form)
            if other is not None and other.user_principal_name != row.user_principal_name:
                yield row.line, f"its badge is, or reads like, that of {other.user_principal_name} in line {other.line}"
                break
