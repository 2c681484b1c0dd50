"""What an answer shows of enumerations to who has not asked for their newer members (Graph: best-practices-concept).

A member whose number lies above that of `unknownFutureValue` is not returned by default: the sentinel stands for it.
The header `Prefer: include-unknown-enum-members` asks for the members themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from emulator.universal_print.csdl.schema import Schema, graph_schema

PREFERENCE = "include-unknown-enum-members"
SENTINEL = "unknownFutureValue"

type _Show = Callable[[Any], Any]


def asks_for_all_members(headers: Mapping[str, str]) -> bool:
    """Whether a request wants members that it may not know. Header names are in lower case."""
    return PREFERENCE in (one.split(";")[0].strip().lower() for one in headers.get("prefer", "").split(","))


def with_known_members(value: Any, type_name: str) -> Any:
    """A copy of an answer of that type (or `Collection(…)` of it, as OData's list) with sentinels in it."""
    shown = _shown(type_name)
    if type_name.startswith("Collection("):
        return {**value, "value": shown(value["value"])}
    return shown(value)


@cache
def _shown(type_name: str) -> _Show:
    if type_name.startswith("Collection("):
        item = _shown(type_name[len("Collection(") : -1])
        return lambda value: [item(entry) for entry in value] if isinstance(value, list) else value
    bare, schema = type_name.rpartition(".")[2], graph_schema()
    if schema.is_enumeration(bare):
        newer = schema.members_beyond(bare, SENTINEL)
        return lambda value: SENTINEL if value in newer else value
    if not schema.is_structured(bare):
        return lambda value: value
    return lambda value: _object_shown(schema, value, bare)


def _object_shown(schema: Schema, value: Any, type_name: str) -> Any:
    if not isinstance(value, Mapping):
        return value
    declared = str(value.get("@odata.type", "")).rpartition(".")[2] or type_name
    types = schema.member_types(declared)
    return {name: _shown(types[name])(entry) if name in types else entry for name, entry in value.items()}
