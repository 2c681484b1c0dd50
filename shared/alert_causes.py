"""Causes of alerts that stand in the state until they are mended: raised by whoever finds them, told by the alerts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping

from shared.errors import StorageConflict
from shared.storage.state import StateStore

CAUSES = "alerts/causes/"
TEXT_CHARACTERS = 500


async def raise_cause(state: StateStore, name: str, text: str) -> None:
    """Let the alert `name` stand until it is ended; one that stands gets the new text. `text` says what to do."""
    cause = {"name": name, "text": text[:TEXT_CHARACTERS]}
    path, content = _path(name), json.dumps(cause).encode()
    try:
        await state.create(path, content, cause)
    except StorageConflict:
        stored = await state.read(path)
        if stored is None or stored.content == content:
            return
        try:
            await state.replace(path, content, stored.etag, cause)
        except StorageConflict:
            # Somebody else raised or ended it at this moment, and knows it as well as this caller.
            return


async def end_cause(state: StateStore, name: str) -> None:
    """The alert is mended; nothing happens where it does not stand."""
    await state.delete(_path(name))


async def list_causes(state: StateStore) -> dict[str, str]:
    """What stands: name and sentence, by one listing."""
    return {
        str(found.values["name"]): str(found.values["text"])
        async for found in state.list_summaries(CAUSES)
        if {"name", "text"} <= found.values.keys()
    }


async def set_causes(
    state: StateStore, prefix: str, standing: Mapping[str, str], *, unknown: Collection[str] = ()
) -> None:
    """Let exactly `standing` stand of the causes whose names begin with `prefix`; those `unknown` stay as they are."""
    before = await list_causes(state)
    for name, text in standing.items():
        if before.get(name) != text[:TEXT_CHARACTERS]:
            await raise_cause(state, name, text)
    for name in before:
        if name.startswith(prefix) and name not in standing and name not in unknown:
            await end_cause(state, name)


def _path(name: str) -> str:
    # A name may hold what no path may.
    return f"{CAUSES}{hashlib.sha256(name.encode()).hexdigest()[:32]}.json"
