"""Where a document goes when it is done, and which blobs of the inbox are documents. Pure."""

from __future__ import annotations

import unicodedata

from shared.names import FOLDER_TICKET, RECEIPT_SUFFIX, TICKET_SUFFIX
from shared.submission.record import Record

# Storage: a blob's name has at most 1,024 characters.
LONGEST_BLOB_NAME = 1024
# Graph names no limit for a document's name; this is the longest that file systems of printers take.
LONGEST_DOCUMENT_NAME = 255
# Folders above the document that are asked for a `_print.json`, the nearest first, beside the share's own folder.
FOLDER_LEVELS = 8


def is_document(name: str) -> bool:
    """False for the sidecars and folder tickets that say how documents are printed."""
    last = name.rpartition("/")[2].lower()
    return bool(last) and last != FOLDER_TICKET and not last.endswith(TICKET_SUFFIX)


def sidecar(name: str) -> str:
    """The sidecar's path of the document at `name`."""
    return name + TICKET_SUFFIX


def folder_tickets(name: str) -> list[str]:
    """The folder tickets that may apply to the document at `name`, the nearest first."""
    folders = name.split("/")[:-1]
    nearest = ["/".join(folders[:depth]) for depth in range(len(folders), 0, -1)]
    kept = nearest if len(nearest) <= FOLDER_LEVELS else [*nearest[: FOLDER_LEVELS - 1], nearest[-1]]
    return [f"{folder}/{FOLDER_TICKET}" for folder in kept]


def final_path(record: Record) -> str:
    """The path in the archive or failed container: the inbox path with a folder for this one submission.

    The folder has the date and the key, so the same name printed twice keeps both, and a repeated close writes to
    the same place. Room is kept for the receipt's suffix.
    """
    folder, _, file_name = record.document.name.rpartition("/")
    unique = f"{record.accepted[:10].replace('-', '')}-{record.key[:8]}"
    room = LONGEST_BLOB_NAME - len(RECEIPT_SUFFIX)
    path = "/".join(part for part in (folder, unique, file_name) if part)
    if len(path) <= room:
        return path
    share = record.document.share_name
    # The end of a long name is kept, because it has the extension.
    return f"{share[:200]}/{unique}/{file_name[-(room - 240) :]}"


def document_name(record: Record) -> str:
    """The name that the job's document gets: the file's, without what a printer's panel cannot show."""
    shown = "".join(" " if unicodedata.category(letter)[0] == "C" else letter for letter in record.document.file_name)
    return " ".join(shown.split())[-LONGEST_DOCUMENT_NAME:] or "document"
