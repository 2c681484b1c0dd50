"""A test that cannot run for want of a Debian package: skipped at home, failed on CI."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
TEST = """
import pytest

def test_of_a_program():
    pytest.skip("needs the Debian package no-such-package; only root can install it")

def test_of_another_platform():
    pytest.skip("signals of POSIX")
"""


@pytest.mark.parametrize(("ci", "last_line"), [("", "2 skipped"), ("true", "1 failed, 1 skipped")])
def test_a_missing_debian_package_is_a_failure_on_ci_only(ci: str, last_line: str, tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("from tests.conftest import pytest_runtest_makereport\n", encoding="utf-8")
    (tmp_path / "test_it.py").write_text(TEST, encoding="utf-8")
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rsf", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "CI": ci, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.stdout.splitlines()[-1].startswith(last_line)
    assert "needs the Debian package no-such-package" in finished.stdout
