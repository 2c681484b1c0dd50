"""Where a document goes when it is done, and which blobs of the inbox are documents. Pure."""

from __future__ import annotations

import unicodedata

from shared.names import FOLDER_TICKET, RECEIPT_SUFFIX, TICKET_SUFFIX
from shared.submission.record import Record

# Storage: a blob's name has at most 1,024 characters, which .NET counts as UTF-16 units.
LONGEST_BLOB_NAME = 1024
# Storage: a path may be 63 folders deep where the namespace is hierarchical, the container among them.
DEEPEST_PATH = 60
# Graph names no limit for a document's name; this is the longest that file systems of printers take.
LONGEST_DOCUMENT_NAME = 255
# Folders above the document that are asked for a `_print.json`, the nearest first, beside the share's own folder.
FOLDER_LEVELS = 8


def is_document(name: str) -> bool:
    """False for the sidecars and folder tickets that say how documents are printed."""
    last = name.rpartition("/")[2].lower()
    return bool(last) and last != FOLDER_TICKET and not last.endswith(TICKET_SUFFIX)


def fits(name: str) -> bool:
    """True where storage can hold a blob of this name; asking it for a longer one is an error, not a 404."""
    return _units(name) <= LONGEST_BLOB_NAME


def sidecar(name: str) -> str:
    """The sidecar's path of the document at `name`; it may be too long for storage (`fits`)."""
    return name + TICKET_SUFFIX


def folder_tickets(name: str) -> list[str]:
    """The folder tickets that may apply to the document at `name`, the nearest first."""
    folders = name.split("/")[:-1]
    nearest = ["/".join(folders[:depth]) for depth in range(len(folders), 0, -1)]
    kept = nearest if len(nearest) <= FOLDER_LEVELS else [*nearest[: FOLDER_LEVELS - 1], nearest[-1]]
    return [path for folder in kept if fits(path := f"{folder}/{FOLDER_TICKET}")]


def final_path(record: Record) -> str:
    """The path in the archive or failed container: the inbox path with a folder for this one submission.

    The folder has the date and the key, so the same name printed twice keeps both, and a repeated close writes to
    the same place. Room is kept for the suffixes of receipt and sidecar. Every part is one that storage, a local
    file system and .NET take as it is.
    """
    *folders, file_name = (_safe(part) for part in record.document.name.split("/") if part)
    unique = f"{record.accepted[:10].replace('-', '')}-{record.key[:8]}"
    room = LONGEST_BLOB_NAME - max(len(RECEIPT_SUFFIX), len(TICKET_SUFFIX))
    path = "/".join((*folders, unique, file_name))
    if _units(path) <= room and len(folders) + 2 <= DEEPEST_PATH:
        return path
    share = [_safe(folders[0][:100])] if folders else []
    start = "/".join((*share, unique, ""))
    # The end of a long name is kept, because it has the extension.
    while _units(start + file_name) > room:
        file_name = file_name[1:]
    return start + file_name


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _safe(part: str) -> str:
    """A part of a path without control characters, backslashes, and the dots and blanks at its end."""
    shown = "".join("_" if letter == "\\" or unicodedata.category(letter)[0] == "C" else letter for letter in part)
    return shown.rstrip(". ") or "_"


def document_name(record: Record) -> str:
    """The name that the job's document gets: the file's, without what a printer's panel cannot show."""
    shown = "".join(" " if unicodedata.category(letter)[0] == "C" else letter for letter in record.document.file_name)
    return " ".join(shown.split())[-LONGEST_DOCUMENT_NAME:].strip() or "document"
