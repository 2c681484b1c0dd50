"""How far each series is exported, what is to be read next, and what of it was read when a run had to stop. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from shared.bounds import Bounds
from shared.errors import PrintFunctionsError
from shared.usage.tables import Period, keys_between, last_day

STATE_VERSION = 1

# How a list of usage is asked for a span of days. Graph's pages say that lists take "some" OData queries and name none.
# A date and time is what published scripts use, a date is what the schema says; else every row is read and looked at.
type Selection = Literal["dateTime", "date", "none"]
_SELECTIONS: Mapping[tuple[int, str], Selection] = {
    (STATE_VERSION, "dateTime"): "dateTime",
    (STATE_VERSION, "date"): "date",
    (STATE_VERSION, "none"): "none",
}
NEXT_SELECTION: Mapping[Selection, Selection] = {"dateTime": "date", "date": "none"}


class SeriesStateUnreadable(PrintFunctionsError):
    """A stored state of a series that this release cannot read. Deleting it exports the last weeks anew."""


@dataclass(frozen=True, slots=True)
class Span:
    """Days from `first` to `last`, both included."""

    first: date
    last: date

    def __contains__(self, other: Span) -> bool:
        return self.first <= other.first and other.last <= self.last

    def __str__(self) -> str:
        return self.first.isoformat() if self.first == self.last else f"{self.first} to {self.last}"


@dataclass(frozen=True, slots=True)
class Reading:
    """A span that was read in part: go on at `link`, of the address at `place`, with the rows in the files `runs`.

    `asked` is a hash of all addresses of the span, which must be the same when the reading goes on.
    `moves` is whether the watermark follows when the span is done; `skipped` are printers that Graph does not know, and
    `outside` is whether rows came that the filter should have kept away.
    """

    span: Span
    place: int
    link: str
    asked: str
    runs: tuple[str, ...]
    moves: bool
    skipped: tuple[str, ...] = ()
    outside: bool = False


@dataclass(frozen=True, slots=True)
class SeriesState:
    """The state of a series. `through` is the last day that is exported, `finished` when a run last had nothing left.

    `claimed_by` works on it until `claimed_until`, unless it dies.
    """

    through: date | None = None
    finished: datetime | None = None
    selection: Selection = "dateTime"
    reading: Reading | None = None
    claimed_by: str | None = None
    claimed_until: datetime | None = None

    def free(self, by: str, now: datetime) -> bool:
        """Whether this run may work on it."""
        return self.claimed_until is None or self.claimed_by == by or self.claimed_until <= now


def state_path(series: str) -> str:
    """Where the state of a series lies in the state container."""
    return f"exports/{series}.json"


def due(period: Period, through: date | None, today: date, bounds: Bounds) -> Span:
    """What a run reads: from the first day that is missing, or that printers may still report on, to yesterday (UTC).

    A month counts as soon as one of its days does, and is then read as a whole.
    """
    last = today - timedelta(days=1)
    if through is None:
        first = today - timedelta(days=bounds.usage_first_days)
    else:
        first = min(through + timedelta(days=1), today - timedelta(days=bounds.usage_reread_days))
    return Span(first if period == "day" else first.replace(day=1), last)


def windows(period: Period, span: Span, days: int | None) -> list[Span]:
    """The span in parts that are read one after the other, of at most `days` days or one month; None for one part."""
    if days is None:
        return [span]
    if period == "month":
        return [
            Span(max(span.first, date.fromisoformat(f"{key}-01")), min(span.last, last_day(key)))
            for key in keys_between("month", span.first, span.last)
        ]
    parts = []
    first = span.first
    while first <= span.last:
        parts.append(Span(first, min(span.last, first + timedelta(days=days - 1))))
        first = parts[-1].last + timedelta(days=1)
    return parts


def condition(selection: Selection, period: Period, span: Span) -> str | None:
    """The `$filter` for a span, which for months is widened to whole ones; None where there is to be none."""
    if selection == "none":
        return None
    first, last = span.first, span.last
    if period == "month":
        first, last = first.replace(day=1), last_day(f"{last:%Y-%m}")
    time = "T00:00:00Z" if selection == "dateTime" else ""
    return f"usageDate ge {first}{time} and usageDate lt {last + timedelta(days=1)}{time}"


def encode_state(state: SeriesState) -> bytes:
    """The document at `state_path`."""
    reading = state.reading
    return json.dumps(
        {
            "version": STATE_VERSION,
            "through": state.through.isoformat() if state.through else None,
            "finished": state.finished.isoformat() if state.finished else None,
            "selection": state.selection,
            "claim": {"by": state.claimed_by, "until": state.claimed_until.isoformat()}
            if state.claimed_until
            else None,
            "reading": reading
            and {
                "first": reading.span.first.isoformat(),
                "last": reading.span.last.isoformat(),
                "place": reading.place,
                "link": reading.link,
                "asked": reading.asked,
                "runs": list(reading.runs),
                "moves": reading.moves,
                "skipped": list(reading.skipped),
                "outside": reading.outside,
            },
        }
    ).encode()


def decode_state(content: bytes) -> SeriesState:
    """Read it. Raises SeriesStateUnreadable."""
    try:
        values = json.loads(content)
        claim = values["claim"]
        return SeriesState(
            through=date.fromisoformat(values["through"]) if values["through"] else None,
            finished=datetime.fromisoformat(values["finished"]) if values["finished"] else None,
            selection=_SELECTIONS[values["version"], values["selection"]],
            reading=_reading(values["reading"]) if values["reading"] else None,
            claimed_by=str(claim["by"]) if claim else None,
            claimed_until=datetime.fromisoformat(claim["until"]) if claim else None,
        )
    except (LookupError, ArithmeticError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise SeriesStateUnreadable(f"the state of an exported series cannot be read: {error}") from error


def _reading(values: Mapping[str, Any]) -> Reading:
    return Reading(
        span=Span(date.fromisoformat(values["first"]), date.fromisoformat(values["last"])),
        place=int(values["place"]),
        link=str(values["link"]),
        asked=str(values["asked"]),
        runs=tuple(map(str, values["runs"])),
        moves=bool(values["moves"]),
        skipped=tuple(map(str, values["skipped"])),
        outside=bool(values["outside"]),
    )
