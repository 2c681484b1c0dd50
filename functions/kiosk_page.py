"""The page that a kiosk shows, and its parts. Anybody may read them: they hold no secret."""

import azure.functions as func

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]


@blueprint.function_name("kiosk_page")
@blueprint.route(trigger_arg_name="request", route="kiosk", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def kiosk_page(request: func.HttpRequest) -> func.HttpResponse:
    """The page, in the browser's language."""
    from shared.kiosk_page import page

    answer = page(request.headers.get("Accept-Language") or "")
    return func.HttpResponse(answer.body, status_code=answer.status, headers=answer.headers)


@blueprint.function_name("kiosk_asset")
@blueprint.route(
    trigger_arg_name="request", route="kiosk/assets/{name}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS
)
def kiosk_asset(request: func.HttpRequest) -> func.HttpResponse:
    """A script, a style, a language or the icon."""
    from shared.kiosk_page import asset

    answer = asset(request.route_params.get("name") or "", request.headers.get("If-None-Match") or "")
    return func.HttpResponse(answer.body, status_code=answer.status, headers=answer.headers)
