"""Finds what a path names, and whether the caller may touch it."""

from __future__ import annotations

from emulator.universal_print.graph.call import Call
from emulator.universal_print.graph.errors import access_denied, conflict, not_found
from emulator.universal_print.jobs import Document, Job
from emulator.universal_print.tasks import PrintTask
from emulator.universal_print.world import Printer, Share

_ALL = ".All"


def share_of(call: Call, *, to_print: bool = False) -> Share:
    """The share of the path. Raises GraphError 404, and 403 where the user is not on its access list.

    An administrator may look at every share, but prints only where the list says so (`to_print`).
    """
    share = call.service.world.shares.get(call.parameters["share"])
    if share is None:
        raise not_found("The printer share")
    user = call.caller.user
    if user is not None and not share.admits(user) and (to_print or not user.is_printer_administrator):
        raise access_denied(f"The user has no access to the printer share {share.id}.")
    return share


def printer_of(call: Call) -> Printer:
    """The printer of the path. Raises GraphError 404."""
    printer = call.service.world.printers.get(call.parameters["printer"])
    if printer is None:
        raise not_found("The printer")
    return printer


def job_of(call: Call) -> Job:
    """The job of the path, below its share or its printer. Raises GraphError 404, 403."""
    job = call.service.jobs.find(call.parameters["job"])
    if "share" in call.parameters:
        owns = job is not None and job.share is share_of(call)
    else:
        owns = job is not None and job.printer is printer_of(call)
    if job is None or not owns or job.deleted:
        raise not_found("The print job")
    if not may_see(call, job):
        raise access_denied("The print job belongs to another user.")
    return job


def is_found(call: Call, job: Job) -> bool:
    """Whether reads know of the job: it is not deleted, and was not made just now."""
    return not job.deleted and job.created + call.service.settings.reading_delay <= call.now


def may_see(call: Call, job: Job) -> bool:
    """Own jobs; those of others for an app, or for an administrator whose token has a permission for all."""
    user = call.caller.user
    return user is None or job.created_by is user or may_see_all(call)


def may_see_all(call: Call) -> bool:
    """Whether the caller may see every user's jobs."""
    if call.caller.user is None:
        return True
    held = call.caller.permissions & set(call.operation.delegated)
    return call.caller.is_administrator and any(name.endswith(_ALL) for name in held)


def held_task_of(call: Call, job: Job) -> PrintTask:
    """The task by which the calling app may work on the job. Raises GraphError 403, 409.

    Graph: a printTask in `processing` must exist on the job, started by a trigger that the requesting app created.
    """
    if job.redirected_to is not None:
        raise conflict("The print job has been redirected already.")
    task = call.service.tasks.of_job(job)
    if task is None or not task.is_processing or task.definition.app is not call.caller.app:
        raise access_denied("The print job has no task in processing that a trigger of this app started.")
    if job.is_final:
        raise conflict(f"The print job is {job.state} and can't be changed.")
    return task


def document_of(call: Call, job: Job) -> Document:
    """The document of the path. Raises GraphError 404."""
    if job.document.id != call.parameters["document"]:
        raise not_found("The print document")
    return job.document
