"""The whole export: what Graph reports, what the ledger knows, and the reports that people open."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from shared.ledger_export import LEDGER, export_ledger
from shared.usage.export import export_usage
from shared.usage.manifest import Run
from shared.usage.pending import read_pending
from shared.usage.reading import Progress, no_progress
from shared.usage.services import UsageServices
from shared.usage.watermark import Span
from shared.usage_report.writing import write_reports

logger = logging.getLogger(__name__)


async def export_everything(
    services: UsageServices,
    *,
    span: Span | None = None,
    resumes: bool = False,
    before: Sequence[Run] = (),
    progress: Progress = no_progress,
) -> Run:
    """Run the export (see `export_usage`), then write the reports of the months that it read.

    Raises the first error that no wait mends, after everything else is done.
    """
    run = await export_usage(
        services,
        span=span,
        local=((LEDGER, export_ledger),),
        resumes=resumes,
        before=before,
        progress=progress,
    )
    if run.span is not None:
        reports = await write_reports(services, run.span.first, run.span.last)
        logger.info("%d reports written, %d of them changed", len(reports), sum(one.changed for one in reports))
    if run.failure is not None:
        raise run.failure
    return run


async def go_on(services: UsageServices) -> Run | None:
    """Go on with an export that was left unfinished and is due; None where there is none."""
    pending = await read_pending(services.state)
    if pending is None or pending.due > services.now():
        return None
    return await export_everything(services, resumes=True)
