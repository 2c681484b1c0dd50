"""Documents: upload sessions and downloads (Graph: printdocument-createuploadsession, printdocument-get-file)."""

from __future__ import annotations

from emulator.universal_print.graph.call import Call, Handler, Result
from emulator.universal_print.graph.conversion import is_taken
from emulator.universal_print.graph.errors import GraphError, access_denied, bad_request, conflict, not_found
from emulator.universal_print.graph.lookup import document_of, held_task_of, job_of
from emulator.universal_print.graph.views import upload_session_view
from emulator.universal_print.jobs import Job
from emulator.universal_print.world import User


async def create_upload_session(call: Call) -> Result:
    """POST …/documents/{document}/createUploadSession, below a share or a printer."""
    job = job_of(call)
    document_of(call, job)
    user = call.caller.user
    if user is None:
        _check_replacement(call, job)
    else:
        _check_first(job, user)
    announced = call.body_of("properties").get("properties")
    properties = call.checked(announced, "printDocumentUploadProperties", "properties")
    name, content_type, size = (properties[key] for key in ("documentName", "contentType", "size"))
    if not name.strip():
        raise bad_request("documentName must not be empty.")
    if size <= 0:
        raise bad_request("size must be greater than 0.")
    limits = call.service.settings.limits
    if size > limits.document_bytes:
        raise GraphError(413, "invalidRequest", f"The document must not be larger than {limits.document_bytes} bytes.")
    if not is_taken(content_type, job.printer, call.service.world.document_conversion_enabled):
        raise GraphError(400, "invalidRequest", f"The printer does not support the content type {content_type}.")
    if user is not None:
        call.service.usage.take_bytes(user, job, size, call.now)
    session = call.service.uploads.open_session(job, name, content_type, size, replace=user is None)
    body = {
        "@odata.context": call.context("microsoft.graph.uploadSession"),
        "uploadUrl": f"{call.service.base_url}/uploads/{session.token}",
        **upload_session_view(session, call.service.uploads.expected_ranges(session)),
    }
    return Result(200, body)


def _check_first(job: Job, user: User) -> None:
    """Raise GraphError 403, 409 unless the user may send the document now."""
    if job.created_by is not user:
        raise access_denied("Only the user who created the print job may upload its document.")
    if job.is_final or job.started is not None or job.document.uploaded is not None:
        raise conflict("The print job takes no document any more.")


def _check_replacement(call: Call, job: Job) -> None:
    """Raise GraphError 403, 409 unless the app may put another document in the place of the present one."""
    held_task_of(call, job)
    if job.replaced:
        raise conflict("The document of the print job has been replaced already.")


async def get_document_file(call: Call) -> Result:
    """GET …/documents/{document}/$value: 302 to a pre-authenticated address."""
    job = job_of(call)
    document = document_of(call, job)
    if document.uploaded is None or not job.payload.exists():
        raise not_found("The content of the print document")
    token = call.service.downloads.open(job.payload, document.content_type, call.now)
    return Result(302, None, {"Location": f"{call.service.base_url}/downloads/{token}"})


HANDLERS: dict[str, Handler] = {
    "createPrinterUploadSession": create_upload_session,
    "createShareUploadSession": create_upload_session,
    "getPrinterDocumentFile": get_document_file,
}
