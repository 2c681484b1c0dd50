"""The paper: a folder per printer with each printed document and the slip that came out with it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# Longest file name that every common file system takes is 255 bytes; the slip's ending needs room too.
MOST_NAME_BYTES = 200
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


def safe_name(name: str) -> str:
    """`name` as a file name that no file system mistakes for a path, a device or a hidden file."""
    cleaned = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", name)).strip(" .")
    if not cleaned or _RESERVED.match(cleaned):
        cleaned = f"_{cleaned}"
    stem, dot, ending = cleaned.rpartition(".")
    if not dot or len(ending) > 10:
        stem, dot, ending = cleaned, "", ""
    room = MOST_NAME_BYTES - len((dot + ending).encode())
    # A document name may hold lone surrogates; bytes that no file system takes are replaced.
    return stem.encode(errors="replace")[:room].decode(errors="ignore") + dot + ending


class PaperTray:
    """Where one printer puts what it prints: `{folder}/{printer}/{job id} {document name}`.

    Each print of a job leaves one document and one slip. The slip of a second print of the same job is numbered 2,
    so nobody can mistake two prints for one.
    """

    def __init__(self, folder: Path, printer: str) -> None:
        self._folder = folder / safe_name(printer)
        self._printer = safe_name(printer)

    def put(self, source: Path, job_id: str, document_name: str, slip: Mapping[str, Any]) -> str:
        """Put out one document with its slip; give its place relative to the folder of all printers.

        The document is linked or copied in pieces, never read whole. The slip gains `print`, `paper`, `bytes` and
        `sha256` of what lies there. Raises OSError.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        name = safe_name(f"{job_id} {document_name}")
        number = 1
        while True:
            paper = self._folder / (name if number == 1 else _numbered(name, number))
            try:
                _link_or_copy(source, paper)
                break
            except FileExistsError:
                number += 1
        with paper.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        content = {**slip, "print": number, "paper": paper.name, "bytes": paper.stat().st_size, "sha256": digest}
        slip_path = self._folder / f"{name}.slip-{number}.json"
        # Renamed when whole, so that who watches the folder never reads half a slip.
        unfinished = slip_path.with_suffix(".part")
        unfinished.write_text(json.dumps(content, indent=2, ensure_ascii=False), encoding="utf-8")
        unfinished.replace(slip_path)
        return f"{self._printer}/{paper.name}"


def read_slips(folder: Path) -> list[dict[str, Any]]:
    """Every slip under the folder of all printers, oldest job first. Made for tests and tables."""
    slips = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*/*.slip-*.json")]
    return sorted(slips, key=lambda slip: (slip["printed"], slip["jobId"], slip["print"]))


def _numbered(name: str, number: int) -> str:
    stem, dot, ending = name.rpartition(".")
    return f"{stem} ({number}){dot}{ending}" if dot else f"{name} ({number})"


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:
        # Other file system, or one without links.
        with source.open("rb") as incoming, target.open("xb") as outgoing:
            shutil.copyfileobj(incoming, outgoing, 1024 * 1024)
