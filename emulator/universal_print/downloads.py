"""Pre-authenticated download addresses (Graph: printdocument-get-file)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from emulator.universal_print.settings import Settings


@dataclass(frozen=True, slots=True)
class Download:
    """What an opaque address leads to, and until when."""

    path: Path
    content_type: str
    expires: datetime


class Downloads:
    """The addresses in use."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open: dict[str, Download] = {}

    def open(self, path: Path, content_type: str, now: datetime) -> str:
        """Make an address; the opaque part of it is returned."""
        token = secrets.token_urlsafe(32)
        self._open[token] = Download(path, content_type, now + self._settings.download_lifetime)
        return token

    def find(self, token: str, now: datetime) -> Download | None:
        """What the address leads to, unless it has expired or the content is gone."""
        download = self._open.get(token)
        return download if download is not None and download.expires > now and download.path.exists() else None
