"""Names of documents in the log: shown, or replaced by a word that tells apart and not what they are."""

from __future__ import annotations

import hashlib

_hidden = False


def hide_names(hidden: bool) -> None:
    """Show names from now on, or not."""
    global _hidden
    _hidden = hidden


def shown(name: str) -> str:
    """The name as the log may have it."""
    if not _hidden:
        return name
    return f"document-{hashlib.sha256(name.encode(errors='backslashreplace')).hexdigest()[:12]}"
