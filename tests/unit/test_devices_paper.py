"""Paper: safe names, a slip for each print, and a second print that cannot be overlooked."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from emulator.universal_print.devices.paper import MOST_NAME_BYTES, PaperTray, read_slips, safe_name

_SLIP = {"jobId": "17", "printed": "2026-01-01T00:00:00+00:00"}


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "..",
        "",
        "a/b\\c",
        "nul.pdf",
        "\x00\n",
        ".hidden",
        "x" * 900 + ".pdf",
        "😀" * 300,
        "\ud800.pdf",
    ],
)
def test_a_hostile_name_stays_one_plain_file_in_its_folder(tmp_path: Path, name: str) -> None:
    safe = safe_name(name)
    assert 0 < len(safe.encode()) <= MOST_NAME_BYTES
    assert not safe.startswith(".")
    assert (tmp_path / safe).resolve().parent == tmp_path.resolve()
    (tmp_path / safe).write_bytes(b"paper")
    assert os.listdir(tmp_path) == [safe]  # noqa: PTH208 - the name as the system has it


def test_an_ordinary_name_is_kept() -> None:
    assert safe_name("Rechnung März 2026 (2).pdf") == "Rechnung März 2026 (2).pdf"


def test_paper_lies_there_with_a_slip_that_names_its_hash(tmp_path: Path) -> None:
    source = tmp_path / "payload"
    source.write_bytes(b"%PDF-1.7 contents")
    paper = PaperTray(tmp_path / "paper", "Finance 2/F").put(source, "17", "Invoice.pdf", _SLIP)
    assert paper == "Finance 2_F/17 Invoice.pdf"
    assert (tmp_path / "paper" / paper).read_bytes() == b"%PDF-1.7 contents"
    assert read_slips(tmp_path / "paper") == [
        {
            **_SLIP,
            "print": 1,
            "paper": "17 Invoice.pdf",
            "bytes": 17,
            "sha256": hashlib.sha256(b"%PDF-1.7 contents").hexdigest(),
        }
    ]


def test_a_second_print_of_a_job_is_seen_in_the_paper_and_in_its_slip(tmp_path: Path) -> None:
    source = tmp_path / "payload"
    source.write_bytes(b"x")
    tray = PaperTray(tmp_path / "paper", "Finance")
    places = [tray.put(source, "17", "Invoice.pdf", _SLIP) for _ in range(3)]
    assert places == ["Finance/17 Invoice.pdf", "Finance/17 Invoice (2).pdf", "Finance/17 Invoice (3).pdf"]
    assert [slip["print"] for slip in read_slips(tmp_path / "paper")] == [1, 2, 3]


def test_paper_outlives_the_payload_of_the_service(tmp_path: Path) -> None:
    source = tmp_path / "payload"
    source.write_bytes(b"x")
    paper = PaperTray(tmp_path / "paper", "Finance").put(source, "17", "Invoice.pdf", _SLIP)
    source.unlink()
    assert (tmp_path / "paper" / paper).read_bytes() == b"x"


def test_paper_is_copied_where_links_do_not_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("no links on this file system")

    monkeypatch.setattr(os, "link", refuse)
    source = tmp_path / "payload"
    source.write_bytes(b"x" * 3_000_000)
    tray = PaperTray(tmp_path / "paper", "Finance")
    assert tray.put(source, "17", "Scan.jpg", _SLIP) == "Finance/17 Scan.jpg"
    assert tray.put(source, "17", "Scan.jpg", _SLIP) == "Finance/17 Scan (2).jpg"
    assert (tmp_path / "paper/Finance/17 Scan (2).jpg").read_bytes() == b"x" * 3_000_000
