"""What the commands of the local demo refuse, and what they say of it."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from emulator.demo.__main__ import main as run
from emulator.demo.computer import main as computer
from emulator.demo.empty import _Host


def printing(monkeypatch: pytest.MonkeyPatch, settings: Path, file: Path) -> int:
    arguments = ["computer", "dora@fabrikam.example", "Follow me", str(file), "--settings", str(settings)]
    monkeypatch.setattr("sys.argv", arguments)
    return computer()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "cannot be read as settings"),
        ("[]", "cannot be read as settings"),
        ('{"Values": {}}', "these are not settings of `dev.py run --empty`; name them with `--settings`"),
    ],
)
def test_a_computer_says_which_settings_it_needs(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    content: str,
    said: str,
) -> None:
    settings = tmp_path / "local.settings.json"
    settings.write_text(content)
    assert printing(monkeypatch, settings, tmp_path / "invoice.pdf") == 1
    complaint = capsys.readouterr().err
    assert complaint.startswith("Nothing was printed: ")
    assert said in complaint


@pytest.mark.parametrize(
    ("name", "declared"),
    [("scan.jpeg", "image/jpeg"), ("SCAN.JPG", "image/jpeg"), ("notes.docx", None), ("notes", None)],
)
def test_a_computer_declares_the_type_that_it_knows_and_refuses_others(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    declared: str | None,
) -> None:
    posted: list[str] = []

    def post(_address: str, *, json: dict[str, str], **_: object) -> httpx.Response:
        posted.append(json["contentType"])
        return httpx.Response(200)

    monkeypatch.setattr("httpx.post", post)
    monkeypatch.setattr("ssl.create_default_context", lambda **_: None)
    settings, file = tmp_path / "local.settings.json", tmp_path / name
    values = {"GRAPH_CA_BUNDLE": "ca.pem", "GRAPH_AUTHORITY": "https://127.0.0.1:9443"}
    settings.write_text(json.dumps({"Values": values}))
    file.write_bytes(b"x")
    assert printing(monkeypatch, settings, file) == (0 if declared else 1)
    assert posted == ([declared] if declared else [])
    assert (".pdf, .oxps, .jpg, .jpeg, .pwg" in capsys.readouterr().err) is (declared is None)


@pytest.mark.parametrize("modes", [("--real", "--empty"), ("--once", "--real"), ("--once", "--empty")])
def test_a_run_has_one_mode(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], modes: tuple[str, str]
) -> None:
    monkeypatch.setattr("sys.argv", ["run", *modes])
    with pytest.raises(SystemExit, match="2"):
        run()
    assert "not allowed with argument" in capsys.readouterr().err


async def test_settings_that_cannot_be_read_any_more_are_told_of_once(tmp_path: Path) -> None:
    settings, said = tmp_path / "local.settings.json", list[str]()
    settings.write_text("{")
    host = _Host(tmp_path, settings, 0, tmp_path, said.append)
    await host.look()
    await host.look()
    (complaint,) = said
    assert "cannot be read as settings" in complaint
    assert complaint.endswith("the functions wait until that is mended")
    settings.write_text('{"Values": {}}')
    await host.look()
    assert len(said) == 1
