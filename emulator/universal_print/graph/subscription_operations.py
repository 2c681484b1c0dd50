"""Subscriptions (Graph: subscription-post-subscriptions, -get, -list, -update, -reauthorize, -delete)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from emulator.universal_print.graph.call import Call, Handler, Result
from emulator.universal_print.graph.errors import GraphError, access_denied, conflict
from emulator.universal_print.graph.paging import listing, page
from emulator.universal_print.graph.permissions import GET_PRINTER_APP, TASK_DEFINITION
from emulator.universal_print.graph.views import subscription_view
from emulator.universal_print.notifications.validation import check_address, validate
from emulator.universal_print.subscriptions import Subscription
from emulator.universal_print.tasks import TaskDefinition
from emulator.universal_print.world import Printer

# Graph: subscription, maximum for printer and printTaskDefinition; what is shorter than the least is raised to it.
LONGEST = timedelta(minutes=4230)
SHORTEST = timedelta(minutes=45)
_CLIENT_STATE_CHARACTERS = 128
# Graph: change-notifications-lifecycle-events says not to renew and reauthorize within ten minutes.
_APART = timedelta(minutes=10)
# The sample of Microsoft's own writes the words in lower case, with a slash before them.
_TASKS = re.compile(r"/?print/taskDefinitions/([^/]+)/tasks", re.IGNORECASE)
_JOBS = re.compile(r"/?print/printers/([^/]+)/jobs", re.IGNORECASE)
_FETCHABLE = re.compile(r"\$filter\s*=\s*isFetchable\s+eq\s+true")
_MEMBERS = (
    *("changeType", "resource", "notificationUrl", "expirationDateTime", "clientState", "lifecycleNotificationUrl"),
    *("latestSupportedTlsVersion", "notificationQueryOptions", "includeResourceData"),
)


async def create_subscription(call: Call) -> Result:
    """POST /subscriptions: both addresses are asked first."""
    call.service.subscription_usage.take_write(call.caller.app, call.now)
    body = call.checked(call.body_of(*_MEMBERS), "subscription", "The subscription", complete=False)
    subject = _subject(call, body)
    _check_options(body, subject)
    client_state = body.get("clientState")
    if not client_state or len(client_state) > _CLIENT_STATE_CHARACTERS:
        raise _invalid(f"clientState must have 1 to {_CLIENT_STATE_CHARACTERS} characters.")
    expires = _expiration(body.get("expirationDateTime"), call.now)
    url = _address(call, body.get("notificationUrl"), "notificationUrl")
    lifecycle = body.get("lifecycleNotificationUrl")
    lifecycle_url = _address(call, lifecycle, "lifecycleNotificationUrl") if lifecycle is not None else None
    _check_single(call, subject)
    for address in dict.fromkeys((url, lifecycle_url)):
        if address is not None:
            await validate(address, call.service.notifications.http)
    # Another request may have made the same one while the endpoint was asked.
    _check_single(call, subject)
    subscription = Subscription(
        call.caller.app,
        subject,
        body["changeType"],
        body["resource"],
        url,
        lifecycle_url,
        client_state,
        body.get("notificationQueryOptions"),
        body.get("latestSupportedTlsVersion") or "v1_2",
        expires,
        authorized=call.now,
        authorized_until=call.caller.until,
    )
    call.service.subscriptions.add(subscription)
    call.service.notifications.start()
    return Result(201, _body(call, subscription) | {"clientState": client_state})


async def list_subscriptions(call: Call) -> Result:
    """GET /subscriptions: the calling app's own."""
    call.service.subscription_usage.take_list(call.caller.app, call.now)
    own = [one for one in call.service.subscriptions if one.app is call.caller.app and _is_permitted(call, one.subject)]
    shown, next_link = page(call, own)
    return Result(200, listing(call, "subscriptions", [subscription_view(one) for one in shown], next_link))


async def get_subscription(call: Call) -> Result:
    """GET /subscriptions/{subscription}."""
    call.service.subscription_usage.take_read(call.caller.app, call.now)
    return Result(200, _body(call, _subscription_of(call)))


async def update_subscription(call: Call) -> Result:
    """PATCH /subscriptions/{subscription}: a later end, another address. It reauthorizes too."""
    call.service.subscription_usage.take_write(call.caller.app, call.now)
    subscription = _subscription_of(call)
    body = call.checked(
        call.body_of("expirationDateTime", "notificationUrl"), "subscription", "The subscription", complete=False
    )
    if not body:
        raise _invalid("expirationDateTime or notificationUrl must be given.")
    _check_apart(subscription.reauthorized, call.now)
    expires = subscription.expires
    if "expirationDateTime" in body:
        expires = _expiration(body["expirationDateTime"], call.now)
    if "notificationUrl" in body:
        url = _address(call, body["notificationUrl"], "notificationUrl")
        await validate(url, call.service.notifications.http)
        subscription.notification_url = url
    subscription.expires = expires
    subscription.patched = call.now
    subscription.authorize(call.now, call.caller.until)
    return Result(200, _body(call, subscription))


