"""Print tasks and held jobs, from the queue that the webhook and the timers fill."""

import azure.functions as func

from shared.names import EVENTS_QUEUE

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]


@blueprint.function_name("print_tasks")
@blueprint.queue_trigger(arg_name="message", queue_name=EVENTS_QUEUE, connection="PrintStorage")
async def print_tasks(message: func.QueueMessage, context: func.Context) -> None:
    """Handle one event: a task to decide on, a released job to look at."""
    from shared.tasks.dispatching import dispatch
    from shared.tasks.services import task_services
    from shared.telemetry.signals import invoked

    invoked(context.trace_context.trace_parent)
    await dispatch(message.get_body(), context.invocation_id, await task_services())
