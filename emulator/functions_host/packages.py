"""Which installed packages an app must not find, because Azure would not install them from its requirements.txt."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path
from types import ModuleType
from typing import Any

# What Azure's image brings by itself: its worker.
_ALWAYS = ("azure-functions-runtime",)
_MISSING = re.compile(r"No module named '(\w+)")
_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


def forbidden_modules(app: Path) -> list[str]:
    """Top-level modules of packages that requirements.txt neither names nor implies; none when there is no such file.

    A namespace such as `azure` is left alone as long as one of its packages is asked for.
    """
    if packaged := packages_folder(app):
        return _forbidden_beside(packaged)
    try:
        lines = (app / "requirements.txt").read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        return []
    allowed = with_dependencies([*_ALWAYS, *required_names(lines)])
    modules = _installed()
    return sorted(module for module, packages in modules.items() if not allowed & {normal(name) for name in packages})


def packages_folder(app: Path) -> Path | None:
    """The folder with the packages that the app brings, which the worker puts first; None where it brings none."""
    folder = app / ".python_packages" / "lib" / "site-packages"
    return folder if folder.is_dir() else None


def _forbidden_beside(packaged: Path) -> list[str]:
    """Everything that is installed here and that the app does not bring, but for the worker."""
    brought = {path.name.partition(".")[0] for path in packaged.iterdir()}
    worker = with_dependencies(_ALWAYS)
    return sorted(
        module
        for module, packages in _installed().items()
        if module not in brought and not worker & {normal(name) for name in packages}
    )


@cache
def _installed() -> Mapping[str, Sequence[str]]:
    """Packages by module. Reading them takes a good part of a second."""
    return packages_distributions()


def required_names(lines: Iterable[str]) -> list[str]:
    """The names of packages in a requirements file."""
    return [match[1] for line in lines if (match := _NAME.match(line))]


def with_dependencies(names: Iterable[str]) -> set[str]:
    """The packages and all that they need, as far as they are installed; without extras."""
    found: set[str] = set()
    open_names = [normal(name) for name in names]
    while open_names:
        name = open_names.pop()
        if name in found:
            continue
        found.add(name)
        try:
            needed = requires(name) or []
        except PackageNotFoundError:
            continue
        open_names += [normal(item) for item in required_names(line for line in needed if "extra ==" not in line)]
    return found


def normal(name: str) -> str:
    """A package's name as it is compared (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


class Without:
    """A finder of modules that does not find some of them; for everything else it is the finder it was made of.

    It finds nothing rather than raise, because packages look whether others are there and go on without them.
    """

    def __init__(self, finder: Any, modules: Iterable[str]) -> None:
        self._finder = finder
        self._modules = frozenset(modules)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._finder, name)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module as the import system asks for it."""
        if fullname in self._modules:
            return None
        found: ModuleSpec | None = self._finder.find_spec(fullname, path, target)
        return found


def hide(modules: Iterable[str]) -> None:
    """Let this process find none of the modules from now on."""
    sys.meta_path[:] = [Without(finder, modules) for finder in sys.meta_path]


def missing_module(message: str, modules: Iterable[str]) -> str | None:
    """Tell which of the hidden modules an import error complains of."""
    named = _MISSING.search(message)
    return named[1] if named and named[1] in modules else None
