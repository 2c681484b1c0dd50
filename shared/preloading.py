"""Loads what a tap and a print need while the worker is idle, so that the first of them does not wait for it.

The worker indexes the functions without ever giving its event loop back, so a task that is made while function_app is
imported begins after that. Each step is one small import on the loop itself, with a rest after it that lasts while the
worker has other work: a request that comes meanwhile waits for the end of one step, those after it for none, and no
module is ever imported by two threads at once.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from shared.errors import SettingsError

if TYPE_CHECKING:
    from shared.settings import Settings

logger = logging.getLogger(__name__)

REST_SECONDS = 0.05
# More processor time than this in a rest is somebody's work, and the next step waits until there is none.
BUSY_SECONDS = 0.002
# In the order in which each needs those before it, so that no step is a long one: what a tap asks of storage, then what
# a release asks of Graph as the app, then what a print asks of it as an account.
MODULES = (
    *("cryptography.fernet", "charset_normalizer", "urllib3", "requests", "azure.core.pipeline.policies"),
    *("attr", "multidict", "yarl", "aiosignal", "aiohappyeyeballs", "aiohttp", "azure.core.pipeline.transport"),
    *("isodate", "azure.storage.blob", "azure.storage.blob.aio", "azure.storage.queue.aio"),
    *("shared.submission.record", "shared.held.entry", "shared.tasks.record", "shared.graph.task_client"),
    *("shared.kiosk.services", "shared.kiosk.http", "shared.kiosk.acting", "shared.services"),
    *("anyio", "h11", "h2.connection", "httpcore", "httpx", "msal", "cryptography.x509", "azure.identity.aio"),
    *("shared.graph.application", "shared.submission.printing", "shared.submission.job_watch", "shared.upload.http"),
    *("opentelemetry.trace", "kiota_abstractions.serialization", "kiota_abstractions.authentication"),
    *("kiota_http.middleware", "msgraph_core", "msgraph.graph_request_adapter", "shared.graph.adapter"),
    *("msgraph.generated.models.print_job_configuration", "msgraph.generated.print.print_request_builder"),
    "msgraph.generated.print.shares.item.printer_share_item_request_builder",
    "msgraph.generated.print.shares.item.jobs.item.print_job_item_request_builder",
)
TELEMETRY_MODULES = (
    *("opentelemetry.sdk.trace.export", "opentelemetry.sdk.metrics.export", "azure.core.tracing"),
    "azure.monitor.opentelemetry.exporter",
)


def preload_when_idle() -> None:
    """Begin in a while, where an event loop runs this: in a worker, and not where the app is only imported."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return
    global _preloading
    _preloading = loop.create_task(_preload())


# The loop itself holds no task.
_preloading: asyncio.Task[None] | None = None


async def _preload() -> None:
    from shared.settings import load_settings

    # The functions were indexed when the loop first comes to this.
    try:
        settings = load_settings(os.environ)
    except SettingsError:
        # Every function will say so.
        return
    await asyncio.sleep(settings.bounds.preload_after_seconds)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await preload(MODULES + (TELEMETRY_MODULES if settings.telemetry else ()))
    try:
        await _open(settings)
    except Exception as error:  # noqa: BLE001 - the function that needs it fails with the same, and is told of
        logger.warning("the clients could not be made ahead: %s", type(error).__name__)
    else:
        logger.info("loaded ahead in %.1f s what taps and prints need", loop.time() - begun)


async def preload(modules: Sequence[str], rest: float = REST_SECONDS) -> None:
    """Import the modules, with a rest of so many seconds after each that was not there, or longer while others work."""
    for name in modules:
        if name in sys.modules:
            continue
        try:
            importlib.import_module(name)
        except Exception:
            # A package may have moved a module, or break over another. What needs it imports it by a way of its own.
            logger.warning("%s could not be loaded ahead", name, exc_info=True)
        await _rest(rest)


async def _rest(seconds: float) -> None:
    while True:
        used = time.process_time()
        await asyncio.sleep(seconds)
        if time.process_time() - used <= BUSY_SECONDS:
            return


async def _open(settings: Settings) -> None:
    """Make the clients and what they share. None of them asks anybody anything yet."""
    from shared.kiosk.services import kiosk_services
    from shared.services import services
    from shared.tasks.services import task_services
    from shared.trust import trust

    await services()
    await _rest(REST_SECONDS)
    trust(settings.graph_ca_bundle)
    await _rest(REST_SECONDS)
    await task_services()
    if settings.kiosk_keys:
        await kiosk_services()
