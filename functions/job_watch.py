"""A started job is followed to its end."""

import azure.functions as func

from shared.names import JOBS_QUEUE

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]


@blueprint.function_name("follow")
@blueprint.queue_trigger(arg_name="message", queue_name=JOBS_QUEUE, connection="PrintStorage")
async def follow(message: func.QueueMessage, context: func.Context) -> None:
    """Look at one job, then end its submission or come back later."""
    from shared.services import services
    from shared.submission.job_watch import follow as follow_job
    from shared.submission.messages import read_message
    from shared.telemetry.signals import invoked

    invoked(context.trace_context.trace_parent)
    key, sequence = read_message(message.get_body())
    await follow_job(key, sequence, context.invocation_id, (await services()).submissions)
