"""Prints as a person does, in one call: for demos and load, where the steps through Graph are not the subject."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.universal_print.csdl.schema import graph_schema
from emulator.universal_print.graph.conversion import is_taken
from emulator.universal_print.jobs import Job
from emulator.universal_print.world import AppRegistration, Printer, Share, User

if TYPE_CHECKING:
    from emulator.universal_print.service import Service

# People print with an app of Microsoft's; it is none of the tenant's registrations.
_WINDOWS = AppRegistration("dae89220-69ba-4957-a77a-47b78695e883", "Universal Print")


def print_as(
    service: Service,
    user: User,
    target: Share | Printer,
    content: bytes | Path,
    *,
    document_name: str = "document.pdf",
    content_type: str = "application/pdf",
    configuration: Mapping[str, Any] | None = None,
) -> Job:
    """Create a job, put its document there and start it. Call it in the event loop of the emulator.

    Ceilings over users and printers do not count here; access does, and what the printer takes. `content` is the
    document, or the file that holds it. Raises ValueError.
    """
    share = target if isinstance(target, Share) else None
    printer = target.printer if isinstance(target, Share) else target
    wanted = dict(configuration or {})
    complaints = graph_schema().check(wanted, "printJobConfiguration")
    if complaints:
        raise ValueError("; ".join(complaints))
    if share is not None and not share.admits(user):
        raise ValueError(f"{user.user_principal_name} may not print to {share.display_name}.")
    if not printer.device.is_accepting_jobs:
        raise ValueError(f"{printer.display_name} is not accepting jobs.")
    if not is_taken(content_type, printer, service.world.document_conversion_enabled):
        raise ValueError(f"{printer.display_name} does not support the content type {content_type}.")
    now = service.clock.now()
    job = service.jobs.create(printer, share, user, _WINDOWS, wanted, now)
    if isinstance(content, Path):
        shutil.copyfile(content, job.payload)
    else:
        job.payload.write_bytes(content)
    document = job.document
    document.display_name, document.content_type = document_name, content_type
    document.size, document.uploaded = job.payload.stat().st_size, now
    service.queues.submit(job)
    return job
