"""Puts settings into a local.settings.json and leaves everything else in it as it is."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.errors import PrintFunctionsError


class SettingsFileUnusable(PrintFunctionsError):
    """The file is no settings file that can be changed; the message says why."""


def check_writable(file: Path) -> None:
    """Raises SettingsFileUnusable where `put` would fail, before anything that is to be written was made."""
    _read(file)
    if not os.access(file if file.exists() else file.absolute().parent, os.W_OK):
        raise SettingsFileUnusable(f"{file} cannot be written.")


def put(file: Path, values: Mapping[str, str]) -> None:
    """Set these values; a file that is not there is made, for its owner alone. Raises SettingsFileUnusable."""
    document = _read(file)
    document["Values"] = {**document.get("Values", {}), **values}
    beside = file.with_name(f".{file.name}.new")
    try:
        mode = file.stat().st_mode & 0o777 if file.exists() else 0o600
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as opened:
            opened.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
        # One step, so that an interruption leaves either the old file or the new one.
        beside.replace(file)
    except OSError as error:
        raise SettingsFileUnusable(f"{file} cannot be written: {error.strerror}") from error


def _read(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {"IsEncrypted": False, "Values": {}}
    try:
        document = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsFileUnusable(f"{file} is no settings file: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("Values", {}), dict):
        raise SettingsFileUnusable(f"{file} is no settings file with Values.")
    if document.get("IsEncrypted") is True:
        raise SettingsFileUnusable(f"{file} is encrypted: `func settings decrypt` makes it readable.")
    return document
