"""Whether the containers and queues are there, and whether the identity at hand may read and write them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from shared.doctor.finding import Finding, failed, warning, works
from shared.names import INBOX, POISON_SUFFIX
from shared.settings import StorageConnection
from shared.submission.messages import submission_message
from shared.tasks.messages import released_message

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobClient, ContainerClient
    from azure.storage.queue.aio import QueueClient

# So the names of probes begin. They lie in no folder, which would stay behind where storage has real ones.
PROBES = "doctor-probe-"
# A trial message that could not be taken back is gone after this. Storage wants it to be hidden for less than it lives,
# so a function may see it in its last second: it is about a submission and a held job that nobody has.
PROBE_SECONDS = 300
PROBE: Mapping[str, Any] = {
    **submission_message("0" * 32, 0),
    **released_message("held/doctor/doctor/doctor", 0, "doctor"),
}
_NEVER = '"0x0"'
# The SDK waits a quarter of a minute before it tries again, and hides why for so long.
AT_ONCE: dict[str, Any] = {"retry_total": 0}


@dataclass(frozen=True, slots=True)
class StoragePlace:
    """Which storage account it is, and how it is reached."""

    account: str
    is_azurite: bool
    identity: str

    @property
    def words(self) -> str:
        """The place in words."""
        return f"{'Azurite' if self.is_azurite else 'Azure'} account {self.account}, with {self.identity}"

    @property
    def arguments(self) -> str:
        """What the Azure CLI takes to reach it."""
        if self.is_azurite or self.identity == "a connection string":
            return '--connection-string "$PrintStorage"'
        return f"--account-name {self.account} --auth-mode login"


def place_of(connection: StorageConnection, address: str, account: str) -> StoragePlace:
    """The place behind a blob service's `address`. Pure."""
    if connection.connection_string:
        identity = "a connection string"
    elif connection.credential:
        identity = "the managed identity" + (f" {connection.client_id}" if connection.client_id else "")
    else:
        identity = "the identity that is signed in here"
    parts = urlsplit(address)
    is_azurite = parts.scheme == "http" or not (parts.hostname or "").startswith(f"{account}.")
    return StoragePlace(account, is_azurite, identity)


async def check_account(container: ContainerClient, place: StoragePlace) -> Finding:
    """Whether it answers at all; what it lets this identity do is for the other checks."""
    from azure.core.exceptions import HttpResponseError

    try:
        await container.exists(**AT_ONCE)
    except HttpResponseError as error:
        if error.response is None:
            # No identity was found, so storage was not asked.
            raise
    return works(place.words)


async def check_container(
    container: ContainerClient, name: str, place: StoragePlace, token_hex: Callable[[int], str]
) -> Finding:
    """Read and write it for real: a probe is made, made conditionally again, read and removed.

    A blob in the inbox would be printed, so there the write has a condition that cannot hold, which storage looks at
    only after the rights.
    """
    from azure.core.exceptions import ResourceNotFoundError

    try:
        async for _ in container.list_blob_names(results_per_page=1, **AT_ONCE):
            break
    except ResourceNotFoundError:
        return failed(
            f"the container {name} does not exist on {place.account}",
            portal=f"Azure portal > Storage accounts > {place.account} > Containers > Add container > {name}",
            command=f"az storage container create --name {name} {place.arguments}",
            cause="containerMissing",
        )
    blob = container.get_blob_client(f"{PROBES}{token_hex(8)}")
    if name == INBOX:
        await _refused(blob, _NEVER)
    else:
        await _written(blob)
    return works("can be read and written")


async def _written(blob: BlobClient) -> None:
    made = await blob.upload_blob(b"probe", overwrite=False)
    try:
        await _refused(blob, _NEVER)
        await (await blob.download_blob()).readall()
    finally:
        await blob.delete_blob(**_if_match(str(made["etag"])))


async def _refused(blob: BlobClient, etag: str) -> None:
    """Write on a condition that does not hold. Raises HttpResponseError where the rights are missing."""
    from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError

    try:
        await blob.upload_blob(b"probe", overwrite=True, **_if_match(etag))
    except (ResourceModifiedError, ResourceNotFoundError):
        return
    raise RuntimeError("storage wrote over a version that it does not have: conditional writes do not work")


def _if_match(etag: str) -> dict[str, Any]:
    from azure.core import MatchConditions

    return {"etag": etag, "match_condition": MatchConditions.IfNotModified}


async def check_queue(queue: QueueClient, name: str, place: StoragePlace) -> Finding:
    """Look into it, and send it a message that nobody sees and that is taken back at once."""
    from azure.core.exceptions import ResourceNotFoundError

    try:
        await queue.peek_messages(max_messages=1, **AT_ONCE)
    except ResourceNotFoundError:
        return _missing_queue(name, place)
    if name.endswith(POISON_SUFFIX):
        return await _poison(queue, name)
    sent = await queue.send_message(json.dumps(PROBE), visibility_timeout=PROBE_SECONDS - 1, time_to_live=PROBE_SECONDS)
    await queue.delete_message(sent)
    return works("can be looked into, sent to and taken from")


def _missing_queue(name: str, place: StoragePlace) -> Finding:
    portal = f"Azure portal > Storage accounts > {place.account} > Queues > Add queue > {name}"
    command = f"az storage queue create --name {name} {place.arguments}"
    if name.endswith(POISON_SUFFIX):
        words = f"the queue {name} does not exist yet; the host makes it when a message fails, and no alert sees it"
        return warning(words, portal=portal, command=command, cause="queueMissing")
    return failed(
        f"the queue {name} does not exist on {place.account}", portal=portal, command=command, cause="queueMissing"
    )


async def _poison(queue: QueueClient, name: str) -> Finding:
    depth = int((await queue.get_queue_properties()).approximate_message_count or 0)
    if not depth:
        return works("empty")
    return warning(
        f"{name} holds about {depth} messages that could not be handled; what they were about goes on by itself",
        portal="Application Insights > Failures shows why each one failed; then clear the queue",
        command=f"az storage message peek --queue-name {name} --num-messages 32",
        cause="poison",
    )
