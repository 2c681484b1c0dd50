"""Checkov's rules for Azure find nothing in the templates but what they argue themselves."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dev
from tests.support.tenant import ROOT
from tests.support.tools import uv

# A tool with a hundred packages of its own, so it gets an environment of its own.
CHECKOV = "3.3.30"


@pytest.fixture(scope="session")
def checkov() -> Path:
    """Checkov's interpreter, installed at the first use."""
    folder = dev.TOOLS / f"checkov-{CHECKOV}"
    program = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    ready = folder / "ready"
    if not ready.exists():
        installer = str(uv())
        making = [installer, "venv", "--quiet", "--clear", "--no-project", "--python", sys.executable, str(folder)]
        subprocess.run(making, check=True)
        install = [installer, "pip", "install", "--quiet", "--python", str(program), f"checkov=={CHECKOV}"]
        subprocess.run(install, check=True, timeout=110)
        ready.touch()
    return program


def test_no_rule_is_broken_without_an_argument(checkov: Path, tmp_path: Path) -> None:
    folder = tmp_path / "infra"
    for path in sorted((ROOT / "infra").rglob("*.bicep")):
        place = folder / path.relative_to(ROOT / "infra")
        place.parent.mkdir(parents=True, exist_ok=True)
        # Checkov's parser is older than this statement, which no rule is about.
        place.write_text(re.sub(r"^extension \w+$", "", path.read_text("utf-8"), flags=re.MULTILINE), "utf-8")
    command = [str(checkov), "-m", "checkov.main", "--directory", str(folder), "--framework", "bicep"]
    ran = subprocess.run(
        [*command, "--skip-download", "--output", "json"], capture_output=True, text=True, check=False, timeout=110
    )
    report = json.loads(ran.stdout)
    summary, results = report["summary"], report["results"]
    assert [(entry["check_id"], entry["file_path"]) for entry in results["failed_checks"]] == []
    assert summary["parsing_errors"] == 0
    assert summary["passed"] > 30
    reasons = [entry["check_result"]["suppress_comment"] for entry in results["skipped_checks"]]
    assert reasons
    assert all(len(reason.split()) > 4 for reason in reasons), "an exception needs an argument"
