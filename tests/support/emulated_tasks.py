"""A tenant with a virtual printer whose jobs are held, and what an app and an administrator do about it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from emulator.universal_print.clock import Clock
from emulator.universal_print.devices.capabilities import OFFICE_COLOR
from emulator.universal_print.devices.deviceless import DevicelessPrinter
from emulator.universal_print.jobs import Job
from emulator.universal_print.settings import Settings
from emulator.universal_print.tasks import PrintTask, TaskDefinition
from emulator.universal_print.world import Printer, Share, User
from tests.support.emulated_service import PDF, Service, Tenant, running_service, small_tenant, until

TAP_APPLICATION = (
    *("PrintJob.ReadWrite.All", "PrintJob.Manage.All", "Printer.Read.All", "PrintTaskDefinition.ReadWrite.All"),
    *("User.Read.All", "GroupMember.Read.All"),
)
TRIGGER_SCOPES = ("Printer.ReadWrite.All",)


@dataclass(slots=True)
class Tap:
    """A running emulator with a virtual printer, `follow_me`, shared with staff, beside the printer of `service`."""

    service: Service
    follow_me: Printer
    share: Share
    definition: TaskDefinition

    @property
    def tenant(self) -> Tenant:
        return self.service.tenant

    @property
    def tasks_path(self) -> str:
        return f"/print/taskDefinitions/{self.definition.id}/tasks"

    def job_path(self, job: Job) -> str:
        return f"/print/printers/{job.printer.id}/jobs/{job.id}"

    async def as_app(self, method: str, path: str, **options: Any) -> httpx.Response:
        """A Graph request of the app on its own."""
        headers = {**await self.service.app_bearer(), **options.pop("headers", {})}
        return await self.service.http.request(method, f"/v1.0{path}", headers=headers, **options)

    async def as_administrator(self, method: str, path: str, **options: Any) -> httpx.Response:
        """A Graph request of the Printer Administrator with what triggers need."""
        headers = await self.service.bearer(self.tenant.administrator, *TRIGGER_SCOPES)
        return await self.service.http.request(method, f"/v1.0{path}", headers=headers, **options)

    async def print_held(self, content: bytes = PDF, user: User | None = None, **configuration: Any) -> PrintTask:
        """Print to the virtual printer through Graph as a person, and give the task that holds the job."""
        jobs = f"/print/shares/{self.share.id}/jobs"
        made = await self.service.graph("POST", jobs, user, json={"configuration": configuration})
        assert made.status_code == 201, made.text
        body = made.json()
        document = f"{jobs}/{body['id']}/documents/{body['documents'][0]['id']}"
        properties = {"documentName": "letter.pdf", "contentType": "application/pdf", "size": len(content)}
        session = await self.service.graph(
            "POST", f"{document}/createUploadSession", user, json={"properties": properties}
        )
        assert session.status_code == 200, session.text
        sent = await self.service.put(session.json()["uploadUrl"], content, 0, len(content))
        assert sent.status_code == 201, sent.text
        started = await self.service.graph("POST", f"{jobs}/{body['id']}/start", user)
        assert started.status_code == 200, started.text
        job = self.service.emulator.job(body["id"])
        tasks = self.service.emulator.tasks
        await until(lambda: tasks.of_job(job) is not None)
        task = tasks.of_job(job)
        assert task is not None
        return task

    async def redirect(self, job: Job, destination: Printer | None = None, **configuration: Any) -> httpx.Response:
        """Redirect a job to a printer (that of the service, unless named)."""
        printer = destination or self.tenant.printer
        body = {"destinationPrinterId": printer.id, "configuration": configuration or None}
        return await self.as_app("POST", f"{self.job_path(job)}/redirect", json=body)


def tap_tenant(clock: Clock | None = None) -> Tenant:
    """The small tenant, its app with the application permissions that tap needs, and "Follow Me" without a device."""
    tenant = small_tenant(clock)
    tenant.app.application = frozenset(TAP_APPLICATION)
    tenant.app.delegated |= {*TRIGGER_SCOPES}
    printer = tenant.world.add_printer(DevicelessPrinter("Follow Me", OFFICE_COLOR), has_physical_device=False)
    tenant.world.add_share(printer, "Follow Me", users=[tenant.anna], groups=[tenant.staff])
    return tenant


@asynccontextmanager
async def running_tap(
    directory: Path, tenant: Tenant | None = None, settings: Settings | None = None, *, with_trigger: bool = True
) -> AsyncIterator[Tap]:
    """Run the emulator with a task definition of the app and, mostly, a trigger for it on the virtual printer."""
    tenant = tenant or tap_tenant()
    async with running_service(directory, tenant, settings) as service:
        share = next(share for share in tenant.world.shares.values() if share.display_name == "Follow Me")
        tasks = service.emulator.tasks
        definition = tasks.define(tenant.app, "Hold for release")
        if with_trigger:
            tasks.add_trigger(share.printer, definition)
        yield Tap(service, share.printer, share, definition)


def subscription_body(tap: Tap, url: str, **changes: Any) -> dict[str, Any]:
    """What an app asks for to be told of tasks; a change to None leaves the member out."""
    expires = tap.service.emulator.clock.now() + timedelta(minutes=60)
    body = {
        "changeType": "created",
        "resource": f"print/taskDefinitions/{tap.definition.id}/tasks",
        "notificationUrl": url,
        "expirationDateTime": expires.isoformat(),
        "clientState": "a-secret-state",
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}
