"""What the reports know at a moment: the tenant's own jobs, invented history, and corrections that came later."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from emulator.universal_print.jobs import Job
from emulator.universal_print.reports.history import History, HistoryPlan
from emulator.universal_print.reports.records import COUNTERS, Person, PrintRecord, ReportedPrinter
from emulator.universal_print.reports.sums import Subject, Sums, count, days_of_month, merge, sum_of
from emulator.universal_print.settings import Settings
from emulator.universal_print.throttle import Throttle
from emulator.universal_print.world import World


@dataclass(frozen=True, slots=True)
class Correction:
    """A change to the sums of one day, that the reports learn of at `known`. `change` is by names of COUNTERS."""

    day: date
    person: Person
    printer: ReportedPrinter
    change: dict[str, int]
    known: datetime


class Reports:
    """Collects what reports are made of. `view` is taken in the event loop and may then be read in any thread."""

    def __init__(self, world: World, jobs: Iterable[Job], settings: Settings) -> None:
        self._world = world
        self._jobs = jobs
        self._settings = settings
        self._absorbed: set[str] = set()
        self._records: list[PrintRecord] = []
        self.histories: list[History] = []
        self.corrections: list[Correction] = []
        self.throttle = Throttle(lambda: settings.limits.report_requests)

    def add_history(self, plan: HistoryPlan) -> History:
        """Invent a past. Its days are made when a report asks for them; nothing is stored."""
        history = History(plan, self._world, self._settings.report_delay, len(self.histories) + 1)
        self.histories.append(history)
        return history

    def clear_histories(self) -> None:
        """Take back all invented pasts."""
        self.histories.clear()

    def correct(
        self,
        day: date,
        user_principal_name: str,
        printer: str,
        change: Mapping[str, int],
        known: datetime | None = None,
    ) -> Correction:
        """Change the sums of a day afterwards, as printers do that report late.

        `printer` is an id or a name; `change` says by how much, by names of COUNTERS. Raises ValueError for a printer,
        user or counter that no report knows.
        """
        unknown = change.keys() - set(COUNTERS)
        if unknown or not change:
            raise ValueError(f"A correction changes some of {', '.join(COUNTERS)}.")
        person = next((one for one in self._people() if _same(user_principal_name, one.user_principal_name)), None)
        if person is None:
            raise ValueError(f"No report knows a user {user_principal_name}.")
        place = next((one for one in self._printers() if _same(printer, one.id, one.name)), None)
        if place is None:
            raise ValueError(f"No report knows a printer {printer}.")
        correction = Correction(day, person, place, dict(change), known or self._world.clock.now())
        self.corrections.append(correction)
        return correction

    def view(self) -> ReportView:
        """What the reports know now."""
        now = self._world.clock.now()
        for job in self._jobs:
            if job.is_final and job.id not in self._absorbed:
                self._absorbed.add(job.id)
                self._records.append(self._record(job))
        return ReportView(
            now,
            tuple(self.histories),
            [record for record in self._records if record.known <= now],
            [correction for correction in self.corrections if correction.known <= now],
        )

    def knows_printer(self, printer_id: str) -> bool:
        """Whether there is or was such a printer."""
        return any(printer.id == printer_id for printer in self._printers())

    def knows_user(self, user_id: str) -> bool:
        """Whether there is or was such a user."""
        return any(person.id == user_id for person in self._people())

    def _people(self) -> Iterator[Person]:
        for user in self._world.users.values():
            yield Person(user.id, user.user_principal_name, user.display_name)
        for history in self.histories:
            yield from history.people

    def _printers(self) -> Iterator[ReportedPrinter]:
        for printer in self._world.printers.values():
            yield ReportedPrinter(printer.id, printer.display_name)
        for history in self.histories:
            yield from history.printers

    def _record(self, job: Job) -> PrintRecord:
        ended = job.history[-1][0]
        user, printer = job.created_by, job.printer
        color = job.color if job.color is not None else job.configuration.get("colorMode") == "color"
        late = self._settings.report_late(job.id)
        completed = job.state == "completed"
        return PrintRecord(
            job.id,
            Person(user.id, user.user_principal_name, user.display_name),
            ReportedPrinter(printer.id, printer.display_name),
            job.created,
            job.acknowledged,
            ended,
            job.state,
            int(job.configuration.get("copies") or 1) if completed else 0,
            color,
            job.pages,
            job.sheets,
            ended + self._settings.report_delay + late,
            # The paper of a redirected job is counted where it came out.
            counted=job.redirected_to is None,
        )


class ReportView:
    """The reports at one moment."""

    def __init__(
        self,
        now: datetime,
        histories: tuple[History, ...],
        records: list[PrintRecord],
        corrections: list[Correction],
    ) -> None:
        self.now = now
        self._histories = histories
        self._ended: dict[date, list[PrintRecord]] = defaultdict(list)
        self._created: dict[date, list[PrintRecord]] = defaultdict(list)
        self._corrections: dict[date, list[Correction]] = defaultdict(list)
        for record in records:
            self._ended[_day(record.ended)].append(record)
            self._created[_day(record.created)].append(record)
        for correction in corrections:
            self._corrections[correction.day].append(correction)

    def usage_days(self) -> set[date]:
        """The days (UTC) that may have usage."""
        return {*self._invented_days(), *self._ended, *self._corrections}

    def usage_months(self) -> set[date]:
        """The first days of the months that may have usage."""
        return {day.replace(day=1) for day in self.usage_days()}

    def archive_days(self) -> set[date]:
        """The days (UTC) on which archived jobs may have been created."""
        return {*self._invented_days(), *self._created}

    def daily(self, subject: Subject, day: date) -> Sums:
        """The sums of a day by user principal name or printer id, with what names them in a row."""
        sums: Sums = {}
        for history in self._histories:
            if day.toordinal() in history.days(_day(self.now)):
                count(sums, subject, history.records(day), self.now)
        self._own(sums, subject, day)
        return sums

    def monthly(self, subject: Subject, month: date) -> Sums:
        """The sums of the month that begins on `month`."""
        sums: Sums = {}
        for history in self._histories:
            merge(sums, history.month(subject, month, self.now))
        for day in days_of_month(month):
            self._own(sums, subject, day)
        return sums

    def archived(self, day: date) -> Iterator[PrintRecord]:
        """The archived jobs that were created on that day."""
        for history in self._histories:
            if day.toordinal() in history.days(_day(self.now)):
                yield from (record for record in history.records(day) if record.known <= self.now)
        yield from self._created.get(day, ())

    def _invented_days(self) -> Iterator[date]:
        for history in self._histories:
            yield from map(date.fromordinal, history.days(_day(self.now)))

    def _own(self, sums: Sums, subject: Subject, day: date) -> None:
        count(sums, subject, self._ended.get(day, ()), self.now)
        for correction in self._corrections.get(day, ()):
            sum_of(sums, subject, correction.person, correction.printer).change(correction.change)


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


def _same(wanted: str, *names: str) -> bool:
    return wanted.lower() in {name.lower() for name in names}
