"""Years of invented printing: the same for the same seed, made day by day when a report asks for it."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

from emulator.universal_print.reports.population import Machine, habits, machines
from emulator.universal_print.reports.records import COMPLETED, Person, PrintRecord, ReportedPrinter
from emulator.universal_print.reports.sums import Subject, Sums, count, days_of_month
from emulator.universal_print.world import World

# Days are kept while their records together are no more than this.
KEPT_RECORDS = 100_000
MOST_PEOPLE = 100_000
MOST_PRINTERS = 10_000
LATEST_REPORT_DAYS = 6
# Monday to Sunday, and January to December, as shares of a full day.
_WEEKDAYS = (1.0, 1.05, 1.0, 0.98, 0.8, 0.05, 0.03)
_MONTHS = (0.97, 1.0, 1.08, 0.98, 1.0, 1.02, 0.8, 0.68, 1.08, 1.1, 1.12, 0.9)
_HOLIDAYS = 0.08
_OPENS, _OPEN_SECONDS = 6 * 3600, 13 * 3600
_MOST_PAGES = 400


@dataclass(frozen=True, slots=True)
class HistoryPlan:
    """What to invent. `until` is the last day, None for no end: days are added as the clock goes on.

    `jobs_per_person` is the mean of a full working day, `color` and `two_sided` are shares of jobs, `growth` the
    change in a year (0.1 for a tenth more), `incomplete` the share of jobs that never came out, and `late` the share
    that the reports learn of days after. Raises ValueError for what makes no sense.
    """

    since: date
    until: date | None = None
    seed: int = 1
    people: int = 40
    printers: int = 6
    jobs_per_person: float = 2.2
    color: float = 0.35
    two_sided: float = 0.55
    growth: float = 0.08
    incomplete: float = 0.03
    late: float = 0.03
    silent_printers: int = 0

    def __post_init__(self) -> None:
        if self.until is not None and self.until < self.since:
            raise ValueError("A history ends no earlier than it begins.")
        if not 1 <= self.people <= MOST_PEOPLE or not 1 <= self.printers <= MOST_PRINTERS:
            raise ValueError(f"A history has 1 to {MOST_PEOPLE} people and 1 to {MOST_PRINTERS} printers.")
        if not 0 <= self.silent_printers <= self.printers:
            raise ValueError("Of the printers, no more than all can be silent.")
        for name in ("color", "two_sided", "incomplete", "late"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a share between 0 and 1.")
        if self.growth <= -1 or not 0 < self.jobs_per_person <= 100:
            raise ValueError("growth lies above -1, and jobsPerPerson above 0 and up to 100.")


def plan_from_json(body: Mapping[str, Any], today: date) -> HistoryPlan:
    """Read a plan from JSON: its members in camel case, `since` and `until` as dates.

    `months` stands for `since` on the first of the month that many months back and `until` yesterday. Raises
    ValueError.
    """
    given = dict(body)
    months = given.pop("months", None)
    if months is not None:
        if not isinstance(months, int) or not 1 <= months <= 1200:
            raise ValueError("months is a number from 1 to 1200.")
        index = today.year * 12 + today.month - 1 - months
        given.setdefault("since", date(index // 12, index % 12 + 1, 1).isoformat())
        given.setdefault("until", (today - timedelta(days=1)).isoformat())
    names = {_camel(field.name): field.name for field in fields(HistoryPlan)}
    unknown = given.keys() - names.keys()
    if unknown:
        raise ValueError(f"A history has no {min(unknown)}; it has months, {', '.join(names)}.")
    if "since" not in given:
        raise ValueError("A history needs since, or months.")
    values: dict[str, Any] = {}
    for key, value in given.items():
        name = names[key]
        if name in {"since", "until"}:
            values[name] = None if value is None else date.fromisoformat(str(value))
        elif isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError(f"{key} must be a number.")
        elif name in {"seed", "people", "printers", "silent_printers"} and not isinstance(value, int):
            raise ValueError(f"{key} must be a whole number.")
        else:
            values[name] = value
    return HistoryPlan(**values)


class History:
    """An invented past. Any thread may ask for its days; the reports learn of a job `delay` after its end."""

    def __init__(self, plan: HistoryPlan, world: World, delay: timedelta, number: int = 1) -> None:
        self.plan = plan
        self._delay = delay
        self._number = number
        self._machines = machines(world, plan.printers, plan.silent_printers)
        self._habits = habits(world, plan.people, plan.printers, plan.seed)
        self._days: OrderedDict[date, list[PrintRecord]] = OrderedDict()
        self._held = 0
        self._months: dict[tuple[Subject, date], Sums] = {}
        self._lock = threading.Lock()

    @property
    def people(self) -> Iterator[Person]:
        """Who printed."""
        return (habit.person for habit in self._habits)

    @property
    def printers(self) -> Iterator[ReportedPrinter]:
        """Where they printed."""
        return (machine.printer for machine in self._machines)

    def days(self, today: date) -> range:
        """The days as ordinals (`date.toordinal`), none of them after today."""
        last = today if self.plan.until is None else min(self.plan.until, today)
        return range(self.plan.since.toordinal(), last.toordinal() + 1)

    def records(self, day: date) -> list[PrintRecord]:
        """All jobs of the day, whether the reports know of them by now or not."""
        with self._lock:
            kept = self._days.get(day)
            if kept is not None:
                self._days.move_to_end(day)
                return kept
            made = self._make(day)
            self._days[day] = made
            self._held += len(made)
            while self._held > KEPT_RECORDS and len(self._days) > 1:
                _, dropped = self._days.popitem(last=False)
                self._held -= len(dropped)
            return made

    def month(self, subject: Subject, month: date, now: datetime) -> Sums:
        """The sums of a month, from what the reports know at `now`. The caller changes nothing of them."""
        kept = self._months.get((subject, month))
        if kept is not None:
            return kept
        days = days_of_month(month)
        sums: Sums = {}
        for day in days:
            if day.toordinal() in self.days(now.date()):
                count(sums, subject, self.records(day), now)
        # Nothing comes later than this, so that the month needs not be summed up again.
        if _midnight(days[-1]) + timedelta(days=2 + LATEST_REPORT_DAYS) + self._delay <= now:
            self._months[subject, month] = sums
        return sums

    def _make(self, day: date) -> list[PrintRecord]:
        plan, chance = self.plan, Random(f"{self.plan.seed}/{day.isoformat()}")  # noqa: S311 - no secret
        level = plan.jobs_per_person * self._busyness(day)
        begin = _midnight(day)
        prefix = f"{self._number}{day:%y%m%d}"
        records: list[PrintRecord] = []
        for habit in self._habits:
            for _ in range(_poisson(chance, level * habit.rate)):
                at_home = chance.random() < 0.85
                machine = self._machines[habit.home if at_home else chance.randrange(plan.printers)]
                color = machine.color and chance.random() < plan.color * habit.color
                created = begin + timedelta(seconds=_OPENS + chance.random() * _OPEN_SECONDS)
                record = PrintRecord(
                    f"{prefix}{len(records) + 1:06}", habit.person, machine.printer, created, created, created,
                    COMPLETED, 1, color, None, None, created,
                )  # fmt: skip
                self._finish(record, machine, chance)
                records.append(record)
        return records

    def _finish(self, record: PrintRecord, machine: Machine, chance: Random) -> None:
        """Settle how the job went: when it ended, what came out, when the reports learn of it."""
        plan = self.plan
        pages = min(_MOST_PAGES, int(chance.lognormvariate(1.1, 0.9)) + 1)
        waited = chance.random() * 30
        record.acquired = record.created + timedelta(seconds=waited)
        record.ended = record.acquired + timedelta(seconds=2 + pages * 1.5)
        if chance.random() < plan.incomplete:
            aborted = chance.random() < 0.6
            record.state, record.copies = ("aborted" if aborted else "canceled"), 0
            record.acquired = record.acquired if aborted else None
        else:
            record.copies = chance.randrange(2, 11) if chance.random() < 0.1 else 1
            two_sided = chance.random() < plan.two_sided
            if not machine.silent:
                record.pages = pages * record.copies
                record.sheets = (-(-pages // 2) if two_sided else pages) * record.copies
        late = chance.randrange(1, LATEST_REPORT_DAYS + 1) if chance.random() < plan.late else 0
        record.known = record.ended + self._delay + timedelta(days=late)

    def _busyness(self, day: date) -> float:
        years = (day - self.plan.since).days / 365.25
        season = _HOLIDAYS if (day.month, day.day) >= (12, 24) or (day.month, day.day) <= (1, 2) else 1.0
        return _WEEKDAYS[day.weekday()] * _MONTHS[day.month - 1] * season * math.pow(1 + self.plan.growth, years)


def _poisson(chance: Random, mean: float) -> int:
    """How often something happens that happens `mean` times on average (Knuth's way, good for small means)."""
    most, product, count = math.exp(-mean), chance.random(), 0
    while product > most:
        product *= chance.random()
        count += 1
    return count


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
