"""The demo as a person runs it: every process, every document, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from emulator.demo.documents import DOCUMENTS
from emulator.demo.outcomes import read_slips
from emulator.demo.tap import DOCUMENT as TAPPED
from emulator.demo.tap import KIOSK_PRINTER

ROOT = Path(__file__).resolve().parent.parent.parent


def run(directory: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "emulator.demo", "--any-ports", "--directory", str(directory), *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        start_new_session=True,
    )


def processes_of(directory: Path) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(str(directory) in part for part in process.info["cmdline"] or [])
    ]


def test_every_document_comes_out_once_or_says_why_not(tmp_path: Path) -> None:
    demo = run(tmp_path / "run", "--once")
    text, _ = demo.communicate(timeout=110)
    assert demo.returncode == 0, text
    completed = [document for document in DOCUMENTS if document.expected == "completed"]
    slips = read_slips(tmp_path / "run" / "universal-print" / "paper")
    assert len(slips) == len(completed) + 1, "and the one that was collected"
    assert [slip.printer for slip in slips if slip.paper.name.endswith(TAPPED)] == [KIOSK_PRINTER]
    assert "fourteen months of usage are exported" in text
    for document in DOCUMENTS:
        (row,) = [line for line in text.splitlines() if line.startswith(document.name) and "│" in line]
        assert document.expected in row
    assert "packed.pdf: The file is named .pdf but holds a ZIP archive." in text
    assert processes_of(tmp_path / "run") == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_stops_every_process(tmp_path: Path) -> None:
    demo = run(tmp_path / "run")
    assert demo.stdout is not None
    for line in demo.stdout:
        if "emulator is up" in line:
            break
    assert len(processes_of(tmp_path / "run")) > 1
    demo.send_signal(signal.SIGINT)
    text, _ = demo.communicate(timeout=30)
    assert demo.returncode == 130
    assert text.endswith("Stopped.\n")
    assert processes_of(tmp_path / "run") == []
