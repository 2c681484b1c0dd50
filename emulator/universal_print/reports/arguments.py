"""Reads what callers put into the address of a report: the arguments of functions, and filters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from emulator.universal_print.graph.errors import GraphError, bad_request

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?(Z|[+-]\d\d:\d\d)")
_TERM = re.compile(r"usageDate (ge|lt) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)|completedJobCount gt 0")


@dataclass(frozen=True, slots=True)
class UsageFilter:
    """Which rows a list shows: from `since` on, before `before`, and with `completed` only those with paper."""

    since: datetime | None = None
    before: datetime | None = None
    completed: bool = False

    def admits(self, usage_date: date) -> bool:
        """Whether rows of that day or month are shown."""
        moment = datetime.combine(usage_date, time(), UTC)
        return (self.since is None or moment >= self.since) and (self.before is None or moment < self.before)


def usage_filter(text: str) -> UsageFilter:
    """Read a `$filter`. Raises GraphError 400 for all but the form that has been seen to work."""
    since: datetime | None = None
    before: datetime | None = None
    completed = False
    for term in text.split(" and "):
        found = _TERM.fullmatch(term)
        if found is None:
            raise bad_request(
                "The filter is not supported. Of usage, 'completedJobCount gt 0', 'usageDate ge' and 'usageDate lt' "
                "with a date and time in UTC are, joined by 'and'."
            )
        if found[1] is None:
            completed = True
        elif found[1] == "ge":
            since = _moment(found[2])
        else:
            before = _moment(found[2])
    return UsageFilter(since, before, completed)


def quoted(text: str, name: str) -> str:
    """A string argument. Raises GraphError 400 unless it stands in quotation marks."""
    if len(text) < 3 or not text.startswith("'") or not text.endswith("'"):
        raise bad_request(f"The argument {name} must be a string in single quotation marks.")
    return text[1:-1].replace("''", "'")


def moment(text: str, name: str) -> datetime | None:
    """A point in time, or None for `null`. Raises GraphError 400."""
    if text == "null":
        return None
    if not _MOMENT.fullmatch(text):
        raise bad_request(
            f"The argument {name} must be null or a date and time with its zone, without quotation marks."
        )
    return _moment(text)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise _no_such_moment(text) from None


def _no_such_moment(text: str) -> GraphError:
    return bad_request(f"There is no point in time {text}.")
