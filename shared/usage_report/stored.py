"""Reads the figures of a report that was written."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from shared.errors import PrintFunctionsError
from shared.usage.tables import first_day
from shared.usage_report.writing import figures_path

if TYPE_CHECKING:
    from azure.storage.blob.aio import ContainerClient

_FIGURES = re.compile(r"report/month=(\d{4}-\d{2})/figures\.json")


class ReportMissing(PrintFunctionsError):
    """No report has been written for the month."""


async def read_figures(container: ContainerClient, month: str | None) -> dict[str, Any]:
    """The figures of a month (`2026-10`), or of the newest one that has a report. Raises ReportMissing."""
    from azure.core.exceptions import ResourceNotFoundError

    names = container.list_blob_names(name_starts_with="report/month=")
    months = sorted([found[1] async for name in names if (found := _FIGURES.fullmatch(name))])
    chosen = month or (months[-1] if months else None)
    if chosen not in months or chosen is None:
        there = f"There are reports for {', '.join(months[-6:])}." if months else "There is no report at all."
        raise ReportMissing(f"No report has been written for {month or 'any month'}. {there}")
    try:
        download = await container.download_blob(figures_path(first_day(chosen)))
    except ResourceNotFoundError as error:
        raise ReportMissing(f"The report for {chosen} was removed meanwhile.") from error
    figures: dict[str, Any] = json.loads(await download.readall())
    return figures
