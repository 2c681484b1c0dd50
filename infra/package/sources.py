"""Reads what Python sources import, and under which conditions. Pure: sources in, names out.

Microsoft's Graph SDK is generated: 16,000 modules, of which an app reaches a few hundred. Which ones follows from
three habits of its generator, and nothing else is assumed:

* a request builder imports the next one within the property or method that returns it, so an import there is reached
  only if the app uses an attribute of that name;
* a model imports the types of its properties within `get_field_deserializers`, some of them without using them, and
  an entry there is of use only if the app reads that property: else the value is kept as it came;
* `create_from_discriminator_value` imports a derived type only where an answer names that very type.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

DISCRIMINATOR = "create_from_discriminator_value"
DESERIALIZERS = "get_field_deserializers"
BUILDER_SUFFIXES = ("_request_builder", "_service_client")


@dataclass(frozen=True, slots=True)
class Module:
    """A module by its dotted name. `is_package` tells how its relative imports count."""

    name: str
    is_package: bool
    source: str

    @property
    def is_builder(self) -> bool:
        """Whether attributes of its classes lead to other builders."""
        return self.name.endswith(BUILDER_SUFFIXES)


def attributes(sources: Iterable[str]) -> frozenset[str]:
    """Every attribute name that the sources use."""
    return frozenset(
        node.attr for source in sources for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)
    )


def imports_anywhere(module: Module) -> set[str]:
    """The modules that a module may import, in whatever function; a name in a package counts as a module, too."""
    return {
        name
        for node in ast.walk(ast.parse(module.source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in _targets(module, node)
    }


def imports_reached(module: Module, used: frozenset[str]) -> set[str]:
    """The modules of the generated SDK that `module` imports when the app uses the attributes `used`."""
    return {name for node in _reached(ast.parse(module.source), module, used) for name in _targets(module, node)}


def _reached(tree: ast.AST, module: Module, used: frozenset[str]) -> Iterator[ast.Import | ast.ImportFrom]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif is_type_checking(node):
            continue
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if is_called(node, module, used):
                yield from used_imports(without_unread_fields(node, used))
        else:
            yield from _reached(node, module, used)


def is_called(function: ast.FunctionDef | ast.AsyncFunctionDef, module: Module, used: frozenset[str]) -> bool:
    """Whether the app may run the function."""
    if function.name == DISCRIMINATOR:
        return False
    # Builders prepare their requests in methods of their own, which the app never names.
    internal = function.name.startswith(("__", "to_"))
    return internal or not module.is_builder or function.name in used


def without_unread_fields(
    function: ast.FunctionDef | ast.AsyncFunctionDef, used: frozenset[str]
) -> ast.FunctionDef | ast.AsyncFunctionDef:
    """The function that tells how fields are read, without those that hold models and that the app never reads."""
    if function.name != DESERIALIZERS:
        return function
    models = {
        alias.asname or alias.name
        for node in ast.walk(function)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    trimmed = copy.deepcopy(function)
    for node in ast.walk(trimmed):
        if isinstance(node, ast.Dict):
            kept = [
                (key, value)
                for key, value in zip(node.keys, node.values, strict=True)
                if not _holds_unread_model(value, models, used)
            ]
            node.keys, node.values = [key for key, _ in kept], [value for _, value in kept]
    return trimmed


def _holds_unread_model(value: ast.expr, models: set[str], used: frozenset[str]) -> bool:
    if not any(isinstance(node, ast.Name) and node.id in models for node in ast.walk(value)):
        return False
    fields = {
        node.args[1].value
        for node in ast.walk(value)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "setattr"
        and isinstance(node.args[1], ast.Constant)
    }
    return bool(fields) and not fields & used


def used_imports(function: ast.AST) -> list[ast.Import | ast.ImportFrom]:
    """The imports within a function whose names it uses."""
    names = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    return [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
        and any((alias.asname or alias.name.partition(".")[0]) in names for alias in node.names)
    ]


def is_type_checking(node: ast.AST) -> bool:
    """Whether the node is `if TYPE_CHECKING:`, which never runs."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _targets(module: Module, node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    base = absolute(module, node)
    yield base
    yield from (f"{base}.{alias.name}" for alias in node.names)


def absolute(module: Module, node: ast.ImportFrom) -> str:
    """The dotted name of the module that a `from` names."""
    if not node.level:
        return node.module or ""
    parts = module.name.split(".")
    kept = parts[: len(parts) - node.level + (1 if module.is_package else 0)]
    return ".".join([*kept, *([node.module] if node.module else [])])
