"""Answers a request for a month's report with the page that was written for it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import azure.functions as func

from shared.problems import NO_STORE
from shared.usage.tables import first_day
from shared.usage_report.writing import LATEST, report_path

if TYPE_CHECKING:
    from azure.storage.blob.aio import ContainerClient

_MONTH = re.compile(r"[1-9]\d{3}-(0[1-9]|1[0-2])", re.ASCII)
# The page brings its style and nothing else; whatever a name smuggled in would not run.
_HEADERS = {
    **NO_STORE,
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


async def answer_report(month: str, container: ContainerClient) -> func.HttpResponse:
    """The page of `month` (`2026-10`, or `latest`), 404 where there is none, 400 for what is no month."""
    if month != "latest" and not _MONTH.fullmatch(month):
        return _problem(400, "That is no month", "Ask for a month such as 2026-10, or for latest.")
    page = await _read(container, LATEST if month == "latest" else report_path(first_day(month)))
    if page is None:
        return _problem(404, "There is no report", f"No report has been written for {month}.")
    return func.HttpResponse(page, mimetype="text/html", charset="utf-8", headers=_HEADERS)


async def _read(container: ContainerClient, path: str) -> bytes | None:
    from azure.core.exceptions import ResourceNotFoundError

    try:
        download = await container.download_blob(path)
    except ResourceNotFoundError:
        return None
    return await download.readall()


def _problem(status: int, title: str, detail: str) -> func.HttpResponse:
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return func.HttpResponse(
        json.dumps(body), status_code=status, mimetype="application/problem+json", headers=NO_STORE
    )
