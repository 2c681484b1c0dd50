"""Timers that find what was lost, keep sign-ins alive, and tell of what is wrong."""

import os

import azure.functions as func

from shared.settings import DEFAULT_RECONCILE_SCHEDULE, DEFAULT_UPKEEP_SCHEDULE

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]


@blueprint.function_name("reconcile")
@blueprint.timer_trigger(
    arg_name="timer", schedule=os.environ.get("RECONCILE_SCHEDULE") or DEFAULT_RECONCILE_SCHEDULE, run_on_startup=False
)
async def reconcile(timer: func.TimerRequest, context: func.Context) -> None:  # noqa: ARG001 - bound by this name
    """Accept files and print tasks that nothing announced, queue what got stuck, and update the alerts."""
    from shared.health import update_alerts
    from shared.services import services
    from shared.steps import run_each
    from shared.submission.accepting import sweep
    from shared.tasks.timers import reconcile_tasks
    from shared.telemetry.signals import invoked

    invoked(context.trace_context.trace_parent)
    ready = await services()

    async def look() -> None:
        await update_alerts(ready, await reconcile_tasks(ready))

    await run_each(lambda: sweep(ready.submissions), look)


@blueprint.function_name("upkeep")
@blueprint.timer_trigger(
    arg_name="timer", schedule=os.environ.get("UPKEEP_SCHEDULE") or DEFAULT_UPKEEP_SCHEDULE, run_on_startup=False
)
async def upkeep(timer: func.TimerRequest, context: func.Context) -> None:  # noqa: ARG001 - bound by this name
    """See to the subscription, to sign-ins that rested for long and to the held jobs, and look for what is wrong."""
    from shared.accounts.care import keep_alive
    from shared.kiosk.throttle import tidy_attempts
    from shared.services import services
    from shared.steps import run_each
    from shared.subscriptions.services import subscription_services
    from shared.subscriptions.upkeep import maintain
    from shared.tasks.timers import tidy_held
    from shared.telemetry.signals import invoked
    from shared.watching import watch

    invoked(context.trace_context.trace_parent)
    ready = await services()
    subscription = await subscription_services()
    await run_each(
        lambda: maintain(subscription),
        lambda: keep_alive(ready.pool, ready.tokens),
        lambda: tidy_held(ready),
        lambda: watch(ready),
        lambda: tidy_attempts(ready.storage.state, ready.submissions.now(), ready.settings.bounds),
    )
