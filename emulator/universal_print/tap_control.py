"""The part of the control interface that is about held jobs: printing, tasks, subscriptions, notifications."""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from emulator.universal_print.clock import graph_time
from emulator.universal_print.control_body import ControlError, object_of, printer_of, seconds_of, user_of
from emulator.universal_print.printing import print_as
from emulator.universal_print.subscriptions import Subscription
from emulator.universal_print.tasks import PrintTask, TaskDefinition
from emulator.universal_print.world import Printer, Share

if TYPE_CHECKING:
    from emulator.universal_print.service import Service

_MOST_COPIES = 10_000


def task_state(task: PrintTask) -> dict[str, Any]:
    """A task as scripts and the page see it."""
    return {
        "id": task.id,
        "definitionId": task.definition.id,
        "printerId": task.job.printer.id,
        "jobId": task.job.id,
        "state": task.state,
        "description": task.description,
        "createdDateTime": graph_time(task.created),
    }


def subscription_state(subscription: Subscription, now: datetime) -> dict[str, Any]:
    """A subscription as scripts and the page see it; never its client state."""
    subject = subscription.subject
    return {
        "id": subscription.id,
        "resource": subscription.resource,
        "subject": subject.display_name,
        "event": "JobStarted" if isinstance(subject, TaskDefinition) else "JobFetchable",
        "notificationUrl": subscription.notification_url,
        "lifecycleNotificationUrl": subscription.lifecycle_url,
        "expirationDateTime": graph_time(subscription.expires),
        "isAuthorized": subscription.delivers(now),
    }


def tap_state(service: Service) -> dict[str, Any]:
    """Definitions, tasks that hold a job, subscriptions, and how notifications fare."""
    tasks = service.tasks
    return {
        "taskDefinitions": [
            {
                "id": definition.id,
                "displayName": definition.display_name,
                "printerIds": [trigger.printer.id for trigger in tasks.triggers_of(definition)],
            }
            for definition in tasks.definitions.values()
        ],
        "tasks": [task_state(task) for task in tasks.processing()],
        "subscriptions": [
            subscription_state(subscription, service.clock.now()) for subscription in service.subscriptions
        ],
        "notifications": dict(Counter(entry.fate for entry in service.notifications.log)),
    }


class TapControl:
    """The endpoints; see docs/emulator-differences.md for what each takes."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def print_document(self, request: Request) -> dict[str, Any]:
        """Print as a person, `count` times."""
        body = await object_of(request)
        user = user_of(self._service.world, str(body.get("user", "")))
        count = body.get("count", 1)
        if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= _MOST_COPIES:
            raise ControlError(f"count must be a whole number from 1 to {_MOST_COPIES}.")
        configuration = body.get("configuration", {})
        if not isinstance(configuration, dict):
            raise ControlError("configuration must be an object.")
        target, content = self._target(body), _content(body)
        jobs = [
            print_as(
                self._service,
                user,
                target,
                content,
                document_name=str(body.get("documentName", "document.pdf")),
                content_type=str(body.get("contentType", "application/pdf")),
                configuration=configuration,
            )
            for _ in range(count)
        ]
        return {"value": [{"id": job.id, "printerId": job.printer.id} for job in jobs]}

    async def list_tasks(self, _request: Request) -> dict[str, Any]:
        """Every task that holds a job."""
        return {"value": [task_state(task) for task in self._service.tasks.processing()]}

    async def list_subscriptions(self, _request: Request) -> dict[str, Any]:
        """Every subscription, whoever's it is."""
        self._service.settle()
        now = self._service.clock.now()
        return {"value": [subscription_state(subscription, now) for subscription in self._service.subscriptions]}

    async def remove_subscription(self, request: Request) -> None:
        """Lose a subscription, as if Graph had dropped it."""
        self._service.subscriptions.remove(self._subscription(request))

    async def ask_to_reauthorize(self, request: Request) -> None:
        """Send the lifecycle event now; with `withhold`, nothing else is told until the app answers it."""
        subscription = self._subscription(request)
        subscription.is_authorized = (await object_of(request)).get("withhold") is not True
        self._service.notifications.ask_to_reauthorize(subscription)

    async def list_notifications(self, _request: Request) -> dict[str, Any]:
        """What was or is to be sent, oldest first."""
        return {"value": [entry.view() for entry in self._service.notifications.log]}

    async def stop_notifications(self, request: Request) -> dict[str, Any]:
        """Send nothing for so long; 0 goes on at once."""
        until = self._service.clock.now() + timedelta(seconds=seconds_of(await object_of(request), "stopSeconds"))
        self._service.notifications.stopped_until = until
        return {"stoppedUntilDateTime": graph_time(until)}

    def _subscription(self, request: Request) -> Subscription:
        found = self._service.subscriptions.find(request.path_params["subscription"])
        if found is None:
            raise ControlError("There is no such subscription.", 404)
        return found

    def _target(self, body: dict[str, Any]) -> Share | Printer:
        name = body.get("share")
        if name is None:
            return printer_of(self._service.world, str(body.get("printer", "")))
        shares = self._service.world.shares
        found = shares.get(str(name)) or next((one for one in shares.values() if one.display_name == name), None)
        if found is None:
            raise ControlError(f"There is no share {name}.", 404)
        return found


def _content(body: dict[str, Any]) -> bytes | Path:
    """The document: its bytes in base64, or a file of this machine. Raises ControlError."""
    encoded, path = body.get("contentBase64"), body.get("path")
    if isinstance(encoded, str) and path is None:
        try:
            return base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raise ControlError("contentBase64 is not base64.") from None
    if isinstance(path, str) and encoded is None:
        if not Path(path).is_file():
            raise ControlError(f"There is no file {path}.", 404)
        return Path(path)
    raise ControlError("A document is needed: either contentBase64 or path.")
