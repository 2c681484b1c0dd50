"""Writes the reports of months: a page, its figures as JSON, and the tables of costs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from hashlib import sha256

from shared.usage.partitions import write_partition
from shared.usage.series import DAILY_BY_PRINTER
from shared.usage.services import UsageServices
from shared.usage.tables import month_key
from shared.usage_report.cost_tables import cost_tables
from shared.usage_report.figures import (
    CostRules,
    last_day,
    make_figures,
    parse_cost_rules,
)
from shared.usage_report.language import load_language
from shared.usage_report.reading import exported_until, read_month
from shared.usage_report.summary import encode_figures

logger = logging.getLogger(__name__)

LATEST = "report/latest.html"
_HTML, _JSON = "text/html; charset=utf-8", "application/json"


@dataclass(frozen=True, slots=True)
class ReportResult:
    """The report of a month; `changed` is false where the stored one has these bytes already."""

    month: date
    changed: bool


def report_path(month: date) -> str:
    """Where a month's page lies in `print-usage`."""
    return f"report/month={month_key(month)}/report.html"


def figures_path(month: date) -> str:
    """Where a month's figures lie in `print-usage`."""
    return f"report/month={month_key(month)}/figures.json"


async def write_reports(services: UsageServices, first: date, last: date) -> list[ReportResult]:
    """Write the reports of the months with the days from `first` to `last`, and `latest` where the newest is written.

    Nothing is written before the first export of usage. Raises CatalogUnreadable for prices or cost centres with a
    fault, and StorageConflict where another instance wrote the costs meanwhile.
    """
    from shared.usage_report.page import render

    until = await exported_until(services, DAILY_BY_PRINTER)
    if until is None:
        return []
    rules = _in_force(parse_cost_rules((await services.load_catalog()).document), services)
    language = load_language()
    results = []
    for month in _months(first, min(last, until)):
        data = await read_month(services, month, until)
        if services.pseudonyms is not None:
            data = replace(data, documents=data.documents.without_examples())
        figures = make_figures(data, rules)
        page = render(figures, language, pseudonymised=services.pseudonyms is not None)
        for table, rows in cost_tables(data, figures, rules):
            await write_partition(table, month_key(month), iter(rows), services=services)
        await _store(services, figures_path(month), encode_figures(figures), _JSON)
        changed = await _store(services, report_path(month), page, _HTML)
        if month == until.replace(day=1):
            await _store(services, LATEST, page, _HTML)
        results.append(ReportResult(month, changed))
    return results


def _months(first: date, last: date) -> Iterator[date]:
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = last_day(month) + timedelta(days=1)


def _in_force(rules: CostRules, services: UsageServices) -> CostRules:
    """The rules for people under the names that the exported files give them."""
    if services.pseudonyms is None:
        return rules
    of_user = {services.pseudonyms.of(user): center for user, center in rules.centers.of_user.items()}
    return replace(rules, centers=replace(rules.centers, of_user=of_user))


async def _store(services: UsageServices, path: str, content: bytes, content_type: str) -> bool:
    """Replace the blob in one step. False where it has this content already."""
    from azure.core.exceptions import ResourceNotFoundError
    from azure.storage.blob import ContentSettings

    blob = services.container.get_blob_client(path)
    digest = sha256(content).hexdigest()
    try:
        properties = await blob.get_blob_properties()
        if (properties.metadata or {}).get("sha256") == digest:
            return False
    except ResourceNotFoundError:
        logger.info("%s is new", path)
    settings = ContentSettings(content_type=content_type, cache_control="no-cache")
    await blob.upload_blob(content, overwrite=True, content_settings=settings, metadata={"sha256": digest})
    return True
