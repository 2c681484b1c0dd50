"""The app's keys, kept as the host keeps them: blobs in `azure-webjobs-secrets` (Functions: access keys)."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob.aio import ContainerClient

from emulator.functions_host.connections import made

CONTAINER = "azure-webjobs-secrets"
BLOBS_SYSTEM_KEY = "blobs_extension"
RELOAD_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Keys:
    """All keys by their value. `functions` maps a function's lower-cased name to its keys."""

    master: str
    host: frozenset[str] = frozenset()
    system: Mapping[str, str] = field(default_factory=dict)
    functions: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def opens(self, level: str, function: str, key: str | None) -> bool:
        """Whether `key` lets a caller through to a function of this level: anonymous, function or admin."""
        if level == "anonymous":
            return True
        if not key:
            return False
        accepted = [self.master]
        if level == "function":
            accepted += [*self.host, *self.functions.get(function.lower(), ())]
        return _is_among(key, accepted)

    def opens_webhook(self, key: str | None) -> bool:
        """Whether `key` opens the blob extension's webhook: its system key or the master key."""
        return key is not None and _is_among(key, [self.master, self.system.get(BLOBS_SYSTEM_KEY, self.master)])


def _is_among(key: str, accepted: list[str]) -> bool:
    return any(compare_digest(key.encode(), one.encode()) for one in accepted)


def given_key(headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
    """The key of a request: the header `x-functions-key` wins over `code` in the query."""
    return headers.get("x-functions-key") or query.get("code")


class KeyRing:
    """Loads the keys, makes those that are missing, and looks again when an unknown key comes."""

    def __init__(
        self,
        container: ContainerClient | None,
        host_id: str,
        functions: list[str],
        now: Callable[[], datetime],
        master: str | None = None,
    ) -> None:
        self._container = container
        self._host_id = host_id
        self._functions = functions
        self._now = now
        self._master = master
        self._loaded: datetime | None = None
        self.keys = Keys(master or _new_key())

    async def load(self) -> None:
        """Read all keys from storage and store those that are missing there. Without storage they last a run."""
        self._loaded = self._now()
        host = await self._document(
            "host",
            {
                "masterKey": _entry("master", self._master or self.keys.master),
                "functionKeys": [_entry("default")],
                "systemKeys": [_entry(BLOBS_SYSTEM_KEY)],
            },
        )
        functions = {}
        for name in self._functions:
            document = await self._document(name.lower(), {"keys": [_entry("default")]})
            functions[name.lower()] = frozenset(entry["value"] for entry in document["keys"])
        self.keys = Keys(
            master=self._master or host["masterKey"]["value"],
            host=frozenset(entry["value"] for entry in host["functionKeys"]),
            system={entry["name"]: entry["value"] for entry in host["systemKeys"]},
            functions=functions,
        )

    async def look_again(self) -> bool:
        """Reload for a key that is not known, at most once a minute; whether it did."""
        if self._container is None or (self._loaded and self._now() - self._loaded < RELOAD_EVERY):
            return False
        await self.load()
        return True

    async def _document(self, name: str, fresh: dict[str, Any]) -> dict[str, Any]:
        if self._container is None:
            return fresh
        blob = self._container.get_blob_client(f"{self._host_id}/{name}.json")
        try:
            return await _read(blob)
        except ResourceNotFoundError:
            await made(self._container)
        try:
            await blob.upload_blob(json.dumps(fresh))
        except ResourceExistsError:
            return await _read(blob)
        return fresh


async def _read(blob: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(await (await blob.download_blob()).readall())
    return document


def _entry(name: str, value: str | None = None) -> dict[str, Any]:
    return {"name": name, "value": value or _new_key(), "encrypted": False}


def _new_key() -> str:
    return secrets.token_urlsafe(42)
