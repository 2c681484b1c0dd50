"""Assembles the folder that is deployed: the app, and its packages where the Functions worker looks for them."""

from __future__ import annotations

import compileall
import py_compile
import shutil
import subprocess
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from infra.package.leaving_out import reason_to_leave_out
from infra.package.shaking import Tree, app_modules, app_reached, reached, rewritten
from infra.package.sources import attributes

# What Azure runs: Python 3.13 on Linux with glibc 2.28 or newer.
PLATFORM = "x86_64-manylinux_2_28"
PYTHON = "3.13"
# Functions: the worker puts this folder of the app on its path.
PACKAGES = PurePosixPath(".python_packages/lib/site-packages")
FOLDERS = ("functions", "shared")
FILES = ("function_app.py", "host.json", "requirements.txt")
# Packages of generated modules, of which only those that the app reaches are deployed.
GENERATED = ("msgraph",)


class PackageError(Exception):
    """The package could not be made; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Contents:
    """How much was installed and how much of it is in the package, in files and bytes."""

    installed_files: int
    installed_bytes: int
    files: int
    bytes: int


def assemble(root: Path, uv: str, work: Path, target: Path) -> Contents:
    """Make the folder `target` from the checkout `root`; `work` is empty and takes what is installed.

    Raises PackageError.
    """
    installed = work / "installed"
    shutil.rmtree(target, ignore_errors=True)
    _install(root, uv, installed)
    packages = target / PACKAGES
    _copy_packages(installed, packages)
    app = app_reached(app_modules(root, FOLDERS, ["function_app.py"]), "function_app")
    used = attributes(module.source for module in app)
    for package in GENERATED:
        tree = Tree(installed, package)
        kept = reached(tree, app, used)
        if not kept:
            raise PackageError(f"the app reaches nothing of {package}: is it still installed?")
        for name, module in kept.items():
            path = tree.path(name)
            if path is not None:
                place = packages / path.relative_to(installed)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(rewritten(module, kept, used), encoding="utf-8", newline="\n")
    _copy_app(root, target, {module.name for module in app})
    _compile(target)
    return Contents(*_measure(installed), *_measure(target))


def _install(root: Path, uv: str, target: Path) -> None:
    command = [
        *(uv, "pip", "install", "--quiet", "--target", str(target)),
        *("--python-platform", PLATFORM, "--python-version", PYTHON, "--only-binary", ":all:"),
        *("--require-hashes", "--no-compile-bytecode", "-r", str(root / "requirements.txt")),
    ]
    if subprocess.run(command, check=False).returncode:
        raise PackageError("the packages could not be installed for Linux and Python 3.13; uv says why above")


def _copy_packages(installed: Path, target: Path) -> None:
    for path in sorted(installed.rglob("*")):
        relative = PurePosixPath(path.relative_to(installed).as_posix())
        if path.is_dir() or relative.parts[0] in GENERATED or reason_to_leave_out(relative):
            continue
        place = target / relative
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)


def _copy_app(root: Path, target: Path, reached: Collection[str]) -> None:
    """Copy the modules that the functions reach, and what else lies in their packages: pages, styles, words."""
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and _is_reached(path.relative_to(root), reached):
                place = target / path.relative_to(root)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, place)
    for name in FILES:
        shutil.copyfile(root / name, target / name)


def _is_reached(path: Path, reached: Collection[str]) -> bool:
    if path.suffix == ".py":
        return ".".join(path.with_suffix("").parts).removesuffix(".__init__") in reached
    # Folders of data belong to the package that they lie in.
    owners = [".".join(path.parts[:length]) for length in range(2, len(path.parts))]
    return "__pycache__" not in path.parts and any(owner in reached for owner in owners)


def _compile(target: Path) -> None:
    """Compile ahead: the deployed folder cannot be written to, so every cold start would compile everything anew.

    Packages keep the compiled modules alone, which is what an import looks for where no source is; the app keeps its
    sources beside them, for whoever looks at what is deployed.
    """
    packages = target / PACKAGES
    _compile_folder(packages, target, legacy=True)
    for source in packages.rglob("*.py"):
        source.unlink()
    for folder in FOLDERS:
        _compile_folder(target / folder, target, legacy=False)


def _compile_folder(folder: Path, target: Path, *, legacy: bool) -> None:
    fine = compileall.compile_dir(
        folder,
        maxlevels=50,
        quiet=2,
        stripdir=str(target),
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        optimize=0,
        workers=0,
        legacy=legacy,
    )
    if not fine:
        raise PackageError("a module of the package does not compile with this Python")


def _measure(folder: Path) -> tuple[int, int]:
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return len(sizes), sum(sizes)
