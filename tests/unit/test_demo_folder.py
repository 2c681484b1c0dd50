"""The demo's folder: empty at the start, and nobody else's while it is in use."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.demo.folder import FolderInUseError, fresh_folder


def test_what_an_earlier_run_left_is_gone(tmp_path: Path) -> None:
    with fresh_folder(tmp_path / "work" / "run") as folder:
        (folder / "storage").mkdir()
    with fresh_folder(tmp_path / "work" / "run") as folder:
        assert list(folder.iterdir()) == []


def test_a_run_never_wipes_the_folder_of_another_that_is_up(tmp_path: Path) -> None:
    with fresh_folder(tmp_path / "run") as folder:
        (folder / "storage").mkdir()
        with pytest.raises(FolderInUseError, match="Ctrl-C"), fresh_folder(tmp_path / "run"):
            pass
        assert (folder / "storage").exists()
