"""Programs of the operating system that some tests need, and that not every machine has."""

from __future__ import annotations

import shutil

import pytest


def require_program(name: str, package: str) -> str:
    """Give the path of a program, or skip the test and say which Debian package has it.

    On the project's own servers (`CI=true`) such a skip counts as a failure: see `tests/conftest.py`.
    """
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"needs `{name}` of the Debian package {package}")
    return path
