"""The checkout as a whole: what ships, what the pages say, and what no file may hold."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pathspec
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
LOCKED = ("requirements.txt", "requirements-dev.txt")


def files_of_the_checkout() -> list[str]:
    """Every file that is committed or about to be: what `.gitignore` does not leave out."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],  # noqa: S607 (git is on PATH)
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    return sorted(name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file())


FILES = files_of_the_checkout()
TEXTS = [name for name in FILES if Path(name).suffix not in {".pdf", ".bin", ".png", ".jpg", ".pwg", ".urf"}]
PAGES = [name for name in FILES if name.endswith(".md")]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_top_level_is_the_one_that_the_design_names() -> None:
    folders = {name.split("/")[0] for name in FILES if "/" in name}
    assert folders <= {
        ".ci", ".github", "benchmarks", "docs", "emulator", "functions", "infra", "printops", "shared", "tests"
    }  # fmt: skip


def test_only_the_app_is_deployed() -> None:
    ignored = pathspec.GitIgnoreSpec.from_lines(read(".funcignore").splitlines())
    local = [".venv/bin/python", ".work/azurite/x.js", "shared/__pycache__/a.pyc", "local.settings.json", ".env"]
    built = ".python_packages/lib/site-packages/msal/__init__.py"
    shipped = [name for name in [*FILES, *local] if not ignored.match_file(name)]
    assert {name.split("/")[0] for name in shipped} <= {
        "function_app.py", "functions", "shared", "host.json", "requirements.txt"
    }  # fmt: skip
    assert not [name for name in shipped if name.endswith(".pyc")]
    assert {"host.json", "requirements.txt", "shared/names.py"} <= set(shipped)
    assert not ignored.match_file(built)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    text = re.sub(r"```.*?```", "", read(page), flags=re.DOTALL)
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        linked = (ROOT / page).parent / path if path else ROOT / page
        if not linked.exists() or (anchor and anchor not in _anchors(linked.read_text(encoding="utf-8"))):
            broken.append(target)
    assert broken == []


def _anchors(text: str) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_a_dev_command_on_a_page_exists(page: str) -> None:
    named = set(re.findall(r"python3? dev\.py ([a-z]+)", read(page)))
    assert named <= {"run", "test", "lint", "bench", "package", "deploy", "lock", "setup"}


def test_the_architecture_names_every_folder_of_the_core_once() -> None:
    folders = {name.split("/")[1] for name in FILES if name.startswith("shared/") and name.count("/") > 1}
    table = read("docs/architecture.md").partition("| folder | what it decides or does |")[2].partition("\n\n")[0]
    assert sorted(re.findall(r"^\| `([a-z_]+)` \| .+ \|$", table, flags=re.MULTILINE)) == sorted(folders)


def test_every_chosen_runtime_package_says_why_it_is_worth_it() -> None:
    chosen = [line for line in read("requirements.in").splitlines() if line and not line.startswith(("#", "-"))]
    explained = re.findall(r"^\| `([a-z0-9-]+)` \|.*\|$", read("docs/dependencies.md"), flags=re.MULTILINE)
    assert sorted(chosen) == sorted(explained)


def leaves(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """The values of nested objects by their paths."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        found |= leaves(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return found


def test_every_host_setting_is_explained() -> None:
    rows = re.findall(r"^\| `([A-Za-z.]+)` \| `(.+?)` \| (.+) \|$", read("docs/host.md"), flags=re.MULTILINE)
    assert {key: json.loads(value) for key, value, _ in rows} == leaves(json.loads(read("host.json")))
    assert [key for key, _, reason in rows if len(reason.split()) < 5] == []


@pytest.mark.parametrize("name", LOCKED)
def test_every_locked_package_has_a_version_and_hashes(name: str) -> None:
    entries = re.split(r"\n(?=\S)", re.sub(r"^#.*\n", "", read(name), flags=re.MULTILINE).strip())
    assert len(entries) > 10
    for entry in entries:
        assert re.match(r"[a-z0-9_.-]+(\[[a-z,]+\])?==\S+", entry), entry
        assert "--hash=sha256:" in entry, entry


def test_both_lists_pin_the_same_versions() -> None:
    runtime, development = (
        dict(re.findall(r"^([a-z0-9_.-]+)(?:\[.*\])?==(\S+)", read(name), re.MULTILINE)) for name in LOCKED
    )
    shared = runtime.keys() & development.keys()
    assert {name: runtime[name] for name in shared} == {name: development[name] for name in shared}


def test_no_lock_names_a_registry() -> None:
    assert '"resolved"' not in read("emulator/azurite-npm/package-lock.json")
    assert [name for name in LOCKED if re.search(r"https?://|index-url|find-links", read(name))] == []


def test_nothing_is_put_off_and_no_machine_is_named() -> None:
    postponed = re.compile(r"\b(T[O]DO|FIX[M]E|X[X]X)\b")
    machine = re.compile(r"(?<![\w.~-])/(?:root|work|home/(?!site/)\w+|Users/\w+)/")
    found = [
        f"{name}:{number}: {line.strip()[:120]}"
        for name in TEXTS
        if name not in LOCKED and not name.endswith("package-lock.json")
        for number, line in enumerate(read(name).splitlines(), 1)
        if postponed.search(line) or machine.search(line)
    ]
    assert found == []


def test_a_python_file_is_read_in_one_sitting() -> None:
    lengths = {name: len(read(name).splitlines()) for name in FILES if name.endswith(".py")}
    assert {name: length for name, length in lengths.items() if length > 400} == {}
