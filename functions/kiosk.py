"""What a kiosk asks for: a session by badge or PIN, the person's jobs, their release and their end."""

import azure.functions as func

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]


@blueprint.function_name("kiosk_session")
@blueprint.route(
    trigger_arg_name="request", route="kiosk/session", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS
)
async def kiosk_session(request: func.HttpRequest) -> func.HttpResponse:
    """A tap. The device proves itself by its secret."""
    from shared.kiosk.http import answer_session, serve

    return await serve(answer_session, request)


@blueprint.function_name("kiosk_jobs")
@blueprint.route(trigger_arg_name="request", route="kiosk/jobs", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def kiosk_jobs(request: func.HttpRequest) -> func.HttpResponse:
    """The jobs of the person who tapped."""
    from shared.kiosk.http import answer_jobs, serve

    return await serve(answer_jobs, request)


@blueprint.function_name("kiosk_redirect")
@blueprint.route(
    trigger_arg_name="request", route="kiosk/redirect", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS
)
async def kiosk_redirect(request: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Jobs come out at this kiosk's printer."""
    from shared.kiosk.http import answer_redirect, serve
    from shared.telemetry.signals import invoked

    invoked(context.trace_context.trace_parent)
    return await serve(answer_redirect, request)


@blueprint.function_name("kiosk_discard")
@blueprint.route(
    trigger_arg_name="request", route="kiosk/discard", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS
)
async def kiosk_discard(request: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Jobs that nobody wants."""
    from shared.kiosk.http import answer_discard, serve
    from shared.telemetry.signals import invoked

    invoked(context.trace_context.trace_parent)
    return await serve(answer_discard, request)
