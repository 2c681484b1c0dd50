"""Leaves out of a generated SDK what the app cannot reach. Pure but for the reading of files."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from pathlib import Path

from infra.package.sources import (
    DISCRIMINATOR,
    Module,
    absolute,
    imports_anywhere,
    imports_reached,
    is_type_checking,
    used_imports,
    without_unread_fields,
)


class Tree:
    """The modules of one package below a folder; each is read when it is first asked for."""

    def __init__(self, folder: Path, package: str) -> None:
        self._folder = folder
        self._package = package

    def find(self, name: str) -> Module | None:
        """The module of that name, or None where the package has none."""
        if name != self._package and not name.startswith(self._package + "."):
            return None
        path = self.path(name)
        return Module(name, path.name == "__init__.py", path.read_text("utf-8")) if path else None

    def path(self, name: str) -> Path | None:
        """The file of a module."""
        place = self._folder.joinpath(*name.split("."))
        candidates = (place.with_name(place.name + ".py"), place / "__init__.py")
        return next((path for path in candidates if path.is_file()), None)


def reached(tree: Tree, app: Iterable[Module], used: frozenset[str]) -> dict[str, Module]:
    """The modules of the tree that the app reaches, by name; `used` are the attributes that it uses."""
    waiting = [name for module in app for name in imports_anywhere(module)]
    found: dict[str, Module] = {}
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        module = tree.find(name)
        if module is None:
            continue
        found[name] = module
        parts = name.split(".")
        waiting += [".".join(parts[:length]) for length in range(1, len(parts))]
        waiting += imports_reached(module, used)
    return found


def rewritten(module: Module, kept: Mapping[str, Module], used: frozenset[str]) -> str:
    """The source of a kept module without imports of modules that are left out, and without its commentary.

    An import that nothing uses goes. A branch of the discriminator that would make a type that is left out goes with
    it, so that such an answer is read as the base type, which is what the app knows. A field that holds a model that
    the app never reads is left as it came. A way to a builder that is left
    out goes, too: the app never takes it.
    """
    tree = ast.parse(module.source)
    _Shaker(module, kept, used).visit(tree)
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


class _Shaker(ast.NodeTransformer):
    def __init__(self, module: Module, kept: Mapping[str, Module], used: frozenset[str]) -> None:
        self._module = module
        self._kept = kept
        self._used = used

    def visit_If(self, node: ast.If) -> ast.AST | None:
        return None if is_type_checking(node) else self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self.generic_visit(node)
        node.body = _without_docstring(node.body)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST | None:
        if node.name == DISCRIMINATOR:
            node.body = [statement for statement in node.body if not self._needs_what_is_left_out(statement)]
            node.body = _without_docstring(node.body)
            return node
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST | None:
        return self._function(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST | None:
        node = without_unread_fields(node, self._used)
        used = {id(entry) for entry in used_imports(node)}
        node.body = [entry for entry in node.body if not self._is_needless(entry, used)]
        if self._module.is_builder and any(self._needs_what_is_left_out(statement) for statement in node.body):
            return None
        node.body = _without_docstring(node.body)
        return node

    def visit_Module(self, node: ast.Module) -> ast.AST:
        self.generic_visit(node)
        node.body = _without_docstring(node.body) if node.body else []
        return node

    def _is_needless(self, statement: ast.stmt, used: set[int]) -> bool:
        return isinstance(statement, ast.ImportFrom) and statement.level > 0 and id(statement) not in used

    def _needs_what_is_left_out(self, statement: ast.stmt) -> bool:
        return any(
            isinstance(node, ast.ImportFrom) and node.level > 0 and absolute(self._module, node) not in self._kept
            for node in ast.walk(statement)
        )


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0] if body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        body = body[1:]
    return body or [ast.Pass()]


def app_modules(root: Path, folders: Iterable[str], files: Iterable[str]) -> list[Module]:
    """The modules of the app itself."""
    paths = [path for folder in folders for path in sorted((root / folder).rglob("*.py"))]
    paths += [root / name for name in files]
    return [
        Module(
            ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"),
            path.name == "__init__.py",
            path.read_text("utf-8"),
        )
        for path in paths
    ]


def app_reached(modules: Iterable[Module], start: str) -> list[Module]:
    """Those of the app's modules that `start` imports, in whatever function, and so on; a module brings its packages.

    What the command line alone uses is left out by this, and with it what only that needs of a generated SDK.
    """
    known = {module.name: module for module in modules}
    waiting, found = [start], dict[str, Module]()
    while waiting:
        name = waiting.pop()
        if name in found or name not in known:
            continue
        found[name] = known[name]
        parts = name.split(".")
        waiting += [".".join(parts[:length]) for length in range(1, len(parts))]
        waiting += imports_anywhere(known[name])
    return [module for module in known.values() if module.name in found]
