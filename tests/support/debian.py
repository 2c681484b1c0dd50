"""Debian packages that some tests need: installed on the spot where that is possible."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache

import pytest

import dev

INSTALL_SECONDS = 540.0


def debian_program(name: str, package: str) -> str:
    """The path of program `name`, after installing the Debian `package` that has it where root and apt-get allow that.

    Otherwise skips the test and says why. With `CI=true` such a skip counts as a failure: see `tests/conftest.py`.
    A test that calls this for the first time needs a `timeout` mark of 600 seconds.
    """
    path = _find(name)
    if path is None:
        with dev._only_one_at_a_time():  # another process of the run may want it too
            if _find(name) is None:
                _install(package)
        path = _find(name)
    if path is None:
        pytest.skip(f"the Debian package {package} has no program `{name}` here")
    return path


def _find(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]))


def _install(package: str) -> None:
    if shutil.which("apt-get") is None:
        pytest.skip(f"needs the Debian package {package}, and this system has no apt-get")
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip(f"needs the Debian package {package}; only root can install it: apt-get install {package}")
    problem = _refreshed() or _apt_get("install", "--yes", "--no-install-recommends", package)
    if problem:
        pytest.skip(f"the Debian package {package} could not be installed: {problem}")


@cache
def _refreshed() -> str:
    return _apt_get("update")


def _apt_get(*arguments: str) -> str:
    """What went wrong, or nothing. Waits for another apt-get to finish."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "--quiet", "--option", "DPkg::Lock::Timeout=300", *arguments]
    try:
        result = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"{' '.join(command)} took longer than {INSTALL_SECONDS:.0f} seconds"
    lines = (result.stderr or result.stdout).strip().splitlines() or ["no message"]
    return "" if result.returncode == 0 else lines[-1]
