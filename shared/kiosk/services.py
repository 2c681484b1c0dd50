"""What the kiosks work with: made from the settings, or from stand-ins by tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from shared.audit import DEVICES_FILES, DEVICES_PREFIX, Audit
from shared.bounds import Bounds
from shared.errors import KioskRefused
from shared.kiosk.keys import KioskKeys
from shared.kiosk.throttle import Throttle
from shared.storage.day_log import DayLog
from shared.storage.state import StateStore
from shared.tasks.services import TaskServices

if TYPE_CHECKING:
    from shared.services import Services


@dataclass(frozen=True, slots=True)
class KioskServices:
    """State, keys and clock of the kiosks; `tasks` is what held jobs are listed, released and discarded with.

    `devices` is the audit of devices that were refused, None where the app's own log is enough.
    """

    state: StateStore
    keys: KioskKeys
    audit: Audit
    devices: Audit | None
    throttle: Throttle
    tasks: TaskServices
    bounds: Bounds
    now: Callable[[], datetime]


_ready: KioskServices | None = None


async def kiosk_services() -> KioskServices:
    """The services of this worker process. Raises SettingsError, and KioskRefused (`kioskOff`) without KIOSK_KEY."""
    global _ready
    if _ready is None:
        from shared.services import services
        from shared.tasks.services import task_services

        _ready = open_kiosk_services(await services(), await task_services())
    return _ready


def open_kiosk_services(base: Services, tasks: TaskServices) -> KioskServices:
    """What kiosks work with, from what every function has. Raises KioskRefused (`kioskOff`) without KIOSK_KEY."""
    from shared.names import STATE
    from shared.storage.day_log import BlobDayLog

    if not base.settings.kiosk_keys:
        raise KioskRefused("kioskOff", "KIOSK_KEY is not set: kiosks are off. Ask the operator.")
    devices = BlobDayLog(base.storage.container(STATE), DEVICES_PREFIX, DEVICES_FILES)
    return make_kiosk_services(KioskKeys(base.settings.kiosk_keys), tasks, devices)


def make_kiosk_services(keys: KioskKeys, tasks: TaskServices, devices: DayLog | None = None) -> KioskServices:
    """What kiosks work with, from keys, the services of held jobs and the log of refused devices."""
    bounds, now = tasks.bounds, tasks.now
    return KioskServices(
        state=tasks.state,
        keys=keys,
        audit=tasks.audit,
        devices=Audit(devices, now, bounds.audit_seconds) if devices else None,
        throttle=Throttle(tasks.state, keys, now, bounds),
        tasks=tasks,
        bounds=bounds,
        now=now,
    )
