"""The folder that holds everything of one run of the demo. It is wiped at the start, so only one may use it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class FolderInUseError(Exception):
    """Another demo runs in this folder."""


@contextmanager
def fresh_folder(folder: Path, *, keep: bool = False) -> Iterator[Path]:
    """Give `folder` empty, or as it is with `keep`, and keep others out for the length of the block.

    Raises FolderInUseError.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("a+") as lock:
        if not _try_lock(lock.fileno()):
            raise FolderInUseError(
                "Another `dev.py run` is up in this checkout. Stop it with Ctrl-C, then start again."
            )
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        yield folder


# The operating system frees the lock when its process ends, however it ends.
if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        try:
            os.lseek(descriptor, 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
