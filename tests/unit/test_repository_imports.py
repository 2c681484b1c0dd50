"""Which way the arrows between the packages go, and what a cold start loads."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
# Each takes a good part of a second to import: docs/dependencies.md.
HEAVY = {
    "aiohttp",
    "azure.identity",
    "azure.storage",
    "cryptography",
    "httpx",
    "jinja2",
    "kiota_abstractions",
    "msal",
    "msgraph",
    "pygal",
}
FORBIDDEN = {
    "shared": {"functions", "printops", "emulator", "tests", "benchmarks"},
    "functions": {"printops", "emulator", "tests", "benchmarks"},
    "printops": {"functions", "emulator", "tests", "benchmarks"},
    "emulator": {"functions", "shared", "printops", "tests", "benchmarks"},
}


# What only the command line uses, and is not deployed.
LEFT_OUT = ("directory", "doctor", "fleet", "ipp", "permissions")


def imports_of(path: Path) -> Iterator[str]:
    """The dotted names that a file imports, at the top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def files(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("package", FORBIDDEN)
def test_imports_go_one_way(package: str) -> None:
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files(package)
        for name in imports_of(path)
        if name.split(".")[0] in FORBIDDEN[package]
    }
    assert wrong == set()


def test_what_is_deployed_needs_nothing_that_is_left_out() -> None:
    left_out = tuple(f"shared.{name}." for name in LEFT_OUT)
    deployed = [
        path for path in files("shared") if path.relative_to(ROOT / "shared").with_suffix("").parts[0] not in LEFT_OUT
    ]
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in [*deployed, *files("functions")]
        for name in imports_of(path)
        if f"{name}.".startswith(left_out)
    }
    assert wrong == set()


@pytest.mark.skipif(not (ROOT / "function_app.py").is_file(), reason="there is no function_app.py")
def test_importing_the_app_loads_nothing_heavy() -> None:
    program = "import function_app, sys; print('\\n'.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert HEAVY & set(loaded.stdout.split()) == set()
