"""What the emulator keeps, as Graph writes it in JSON (types: the CSDL slice)."""

from __future__ import annotations

from typing import Any

from emulator.universal_print.clock import graph_time, graph_time_elsewhere
from emulator.universal_print.csdl.schema import graph_schema
from emulator.universal_print.jobs import Document, Job, UploadSession
from emulator.universal_print.subscriptions import Subscription
from emulator.universal_print.tasks import PrintTask, TaskDefinition, TaskTrigger
from emulator.universal_print.world import Group, Printer, Share, User, World

type Json = dict[str, Any]

HEAVY = ("capabilities", "defaults")


def printer_view(world: World, printer: Printer) -> Json:
    """Every property of a printer; which of them an answer shows is the operation's business."""
    device = printer.device
    return {
        "id": printer.id,
        "displayName": printer.display_name,
        "manufacturer": device.manufacturer,
        "model": device.model,
        "isAcceptingJobs": device.is_accepting_jobs,
        "status": device.status,
        "location": _whole(printer.location, "printerLocation"),
        "capabilities": _whole(device.capabilities, "printerCapabilities"),
        "defaults": _whole(printer.defaults, "printerDefaults"),
        "isShared": world.share_of(printer) is not None,
        "hasPhysicalDevice": printer.has_physical_device,
        "registeredDateTime": graph_time(printer.registered),
        "lastSeenDateTime": graph_time(world.clock.now()),
    }


def share_view(share: Share) -> Json:
    """Every property of a share; what describes the device comes from its printer."""
    device = share.printer.device
    return {
        "id": share.id,
        "displayName": share.display_name,
        "manufacturer": device.manufacturer,
        "model": device.model,
        "isAcceptingJobs": device.is_accepting_jobs,
        "status": device.status,
        "location": _whole(share.printer.location, "printerLocation"),
        "capabilities": _whole(device.capabilities, "printerCapabilities"),
        "defaults": _whole(share.printer.defaults, "printerDefaults"),
        "allowAllUsers": share.allow_all_users,
        "createdDateTime": graph_time(share.created),
        "viewPoint": None,
    }


def document_view(document: Document, *, with_times: bool) -> Json:
    """A printDocument. When it came and went stands in the schema alone: it is null unless `with_times`."""
    uploaded, downloaded = (document.uploaded, document.downloaded) if with_times else (None, None)
    return {
        "id": document.id,
        "displayName": document.display_name,
        "contentType": document.content_type,
        "size": document.size,
        "uploadedDateTime": graph_time(uploaded) if uploaded else None,
        "downloadedDateTime": graph_time(downloaded) if downloaded else None,
    }


def job_status_view(job: Job) -> Json:
    """A printJobStatus."""
    return {
        "state": job.state,
        "details": list(job.details),
        "description": job.description,
        "isAcquiredByPrinter": job.acquired,
    }


def job_view(job: Job) -> Json:
    """A printJob without what `$expand` brings."""
    user = job.created_by
    return {
        "id": job.id,
        # Pages show both forms; jobs take turns.
        "createdDateTime": (graph_time, graph_time_elsewhere)[int(job.id) % 2](job.created),
        "createdBy": {
            "id": user.id,
            "displayName": user.display_name,
            "ipAddress": None,
            "userPrincipalName": user.user_principal_name,
        },
        "status": job_status_view(job),
        "configuration": graph_schema().whole(job.configuration, "printJobConfiguration"),
        "isFetchable": job.fetchable,
        "redirectedFrom": job.redirected_from,
        "redirectedTo": job.redirected_to,
        "acknowledgedDateTime": graph_time(job.acknowledged) if job.acknowledged else None,
        "errorCode": job.error_code,
    }


def task_definition_view(definition: TaskDefinition) -> Json:
    """A printTaskDefinition."""
    app = definition.app
    return {
        "id": definition.id,
        "displayName": definition.display_name,
        "createdBy": {"appId": app.client_id, "displayName": definition.created_by_name},
    }


def task_trigger_view(trigger: TaskTrigger) -> Json:
    """A printTaskTrigger; which definition it starts is a navigation property."""
    return {"id": trigger.id, "event": "jobStarted"}


def task_view(task: PrintTask, root: str) -> Json:
    """A printTask. `root` is Graph's base URL."""
    return {
        "id": task.id,
        "parentUrl": f"{root}{task.job.path}",
        "status": {"state": task.state, "description": task.description},
    }


def subscription_view(subscription: Subscription) -> Json:
    """A subscription. Graph never gives the client state back."""
    return {
        "id": subscription.id,
        "resource": subscription.resource,
        "changeType": subscription.change_type,
        "clientState": None,
        "notificationUrl": subscription.notification_url,
        "lifecycleNotificationUrl": subscription.lifecycle_url,
        "notificationQueryOptions": subscription.query_options,
        "expirationDateTime": graph_time(subscription.expires),
        "applicationId": subscription.app.client_id,
        "creatorId": subscription.app.service_principal_id,
        "includeResourceData": None,
        "latestSupportedTlsVersion": subscription.tls_version,
        "encryptionCertificate": None,
        "encryptionCertificateId": None,
        "notificationUrlAppId": None,
    }


def upload_session_view(session: UploadSession, expected: list[str]) -> Json:
    """What the upload host says of a session: all but its URL."""
    return {"expirationDateTime": graph_time(session.expires), "nextExpectedRanges": expected}


def user_view(user: User) -> Json:
    """A user."""
    return {
        "id": user.id,
        "displayName": user.display_name,
        "mail": user.user_principal_name,
        "userPrincipalName": user.user_principal_name,
        "accountEnabled": user.enabled,
    }


def group_view(group: Group) -> Json:
    """A group."""
    return {"id": group.id, "displayName": group.display_name}


def _whole(value: Json | None, type_name: str) -> Json | None:
    return graph_schema().whole(value, type_name) if value is not None else None
