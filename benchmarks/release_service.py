"""The emulated service with held jobs, in a process of its own: `python -m benchmarks.release_service DIRECTORY`.

`{"hold": count}` makes so many jobs that a task of the app holds, and answers with the ids of jobs and tasks.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from emulator.universal_print.devices.capabilities import OFFICE_COLOR
from emulator.universal_print.devices.deviceless import DevicelessPrinter
from emulator.universal_print.devices.virtual import VirtualPrinter
from emulator.universal_print.server import Emulator, running
from emulator.universal_print.settings import Limits, Settings
from emulator.universal_print.tokens import signing
from emulator.universal_print.world import AppRegistration, World

_TENANT = "0b9f5e9e-55d6-4b7e-9f0e-6f3a51d0a001"
_PERMISSIONS = [
    "PrintJob.Manage.All",
    "PrintJob.ReadWrite.All",
    "Printer.Read.All",
    "PrintTaskDefinition.ReadWrite.All",
]
_DOCUMENT = b"%PDF-1.7\n%%EOF\n"


class Service:
    """One tenant with a virtual printer whose jobs are held, and a kiosk's printer."""

    def __init__(self, directory: Path) -> None:
        self._world = World(_TENANT)
        self._user = self._world.add_user("anna@contoso.example")
        self._app = self._world.add_app(AppRegistration("benchmark", "Benchmark", application=frozenset(_PERMISSIONS)))
        virtual = DevicelessPrinter("Follow me", OFFICE_COLOR)
        self._virtual = self._world.add_printer(virtual, has_physical_device=False)
        self._kiosk = self._world.add_printer(VirtualPrinter("Kiosk", OFFICE_COLOR, directory / "paper"))
        self.emulator = Emulator(self._world, directory, Settings(limits=Limits.off(), processing_seconds=0.0))
        self._definition = self.emulator.tasks.define(self._app, "Hold")
        self.emulator.tasks.add_trigger(self._virtual, self._definition)

    def ready(self) -> dict[str, Any]:
        """What a client needs to know."""
        now, lifetime = self.emulator.clock.now(), timedelta(hours=4)
        token = signing.access_token(self._world, self._app, None, _PERMISSIONS, now, lifetime)
        return {
            "token": token,
            "caBundle": str(self.emulator.ca_bundle),
            "definition": self._definition.id,
            "virtual": self._virtual.id,
            "kiosk": self._kiosk.id,
            "user": self._user.id,
        }

    async def hold(self, count: int) -> list[dict[str, str]]:
        """Make held jobs."""
        jobs, found = self.emulator.jobs, []
        for _ in range(count):
            job = jobs.create(self._virtual, None, self._user, self._app, {}, self.emulator.clock.now())
            job.payload.write_bytes(_DOCUMENT)
            job.document.content_type, job.document.size = "application/pdf", len(_DOCUMENT)
            job.document.uploaded = self.emulator.clock.now()
            began = asyncio.get_running_loop().create_future()
            self.emulator.tasks.on_started = began.set_result
            self.emulator.queues.submit(job)
            task = await began
            found.append({"job": job.id, "task": task.id})
        return found


async def serve(directory: Path) -> None:
    """Serve until the input ends."""
    service = Service(directory)
    async with running(service.emulator) as base_url:
        _say({"port": urlsplit(base_url).port, **service.ready()})
        while line := await asyncio.to_thread(sys.stdin.readline):
            _say({"held": await service.hold(json.loads(line)["hold"])})


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
