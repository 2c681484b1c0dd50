"""Metrics as log records: one line a value, whose attributes OpenTelemetry and Application Insights keep apart."""

from __future__ import annotations

import logging

logger = logging.getLogger(__name__)


def record(name: str, value: float = 1, **dimensions: str) -> None:
    """Log a value of a metric, in the unit that its name says (none: a count). Nothing secret belongs in here."""
    attributes = {"metric": name, "metric_value": value, **{f"metric_{key}": text for key, text in dimensions.items()}}
    shown = " ".join(f"{key}={text}" for key, text in dimensions.items())
    logger.info("metric %s %g %s", name, value, shown, extra=attributes)
