"""What the timers do for print tasks and held jobs. A tenant without a task definition needs none of it."""

from __future__ import annotations

import logging

from shared.alerts import Observed
from shared.catalog import CatalogUnreadable
from shared.errors import PrintFunctionsError
from shared.services import Services
from shared.tasks.services import task_services

logger = logging.getLogger(__name__)

UNLISTED_ALERT = "print-tasks-unlisted"


async def reconcile_tasks(ready: Services) -> Observed:
    """Find the tasks that no notification brought. The alerts of print tasks.

    What fails here is an alert itself, and keeps the other work of the timer from nothing.
    """
    from shared.tasks.reconcile import ALERT_PREFIX, reconcile

    unseen = frozenset({ALERT_PREFIX})
    try:
        if (await ready.submissions.load_catalog()).task_definition_id is None:
            return Observed()
    except CatalogUnreadable:
        return Observed(unseen=unseen | {UNLISTED_ALERT})
    try:
        found = await reconcile(await task_services())
    except Exception as error:
        logger.exception("print tasks could not be listed")
        # What another library says may hold an address, and an alert is posted.
        why = str(error) if isinstance(error, PrintFunctionsError) else type(error).__name__
        text = f"print tasks cannot be listed, so lost notifications are not mended: {why}"
        return Observed({UNLISTED_ALERT: text}, unseen)
    return Observed(found.alerts, unseen if found.unreadable else frozenset())


async def tidy_held(ready: Services) -> None:
    """Expire, wake and clean held jobs. Trouble is logged; the next run begins again."""
    if not await _has_tasks(ready):
        return
    try:
        from shared.held.retention import tidy

        done = await tidy(await task_services())
    except PrintFunctionsError:
        logger.exception("held jobs could not be tidied")
        return
    if any(done.values()):
        logger.info("held jobs: %s", ", ".join(f"{what} {count}" for what, count in sorted(done.items()) if count))


async def _has_tasks(ready: Services) -> bool:
    try:
        return (await ready.submissions.load_catalog()).task_definition_id is not None
    except CatalogUnreadable:
        return False
