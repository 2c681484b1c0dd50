"""Puts settings into a local.settings.json and leaves everything else in it as it is."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.errors import PrintFunctionsError


class SettingsFileUnusable(PrintFunctionsError):
    """The file is no settings file that can be changed; the message says why."""


def check_writable(file: Path) -> None:
    """Raises SettingsFileUnusable where `put` would fail, before anything that is to be written was made."""
    _read(file)
    folder = file.resolve().parent
    if not os.access(folder, os.W_OK):
        why = f"you may not make files in {folder}" if folder.is_dir() else f"there is no folder {folder}"
        raise SettingsFileUnusable(f"{file} cannot be written: {why}.")


def put(file: Path, values: Mapping[str, str]) -> None:
    """Set these values. The file is then its owner's alone: it may hold a secret. Raises SettingsFileUnusable."""
    document = _read(file)
    document["Values"] = {**document.get("Values", {}), **values}
    target = file.resolve()
    try:
        # Never one that is there already: its rights, or where it leads, may be somebody else's choice.
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
                opened.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
            # One step, so that an interruption leaves either the old file or the new one.
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
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
