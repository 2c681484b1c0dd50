"""The JSON Schema of `fleet.toml` for editors, made from the table that the parser reads by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.fleet.sections import SECTIONS, Kind, Section, Word

_KINDS: Mapping[Kind, dict[str, Any]] = {
    Kind.TEXT: {"type": "string", "minLength": 1},
    Kind.TEXTS: {"type": "array", "items": {"type": "string", "minLength": 1}},
    Kind.SWITCH: {"type": "boolean"},
    Kind.NUMBER: {"type": "integer", "minimum": 1},
    Kind.PRICE: {"type": ["string", "number"]},
    # Editors show a TOML day as a text of this format.
    Kind.DATE: {"type": "string", "format": "date"},
    Kind.TABLE: {"type": "object"},
    Kind.TABLES: {"type": "array"},
}


def json_schema() -> dict[str, Any]:
    """The schema as an object, draft 07, which TOML editors read."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "fleet.toml of Universal Print Functions",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _section(section) for name, section in SECTIONS.items()},
    }


def _section(section: Section) -> dict[str, Any]:
    told = {"description": section.help}
    if section.form == "tables":
        return {**told, "type": "array", "items": _table(section.words)}
    if section.form == "named":
        return {**told, "type": "object", "additionalProperties": {"type": "object"}}
    return {**told, **_table(section.words)}


def _table(words: Mapping[str, Word]) -> dict[str, Any]:
    required = [name for name, word in words.items() if word.required]
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _word(word) for name, word in words.items()},
        **({"required": required} if required else {}),
    }


def _word(word: Word) -> dict[str, Any]:
    shown = {"description": word.help, **_KINDS[word.kind]}
    if word.choices:
        shown["enum"] = list(word.choices)
    if word.words is not None:
        shown["items"] = _table(word.words)
    return shown
