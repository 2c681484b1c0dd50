"""Usage reports and archived jobs (Graph: printUsageByUser, printUsageByPrinter, archivedPrintJob)."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from emulator.universal_print.clock import graph_time
from emulator.universal_print.graph.call import Call, Handler, Result
from emulator.universal_print.graph.errors import bad_request, not_found
from emulator.universal_print.graph.paging import listing
from emulator.universal_print.reports.arguments import UsageFilter, moment, quoted, usage_filter
from emulator.universal_print.reports.book import ReportView
from emulator.universal_print.reports.pages import Position, Row, Rows, cut, in_order
from emulator.universal_print.reports.records import PrintRecord
from emulator.universal_print.reports.sums import Subject, Sums

_USAGE_ID = re.compile(r"(\d{4})(\d\d)(\d\d)[0-9a-f]{24}")

# The groups of a list, and the sums of one of them.
type Series = tuple[Callable[[ReportView], set[date]], Callable[[ReportView, Subject, date], Sums]]
_SERIES: dict[str, Series] = {
    "daily": (ReportView.usage_days, ReportView.daily),
    "monthly": (ReportView.usage_months, ReportView.monthly),
}


def _list_usage(period: str, subject: Subject) -> Handler:
    groups_of, sums_of = _SERIES[period]
    name = f"{period}PrintUsageBy{subject}"

    async def list_usage(call: Call) -> Result:
        wanted = _filter(call)
        view = call.service.reports.view()

        def rows_of(group: date) -> tuple[list[Row], int]:
            sums = sums_of(view, subject, group)
            rows = [tally.view(_usage_id(name, group, key), group) | names for key, (names, tally) in sums.items()]
            if wanted.completed:
                rows = [row for row in rows if row["completedJobCount"] > 0]
            return rows, len(rows)

        groups = [group for group in groups_of(view) if wanted.admits(group)]
        return await _page(call, f"reports/{name}", groups, rows_of)

    return list_usage


def _get_usage(period: str, subject: Subject) -> Handler:
    _, sums_of = _SERIES[period]
    name = f"{period}PrintUsageBy{subject}"

    async def get_usage(call: Call) -> Result:
        usage_id = call.parameters["usage"]
        group = _date_of(usage_id)
        if group is None:
            raise not_found("The usage summary")
        sums = await asyncio.to_thread(sums_of, call.service.reports.view(), subject, group)
        for key, (names, tally) in sums.items():
            if _usage_id(name, group, key) == usage_id:
                body = {
                    "@odata.context": call.context(f"reports/{name}/$entity"),
                    **tally.view(usage_id, group),
                    **names,
                }
                return Result(200, body)
        raise not_found("The usage summary")

    return get_usage


def _archived(parameter: str, known: Callable[[Call, str], Callable[[PrintRecord], bool]]) -> Handler:
    async def archived(call: Call) -> Result:
        wanted = known(call, quoted(call.parameters[parameter], f"{parameter}Id"))
        start = moment(call.parameters["start"], "startDateTime")
        end = moment(call.parameters["end"], "endDateTime")
        if start is not None and end is not None and start > end:
            raise bad_request("startDateTime lies after endDateTime.")
        view = call.service.reports.view()

        named = call.service.settings.undocumented_members

        def rows_of(group: date) -> tuple[list[Row], int]:
            records = list(view.archived(group))
            inside = [one for one in records if wanted(one) and _within(one.created, start, end)]
            return [_archived_view(one, named=named) for one in inside], len(records)

        days = [day for day in view.archive_days() if _day_within(day, start, end)]
        return await _page(call, "Collection(microsoft.graph.archivedPrintJob)", days, rows_of)

    return archived


def _of_printer(call: Call, printer_id: str) -> Callable[[PrintRecord], bool]:
    if not call.service.reports.knows_printer(printer_id):
        raise not_found("The printer")
    return lambda record: record.printer.id == printer_id


def _of_user(call: Call, user_id: str) -> Callable[[PrintRecord], bool]:
    if not call.service.reports.knows_user(user_id):
        raise not_found("The user")
    return lambda record: record.person.id == user_id


def _of_group(call: Call, group_id: str) -> Callable[[PrintRecord], bool]:
    world = call.service.world
    if group_id not in world.groups:
        raise not_found("The group")
    members = {user.id for user in world.users.values() if group_id in user.groups}
    return lambda record: record.person.id in members


async def _page(call: Call, context: str, groups: list[date], rows_of: Rows) -> Result:
    settings, tokens = call.service.settings, call.service.skip_tokens
    page = await asyncio.to_thread(
        cut,
        in_order(groups),
        rows_of,
        Position.read(tokens.place(call)),
        settings.report_page_size,
        empty_pages=settings.empty_pages,
    )
    next_link = tokens.link(call, page.following.written()) if page.following is not None else None
    return Result(200, listing(call, context, page.rows, next_link))


def _filter(call: Call) -> UsageFilter:
    text, mode = call.query.get("$filter"), call.service.settings.report_filters
    if text is None or mode == "ignored":
        return UsageFilter()
    if mode == "refused":
        raise bad_request("The query option '$filter' is not supported by this operation.")
    return usage_filter(text)


def _throttled(handler: Handler) -> Handler:
    async def count_first(call: Call) -> Result:
        call.service.reports.throttle.take(call.caller.app.client_id, call.now)
        return await handler(call)

    return count_first


@lru_cache(maxsize=20_000)
def _digest(name: str, key: str) -> str:
    return hashlib.sha256(f"{name}/{key}".encode()).hexdigest()[:24]


def _usage_id(name: str, group: date, key: str) -> str:
    # A published script of a user of the service reads the month from the first eight characters.
    return f"{group:%Y%m%d}{_digest(name, key)}"


def _date_of(usage_id: str) -> date | None:
    found = _USAGE_ID.fullmatch(usage_id)
    try:
        return date(*map(int, found.groups())) if found is not None else None
    except ValueError:
        return None


def _within(created: datetime, start: datetime | None, end: datetime | None) -> bool:
    return (start is None or start <= created) and (end is None or created <= end)


def _day_within(day: date, start: datetime | None, end: datetime | None) -> bool:
    # The day is in UTC, the limits in any zone: the day before and after may matter, and each job is looked at.
    ordinal = day.toordinal()
    return (start is None or start.toordinal() - 1 <= ordinal) and (end is None or ordinal <= end.toordinal() + 1)


def _archived_view(record: PrintRecord, *, named: bool) -> dict[str, Any]:
    person, printer = record.person, record.printer
    return {
        "id": record.job_id,
        "printerId": printer.id,
        "printerName": printer.name if named else None,
        "processingState": record.state,
        "createdDateTime": graph_time(record.created),
        "acquiredDateTime": graph_time(record.acquired) if record.acquired else None,
        "completionDateTime": graph_time(record.ended),
        "acquiredByPrinter": record.acquired is not None,
        "copiesPrinted": record.copies,
        "createdBy": {
            "id": person.id,
            "displayName": person.display_name,
            "ipAddress": None,
            "userPrincipalName": person.user_principal_name,
        },
    }


def _handlers() -> dict[str, Handler]:
    handlers: dict[str, Callable[[Call], Awaitable[Result]]] = {
        "getPrinterArchivedPrintJobs": _archived("printer", _of_printer),
        "getUserArchivedPrintJobs": _archived("user", _of_user),
        "getGroupArchivedPrintJobs": _archived("group", _of_group),
    }
    subjects: tuple[Subject, ...] = ("User", "Printer")
    for period in _SERIES:
        for subject in subjects:
            handlers[f"list{period.capitalize()}PrintUsageBy{subject}"] = _list_usage(period, subject)
            handlers[f"get{period.capitalize()}PrintUsageBy{subject}"] = _get_usage(period, subject)
    return {name: _throttled(handler) for name, handler in handlers.items()}


HANDLERS: dict[str, Handler] = _handlers()
