"""dev.py: what it installs, when, and what it then starts."""

from __future__ import annotations

import ast
import hashlib
import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

import dev

SOURCE = Path(dev.__file__).read_text(encoding="utf-8")


class Shell:
    """Stands in for `subprocess.call`: records commands, and lets those fail that hold one of the given words."""

    def __init__(self) -> None:
        self.commands: list[list[str]] = []
        self.failing: tuple[str, ...] = ()

    def call(self, command: Sequence[str], **_options: object) -> int:
        self.commands.append(list(command))
        if "venv" in command and not self._fails(command):
            dev.venv_python().parent.mkdir(parents=True)
            dev.venv_python().touch()
        return 1 if self._fails(command) else 0

    def _fails(self, command: Sequence[str]) -> bool:
        return any(word in command for word in self.failing)

    def lines(self) -> list[str]:
        return [" ".join(command) for command in self.commands]


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """dev.py in an empty checkout, with a shell that only records."""
    for name, path in {"ROOT": "", "VENV": ".venv", "WORK": ".work", "TOOLS": ".work/tools"}.items():
        monkeypatch.setattr(dev, name, tmp_path / path)
    monkeypatch.setattr(dev, "AZURITE", tmp_path / ".work" / "azurite")
    for name in dev.REQUIREMENTS:
        (tmp_path / name).write_text("rich==1\n", encoding="utf-8")
    recorder = Shell()
    monkeypatch.setattr(subprocess, "call", recorder.call)
    return recorder


def test_it_starts_on_python_3_9_with_the_standard_library_alone() -> None:
    tree = ast.parse(SOURCE, feature_version=(3, 9))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= sys.stdlib_module_names


def test_a_complete_environment_is_left_alone(shell: Shell) -> None:
    dev.ensure_environment()
    shell.commands.clear()
    dev.ensure_environment()
    assert shell.commands == []


def test_changed_requirements_are_installed_into_the_environment_that_is_there(shell: Shell) -> None:
    dev.ensure_environment()
    shell.commands.clear()
    (dev.ROOT / "requirements.txt").write_text("rich==2\n", encoding="utf-8")
    dev.ensure_environment()
    assert not any(" venv " in line for line in shell.lines())
    assert "--require-hashes --requirement requirements.txt --requirement requirements-dev.txt" in shell.lines()[-1]


def test_an_installation_that_broke_off_is_made_anew(shell: Shell) -> None:
    shell.failing = ("install",)
    with pytest.raises(dev.SetupError, match="HTTPS_PROXY"):
        dev.ensure_environment()
    (dev.VENV / "half-written").touch()
    shell.failing = ()
    dev.ensure_environment()
    assert not (dev.VENV / "half-written").exists()
    assert (dev.VENV / "ready").is_file()


def test_another_python_makes_the_environment_through_uv(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 18))
    monkeypatch.setattr(dev, "find_uv", lambda: Path("uv"))
    monkeypatch.setattr(dev, "find_python", lambda: None)
    dev.ensure_environment()
    made, installed = shell.lines()
    assert made.startswith("uv venv")
    assert "--python 3.13" in made
    assert installed.startswith("uv pip install")


def test_no_python_to_be_found_says_where_to_get_it(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 18))
    monkeypatch.setattr(dev, "find_uv", lambda: Path("uv"))
    monkeypatch.setattr(dev, "find_python", lambda: None)
    shell.failing = ("venv",)
    with pytest.raises(dev.SetupError, match=r"https://www\.python\.org/downloads/"):
        dev.ensure_environment()


def test_a_found_python_has_the_wanted_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "python3.13"
    broken.write_text("#!/bin/sh\nexit 127\n", encoding="utf-8")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{Path(sys.executable).parent}")
    found = dev.find_python()
    assert found is not None
    version = subprocess.run([found, "-c", "import sys; print(sys.version_info[:2])"], capture_output=True, check=True)
    assert version.stdout.decode().strip() == "(3, 13)"


