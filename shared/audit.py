"""The audit: who did or tried what at a kiosk or with a held job, and what came of it. A line each, never a secret."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from shared.storage.day_log import DayLog, DayLogFull
from shared.times import timestamp

AUDIT_PREFIX = "audit"
# What devices did that are not known is kept apart, in one file a day, so that strangers cannot fill the audit.
DEVICES_PREFIX, DEVICES_FILES = "audit-devices", 1
RELEASE, DISCARD = "release", "discard"
# Who did it, and where, when that was `printops held`.
OPERATOR, OPERATOR_PLACE = "operator", "printops"

logger = logging.getLogger(__name__)


class Audit:
    """Writes lines to the log of the day. An answer waits for them, but no longer than `seconds`.

    A line that storage does not take goes to the app's own log as an error, whole: what was done at a printer cannot be
    taken back, so the answer tells what was done all the same.
    """

    def __init__(self, log: DayLog, now: Callable[[], datetime], seconds: float) -> None:
        self._log = log
        self._now = now
        self._seconds = seconds

    async def write(self, *entries: dict[str, Any]) -> None:
        """Store the lines. Each has `event`, and what else is known; None is left out."""
        await asyncio.gather(*(self._write(entry) for entry in entries))

    async def _write(self, entry: dict[str, Any]) -> None:
        now = self._now()
        line = {"at": timestamp(now), **{name: value for name, value in entry.items() if value is not None}}
        try:
            async with asyncio.timeout(self._seconds):
                await self._log.append(now.astimezone(UTC).date(), line)
        except DayLogFull as error:
            logger.error("%s: %s", error, json.dumps(line))  # noqa: TRY400 - a full log has no more to tell
        except Exception as error:
            logger.exception("the audit log did not take (%s): %s", type(error).__name__, json.dumps(line))


def entry(event: str, kiosk: str | None, printer: str | None, **more: Any) -> dict[str, Any]:
    """One line's content. Pure."""
    return {"event": event, "kiosk": kiosk, "printer": printer, **more}
