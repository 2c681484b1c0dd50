"""The two folders that a deployment may send: our package, and the app with a plain install of its requirements."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import dev
from benchmarks.children import ROOT
from infra.package.assembling import FILES, FOLDERS, PACKAGES, assemble


@dataclass(frozen=True, slots=True)
class Deployables:
    """The folders of the package and of the plain install, and where compiled modules are kept beside the sources.

    Neither folder is written to: on an instance of the service they are read-only.
    """

    package: Path
    plain: Path
    compiled: Path

    def environment(self) -> dict[str, str]:
        """What makes Python keep compiled modules, so that only the first process that imports one compiles it."""
        return {"PYTHONPYCACHEPREFIX": str(self.compiled), "PYTHONDONTWRITEBYTECODE": ""}


@contextmanager
def deployables() -> Iterator[Deployables]:
    """Make both for the length of the block. Raises RuntimeError where the packages of the target do not run."""
    if sys.platform != "linux":
        raise RuntimeError("the package is made for Linux: measure it there")
    with TemporaryDirectory(prefix="benchmark-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        package, plain, work = folder / "package", folder / "plain", folder / "work"
        work.mkdir()
        assemble(ROOT, str(dev.find_uv()), work, package)
        for part in FOLDERS:
            shutil.copytree(ROOT / part, plain / part, ignore=shutil.ignore_patterns("__pycache__"))
        for part in FILES:
            shutil.copyfile(ROOT / part, plain / part)
        (plain / PACKAGES).parent.mkdir(parents=True)
        (work / "installed").rename(plain / PACKAGES)
        yield Deployables(package, plain, folder / "compiled")
