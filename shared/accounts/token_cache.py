"""Where MSAL's token caches lie: one encrypted document for each account, shared by all instances."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.errors import StorageConflict
from shared.names import token_cache_path
from shared.sealing import Sealer
from shared.storage.state import StateStore

logger = logging.getLogger(__name__)

SAVE_ATTEMPTS = 6
# MSAL's schema of the cache: when an entry was written, as text of seconds since 1970.
WRITTEN_AT = ("last_modification_time", "cached_at")


@dataclass(frozen=True, slots=True)
class StoredCache:
    """A cache as MSAL serializes it, and its version. Both are None where nobody signed in yet."""

    text: str | None
    etag: str | None


class TokenCacheStore:
    """Reads and writes the caches."""

    def __init__(
        self,
        store: StateStore,
        sealer: Sealer,
        now: Callable[[], datetime],
        path: Callable[[str], str] = token_cache_path,
    ) -> None:
        self._path = path
        self._store = store
        self._sealer = sealer
        self._now = now

    async def load(self, user_principal_name: str) -> StoredCache:
        """The account's cache. Raises SealBroken where no key at hand opens it."""
        stored = await self._store.read(self._path(user_principal_name))
        if stored is None:
            return StoredCache(None, None)
        return StoredCache(self._sealer.open(stored.content).decode(), stored.etag)

    async def version(self, user_principal_name: str) -> str | None:
        """The ETag of the account's cache, whether it can be opened or not."""
        stored = await self._store.read(self._path(user_principal_name))
        return stored.etag if stored else None

    async def save(self, user_principal_name: str, text: str, etag: str) -> None:
        """Store what a refresh made of the version `etag`.

        Where another instance was first, the newer of each entry is kept; a sign-in that was removed stays so. Raises
        StorageConflict after many lost races, SealBroken where the other's cannot be opened.
        """
        path = self._path(user_principal_name)
        for _ in range(SAVE_ATTEMPTS):
            content = self._sealer.seal(text.encode())
            try:
                await self._store.replace(path, content, etag)
            except StorageConflict:
                theirs = await self.load(user_principal_name)
                if theirs.text is None or theirs.etag is None:
                    return
                text, etag = merge(theirs.text, text, self._now().timestamp()), theirs.etag
                if text == theirs.text:
                    return
            else:
                return
        raise StorageConflict(f"{path} was changed by others {SAVE_ATTEMPTS} times")

    async def start_anew(self, user_principal_name: str, text: str) -> None:
        """Store the cache of a new sign-in over whatever was there. Raises StorageConflict after many lost races."""
        path = self._path(user_principal_name)
        content = self._sealer.seal(text.encode())
        for _ in range(SAVE_ATTEMPTS):
            etag = await self.version(user_principal_name)
            try:
                if etag is None:
                    await self._store.create(path, content)
                else:
                    await self._store.replace(path, content, etag)
            except StorageConflict:
                logger.info("%s changed during a sign-in; writing again", path)
            else:
                return
        raise StorageConflict(f"{path} was changed by others {SAVE_ATTEMPTS} times")


def merge(theirs: str, ours: str, now: float) -> str:
    """Two serialized caches made from one: of each entry the one written last, of equals theirs.

    `now` is in seconds since 1970; access tokens that have ended are left out. Where the two are of different accounts,
    somebody signed in anew and only theirs counts.
    """
    stored: dict[str, dict[str, Any]] = json.loads(theirs)
    made: dict[str, dict[str, Any]] = json.loads(ours)
    if set(stored.get("Account", {})).isdisjoint(made.get("Account", {})):
        return theirs
    merged: dict[str, dict[str, Any]] = {}
    for kind in [*stored, *(kind for kind in made if kind not in stored)]:
        entries = dict(stored.get(kind, {}))
        for key, entry in made.get(kind, {}).items():
            if key not in entries or _written(entry) > _written(entries[key]):
                entries[key] = entry
        merged[kind] = {key: entry for key, entry in entries.items() if _ends(entry) > now}
    return theirs if merged == stored else json.dumps(merged, indent=4)


def _written(entry: Mapping[str, Any]) -> int:
    return max(int(entry.get(name) or 0) for name in WRITTEN_AT)


def _ends(entry: Mapping[str, Any]) -> float:
    return float(entry.get("expires_on") or "inf")
