"""Alerts: told once when they begin and once when they end, to the log, as a metric and to a webhook.

What the webhook did not take is kept and posted again by the next runs, for a day.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from shared import metrics
from shared.errors import StorageConflict
from shared.storage.state import StateStore, Stored

if TYPE_CHECKING:
    import httpx

logger = logging.getLogger(__name__)
# httpx logs every address in full, and that of a webhook is a secret.
logging.getLogger("httpx").setLevel(logging.WARNING)

ALERTS_PATH = "alerts/current.json"
UNTOLD_PATH = "alerts/untold.json"
# Seconds after which nobody needs to be told any more, and how many wait at most.
TOLD_WITHIN = 24 * 60 * 60.0
MOST_UNTOLD = 200


@dataclass(frozen=True, slots=True)
class Change:
    """An alert that began (`active`) or ended."""

    name: str
    text: str
    active: bool


@dataclass(frozen=True, slots=True)
class Observed:
    """What a look found: the alerts that stand (name → sentence), and those whose state it did not see.

    `unseen` holds names, and beginnings of names, which end in a colon. What is unseen neither begins nor ends.
    """

    standing: Mapping[str, str] = field(default_factory=dict)
    unseen: frozenset[str] = frozenset()


def together(*looks: Observed) -> Observed:
    """What all of them found. Pure."""
    standing = {name: text for look in looks for name, text in look.standing.items()}
    return Observed(standing, frozenset().union(*(look.unseen for look in looks)))


def is_among(name: str, names: Collection[str]) -> bool:
    """Whether an alert is one of `names`, or begins like one that ends in a colon. Pure."""
    return name in names or f"{name.partition(':')[0]}:" in names


def changes(before: Mapping[str, str], now: Mapping[str, str]) -> list[Change]:
    """What began and what ended between two sets of alerts (name → sentence). Pure."""
    begun = [Change(name, text, active=True) for name, text in sorted(now.items()) if name not in before]
    ended = [Change(name, text, active=False) for name, text in sorted(before.items()) if name not in now]
    return begun + ended


async def update(
    now: Mapping[str, str] | Observed,
    state: StateStore,
    http: httpx.AsyncClient,
    webhook_url: str | None,
    *,
    clock: Callable[[], float] = time.time,
) -> list[Change]:
    """Store the alerts in force and tell what changed; `clock` gives seconds. Two instances at once tell it once.

    An alert ends where a look saw that it does not stand; one that nobody could look at stays in force. What is to be
    told is noted first, so that a death tells it late, or twice, and never not at all.
    """
    observed = now if isinstance(now, Observed) else Observed(now)
    stored = await state.read(ALERTS_PATH)
    before = _read(stored.content) if stored else {}
    stays = {name: text for name, text in before.items() if is_among(name, observed.unseen)}
    alerts = {**stays, **observed.standing}
    changed = changes(before, alerts)
    try:
        noted = await _note(changed, state, clock()) if webhook_url else None
        if changed:
            await _write(state, ALERTS_PATH, dict(sorted(alerts.items())), stored)
    except StorageConflict:
        return []
    _log(changed)
    if noted and webhook_url:
        await _tell(noted, state, http, webhook_url)
    return changed


async def in_force(state: StateStore) -> Mapping[str, str]:
    """The alerts that were told to have begun and not to have ended: name and sentence."""
    stored = await state.read(ALERTS_PATH)
    return _read(stored.content) if stored else {}


async def _write(state: StateStore, path: str, values: object, before: Stored | None) -> Stored:
    content = json.dumps(values).encode()
    if before is None:
        return Stored(content, await state.create(path, content))
    if content == before.content:
        return before
    return Stored(content, await state.replace(path, content, before.etag))


def _log(changed: Sequence[Change]) -> None:
    for change in changed:
        logger.log(
            logging.ERROR if change.active else logging.INFO,
            "alert %s: %s: %s",
            "began" if change.active else "ended",
            change.name,
            change.text,
        )
        metrics.record("alert", kind=change.name.partition(":")[0], active="yes" if change.active else "no")


@dataclass(frozen=True, slots=True)
class _Noted:
    """What is to be told, each with the time (seconds since 1970) at which it was noted, and what is stored of it."""

    changes: Sequence[tuple[Change, float]]
    stored: Stored


async def _note(changed: Sequence[Change], state: StateStore, now: float) -> _Noted | None:
    """Put what changed behind what the webhook did not take before; None where there is nothing to tell."""
    stored = await state.read(UNTOLD_PATH)
    waiting = [
        (change, at) for change, at in _read_untold(stored.content if stored else b"[]") if now - at < TOLD_WITHIN
    ]
    # A run that died after it had noted them finds them again.
    known = [change for change, _ in waiting]
    waiting += [(change, now) for change in changed if change not in known]
    if not waiting and stored is None:
        return None
    return _Noted(waiting, await _write(state, UNTOLD_PATH, _untold(waiting), stored))


async def _tell(noted: _Noted, state: StateStore, http: httpx.AsyncClient, webhook_url: str) -> None:
    """Post it in order, and keep what is not taken now."""
    untold: list[tuple[Change, float]] = []
    for change, at in noted.changes:
        # After one that failed the others wait, so that an end is never told before its beginning.
        if untold or not await _post(change, http, webhook_url):
            untold.append((change, at))
    try:
        await _write(state, UNTOLD_PATH, _untold(untold), noted.stored)
    except StorageConflict:
        logger.warning("two runs told alerts at the same time")


def _untold(changes: Sequence[tuple[Change, float]]) -> list[dict[str, object]]:
    return [{**asdict(change), "at": at} for change, at in changes[-MOST_UNTOLD:]]


def _read_untold(content: bytes) -> list[tuple[Change, float]]:
    try:
        return [
            (Change(str(entry["name"]), str(entry["text"]), active=bool(entry["active"])), float(entry["at"]))
            for entry in json.loads(content)
        ]
    except (ValueError, TypeError, KeyError, RecursionError):
        return []


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


async def _post(change: Change, http: httpx.AsyncClient, webhook_url: str) -> bool:
    import httpx

    verb = "began" if change.active else "ended"
    body = {"alert": change.name, "active": change.active, "text": f"Universal Print: {change.text} ({verb})"}
    try:
        answer = await http.post(webhook_url, json=body)
        answer.raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # The log has the alert; a receiver that is down must not stop the timer that tells of it.
        logger.warning("the alert %s could not be posted: %s", change.name, type(error).__name__)
        return False
    return True
