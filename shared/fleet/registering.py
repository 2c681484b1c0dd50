"""Registers virtual printers. A mark in storage keeps a run after an interrupted one from making a second of a name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from shared.errors import StorageConflict
from shared.fleet.model import folded
from shared.fleet.ports import Administrator, Object
from shared.storage.state import StateStore
from shared.times import moment, timestamp

# A registration that was begun and lost shows in the list of printers within this time.
REGISTRATION_SECONDS = 60.0
_LOOK_SECONDS = 5.0


class Registrar:
    """`now` and `sleep` are the clock's."""

    def __init__(
        self,
        administrator: Administrator,
        state: StateStore,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._administrator = administrator
        self._state = state
        self._now = now
        self._sleep = sleep

    async def register(self, body: Object) -> str:
        """Register a virtual printer; its id. `body` has displayName, manufacturer and model."""
        name = str(body["displayName"])
        path = f"fleet/registering/{hashlib.sha256(folded(name).encode()).hexdigest()}.json"
        try:
            await self._state.create(path, json.dumps({"name": name, "begun": timestamp(self._now())}).encode())
        except StorageConflict:
            if (known := await self._awaited(path, name)) is not None:
                await self._state.delete(path)
                return known
        printer = await self._administrator.create_printer(name, body["manufacturer"], body["model"])
        await self._state.delete(path)
        return str(printer["id"])

    async def _awaited(self, path: str, name: str) -> str | None:
        """The id of the printer that an interrupted run may still be getting."""
        stored = await self._state.read(path)
        begun = moment(json.loads(stored.content)["begun"]) if stored else self._now()
        end = begun + timedelta(seconds=REGISTRATION_SECONDS)
        while True:
            for printer in await self._administrator.printers():
                if folded(printer["displayName"]) == folded(name):
                    return str(printer["id"])
            if self._now() >= end:
                return None
            await self._sleep(_LOOK_SECONDS)
