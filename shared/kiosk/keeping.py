"""Adds, changes and removes kiosks: what `printops kiosk` does."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime, timedelta

from shared.catalog import Catalog
from shared.errors import PrintFunctionsError, StorageConflict
from shared.kiosk.devices import secret_hash
from shared.kiosk.keys import KioskKeys
from shared.kiosk.records import KIOSK_ID, DeviceSecret, Kiosk, decode_kiosk, encode_kiosk, secret_is_in_force
from shared.names import KIOSKS_PREFIX, kiosk_path
from shared.storage.state import StateStore
from shared.times import timestamp


class KioskRejected(PrintFunctionsError):
    """The kiosk cannot be added or changed like that; the message says why."""


def kiosk_id(display_name: str) -> str:
    """An id made of a name. Raises KioskRejected where nothing is left of it. Pure."""
    plain = unicodedata.normalize("NFKD", display_name).encode("ascii", "ignore").decode().lower()
    made = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:63].strip("-")
    if not KIOSK_ID.fullmatch(made):
        raise KioskRejected(f"No id can be made of {display_name!r}: name one with --id, such as floor-2.")
    return made


def find_device(catalog: Catalog, name: str) -> str:
    """The id of the physical printer with this id or display name. Raises KioskRejected. Pure."""
    wanted = name.strip().casefold()
    found = [each for each in catalog.printers if wanted in (each.id.casefold(), each.display_name.casefold())]
    if len(found) != 1:
        known = ", ".join(sorted(each.display_name for each in catalog.printers if not each.virtual)) or "none"
        raise KioskRejected(f"The catalog has {len(found)} printers named {name}. It has: {known}.")
    if found[0].virtual:
        raise KioskRejected(f"{found[0].display_name} is virtual: a kiosk stands at a printer with paper.")
    return found[0].id


class Kiosks:
    """The records of kiosks. `overlap` is how many seconds a replaced secret is still taken."""

    def __init__(self, state: StateStore, keys: KioskKeys, now: Callable[[], datetime], overlap: float) -> None:
        self._state = state
        self._keys = keys
        self._now = now
        self._overlap = overlap

    async def add(self, new_id: str, display_name: str, printer_id: str, secret: str) -> Kiosk:
        """Write a new kiosk. Raises KioskRejected where there is one of this id, or the id is none."""
        if not KIOSK_ID.fullmatch(new_id):
            raise KioskRejected("An id has small letters, digits and dashes between them, 63 at most.")
        kept = DeviceSecret(secret_hash(new_id, secret, self._keys))
        kiosk = Kiosk(new_id, display_name, printer_id, (kept,), timestamp(self._now()))
        try:
            await self._state.create(kiosk_path(new_id), encode_kiosk(kiosk))
        except StorageConflict:
            raise KioskRejected(
                f"There is a kiosk {new_id} already; `printops kiosk rotate` gives it a secret."
            ) from None
        return kiosk

    async def rotate(self, known_id: str, secret: str) -> Kiosk:
        """Give the kiosk another secret. The one before is taken for the overlap, those before it no more."""
        end = timestamp(self._now() + timedelta(seconds=self._overlap))

        def change(kiosk: Kiosk) -> Kiosk:
            standing = [kept for kept in kiosk.secrets if kept.until is None and secret_is_in_force(kept, self._now())]
            new = DeviceSecret(secret_hash(kiosk.id, secret, self._keys))
            return replace(kiosk, secrets=(new, *(replace(kept, until=end) for kept in standing[:1])))

        return await self._change(known_id, change)

    async def switch(self, known_id: str, *, enabled: bool) -> Kiosk:
        """Let the kiosk in, or not. Raises KioskRejected."""
        return await self._change(known_id, lambda kiosk: replace(kiosk, enabled=enabled))

    async def remove(self, known_id: str) -> None:
        """Remove the kiosk; its sessions end with it. Raises KioskRejected where there is none."""
        if await self._state.read(self._path(known_id)) is None:
            raise KioskRejected(f"There is no kiosk {known_id}.")
        await self._state.delete(self._path(known_id))

    async def list_all(self) -> AsyncIterator[Kiosk]:
        """Every kiosk, in the order of their ids. Raises KioskRecordUnreadable."""
        async for path in self._state.list_paths(KIOSKS_PREFIX):
            stored = await self._state.read(path)
            if stored is not None:
                yield decode_kiosk(stored.content)

    async def _change(self, known_id: str, change: Callable[[Kiosk], Kiosk]) -> Kiosk:
        stored = await self._state.read(self._path(known_id))
        if stored is None:
            raise KioskRejected(f"There is no kiosk {known_id}.")
        kiosk = change(decode_kiosk(stored.content))
        await self._state.replace(self._path(known_id), encode_kiosk(kiosk), stored.etag)
        return kiosk

    def _path(self, known_id: str) -> str:
        if not KIOSK_ID.fullmatch(known_id):
            raise KioskRejected(f"There is no kiosk {known_id}.")
        return kiosk_path(known_id)
