"""The emulated service in a process of its own: `python -m benchmarks.service DIRECTORY`.

`{"open": size}` makes a job with an open upload session, and `{"judge": document}` gives the hash of what arrived, or
null where bytes are missing, and forgets it. Ceilings for accounts and printers are off: they bound days, not seconds.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from emulator.universal_print.devices.capabilities import MONO_LASER
from emulator.universal_print.devices.virtual import VirtualPrinter
from emulator.universal_print.server import Emulator, running
from emulator.universal_print.settings import Limits, Settings
from emulator.universal_print.world import AppRegistration, World

_TENANT = "0b9f5e9e-55d6-4b7e-9f0e-6f3a51d0a001"


class Service:
    """One tenant with one printer, for uploads."""

    def __init__(self, directory: Path) -> None:
        world = World(_TENANT)
        self._user = world.add_user("print1@contoso.example")
        self._app = world.add_app(AppRegistration("benchmark", "Benchmark"))
        self._printer = world.add_printer(VirtualPrinter("Bench", MONO_LASER, directory / "paper"))
        self._share = world.add_share(self._printer, allow_all_users=True)
        self.emulator = Emulator(world, directory, Settings(limits=Limits.off()))

    def answer(self, message: dict[str, Any]) -> dict[str, Any]:
        """Do what the message asks."""
        if "open" in message:
            jobs, now = self.emulator.jobs, self.emulator.clock.now()
            job = jobs.create(self._printer, self._share, self._user, self._app, {}, now)
            session = self.emulator.uploads.open_session(job, "benchmark.pdf", "application/pdf", message["open"])
            return {"uploadUrl": f"{self.emulator.base_url}/uploads/{session.token}", "document": job.id}
        job = self.emulator.job(message["judge"])
        if job.document.uploaded is None:
            return {"sha256": None}
        with job.payload.open("rb") as content:
            sha256 = hashlib.file_digest(content, "sha256").hexdigest()
        job.payload.unlink()
        return {"sha256": sha256}


async def serve(directory: Path) -> None:
    """Serve until the input ends."""
    service = Service(directory)
    async with running(service.emulator) as base_url:
        _say({"port": urlsplit(base_url).port, "caBundle": str(service.emulator.ca_bundle)})
        while line := await asyncio.to_thread(sys.stdin.readline):
            _say(service.answer(json.loads(line)))


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
