"""Runs the steps of a timer one after another, so that none keeps the others from being done."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

logger = logging.getLogger(__name__)


async def run_each(*steps: Callable[[], Awaitable[object]]) -> None:
    """Run every step, whatever became of those before it. Raises the first error when all are done; others are logged.

    The host logs what is raised, and counts the run as failed.
    """
    first: Exception | None = None
    for step in steps:
        try:
            await step()
        except Exception as error:
            if first is None:
                first = error
            else:
                logger.exception("another step of the timer failed too")
    if first is not None:
        raise first
