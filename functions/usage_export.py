"""Timers that export usage to files and reports."""

import os

import azure.functions as func

from shared.settings import DEFAULT_UPKEEP_SCHEDULE, DEFAULT_USAGE_EXPORT_SCHEDULE

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]


@blueprint.function_name("usage_export")
@blueprint.timer_trigger(
    arg_name="timer",
    schedule=os.environ.get("USAGE_EXPORT_SCHEDULE") or DEFAULT_USAGE_EXPORT_SCHEDULE,
    run_on_startup=False,
)
async def usage_export(timer: func.TimerRequest, context: func.Context) -> None:  # noqa: ARG001 - bound by this name
    """Export every day that is missing, and the last ones again."""
    from shared.telemetry.signals import invoked
    from shared.usage.everything import export_everything
    from shared.usage.services import usage_services

    invoked(context.trace_context.trace_parent)
    await export_everything(await usage_services())


@blueprint.function_name("usage_export_rest")
@blueprint.timer_trigger(
    arg_name="timer", schedule=os.environ.get("UPKEEP_SCHEDULE") or DEFAULT_UPKEEP_SCHEDULE, run_on_startup=False
)
async def usage_export_rest(timer: func.TimerRequest, context: func.Context) -> None:  # noqa: ARG001 - bound by this name
    """Go on with an export that Graph asked to wait with, that lasted too long, or that died."""
    from shared.telemetry.signals import invoked
    from shared.usage.everything import go_on
    from shared.usage.services import usage_services

    invoked(context.trace_context.trace_parent)
    await go_on(await usage_services())
