"""A file becomes a submission, and a submission becomes a started job."""

import azure.functions as func

from shared.blob_reference import BlobReference
from shared.names import INBOX, SUBMISSIONS_QUEUE

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]


@blueprint.function_name("accept")
@blueprint.blob_trigger(
    arg_name="document", path=f"{INBOX}/{{name}}", connection="PrintStorage", source=func.BlobSource.EVENT_GRID
)
async def accept(document: BlobReference, context: func.Context) -> None:
    """Register the file that an event told of. The content is not read."""
    from shared.services import services
    from shared.submission.accepting import accept as accept_document
    from shared.telemetry.signals import invoked

    invoked(context.trace_context.trace_parent)
    await accept_document(document.container, document.name, (await services()).submissions)


@blueprint.function_name("print_document")
@blueprint.queue_trigger(arg_name="message", queue_name=SUBMISSIONS_QUEUE, connection="PrintStorage")
async def print_document(message: func.QueueMessage, context: func.Context) -> None:
    """Take one submission as far as a started job."""
    from shared.services import services
    from shared.submission.messages import read_message
    from shared.submission.printing import print_document as print_submission
    from shared.telemetry.signals import invoked

    invoked(context.trace_context.trace_parent)
    key, sequence = read_message(message.get_body())
    await print_submission(key, sequence, context.invocation_id, (await services()).submissions)
