"""What an operator does with submissions: drop a file, look at records, send a failed document again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from shared.errors import PrintFunctionsError, Superseded
from shared.names import FAILED, INBOX, STATE, submission_path
from shared.storage.state import StateStore
from shared.submission.holding import Records
from shared.submission.places import fits, sidecar
from shared.submission.record import Record, Result, State, submission_key

if TYPE_CHECKING:
    from shared.storage.clients import Storage
    from shared.storage.documents import Documents

Sleep = Callable[[float], Awaitable[None]]

# How often a copy, or the record of a submission that is watched, is looked at.
LOOK_SECONDS = 1.0
# Storage: blocks of one upload sent at once.
UPLOAD_CONCURRENCY = 4


class OperationRefused(PrintFunctionsError):
    """The operation makes no sense for this submission; the message says why."""


async def drop(
    storage: Storage, file: Path, name: str, metadata: Mapping[str, str], progress: Callable[[int, int], None]
) -> str:
    """Upload `file` to the inbox as `name` and return the submission's key.

    `progress` gets bytes sent and bytes in all. Raises OperationRefused where the inbox holds that name already: the
    file there has not been printed yet.
    """
    from azure.core.exceptions import ResourceExistsError

    async def hook(sent: int, total: int | None) -> None:
        progress(sent, total or 0)

    blob = storage.container(INBOX).get_blob_client(name)
    try:
        with file.open("rb") as content:
            answer = await blob.upload_blob(
                content,
                metadata=dict(metadata),
                max_concurrency=UPLOAD_CONCURRENCY,
                progress_hook=hook,
            )
    except ResourceExistsError as error:
        raise OperationRefused(f"{INBOX}/{name} is still waiting to be printed. Choose another name.") from error
    return submission_key(INBOX, name, str(answer["etag"]))


async def find_key(state: StateStore, text: str) -> str:
    """The key that begins with `text`, as folders and receipts show it. Raises OperationRefused."""
    prefix = submission_path(text).removesuffix(".json")
    found = [path async for path in state.list_paths(prefix)]
    if len(found) != 1:
        what = "no submission" if not found else f"{len(found)} submissions"
        raise OperationRefused(f"{what} with a key that begins with {text}")
    return found[0].removeprefix(submission_path("").removesuffix(".json")).removesuffix(".json")


async def newest_records(storage: Storage, records: Records, limit: int) -> list[Record]:
    """The records that changed last, the newest first."""
    listed = storage.container(STATE).list_blobs(name_starts_with="submissions/")
    found = [(blob.last_modified, blob.name) async for blob in listed]
    newest = sorted(found, reverse=True)[:limit]
    loaded = await asyncio.gather(
        *(records.load(name.removeprefix("submissions/").removesuffix(".json")) for _, name in newest)
    )
    return [entry[0] for entry in loaded if entry is not None]


async def watch(records: Records, key: str, sleep: Sleep) -> AsyncIterator[Record]:
    """The record each time that it changes, until it is closed."""
    last = ""
    while True:
        loaded = await records.load(key)
        if loaded is not None and loaded[1] != last:
            last = loaded[1]
            yield loaded[0]
            if loaded[0].state is State.CLOSED:
                return
        await sleep(LOOK_SECONDS)


async def retry(records: Records, documents: Documents, key: str, sleep: Sleep) -> str:
    """Put a failed document back into the inbox and return the key of the new submission.

    The settings beside it go first, so that they are there when it is printed. Raises OperationRefused.
    """
    loaded = await records.load(key)
    if loaded is None:
        raise OperationRefused(f"there is no submission {key}")
    record = loaded[0]
    if record.outcome is None or record.outcome.result is not Result.FAILED or record.moved_to is None:
        raise OperationRefused(f"submission {key} did not fail: it is {record.state.value}")
    name, kept = record.document.name, record.moved_to
    if await documents.facts(FAILED, kept) is None:
        raise OperationRefused(f"{FAILED}/{kept} is gone: it was retried before, or removed")
    if await documents.facts(INBOX, name) is not None:
        raise OperationRefused(f"{INBOX}/{name} holds another file that waits to be printed")
    beside = fits(sidecar(kept)) and await documents.facts(FAILED, sidecar(kept)) is not None
    if beside:
        await _move(documents, sidecar(kept), sidecar(name), sleep)
    await _move(documents, kept, name, sleep)
    facts = await documents.facts(INBOX, name)
    if facts is None:
        raise OperationRefused(f"{INBOX}/{name} was taken away at once: look at the newest submissions")
    return submission_key(INBOX, name, facts.etag)


async def _move(documents: Documents, kept: str, name: str, sleep: Sleep) -> None:
    facts = await documents.facts(FAILED, kept)
    if facts is None:
        raise Superseded(f"{FAILED}/{kept} is gone")
    while not await documents.copy((FAILED, kept), facts.etag, (INBOX, name)):
        await sleep(LOOK_SECONDS)
    await documents.remove(FAILED, kept, facts.etag)
