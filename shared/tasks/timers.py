"""What the timers do for print tasks and held jobs. A tenant without a task definition needs none of it."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from shared.catalog import CatalogUnreadable
from shared.errors import PrintFunctionsError
from shared.services import Services
from shared.tasks.services import task_services

logger = logging.getLogger(__name__)

UNLISTED_ALERT = "print-tasks-unlisted"


async def reconcile_tasks(ready: Services) -> Mapping[str, str]:
    """Find the tasks that no notification brought. The alerts of print tasks, by name.

    What fails here is an alert itself, and keeps the other work of the timer from nothing.
    """
    if not await _has_tasks(ready):
        return {}
    try:
        from shared.tasks.reconcile import reconcile

        return (await reconcile(await task_services())).alerts
    except PrintFunctionsError as error:
        logger.exception("print tasks could not be listed")
        return {UNLISTED_ALERT: f"print tasks cannot be listed, so lost notifications are not mended: {error}"}


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
