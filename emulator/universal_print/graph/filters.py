"""The `$filter` of the directory's lists: one property equal to a text, which is what set-up asks for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from emulator.universal_print.graph.call import Call
from emulator.universal_print.graph.errors import GraphError

# A quote inside of the text is doubled (OData).
_EQUALS = re.compile(r"\s*(\w+)\s+eq\s+'((?:[^']|'')*)'\s*")


def equal_filter(call: Call, views: list[dict[str, Any]], known: Sequence[str]) -> list[dict[str, Any]]:
    """Those of the views that `$filter` lets pass. Raises GraphError 400 for another form, or another property."""
    text = call.query.get("$filter")
    if text is None:
        return views
    found = _EQUALS.fullmatch(text)
    if found is None or found[1] not in known:
        raise GraphError(
            400,
            "Request_UnsupportedQuery",
            f"The emulator filters here by {', '.join(known)} eq '{{text}}' alone.",
        )
    wanted = found[2].replace("''", "'").lower()
    return [view for view in views if str(view.get(found[1], "")).lower() == wanted]
