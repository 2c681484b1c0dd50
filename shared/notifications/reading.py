"""Reads a POST of change notifications (Graph: changeNotificationCollection). Pure; outside input ends here."""

from __future__ import annotations

import hmac
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, NamedTuple

from shared.errors import PrintFunctionsError

# Graph writes the same resource in several ways: universal-print-webhook-notifications, change-notifications-overview
# and Microsoft's sample differ in letter case, slash, and the name of the definition. The task may stand beside it.
# An id becomes a segment of a path, so it may not begin with a dot.
_SEGMENT = r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}"
_KEY = rf"(?:/({_SEGMENT})|\('({_SEGMENT})'\))"
_RESOURCE = re.compile(rf"/?(?i:print/(?:print)?taskDefinitions?){_KEY}(?i:/tasks)(?:{_KEY})?/?")
_ID = re.compile(_SEGMENT)
_EVENT = re.compile(r"[A-Za-z]{1,64}")


class NotificationUnreadable(PrintFunctionsError):
    """The body of a POST is not a collection of change notifications."""


class TaskNotice(NamedTuple):
    """A print task has begun."""

    definition_id: str
    task_id: str


class LifecycleNotice(NamedTuple):
    """Something about a subscription: `event` is Graph's lifecycleEventType."""

    subscription_id: str
    event: str


@dataclass(frozen=True, slots=True)
class Notices:
    """What a POST says, each thing once. `refused` counts the items that were passed over, by a stable word."""

    tasks: tuple[TaskNotice, ...] = ()
    lifecycle: tuple[LifecycleNotice, ...] = ()
    refused: Counter[str] = field(default_factory=Counter)


class _Refused(Exception):
    """One item is passed over; the message is the stable word."""


def read_notifications(body: bytes, client_states: Sequence[str], tenant_id: str) -> Notices:
    """The good items of a POST. Raises NotificationUnreadable where there are no items to read.

    An item is good when its clientState is one of ours and its tenant is ours; members that are unknown are let be.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotificationUnreadable("The body is not JSON.") from error
    items = document.get("value") if isinstance(document, dict) else None
    if not isinstance(items, list):
        raise NotificationUnreadable('The body has no list "value".')
    # One POST repeats them. That what its own sender repeats is answered sooner tells nothing of a secret.
    refusal = cache(partial(_refusal, [state.encode() for state in client_states], tenant_id))
    tasks: dict[tuple[str, str], TaskNotice] = {}
    lifecycle: dict[tuple[str, str], LifecycleNotice] = {}
    refused: Counter[str] = Counter()
    for item in items:
        try:
            notice = _read(item, refusal)
        except _Refused as error:
            refused[str(error)] += 1
            continue
        if isinstance(notice, TaskNotice):
            tasks.setdefault((notice.definition_id.lower(), notice.task_id.lower()), notice)
        else:
            lifecycle.setdefault((notice.subscription_id.lower(), notice.event), notice)
    return Notices(tuple(tasks.values()), tuple(lifecycle.values()), refused)


def _read(item: Any, refusal: Callable[[str, str], str | None]) -> TaskNotice | LifecycleNotice:
    if not isinstance(item, dict):
        raise _Refused("notAnObject")
    client_state, tenant = item.get("clientState"), item.get("tenantId")
    if not isinstance(client_state, str):
        raise _Refused("clientState")
    refused = refusal(client_state, tenant if isinstance(tenant, str) else "")
    if refused:
        raise _Refused(refused)
    event = item.get("lifecycleEvent")
    if event is not None:
        return _lifecycle(item, event)
    return _task(item)


def _refusal(secrets: Sequence[bytes], tenant_id: str, client_state: str, tenant: str) -> str | None:
    """Why an item with these is not ours, None where it is."""
    if not _is_ours(client_state, secrets):
        return "clientState"
    return None if tenant.lower() == tenant_id else "tenant"


def _is_ours(client_state: str, secrets: Sequence[bytes]) -> bool:
    """Compared with every secret in constant time, so that an answer's delay says nothing about any of them."""
    given = client_state.encode(errors="surrogatepass")
    same = False
    for secret in secrets:
        same |= hmac.compare_digest(given, secret)
    return same


def _lifecycle(item: dict[str, Any], event: Any) -> LifecycleNotice:
    subscription = item.get("subscriptionId")
    if not isinstance(event, str) or not _EVENT.fullmatch(event):
        raise _Refused("lifecycleEvent")
    if not isinstance(subscription, str) or not _ID.fullmatch(subscription):
        raise _Refused("subscriptionId")
    return LifecycleNotice(subscription, event)


def _task(item: dict[str, Any]) -> TaskNotice:
    resource = item.get("resource")
    found = _RESOURCE.fullmatch(resource) if isinstance(resource, str) else None
    if found is None:
        raise _Refused("resource")
    definition, quoted_definition, task, quoted_task = found.groups()
    task = task or quoted_task or _task_beside(item)
    return TaskNotice(definition or quoted_definition, task)


def _task_beside(item: dict[str, Any]) -> str:
    data = item.get("resourceData")
    task = data.get("id") if isinstance(data, dict) else None
    if not isinstance(task, str) or not _ID.fullmatch(task):
        raise _Refused("taskId")
    return task
