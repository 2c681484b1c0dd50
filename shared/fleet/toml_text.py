"""Writes values as TOML, as far as `fleet.toml` needs it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def toml_value(value: object) -> str:
    """A value on one line; None among the members of a table is left out, as TOML has no word for it."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case Mapping():
            members = [
                f"{toml_key(str(name))} = {toml_value(each)}" for name, each in value.items() if each is not None
            ]
            return f"{{ {', '.join(members)} }}" if members else "{}"
        case list() | tuple():
            return f"[{', '.join(toml_value(each) for each in value)}]"
    # JSON writes texts as TOML does, but for DEL.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def toml_key(name: str) -> str:
    """A key, quoted where it must be."""
    return name if _BARE_KEY.fullmatch(name) else toml_value(name)


def toml_lines(values: Mapping[str, Any]) -> list[str]:
    """A line for each word of a section."""
    return [f"{toml_key(name)} = {toml_value(value)}" for name, value in values.items() if value is not None]
