"""Alerts: told once when they begin and once when they end, to the log and to a webhook."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.errors import StorageConflict
from shared.storage.state import StateStore

if TYPE_CHECKING:
    import httpx

logger = logging.getLogger(__name__)
# httpx logs every address in full, and that of a webhook is a secret.
logging.getLogger("httpx").setLevel(logging.WARNING)

ALERTS_PATH = "alerts/current.json"


@dataclass(frozen=True, slots=True)
class Change:
    """An alert that began (`active`) or ended."""

    name: str
    text: str
    active: bool


def changes(before: Mapping[str, str], now: Mapping[str, str]) -> list[Change]:
    """What began and what ended between two sets of alerts (name → sentence). Pure."""
    begun = [Change(name, text, active=True) for name, text in sorted(now.items()) if name not in before]
    ended = [Change(name, text, active=False) for name, text in sorted(before.items()) if name not in now]
    return begun + ended


async def update(
    now: Mapping[str, str], state: StateStore, http: httpx.AsyncClient, webhook_url: str | None
) -> list[Change]:
    """Store the alerts in force and tell what changed. Two instances at once tell it once."""
    stored = await state.read(ALERTS_PATH)
    before = _read(stored.content) if stored else {}
    changed = changes(before, now)
    if not changed:
        return []
    content = json.dumps(dict(sorted(now.items()))).encode()
    try:
        if stored is None:
            await state.create(ALERTS_PATH, content)
        else:
            await state.replace(ALERTS_PATH, content, stored.etag)
    except StorageConflict:
        return []
    for change in changed:
        logger.log(
            logging.ERROR if change.active else logging.INFO,
            "alert %s: %s: %s",
            "began" if change.active else "ended",
            change.name,
            change.text,
        )
        if webhook_url:
            await _post(change, http, webhook_url)
    return changed


def _read(content: bytes) -> Mapping[str, str]:
    try:
        before = json.loads(content)
    except (ValueError, RecursionError):
        before = None
    if not isinstance(before, dict):
        # An alert told twice is better than alerts that never end.
        logger.warning("the stored alerts cannot be read and are told anew")
        return {}
    return before


async def _post(change: Change, http: httpx.AsyncClient, webhook_url: str) -> None:
    import httpx

    verb = "began" if change.active else "ended"
    body = {"alert": change.name, "active": change.active, "text": f"Universal Print: {change.text} ({verb})"}
    try:
        answer = await http.post(webhook_url, json=body)
        answer.raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # The log has the alert; a receiver that is down must not stop the timer that tells of it.
        logger.warning("the alert %s could not be posted: %s", change.name, type(error).__name__)
