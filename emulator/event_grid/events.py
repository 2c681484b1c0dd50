"""Storage events in the Event Grid schema (Event Grid: Azure Blob Storage as a source)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

BLOB_CREATED = "Microsoft.Storage.BlobCreated"
VALIDATION = "Microsoft.EventGrid.SubscriptionValidationEvent"


@dataclass(frozen=True, slots=True)
class SeenBlob:
    """What a listing tells of a blob. `etag` has no quotes; `size` is in bytes."""

    name: str
    etag: str
    size: int
    content_type: str
    blob_type: str
    url: str


def changed_blobs(before: Mapping[str, str], listed: Iterable[SeenBlob]) -> list[SeenBlob]:
    """Blobs that are new or have another ETag than `before` (name to ETag) says.

    A change of metadata alone looks the same as new content here and is announced too, which Event Grid does not do:
    a handler must bear a repeated event anyway.
    """
    return [blob for blob in listed if before.get(blob.name) != blob.etag]


def blob_created(blob: SeenBlob, container: str, topic: str, moment: datetime) -> dict[str, Any]:
    """Make the event of a blob that was written."""
    return {
        "topic": topic,
        "subject": subject_of(container, blob.name),
        "eventType": BLOB_CREATED,
        "id": str(uuid4()),
        "data": {
            "api": "PutBlockList" if blob.size > 256 * 2**20 else "PutBlob",
            "clientRequestId": str(uuid4()),
            "requestId": str(uuid4()),
            "eTag": blob.etag,
            "contentType": blob.content_type,
            "contentLength": blob.size,
            "blobType": blob.blob_type,
            "url": blob.url,
            "sequencer": f"{int(moment.timestamp() * 1_000_000):032X}",
            "storageDiagnostics": {"batchId": str(uuid4())},
        },
        "dataVersion": "",
        "metadataVersion": "1",
        "eventTime": moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }


def validation_event(topic: str, code: str, moment: datetime) -> dict[str, Any]:
    """Make the event by which a webhook proves that it wants a subscription."""
    return {
        "id": str(uuid4()),
        "topic": topic,
        "subject": "",
        "data": {"validationCode": code},
        "eventType": VALIDATION,
        "eventTime": moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "metadataVersion": "1",
        "dataVersion": "1",
    }


def subject_of(container: str, name: str) -> str:
    """The subject of a blob's event, which subscriptions filter by."""
    return f"/blobServices/default/containers/{container}/blobs/{name}"
