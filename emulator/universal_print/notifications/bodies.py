"""The JSON of notifications (Graph: changenotification; Microsoft's S2S sample of Universal Print)."""

from __future__ import annotations

from typing import Any

from emulator.universal_print.clock import graph_time
from emulator.universal_print.jobs import Job
from emulator.universal_print.subscriptions import Subscription
from emulator.universal_print.tasks import PrintTask

type Json = dict[str, Any]


def task_started(task: PrintTask, root: str) -> Json:
    """What has changed when a task began (JobStarted). `root` is Graph's base URL.

    Graph's pages and Microsoft's sample write the resource in two ways: with and without a slash, and in other letter
    case. Jobs take turns.
    """
    words = ("print/taskDefinitions", "/print/taskdefinitions")[int(task.job.id) % 2]
    resource = f"{words}/{task.definition.id}/tasks/{task.id}"
    return {
        "changeType": "created",
        "resource": resource,
        "resourceData": {
            "@odata.type": "#Microsoft.Graph.PrintTask",
            "@odata.id": resource,
            "@odata.etag": f'W/"{task.id}"',
            "id": task.id,
            "parentUrl": f"{root}{task.job.path}",
        },
    }


def job_fetchable(job: Job) -> Json:
    """What has changed when a printer may fetch a document (JobFetchable). No sample of it is published."""
    resource = job.path.removeprefix("/")
    return {
        "changeType": "updated",
        "resource": resource,
        "resourceData": {
            "@odata.type": "#Microsoft.Graph.PrintJob",
            "@odata.id": resource,
            "@odata.etag": f'W/"{job.id}"',
            "id": job.id,
        },
    }


def reauthorization_required() -> Json:
    """The one lifecycle event that print subscriptions get (Graph: change-notifications-lifecycle-events)."""
    return {"lifecycleEvent": "reauthorizationRequired"}


def addressed(change: Json, subscription: Subscription, tenant_id: str) -> Json:
    """The change as one subscription is told of it."""
    return {
        "subscriptionId": subscription.id,
        "subscriptionExpirationDateTime": graph_time(subscription.expires),
        "clientState": subscription.client_state,
        "tenantId": tenant_id,
        **change,
    }
