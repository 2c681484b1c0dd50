"""The worker processes of an app: one for each scale group, as instances on Flex Consumption, or one for all."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emulator.functions_host.errors import AppBroken, StartError
from emulator.functions_host.functions import Function
from emulator.functions_host.packages import forbidden_modules, missing_module
from emulator.functions_host.worker_process import WorkerProcess, WorkerSlot, start_worker

APP_LOGGER = "emulator.functions_host.app"
"""Records of the worker are logged below this, by their own logger's name."""
_SYSTEM_LOGGER = "azure.functions"

logger = logging.getLogger(__name__)


class Workers:
    """Starts workers when they are first needed. The one that indexed the app serves the first group that asks."""

    def __init__(self, app: Path, environment: Mapping[str, str], *, isolated: bool, restart_seconds: float) -> None:
        self._app = app
        self._environment = environment
        self._isolated = isolated
        self._restart_seconds = restart_seconds
        self._forbidden: list[str] = []
        self._spare: WorkerProcess | None = None
        self._slots: dict[str, WorkerSlot] = {}

    async def index(self) -> list[dict[str, Any]]:
        """Index the app; give its functions as the worker describes them. Raises AppBroken or StartError."""
        self._forbidden = await asyncio.to_thread(forbidden_modules, self._app)
        try:
            self._spare = await start_worker(self._app, self._environment, _log, self._forbidden)
        except AppBroken as error:
            if module := missing_module(str(error), self._forbidden):
                message = f"{module} is installed here, but requirements.txt lacks its package"
                raise AppBroken(f"{error}\n{message}", error.trace) from error
            raise
        if self._spare.functions is None:
            script = self._environment.get("PYTHON_SCRIPT_FILE_NAME", "function_app.py")
            raise StartError(f"{script} is missing in {self._app}")
        return self._spare.functions

    def slot_of(self, function: Function) -> WorkerSlot:
        """The slot that runs a function."""
        group = function.scale_group if self._isolated else "all"
        if group not in self._slots:
            self._slots[group] = WorkerSlot(group, self._start, self._restart_seconds)
        return self._slots[group]

    @property
    def pids(self) -> dict[str, int]:
        """The processes that run now, by scale group; `index` is the one that serves no group yet."""
        pids = {name: slot.pid for name, slot in self._slots.items()}
        if self._spare and not self._spare.lost.is_set():
            pids["index"] = self._spare.process.pid
        return {name: pid for name, pid in pids.items() if pid is not None}

    def kill(self, function: Function | None = None) -> None:
        """Crash the worker of one function, or all workers."""
        if function:
            self.slot_of(function).kill()
            return
        for slot in self._slots.values():
            slot.kill()
        if self._spare:
            self._spare.kill()

    async def stop(self) -> None:
        """End all workers for good."""
        await asyncio.gather(*(slot.stop() for slot in self._slots.values()))
        if self._spare:
            await self._spare.stop()

    async def _start(self) -> WorkerProcess:
        spare, self._spare = self._spare, None
        if spare and not spare.lost.is_set():
            return spare
        return await start_worker(self._app, self._environment, _log, self._forbidden)


def _log(message: Mapping[str, Any]) -> None:
    """Pass a log record of the worker on. What the worker library says of itself is of interest when debugging only."""
    is_system = message["logger"] == _SYSTEM_LOGGER
    level = logging.DEBUG if is_system and message["level"] < logging.WARNING else int(message["level"])
    app_logger = logging.getLogger(f"{APP_LOGGER}.{message['logger']}")
    app_logger.log(level, "%s%s", f"[{message['id'][:8]}] " if message["id"] else "", message["text"])
