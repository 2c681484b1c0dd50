"""Writes a zip that has the same bytes whenever and wherever it is made from the same files."""

from __future__ import annotations

import zipfile
from pathlib import Path

# The oldest time that a zip can tell. When a file was written here is nobody's business.
_TIME = (1980, 1, 1, 0, 0, 0)
_FILE_MODE = 0o644


def write_archive(folder: Path, target: Path) -> None:
    """Put every file below `folder` into the zip `target`, in the order of their names."""
    paths = sorted((path for path in folder.rglob("*") if path.is_file()), key=lambda path: path.as_posix())
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in paths:
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = _FILE_MODE << 16
            # As on Linux, also where it is made on Windows.
            entry.create_system = 3
            archive.writestr(entry, path.read_bytes())
