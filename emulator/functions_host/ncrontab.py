"""NCRONTAB schedules: `{second} {minute} {hour} {day} {month} {day-of-week}`, UTC (Functions: timer trigger)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
# Within this many days every date that exists falls on every day of the week, also around 2100.
_SEARCHED_DAYS = 366 * 41


class BadSchedule(ValueError):
    """A schedule cannot be read, or never comes."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A parsed schedule: the values that each field allows. A day must fit both its date and its day of the week."""

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    def next_after(self, moment: datetime) -> datetime:
        """Give the first occurrence strictly after `moment` (aware), in UTC. Raises BadSchedule when none comes."""
        start = moment.astimezone(UTC)
        for offset in range(_SEARCHED_DAYS):
            day = (start + timedelta(days=offset)).date()
            weekday = day.isoweekday() % 7
            if day.day not in self.days or day.month not in self.months or weekday not in self.weekdays:
                continue
            earliest = start if offset == 0 else None
            found = self._first_time(earliest)
            if found is not None:
                return datetime.combine(day, found, UTC)
        raise BadSchedule("the schedule never comes")

    def _first_time(self, after: datetime | None) -> time | None:
        if after is None:
            return time(self.hours[0], self.minutes[0], self.seconds[0])
        limit = (after.hour, after.minute, after.second)
        for hour in self.hours:
            if hour < limit[0]:
                continue
            for minute in self.minutes:
                if (hour, minute) < limit[:2]:
                    continue
                for second in self.seconds:
                    if (hour, minute, second) > limit:
                        return time(hour, minute, second)
        return None


def parse_schedule(text: str) -> Schedule:
    """Parse five or six fields; with five, the second is 0. Raises BadSchedule naming the field that is wrong."""
    fields = text.split()
    if len(fields) == 5:
        fields.insert(0, "0")
    if len(fields) != 6:
        raise BadSchedule(f"{text!r} has {len(fields)} fields; a schedule has five or six")
    schedule = Schedule(
        seconds=tuple(sorted(_field(fields[0], "second", 0, 59))),
        minutes=tuple(sorted(_field(fields[1], "minute", 0, 59))),
        hours=tuple(sorted(_field(fields[2], "hour", 0, 23))),
        days=frozenset(_field(fields[3], "day", 1, 31)),
        months=frozenset(_field(fields[4], "month", 1, 12, _MONTHS)),
        weekdays=frozenset(_field(fields[5], "day of the week", 0, 6, _DAYS)),
    )
    # A leap day is the rarest date there is.
    schedule.next_after(datetime(2000, 1, 1, tzinfo=UTC))
    return schedule


def _field(text: str, what: str, least: int, most: int, names: tuple[str, ...] = ()) -> set[int]:
    values: set[int] = set()
    for part in text.split(","):
        span, slash, step_text = part.partition("/")
        if slash and (not step_text.isdecimal() or int(step_text) == 0):
            raise BadSchedule(f"{part!r} has no step that is a number above 0 ({what})")
        step = int(step_text) if slash else 1
        if span == "*":
            first, last = least, most
        else:
            first_text, dash, last_text = span.partition("-")
            first = _value(first_text, what, least, most, names)
            alone = most if slash and step > 1 else first
            last = _value(last_text, what, least, most, names) if dash else alone
        if first > last:
            raise BadSchedule(f"{part!r} runs backwards ({what})")
        values.update(range(first, last + 1, step))
    return values


def _value(text: str, what: str, least: int, most: int, names: tuple[str, ...]) -> int:
    if text.isdecimal() and text.isascii():
        if least <= int(text) <= most:
            return int(text)
    elif len(text) >= 3:
        for index, name in enumerate(names):
            if name.lower().startswith(text.lower()):
                return index + least
    raise BadSchedule(f"{text!r} is not a {what} ({least} to {most})")