async def reauthorize_subscription(call: Call) -> Result:
    """POST /subscriptions/{subscription}/reauthorize: nothing is longer by that."""
    call.service.subscription_usage.take_reauthorization(call.caller.app, call.now)
    call.without_body()
    subscription = _subscription_of(call)
    _check_apart(subscription.patched, call.now)
    subscription.reauthorized = call.now
    subscription.authorize(call.now, call.caller.until)
    return Result(204)


async def delete_subscription(call: Call) -> Result:
    """DELETE /subscriptions/{subscription}."""
    call.service.subscription_usage.take_write(call.caller.app, call.now)
    call.service.subscriptions.remove(_subscription_of(call))
    return Result(204)


def _subscription_of(call: Call) -> Subscription:
    found = call.service.subscriptions.find(call.parameters["subscription"])
    if found is None or found.app is not call.caller.app:
        raise GraphError(404, "ResourceNotFound", "The object was not found.")
    _check_permitted(call, found.subject)
    return found


def _subject(call: Call, body: dict[str, Any]) -> TaskDefinition | Printer:
    """The definition or printer that the resource names. Raises GraphError 400, 403, 404."""
    resource = body.get("resource") or ""
    subject: TaskDefinition | Printer | None
    permitted: tuple[str, ...]
    if found := _TASKS.fullmatch(resource):
        definition = call.service.tasks.definitions.get(found[1])
        subject = definition if definition is not None and definition.app is call.caller.app else None
        permitted, change_type = TASK_DEFINITION, "created"
    elif found := _JOBS.fullmatch(resource):
        subject = call.service.world.printers.get(found[1])
        permitted, change_type = GET_PRINTER_APP, "updated"
    else:
        raise _invalid("resource must be print/taskDefinitions/{id}/tasks or print/printers/{id}/jobs.")
    if not call.caller.permissions & set(permitted):
        raise access_denied("The token does not have one or more required security scopes.")
    if subject is None:
        raise GraphError(404, "ResourceNotFound", f"The resource {resource} was not found.")
    if body.get("changeType") != change_type:
        raise _invalid(f"changeType must be {change_type} for this resource.")
    return subject


def _check_options(body: dict[str, Any], subject: TaskDefinition | Printer) -> None:
    options = body.get("notificationQueryOptions")
    if isinstance(subject, TaskDefinition) and options is not None:
        raise _invalid("Tasks take no notificationQueryOptions.")
    if isinstance(subject, Printer) and not _FETCHABLE.fullmatch(options or ""):
        raise _invalid("notificationQueryOptions must be $filter = isFetchable eq true.")
    if body.get("includeResourceData"):
        raise _invalid("Print resources have no notifications with resource data.")


def _check_single(call: Call, subject: TaskDefinition | Printer) -> None:
    for existing in call.service.subscriptions.about(subject, call.caller.app):
        raise conflict(f"Subscription Id {existing.id} already exists for the requested combination")


def _is_permitted(call: Call, subject: TaskDefinition | Printer) -> bool:
    permitted = TASK_DEFINITION if isinstance(subject, TaskDefinition) else GET_PRINTER_APP
    return bool(call.caller.permissions & set(permitted))


def _check_permitted(call: Call, subject: TaskDefinition | Printer) -> None:
    if not _is_permitted(call, subject):
        raise access_denied("The token does not have one or more required security scopes.")


def _check_apart(other: datetime | None, now: datetime) -> None:
    if other is not None and now < other + _APART:
        raise conflict("A subscription is not renewed and reauthorized within ten minutes.")


def _address(call: Call, url: Any, what: str) -> str:
    return check_address(url, what, allow_http=call.service.settings.allow_http_notifications)


def _expiration(text: Any, now: datetime) -> datetime:
    """When a subscription ends. Raises GraphError 400 for a moment that is over or too far away."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        moment = None
    if moment is None:
        raise _invalid("expirationDateTime is required.")
    moment = moment.astimezone(UTC)
    if moment <= now:
        raise _invalid("expirationDateTime must be in the future.")
    if moment > now + LONGEST:
        minutes = int(LONGEST.total_seconds() // 60)
        raise _invalid(f"Subscription expiration can only be {minutes} minutes in the future.")
    return max(moment, now + SHORTEST)


def _invalid(message: str) -> GraphError:
    return GraphError(400, "InvalidRequest", message)


def _body(call: Call, subscription: Subscription) -> dict[str, Any]:
    return {"@odata.context": call.context("subscriptions/$entity"), **subscription_view(subscription)}


HANDLERS: dict[str, Handler] = {
    "createSubscription": create_subscription,
    "listSubscriptions": list_subscriptions,
    "getSubscription": get_subscription,
    "updateSubscription": update_subscription,
    "reauthorizeSubscription": reauthorize_subscription,
    "deleteSubscription": delete_subscription,
}