def test_uv_comes_from_the_package_index_when_pip_is_missing(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: None)
    shell.failing = ("pip",)
    wheel, page = _uv_wheel(damaged=False)
    monkeypatch.setattr(dev, "_fetch", lambda url: page if url.endswith("/uv/") else wheel)
    assert dev.find_uv().read_bytes() == b"the program"


def test_a_damaged_download_is_not_used(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: None)
    shell.failing = ("pip",)
    wheel, page = _uv_wheel(damaged=True)
    monkeypatch.setattr(dev, "_fetch", lambda url: page if url.endswith("/uv/") else wheel)
    with pytest.raises(dev.SetupError, match="damaged"):
        dev.find_uv()
    assert not (dev.TOOLS / f"uv-{dev.UV}").exists()


def _uv_wheel(*, damaged: bool) -> tuple[bytes, bytes]:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as wheel:
        wheel.writestr(f"uv-{dev.UV}.data/scripts/{'uv.exe' if dev.WINDOWS else 'uv'}", b"the program")
    digest = "0" * 64 if damaged else hashlib.sha256(content.getvalue()).hexdigest()
    name = f"uv-{dev.UV}-py3-none-{dev._wheel_tag()}.whl"
    return content.getvalue(), f'<a href="../../files/{name}#sha256={digest}">{name}</a>'.encode()


@pytest.mark.usefixtures("shell")
def test_only_one_sets_up_at_a_time() -> None:
    with dev._only_one_at_a_time(), (dev.WORK / "setup.lock").open("a+") as other:
        assert not dev._try_lock(other.fileno())
    with (dev.WORK / "setup.lock").open("a+") as other:
        assert dev._try_lock(other.fileno())


@pytest.mark.usefixtures("shell")
@pytest.mark.parametrize(
    ("arguments", "started"),
    [
        (["test"], ["-m", "pytest", "-rs", "-n", "auto"]),
        (["test", "--unit"], ["-m", "pytest", "-rs", "-n", "auto", "tests/unit"]),
        (["test", "--unit", "--pdb"], ["-m", "pytest", "-rs", "tests/unit", "--pdb"]),
        (
            ["test", "tests/a.py", "-k", "one or two", "-x"],
            ["-m", "pytest", "-rs", "tests/a.py", "-k", "one or two", "-x"],
        ),
        (["run", "--once"], ["-m", "emulator.demo", "--once"]),
        (["bench", "upload", "--json", "figures.json"], ["-m", "benchmarks", "upload", "--json", "figures.json"]),
    ],
)
def test_a_command_hands_its_options_on(
    arguments: list[str], started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Sequence[str]] = []
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.setattr(dev, "ensure_environment", lambda: None)
    monkeypatch.setattr(dev, "ensure_azurite", lambda: None)

    def begin(command: Sequence[str]) -> int:
        begun.append(command)
        return 0

    monkeypatch.setattr(dev, "_become", begin)
    assert dev.main(arguments) == 0
    assert begun == [started]


def test_the_pythons_of_the_tests_keep_what_they_compile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setattr(dev, "ensure_environment", lambda: None)
    monkeypatch.setattr(dev, "ensure_azurite", lambda: None)
    monkeypatch.setattr(dev, "_become", lambda _command: 0)
    dev.main(["test"])
    assert "PYTHONDONTWRITEBYTECODE" not in os.environ


def test_lint_runs_every_check_though_the_first_fails(shell: Shell) -> None:
    shell.failing = ("check",)
    assert dev.lint() == 1
    assert [command[2] for command in shell.commands] == ["ruff", "ruff", "mypy"]


def test_line_ends_do_not_change_the_digest(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one\ntwo\n")
    (tmp_path / "b").write_bytes(b"one\r\ntwo\r\n")
    assert dev._digest([tmp_path / "a"], "") == dev._digest([tmp_path / "b"], "")
