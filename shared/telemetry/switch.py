"""Switches telemetry on by the settings."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from shared.telemetry import signals
from shared.telemetry.names import hide_names

logger = logging.getLogger(__name__)

# Microsoft's clients log each request at the level of the worker, with the names of documents in its address, and the
# exporter that each export went well.
QUIET = ("azure.core", "azure.identity", "azure.monitor", "httpx")
CONNECTION = "APPLICATIONINSIGHTS_CONNECTION_STRING"
AUTHENTICATION = "APPLICATIONINSIGHTS_AUTHENTICATION_STRING"


def switch(environ: Mapping[str, str], *, telemetry: bool, log_names: bool) -> None:
    """Record to Application Insights where it is asked for and known. Its trouble is logged, and stops nothing."""
    hide_names(not log_names)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    connection_string = environ.get(CONNECTION)
    if not telemetry:
        return
    if not connection_string:
        logger.warning("PRINT_TELEMETRY is on, and %s is not set: nothing is recorded", CONNECTION)
        return
    try:
        from shared.telemetry.open_telemetry import application_insights

        signals.use(application_insights(connection_string, environ.get(AUTHENTICATION)))
    except Exception:
        logger.exception("telemetry could not be switched on")
