"""The templates of the infrastructure, parsed."""

from __future__ import annotations

from functools import cache
from typing import Any

from pycep import BicepParser

from tests.support.tenant import ROOT

INFRA = ROOT / "infra"


@cache
def template(name: str) -> dict[str, Any]:
    """A template by its path below `infra`."""
    return dict(BicepParser().parse(text=text(name)))


def text(name: str) -> str:
    """Its source."""
    return (INFRA / name).read_text("utf-8")


def names() -> list[str]:
    """Every template."""
    return sorted(path.relative_to(INFRA).as_posix() for path in INFRA.rglob("*.bicep"))


def variable(name: str, variable_name: str) -> Any:
    """The value of a variable."""
    return template(name)["variables"][variable_name]["value"]


def resources(kind: str) -> list[tuple[str, dict[str, Any]]]:
    """Every resource of a type that is not an existing one, with its template."""
    return [
        (name, entry)
        for name in names()
        for entry in template(name).get("resources", {}).values()
        if entry["type"] == kind and not entry["existing"]
    ]
