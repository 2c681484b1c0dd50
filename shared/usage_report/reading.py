"""Reads a month's usage from the exported partitions, and its documents from the ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import date, timedelta
from typing import Any

from shared.costs.licence_pool import PATTERN_DAYS
from shared.ledger import rows_between
from shared.usage.partitions import list_partitions, read_partition
from shared.usage.series import (
    DAILY_BY_PRINTER,
    DAILY_BY_USER,
    MONTHLY_BY_PRINTER,
    MONTHLY_BY_USER,
    Series,
)
from shared.usage.services import UsageServices
from shared.usage.tables import Table, day_key, month_key
from shared.usage.watermark import decode_state, state_path
from shared.usage_report.documents import DocumentCounter, DocumentFigures
from shared.usage_report.figures import (
    TREND_MONTHS,
    Entry,
    MonthData,
    Usage,
    last_day,
    month_before,
    usage_of,
)


async def exported_until(services: UsageServices, series: Series) -> date | None:
    """The last day that is exported of a series, None before its first export. Raises SeriesStateUnreadable."""
    stored = await services.state.read(state_path(series.name))
    return decode_state(stored.content).through if stored else None


async def read_month(services: UsageServices, month: date, until: date) -> MonthData:
    """Everything that a report of the month that begins with `month` needs; `until` is the last day to look at.

    A month that is over is read from its monthly partitions, where Graph has corrected most. One that is not, or that
    has none, is the sum of its days.
    """
    printers = _Rows(services, MONTHLY_BY_PRINTER, DAILY_BY_PRINTER, until)
    people = _Rows(services, MONTHLY_BY_USER, DAILY_BY_USER, until)
    months = {}
    for back in range(1, TREND_MONTHS):
        first = month_before(month, back)
        usages = [usage_of(row) async for row in printers.of_month(first)]
        if usages:
            months[first] = sum(usages, Usage())
    days = {}
    for number in range((min(until, last_day(month)) - month).days + 1 + PATTERN_DAYS):
        day = month + timedelta(days=number - PATTERN_DAYS)
        usages = [usage_of(row) async for row in printers.of_day(day)]
        if usages:
            days[day] = sum(usages, Usage())
    return MonthData(
        month=month,
        until=until if until >= month else None,
        months=months,
        days=days,
        printers=await _entries(printers, month),
        people=await _entries(people, month),
        documents=await read_documents(services, month, until),
    )


async def read_documents(services: UsageServices, month: date, until: date) -> DocumentFigures:
    """What the ledger says of the documents that ended in the month, up to `until`."""
    counter = DocumentCounter()
    async for _, rows, _ in rows_between(services.ledger, month, min(until, last_day(month))):
        for row in rows:
            counter.add(row)
    return counter.figures()


class _Rows:
    """Rows of one kind of usage, by month and by day; partitions that are not there cost no request each."""

    def __init__(self, services: UsageServices, monthly: Series, daily: Series, until: date) -> None:
        self._services = services
        self._monthly, self._daily = monthly, daily
        self._until = until
        self._there: dict[str, frozenset[str]] = {}

    async def of_month(self, month: date) -> AsyncIterator[Mapping[str, Any]]:
        """The rows of a month, or of its days while it is not over or was not exported as a month."""
        if await self._whole(month):
            async for row in read_partition(self._monthly.table, month_key(month), services=self._services):
                yield row
            return
        for number in range(last_day(month).day):
            async for row in self.of_day(month + timedelta(days=number)):
                yield row

    async def of_day(self, day: date) -> AsyncIterator[Mapping[str, Any]]:
        """The rows of a day, none for one that was not exported yet."""
        if day <= self._until and day_key(day) in await self._keys(self._daily.table):
            async for row in read_partition(self._daily.table, day_key(day), services=self._services):
                yield row

    async def _whole(self, month: date) -> bool:
        """Whether the month's own partition was read when the month was over."""
        through = await exported_until(self._services, self._monthly)
        over = through is not None and last_day(month) <= min(through, self._until)
        return over and month_key(month) in await self._keys(self._monthly.table)

    async def _keys(self, table: Table) -> frozenset[str]:
        if table.name not in self._there:
            self._there[table.name] = frozenset(await list_partitions(table, services=self._services))
        return self._there[table.name]


async def _entries(series: _Rows, month: date) -> tuple[Entry, ...]:
    """The month's usage of each printer or person, added up by its key; the newest name that it has counts."""
    usages: dict[str, Usage] = {}
    names: dict[str, str] = {}
    async for row in series.of_month(month):
        key = str(row.get("printerId") or row.get("userPrincipalName") or "")
        usages[key] = usages.get(key, Usage()) + usage_of(row)
        names[key] = str(row.get("printerName") or "") or names.get(key) or key
    return tuple(Entry(key, names[key], usage) for key, usage in sorted(usages.items()))
