"""The print ledger: one row for each document that ended, dropped or held. Pure but for `LedgerWriter`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any

from shared.camel import camel_name
from shared.errors import PrintFunctionsError
from shared.storage.day_log import DayLog
from shared.telemetry.signals import count, measure

LEDGER_PREFIX = "ledger"
ONE_DAY = timedelta(days=1)


class LedgerRowUnreadable(PrintFunctionsError):
    """A stored line is not a row that this release can read."""


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """What is known of one document at its end. Times are ISO 8601 in UTC; None means that it is not known.

    `id` is the same however often the end is written: the submission's key, or the print task's id. `source` is
    `drop` or `tap`. `outcome` is `completed`, `failed`, `superseded`, `discarded`, `expired`, `aborted` or `refused`;
    `code` a stable word and `reason` a sentence. `person` (user principal name) printed or collected it, on behalf of
    the owner where that is another. `color_mode` and `duplex_mode` are Graph's printColorMode and printDuplexMode.
    `states` holds what Graph reported for the job and when it was first seen.
    """

    id: str
    source: str
    ended: str
    outcome: str
    code: str
    reason: str
    person: str | None = None
    person_id: str | None = None
    on_behalf_of: str | None = None
    document: str | None = None
    content_type: str | None = None
    bytes: int | None = None
    pages: int | None = None
    copies: int | None = None
    color_mode: str | None = None
    duplex_mode: str | None = None
    share: str | None = None
    printer_id: str | None = None
    printer_name: str | None = None
    kiosk: str | None = None
    job_id: str | None = None
    begun: str | None = None
    started: str | None = None
    states: Sequence[Mapping[str, str]] = field(default_factory=tuple)


_NAMES = {entry.name: camel_name(entry.name) for entry in fields(LedgerRow)}


def encode_row(row: LedgerRow) -> dict[str, Any]:
    """The row as a JSON object, camel-cased as Graph is."""
    values = {public: getattr(row, name) for name, public in _NAMES.items()}
    return {**values, "states": [dict(state) for state in row.states]}


def decode_row(values: Mapping[str, Any]) -> LedgerRow:
    """Read a row; what a later release added is left out. Raises LedgerRowUnreadable."""
    try:
        known = {name: values[public] for name, public in _NAMES.items() if public in values}
        row = LedgerRow(**{**known, "states": tuple(known.get("states") or ())})
        _check(row)
    except (TypeError, ValueError) as error:
        raise LedgerRowUnreadable(f"a line of the ledger cannot be read: {error}") from error
    return row


def _check(row: LedgerRow) -> None:
    """What figures are made of must be of its kind. Raises ValueError."""
    if not all(isinstance(text, str) for text in (row.id, row.source, row.outcome, row.code, row.reason)):
        raise ValueError("a word is no text")
    seen = [state.get("at") if isinstance(state, dict) else None for state in row.states]
    for time in (row.ended, *(time for time in (row.begun, row.started) if time is not None), *seen):
        if not isinstance(time, str) or datetime.fromisoformat(time).tzinfo is None:
            raise ValueError("a time is none")


# What the metrics call the ends of documents; any other outcome goes by its own word.
_METRICS = {"completed": "printed", "aborted": "failed"}


def _tell(row: LedgerRow) -> None:
    outcome = _METRICS.get(row.outcome, row.outcome)
    count(f"print.{outcome}", source=row.source, reason=row.code)
    if row.outcome == "completed" and row.begun:
        seconds = (datetime.fromisoformat(row.ended) - datetime.fromisoformat(row.begun)).total_seconds()
        measure(f"print.{row.source}_to_paper", seconds, "s")


class LedgerWriter:
    """Writes rows to the file of the day on which the document ended."""

    def __init__(self, log: DayLog) -> None:
        self._log = log

    async def write(self, row: LedgerRow) -> None:
        """Store the row. A row that is written again has the same id, and readers keep one."""
        _tell(row)
        await self._log.append(datetime.fromisoformat(row.ended).astimezone(UTC).date(), encode_row(row))


async def rows_of_day(log: DayLog, day: date) -> tuple[list[LedgerRow], int]:
    """The rows of documents that ended on `day`, and how many lines could not be read.

    Of rows with the same id the last one counts. Holds the day's rows in memory: about 2 KB each.
    """
    rows: dict[str, LedgerRow] = {}
    unreadable = 0
    async for line in log.read(day):
        try:
            row = decode_row(line)
        except LedgerRowUnreadable:
            unreadable += 1
            continue
        rows[row.id] = row
    return list(rows.values()), unreadable


async def rows_between(log: DayLog, first: date, last: date) -> AsyncIterator[tuple[date, list[LedgerRow], int]]:
    """Each day from `first` to `last` that has lines, with its rows and how many lines could not be read.

    A row that was written again after midnight counts on the day on which it was written first.
    """
    before: tuple[date, frozenset[str]] | None = None
    async for day in log.days():
        if not first - ONE_DAY <= day <= last:
            continue
        rows, unreadable = await rows_of_day(log, day)
        known = before[1] if before is not None and before[0] == day - ONE_DAY else frozenset[str]()
        before = day, frozenset(row.id for row in rows)
        if day >= first:
            yield day, [row for row in rows if row.id not in known], unreadable
