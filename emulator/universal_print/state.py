"""The emulator's state as JSON, for the page and for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.universal_print.clock import graph_time
from emulator.universal_print.faults import fault_view
from emulator.universal_print.jobs import Job
from emulator.universal_print.tap_control import tap_state

if TYPE_CHECKING:
    from emulator.universal_print.service import Service


def snapshot(service: Service) -> dict[str, Any]:
    """Printers with status and conditions, shares, jobs and what holds them, users, faults, the emulator's mistakes."""
    service.settle()
    world = service.world
    return {
        "dateTime": graph_time(service.clock.now()),
        "baseUrl": service.base_url,
        "tenant": {"id": world.tenant_id, "displayName": world.display_name},
        "printers": [
            {
                "id": printer.id,
                "displayName": printer.display_name,
                "manufacturer": printer.device.manufacturer,
                "model": printer.device.model,
                "status": printer.device.status,
                "conditions": printer.device.conditions,
                "hasPhysicalDevice": printer.has_physical_device,
                "holdsJobs": service.tasks.trigger_of(printer) is not None,
                "isAcceptingJobs": printer.device.is_accepting_jobs,
                "contentTypes": printer.device.capabilities.get("contentTypes") or [],
            }
            for printer in world.printers.values()
        ],
        "shares": [
            {
                "id": share.id,
                "displayName": share.display_name,
                "printerId": share.printer.id,
                "allowAllUsers": share.allow_all_users,
                "users": sorted(world.users[user_id].user_principal_name for user_id in share.users),
                "groups": sorted(world.groups[group_id].display_name for group_id in share.groups),
            }
            for share in world.shares.values()
        ],
        "jobs": [_job(job) for job in service.jobs],
        "users": [
            {
                "id": user.id,
                "userPrincipalName": user.user_principal_name,
                "displayName": user.display_name,
                "roles": sorted(user.roles),
                "enabled": user.enabled,
                "jobsCreated": service.usage.jobs_created(user),
            }
            for user in world.users.values()
        ],
        "faults": [fault_view(fault) for fault in service.faults],
        "violations": list(service.violations.found),
        "requests": dict(service.requests.counts()),
        **tap_state(service),
    }


def _job(job: Job) -> dict[str, Any]:
    session = job.session
    held = sum(last - first + 1 for first, last in session.held) if session is not None else 0
    return {
        "id": job.id,
        "printerId": job.printer.id,
        "printerName": job.printer.display_name,
        "shareId": job.share.id if job.share else None,
        "user": job.created_by.user_principal_name,
        "createdDateTime": graph_time(job.created),
        "startedDateTime": graph_time(job.started) if job.started else None,
        "documentName": job.document.display_name or (session.document_name if session else ""),
        "contentType": job.document.content_type or (session.content_type if session else ""),
        "size": job.document.size or (session.size if session else 0),
        "uploadedBytes": job.document.size or held,
        "configuration": dict(job.configuration),
        "state": job.state,
        "details": list(job.details),
        "description": job.description,
        "isAcquiredByPrinter": job.acquired,
        "isHeld": job.is_held,
        "redirectedFrom": job.redirected_from,
        "redirectedTo": job.redirected_to,
        "isDeleted": job.deleted,
        "pages": job.pages,
        "sheets": job.sheets,
        "paper": job.paper,
        "history": [
            {"dateTime": graph_time(moment), "state": state, "details": list(details)}
            for moment, state, details in job.history
        ],
    }
