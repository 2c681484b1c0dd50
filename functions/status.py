"""Is it up, and how is it doing."""

import azure.functions as func

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]


@blueprint.function_name("health")
@blueprint.route(trigger_arg_name="request", route="health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def health(request: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - the worker binds by this name
    """Up or not, and no more: anybody may ask."""
    from shared.health import answer_health
    from shared.problems import answering

    return await answering(answer_health)


@blueprint.function_name("status")
@blueprint.route(trigger_arg_name="request", route="status", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
async def status(request: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - the worker binds by this name
    """Accounts, queues and open submissions, for operators."""
    from shared.health import answer_status
    from shared.problems import answering

    return await answering(answer_status)
