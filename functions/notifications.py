"""Graph's webhook: what it says is queued, and nothing more."""

import azure.functions as func

from shared.names import EVENTS_QUEUE

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]


# The host stores the messages before it answers, and answers 500 where it cannot, so that Graph sends them again. This
# needs no storage client in the worker, whose cold start would cost a good part of the three seconds that Graph waits.
@blueprint.function_name("notifications")
@blueprint.route(
    trigger_arg_name="request", route="notifications", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS
)
@blueprint.queue_output(arg_name="events", queue_name=EVENTS_QUEUE, connection="PrintStorage")
async def notifications(request: func.HttpRequest, events: func.Out[str], context: func.Context) -> func.HttpResponse:
    """Print tasks that have begun. Open to anybody: each item proves itself by its clientState."""
    return _receive(request, events, context)


@blueprint.function_name("notifications_lifecycle")
@blueprint.route(
    trigger_arg_name="request", route="notifications/lifecycle", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS
)
@blueprint.queue_output(arg_name="events", queue_name=EVENTS_QUEUE, connection="PrintStorage")
async def notifications_lifecycle(
    request: func.HttpRequest, events: func.Out[str], context: func.Context
) -> func.HttpResponse:
    """What Graph says of the subscription itself, above all that it wants to be reauthorized."""
    return _receive(request, events, context)


def _receive(request: func.HttpRequest, events: func.Out[str], context: func.Context) -> func.HttpResponse:
    from shared.notifications.receiving import receive

    received = receive(request, context.trace_context.trace_parent)
    if len(received.messages) == 1:
        # The usual case; a list would be written as JSON for the host, and read again there.
        events.set(received.messages[0])
    elif received.messages:
        events.set(received.messages)  # type: ignore[arg-type]  # it takes both (azure-functions: queue.py)
    return received.answer
