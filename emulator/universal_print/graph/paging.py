"""Pages of a list, and the parts of an entity that `$select` asks for."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from emulator.universal_print.csdl.schema import graph_schema
from emulator.universal_print.graph.call import Call
from emulator.universal_print.graph.errors import bad_request

_MOST_TOP = 999
_NUMBER = re.compile(r"[0-9]{1,9}")


def page[Item](call: Call, items: Sequence[Item]) -> tuple[list[Item], str | None]:
    """The asked page and the link to the next one. Raises GraphError 400 for a bad `$top` or `$skiptoken`.

    Graph promises no order: things stand in one that follows from their ids, and not from when they were made. Nor does
    it promise that a page has entries: the second page of a list has none, and a link (Graph: paging).
    """
    settings, tokens = call.service.settings, call.service.skip_tokens
    size = settings.page_size
    top = call.query.get("$top")
    if top is not None:
        if not _NUMBER.fullmatch(top) or not 1 <= int(top) <= _MOST_TOP:
            raise bad_request(f"Invalid value '{top}' for $top.")
        size = min(size, int(top))
    place = tokens.place(call)
    after, is_empty = (place[0], place[1]) if place is not None else (None, False)
    if is_empty:
        return [], tokens.link(call, [after, False])
    ranked = sorted(((_rank(item), item) for item in items), key=itemgetter(0))
    left = [entry for entry in ranked if after is None or entry[0] > tuple(after)]
    shown, more = left[:size], len(left) > size
    link = tokens.link(call, [shown[-1][0], settings.empty_pages and place is None]) if more else None
    return [item for _, item in shown], link


def _rank(item: Any) -> tuple[int, str]:
    name = str(item["id"] if isinstance(item, Mapping) else item.id)
    return zlib.crc32(name.encode()), name


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
