"""Dataclasses as JSON objects whose names are camel-cased, as Graph's are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def encode(record: DataclassInstance, verbatim: frozenset[str] = frozenset()) -> bytes:
    """The dataclass as JSON. What lies below the fields named in `verbatim` is other people's and kept as it is."""
    text = json.dumps(_camel(asdict(record), verbatim), ensure_ascii=False, separators=(",", ":"))
    # Half a surrogate pair has no UTF-8; its escape is the same text to JSON.
    return text.encode(errors="backslashreplace")


def build[T](kind: type[T], values: Mapping[str, Any] | None) -> T:
    """The dataclass from such an object; None from None. Raises KeyError and TypeError for what does not fit."""
    # The caller's field says whether None is allowed; the generic signature cannot.
    if values is None:
        return None  # type: ignore[return-value]
    names = {camel_name(entry.name): entry.name for entry in fields(kind)}  # type: ignore[arg-type]
    return kind(**{names[name]: value for name, value in values.items()})


def camel_name(name: str) -> str:
    """`job_id` as `jobId`."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def _camel(value: Any, verbatim: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {
            camel_name(name): entry if name in verbatim else _camel(entry, verbatim) for name, entry in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_camel(entry, verbatim) for entry in value]
    return value
