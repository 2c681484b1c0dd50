"""Pages of a list, and the parts of an entity that `$select` asks for."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from emulator.universal_print.csdl.schema import graph_schema
from emulator.universal_print.graph.call import Call
from emulator.universal_print.graph.errors import bad_request

_MOST_TOP = 999
_NUMBER = re.compile(r"[0-9]{1,9}")


def page[Item](call: Call, items: Sequence[Item]) -> tuple[list[Item], str | None]:
    """The asked page and the link to the next one. Raises GraphError 400 for a bad `$top` or `$skiptoken`."""
    size = call.service.settings.page_size
    top = call.query.get("$top")
    if top is not None:
        if not _NUMBER.fullmatch(top) or not 1 <= int(top) <= _MOST_TOP:
            raise bad_request(f"Invalid value '{top}' for $top.")
        size = min(size, int(top))
    start = _position(call.query.get("$skiptoken"))
    if start + size >= len(items):
        return list(items[start:]), None
    token = base64.urlsafe_b64encode(f"after:{start + size}".encode()).decode()
    query = urlencode({**call.query, "$skiptoken": token}, safe="$")
    return list(items[start : start + size]), f"{call.root}{call.request.path}?{query}"


def listing(call: Call, context: str, values: list[dict[str, Any]], next_link: str | None) -> dict[str, Any]:
    """The body of a list."""
    body: dict[str, Any] = {"@odata.context": call.context(context), "value": values}
    if next_link is not None:
        body["@odata.nextLink"] = next_link
    return body


def select(call: Call, entity: dict[str, Any], type_name: str, *, hidden: Sequence[str] = ()) -> dict[str, Any]:
    """What of an entity the answer shows: what `$select` names, or all but the `hidden`. Raises GraphError 400."""
    wanted = call.flag("$select")
    if not wanted:
        return {name: value for name, value in entity.items() if name not in hidden}
    unknown = wanted - graph_schema().type_of(type_name).properties.keys()
    if unknown:
        raise bad_request(f"Could not find a property named '{min(unknown)}' on type 'microsoft.graph.{type_name}'.")
    return {name: value for name, value in entity.items() if name in wanted}


def expand(call: Call, *known: str) -> set[str]:
    """What `$expand` names. Raises GraphError 400 for what cannot be expanded."""
    wanted = call.flag("$expand")
    unknown = wanted - set(known)
    if unknown:
        raise bad_request(f"The navigation property '{min(unknown)}' cannot be expanded here.")
    return wanted


def _position(token: str | None) -> int:
    if token is None:
        return 0
    try:
        kind, _, number = base64.urlsafe_b64decode(token).decode().partition(":")
    except ValueError:
        kind, number = "", ""
    if kind != "after" or not _NUMBER.fullmatch(number):
        raise bad_request("The $skiptoken is not valid.")
    return int(number)
