"""The one table of operations: method, path, who may call it, what it answers. Routes are made from it.

Facts: the pages of Graph's print API and Microsoft's permissions.json. A row without a handler answers 501.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from emulator.universal_print.graph import permissions as p
from emulator.universal_print.graph.directory_rows import DIRECTORY_ROWS
from emulator.universal_print.graph.operation import Operation
from emulator.universal_print.graph.operation import query_options as _query

_S, _P = "/print/shares/{share}", "/print/printers/{printer}"
_SJ, _PJ = f"{_S}/jobs/{{job}}", f"{_P}/jobs/{{job}}"
_D = "/print/taskDefinitions/{definition}"
_JOBS = "Collection(printJob)"
_SESSION = "uploadSession"

_JOB_ROWS = (
    Operation("createShareJob", "POST", f"{_S}/jobs", p.JOB_WRITE, (), "printJob", p.SHARE_READ),
    Operation("createPrinterJob", "POST", f"{_P}/jobs", ("PrintJob.Create", *p.JOB_WRITE), (), "printJob"),
    Operation(
        "listPrinterJobs", "GET", f"{_P}/jobs", p.JOB_READ, p.JOB_READ_APP, _JOBS, (), p.GET_PRINTER_APP,
        query=_query("expand", "filter", "skiptoken"),
    ),
    Operation(
        "listShareJobs", "GET", f"{_S}/jobs", p.JOB_READ, p.JOB_READ_APP, _JOBS, (), p.GET_PRINTER_APP,
        query=_query("expand", "filter", "skiptoken"),
    ),
    Operation(
        "getPrinterJob", "GET", _PJ, p.JOB_READ, p.JOB_READ_APP, "printJob", (), p.GET_PRINTER_APP,
        query=_query("expand"),
    ),
    Operation(
        "getShareJob", "GET", _SJ, p.JOB_READ, p.JOB_READ_APP, "printJob", (), p.GET_PRINTER_APP,
        query=_query("expand"),
    ),
    Operation("updatePrinterJob", "PATCH", _PJ, (), p.JOB_MANAGE_APP, "printJob", (), p.GET_PRINTER_APP),
    Operation("startShareJob", "POST", f"{_SJ}/start", ("PrintJob.Create", *p.JOB_WRITE), (), "printJobStatus"),
    Operation("cancelPrinterJob", "POST", f"{_PJ}/cancel", p.JOB_WRITE),
    Operation("redirectPrinterJob", "POST", f"{_PJ}/redirect", (), ("PrintJob.Manage.All",), "printJob"),
    Operation("abortPrinterJob", "POST", f"{_PJ}/abort", (), p.JOB_MANAGE_APP, None, (), p.GET_PRINTER_APP),
    Operation(
        "createPrinterUploadSession", "POST", f"{_PJ}/documents/{{document}}/createUploadSession",
        p.DOCUMENT_WRITE, ("PrintJob.ReadWrite.All",), _SESSION,
    ),
    # The page says delegated only, permissions.json also lists an application permission: the page is stricter.
    Operation(
        "createShareUploadSession", "POST", f"{_SJ}/documents/{{document}}/createUploadSession",
        p.DOCUMENT_WRITE, (), _SESSION,
    ),
    Operation(
        "getPrinterDocumentFile", "GET", f"{_PJ}/documents/{{document}}/$value",
        p.DOCUMENT_READ, p.DOCUMENT_READ_APP, None, (), p.GET_PRINTER_APP,
    ),
)  # fmt: skip

_PRINTER_ROWS = (
    Operation(
        "listPrinters", "GET", "/print/printers", p.PRINTER_READ, (), "Collection(printer)", administrator=True,
        query=_query("select", "expand", "top", "skiptoken"),
    ),
    Operation(
        "getPrinter", "GET", _P, p.PRINTER_READ, p.GET_PRINTER_APP, "printer", administrator=True,
        query=_query("select", "expand"),
    ),
    Operation(
        "getSharePrinter", "GET", f"{_S}/printer", p.PRINTER_READ, p.GET_PRINTER_APP, "printer", administrator=True,
        query=_query("select", "expand"),
    ),
    Operation("createPrinter", "POST", "/print/printers/create", p.PRINTER_CREATE, administrator=True),
    Operation(
        "getOperation", "GET", "/print/operations/{operation}", p.PRINTER_CREATE, (), "printOperation",
        administrator=True,
    ),
    Operation("updatePrinter", "PATCH", _P, p.PRINTER_WRITE, ("Printer.ReadWrite.All",), "printer"),
    Operation("restorePrinterFactoryDefaults", "POST", f"{_P}/restoreFactoryDefaults", p.PRINTER_WRITE),
    Operation("deletePrinter", "DELETE", _P, ("Printer.FullControl.All",)),
    Operation("listPrinterShares", "GET", f"{_P}/shares", p.SHARE_READ, (), "Collection(printerShare)"),
)  # fmt: skip

_SHARE_ROWS = (
    Operation(
        "listShares", "GET", "/print/shares", p.SHARE_READ, (), "Collection(printerShare)",
        query=_query("select", "filter", "top", "skiptoken"),
    ),
    Operation("getShare", "GET", _S, p.SHARE_READ, (), "printerShare", query=_query("select", "expand")),
    Operation(
        "getPrinterShare", "GET", f"{_P}/shares/{{share}}", p.SHARE_READ, (), "printerShare",
        query=_query("select", "expand"),
    ),
    Operation("createShare", "POST", "/print/shares", p.SHARE_WRITE, (), "printerShare", administrator=True),
    Operation("updateShare", "PATCH", _S, p.SHARE_WRITE, (), "printerShare", administrator=True),
    Operation("deleteShare", "DELETE", _S, p.SHARE_WRITE),
    Operation(
        "listShareAllowedUsers", "GET", f"{_S}/allowedUsers", p.SHARE_ACCESS_READ, (), "Collection(user)",
        p.USER_LIST, administrator=True,
    ),
    Operation(
        "listShareAllowedGroups", "GET", f"{_S}/allowedGroups", p.SHARE_ACCESS_READ, (), "Collection(group)",
        p.GROUP_LIST, administrator=True,
    ),
    Operation("addShareAllowedUser", "POST", f"{_S}/allowedUsers/$ref", p.SHARE_WRITE, administrator=True),
    Operation("addShareAllowedGroup", "POST", f"{_S}/allowedGroups/$ref", p.SHARE_WRITE),
    Operation(
        "removeShareAllowedUser", "DELETE", f"{_S}/allowedUsers/{{user}}/$ref", p.SHARE_WRITE, administrator=True
    ),
    Operation(
        "removeShareAllowedGroup", "DELETE", f"{_S}/allowedGroups/{{group}}/$ref", p.SHARE_WRITE, administrator=True
    ),
    Operation(
        "listMyRecentPrinterShares", "GET", "/me/print/recentPrinterShares", p.SHARE_READ, (),
        "Collection(printerShare)",
    ),
    Operation(
        "listUserRecentPrinterShares", "GET", "/users/{user}/print/recentPrinterShares", p.SHARE_READ, (),
        "Collection(printerShare)",
    ),
)  # fmt: skip

_TASK_ROWS = (
    Operation(
        "listTaskDefinitions", "GET", "/print/taskDefinitions", (), p.TASK_DEFINITION,
        "Collection(printTaskDefinition)", query=_query("skiptoken"),
    ),
    Operation(
        "createTaskDefinition", "POST", "/print/taskDefinitions", (), p.TASK_DEFINITION, "printTaskDefinition"
    ),
    Operation("getTaskDefinition", "GET", _D, (), p.TASK_DEFINITION, "printTaskDefinition"),
    Operation("updateTaskDefinition", "PATCH", _D, (), p.TASK_DEFINITION, "printTaskDefinition"),
    Operation("deleteTaskDefinition", "DELETE", _D, (), p.TASK_DEFINITION),
    Operation(
        "listTasks", "GET", f"{_D}/tasks", (), p.TASK_DEFINITION, "Collection(printTask)", query=_query("skiptoken")
    ),
    Operation("getTask", "GET", f"{_D}/tasks/{{task}}", (), p.TASK_DEFINITION, "printTask"),
    Operation("updateTask", "PATCH", f"{_D}/tasks/{{task}}", (), p.TASK_DEFINITION, "printTask"),
    Operation(
        "listTaskTriggers", "GET", f"{_P}/taskTriggers", p.PRINTER_READ, (), "Collection(printTaskTrigger)",
        administrator=True, query=_query("expand"),
    ),
    Operation(
        "createTaskTrigger", "POST", f"{_P}/taskTriggers", p.PRINTER_WRITE, (), "printTaskTrigger", administrator=True
    ),
    Operation("getTaskTrigger", "GET", f"{_P}/taskTriggers/{{trigger}}", p.PRINTER_READ, (), "printTaskTrigger"),
    Operation("deleteTaskTrigger", "DELETE", f"{_P}/taskTriggers/{{trigger}}", p.PRINTER_WRITE),
)  # fmt: skip

_TENANT_ROWS = (
    Operation(
        "listConnectors", "GET", "/print/connectors", p.CONNECTOR_READ, (), "Collection(printConnector)",
        query=_query("skiptoken"),
    ),
    Operation("getConnector", "GET", "/print/connectors/{connector}", p.CONNECTOR_READ, (), "printConnector"),
    Operation(
        "listPrinterConnectors", "GET", f"{_P}/connectors", p.CONNECTOR_READ, (), "Collection(printConnector)"
    ),
    Operation("updateConnector", "PATCH", "/print/connectors/{connector}", p.CONNECTOR_WRITE, (), "printConnector"),
    Operation("deleteConnector", "DELETE", "/print/connectors/{connector}", p.CONNECTOR_WRITE),
    Operation("listServices", "GET", "/print/services", p.ANY_PRINT, (), "Collection(printService)"),
    Operation("getService", "GET", "/print/services/{service}", p.ANY_PRINT, (), "printService"),
    Operation(
        "listServiceEndpoints", "GET", "/print/services/{service}/endpoints", p.ANY_PRINT, (),
        "Collection(printServiceEndpoint)",
    ),
    Operation(
        "getServiceEndpoint", "GET", "/print/services/{service}/endpoints/{endpoint}", p.ANY_PRINT, (),
        "printServiceEndpoint",
    ),
    Operation("getSettings", "GET", "/print/settings", p.SETTINGS_READ, (), "printSettings"),
    Operation("updateSettings", "PATCH", "/print/settings", p.SETTINGS_WRITE),
)  # fmt: skip


def _report_rows() -> Iterable[Operation]:
    for period in ("daily", "monthly"):
        for subject in ("User", "Printer"):
            name, path = f"{period.capitalize()}PrintUsageBy{subject}", f"/reports/{period}PrintUsageBy{subject}"
            item, query = f"printUsageBy{subject}", _query("filter", "skiptoken")
            yield Operation(f"list{name}", "GET", path, p.REPORTS, (), f"Collection({item})", query=query)
            yield Operation(f"get{name}", "GET", f"{path}/{{usage}}", p.REPORTS, (), item)
    for subject in ("printer", "user", "group"):
        name = f"get{subject.capitalize()}ArchivedPrintJobs"
        arguments = f"({subject}Id={{{subject}}},startDateTime={{start}},endDateTime={{end}})"
        jobs = "Collection(archivedPrintJob)"
        yield Operation(name, "GET", f"/reports/{name}{arguments}", p.REPORTS, (), jobs, query=_query("skiptoken"))


_SUBSCRIPTION_ROWS = (
    Operation("createSubscription", "POST", "/subscriptions", (), p.SUBSCRIPTION, "subscription"),
    Operation(
        "listSubscriptions", "GET", "/subscriptions", (), p.SUBSCRIPTION, "Collection(subscription)",
        query=_query("skiptoken"),
    ),
    Operation("getSubscription", "GET", "/subscriptions/{subscription}", (), p.SUBSCRIPTION, "subscription"),
    Operation("updateSubscription", "PATCH", "/subscriptions/{subscription}", (), p.SUBSCRIPTION, "subscription"),
    Operation("reauthorizeSubscription", "POST", "/subscriptions/{subscription}/reauthorize", (), p.SUBSCRIPTION),
    Operation("deleteSubscription", "DELETE", "/subscriptions/{subscription}", (), p.SUBSCRIPTION),
)  # fmt: skip

OPERATIONS: tuple[Operation, ...] = (
    *_JOB_ROWS, *_PRINTER_ROWS, *_SHARE_ROWS, *_TASK_ROWS, *_TENANT_ROWS, *_report_rows(), *_SUBSCRIPTION_ROWS,
    *DIRECTORY_ROWS,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Match:
    """What a request's method and path mean. `allowed` are the methods of the path when none matches the request's."""

    operation: Operation | None
    parameters: dict[str, str]
    allowed: tuple[str, ...]


class Router:
    """Finds the operation of a path below `/v1.0`. Literal segments win over parameters."""

    def __init__(self, operations: Iterable[Operation] = OPERATIONS) -> None:
        rows = sorted(operations, key=lambda row: row.path.count("{"))
        self._rows: dict[int, list[tuple[re.Pattern[str], Operation]]] = {}
        for row in rows:
            self._rows.setdefault(row.path.count("/"), []).append((_pattern(row.path), row))

    def match(self, method: str, path: str) -> Match:
        """The operation, its path parameters, or the methods that there are instead."""
        allowed: list[str] = []
        for pattern, operation in self._rows.get(path.count("/"), []):
            found = pattern.fullmatch(path)
            if found is None:
                continue
            if operation.method == method:
                return Match(operation, found.groupdict(), ())
            allowed.append(operation.method)
        return Match(None, {}, tuple(dict.fromkeys(allowed)))


def _pattern(path: str) -> re.Pattern[str]:
    pieces = re.split(r"\{(\w+)\}", path)
    literal = [re.escape(piece) if number % 2 == 0 else f"(?P<{piece}>[^/,()]+)" for number, piece in enumerate(pieces)]
    return re.compile("".join(literal))
