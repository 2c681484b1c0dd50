"""The report of a month, for whoever has the function's key."""

import azure.functions as func

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]


@blueprint.function_name("usage_report")
@blueprint.route(trigger_arg_name="request", route="usage/{month}", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
async def usage_report(request: func.HttpRequest) -> func.HttpResponse:
    """The page of a month such as 2026-10, or the latest."""
    from shared.names import USAGE
    from shared.problems import answering
    from shared.services import services
    from shared.usage_report.serving import answer_report

    async def work() -> func.HttpResponse:
        ready = await services()
        return await answer_report(request.route_params.get("month", ""), ready.storage.container(USAGE))

    return await answering(work)
