"""Jobs: create, list, get, start, cancel (Graph: printershare-post-jobs, printjob-get, -start, -cancel)."""

from __future__ import annotations

import re
from typing import Any

from emulator.universal_print.graph.call import Call, Handler, Result
from emulator.universal_print.graph.errors import GraphError, access_denied, bad_request, conflict, not_found
from emulator.universal_print.graph.lookup import is_found, job_of, may_see_all, printer_of, share_of
from emulator.universal_print.graph.paging import expand, listing, page
from emulator.universal_print.graph.views import document_view, job_status_view, job_view, task_view
from emulator.universal_print.jobs import Job
from emulator.universal_print.world import Printer, Share

# The one filter that is documented. A quote inside of the name is doubled (OData).
_CREATED_BY = re.compile(r"\s*createdBy/userPrincipalName\s+eq\s+'((?:[^']|'')*)'\s*")


async def create_share_job(call: Call) -> Result:
    """POST /print/shares/{share}/jobs."""
    share = share_of(call, to_print=True)
    return _create(call, share.printer, share)


async def create_printer_job(call: Call) -> Result:
    """POST /print/printers/{printer}/jobs; meant for administrators who test before they share."""
    if not call.caller.is_administrator:
        raise access_denied("Only a Printer Administrator may print to a printer without its share.")
    return _create(call, printer_of(call), None)


def _create(call: Call, printer: Printer, share: Share | None) -> Result:
    body = call.json_body()
    others = {name for name in body if not name.startswith("@")} - {"configuration"}
    if others:
        raise bad_request(f"Only configuration can be given; {', '.join(sorted(others))} is set by the service.")
    configuration = call.checked(body.get("configuration", {}), "printJobConfiguration", "configuration")
    if not printer.device.is_accepting_jobs:
        raise GraphError(409, "notAllowed", "The printer is not accepting jobs.")
    user = call.caller.signed_in()
    if not user.has_universal_print:
        raise access_denied("The user has no licence for Universal Print.")
    call.service.usage.take_job(user, printer, call.now)
    job = call.service.jobs.create(printer, share, user, call.caller.app, configuration, call.now)
    body = {"@odata.context": call.context("print/printJobs/$entity"), **show_job(call, job, {"documents"})}
    return Result(201, body)


async def list_printer_jobs(call: Call) -> Result:
    """GET /print/printers/{printer}/jobs."""
    printer = printer_of(call)
    return _list(call, call.service.jobs.of_printer(printer), f"print/printers('{printer.id}')/jobs")


async def list_share_jobs(call: Call) -> Result:
    """GET /print/shares/{share}/jobs."""
    share = share_of(call)
    return _list(call, call.service.jobs.of_share(share), f"print/shares('{share.id}')/jobs")


def _list(call: Call, jobs: list[Job], context: str) -> Result:
    expanded = expand(call, "documents")
    wanted = _created_by(call)
    sees_all = may_see_all(call)
    user = call.caller.user
    jobs = [job for job in jobs if is_found(call, job)]
    if wanted is not None:
        if not sees_all and user is not None and wanted != user.user_principal_name.lower():
            raise access_denied("Only a Printer Administrator may list the jobs of other users.")
        jobs = [job for job in jobs if job.created_by.user_principal_name.lower() == wanted]
    if not sees_all:
        jobs = [job for job in jobs if job.created_by is user]
    shown, next_link = page(call, jobs)
    return Result(200, listing(call, context, [show_job(call, job, expanded) for job in shown], next_link))


def _created_by(call: Call) -> str | None:
    text = call.query.get("$filter")
    if text is None:
        return None
    found = _CREATED_BY.fullmatch(text)
    if found is None:
        raise bad_request("Jobs can only be filtered by createdBy/userPrincipalName eq '{name}'.")
    return found[1].replace("''", "'").lower()


async def get_job(call: Call) -> Result:
    """GET of one job, below its share or its printer."""
    job = job_of(call)
    if not is_found(call, job):
        raise not_found("The print job")
    context = call.context(f"print/printers('{job.printer.id}')/jobs/$entity")
    return Result(200, {"@odata.context": context, **show_job(call, job, expand(call, "documents", "tasks"))})


async def start_share_job(call: Call) -> Result:
    """POST /print/shares/{share}/jobs/{job}/start."""
    call.without_body()
    job = job_of(call)
    if job.created_by is not call.caller.user:
        raise access_denied("Only the user who created the print job may start it.")
    if job.is_final:
        raise conflict(f"The print job is {job.state} and can't be started.")
    if job.started is not None:
        raise conflict("The print job has been started already.")
    if job.document.uploaded is None:
        raise conflict("The document of the print job has not been uploaded completely.")
    call.service.queues.submit(job)
    return Result(200, {"@odata.context": call.context("microsoft.graph.printJobStatus"), **job_status_view(job)})


async def cancel_printer_job(call: Call) -> Result:
    """POST /print/printers/{printer}/jobs/{job}/cancel."""
    call.without_body()
    job = job_of(call)
    if job.is_final:
        raise conflict(f"The print job is {job.state} and can't be canceled.")
    call.service.queues.cancel(job)
    return Result(204)


def show_job(call: Call, job: Job, expanded: set[str]) -> dict[str, Any]:
    """A printJob with what is expanded of it."""
    view = job_view(job)
    if "documents" in expanded:
        view["documents"] = [document_view(job.document, with_times=call.service.settings.undocumented_members)]
    if "tasks" in expanded:
        task = call.service.tasks.of_job(job)
        view["tasks"] = [task_view(task, call.root)] if task is not None else []
    return view


HANDLERS: dict[str, Handler] = {
    "createShareJob": create_share_job,
    "createPrinterJob": create_printer_job,
    "listPrinterJobs": list_printer_jobs,
    "listShareJobs": list_share_jobs,
    "getPrinterJob": get_job,
    "getShareJob": get_job,
    "startShareJob": start_share_job,
    "cancelPrinterJob": cancel_printer_job,
}
