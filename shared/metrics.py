"""Metrics as log records, whose attributes log services keep apart; counted by OpenTelemetry too where it is on."""

from __future__ import annotations

import logging

from shared.telemetry.signals import count

logger = logging.getLogger(__name__)


def record(name: str, value: int = 1, **dimensions: str) -> None:
    """Something happened `value` times. Nothing secret belongs in here."""
    attributes = {"metric": name, "metric_value": value, **{f"metric_{key}": text for key, text in dimensions.items()}}
    shown = " ".join(f"{key}={text}" for key, text in dimensions.items())
    logger.info("metric %s %d %s", name, value, shown, extra=attributes)
    count(f"print.{name}", value, **dimensions)
