"""What an app does to a job that its task holds (Graph: printjob-update, printjob-redirect, printjob-abort)."""

from __future__ import annotations

import shutil
from typing import Any

from emulator.universal_print.graph.call import Call, Handler, Result
from emulator.universal_print.graph.errors import GraphError, bad_request
from emulator.universal_print.graph.job_operations import show_job
from emulator.universal_print.graph.lookup import held_task_of, job_of
from emulator.universal_print.jobs import REDIRECTED, Job
from emulator.universal_print.tasks import COMPLETED, DONE
from emulator.universal_print.world import Printer

_ABORTED = "The print job was aborted."


async def update_printer_job(call: Call) -> Result:
    """PATCH /print/printers/{printer}/jobs/{job}: what configuration leaves out stays as it is."""
    job = job_of(call)
    held_task_of(call, job)
    changes = call.checked(call.body_of("configuration").get("configuration"), "printJobConfiguration", "configuration")
    job.configuration = {**job.configuration, **changes}
    return Result(200, _shown(call, job))


async def redirect_printer_job(call: Call) -> Result:
    """POST …/redirect: a new job on the destination; the task is completed by that."""
    job = job_of(call)
    task = held_task_of(call, job)
    body = call.body_of("destinationPrinterId", "configuration")
    changes: dict[str, Any] = {}
    if body.get("configuration") is not None:
        changes = call.checked(body["configuration"], "printJobConfiguration", "configuration")
    destination = _destination(call, job, body.get("destinationPrinterId"))
    redirected = _move(call, job, destination, {**job.configuration, **changes})
    call.service.tasks.end(task, COMPLETED, DONE, call.now)
    call.service.queues.submit(redirected)
    return Result(200, _shown(call, redirected))


async def abort_printer_job(call: Call) -> Result:
    """POST …/abort. The task stays in `processing` until the app completes it, or it is given up."""
    job = job_of(call)
    held_task_of(call, job)
    reason = call.body_of("reason").get("reason") if call.request.body else None
    if reason is not None and not isinstance(reason, str):
        raise bad_request("reason must be a string.")
    job.enter(call.now, "aborted", ("completedWithErrors",), reason or _ABORTED)
    call.service.jobs.drop_payload(job)
    return Result(204)


def _destination(call: Call, job: Job, printer_id: Any) -> Printer:
    if not isinstance(printer_id, str):
        raise bad_request("destinationPrinterId must be the id of a printer.")
    printer = call.service.world.printers.get(printer_id)
    if printer is None or printer is job.printer:
        raise GraphError(400, "invalidRequest", "The destination printer does not exist, or has the print job already.")
    if not printer.device.is_accepting_jobs:
        raise GraphError(409, "notAllowed", "The destination printer is not accepting jobs.")
    return printer


def _move(call: Call, job: Job, destination: Printer, configuration: dict[str, Any]) -> Job:
    service = call.service
    moved = service.jobs.create(destination, None, job.created_by, job.app, configuration, call.now)
    source = job.document
    document = moved.document
    document.display_name, document.content_type = source.display_name, source.content_type
    document.size, document.uploaded = source.size, source.uploaded
    if service.settings.keep_payloads:
        shutil.copyfile(job.payload, moved.payload)
    else:
        job.payload.replace(moved.payload)
    moved.redirected_from, job.redirected_to = f"{call.root}{job.path}", f"{call.root}{moved.path}"
    job.enter(call.now, "completed", ("completedSuccessfully",), REDIRECTED)
    service.jobs.drop_payload(job)
    return moved


def _shown(call: Call, job: Job) -> dict[str, Any]:
    context = call.context(f"print/printers('{job.printer.id}')/jobs/$entity")
    return {"@odata.context": context, **show_job(call, job, set())}


HANDLERS: dict[str, Handler] = {
    "updatePrinterJob": update_printer_job,
    "redirectPrinterJob": redirect_printer_job,
    "abortPrinterJob": abort_printer_job,
}
