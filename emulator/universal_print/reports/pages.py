"""Cuts reports into pages whose links tell nothing to whoever reads them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote

from emulator.universal_print.graph.call import Call
from emulator.universal_print.graph.errors import bad_request

# One page looks through no more records than this, and may be short or empty for it.
MOST_SCANNED = 150_000
_MAC_BYTES = 12

type Row = dict[str, Any]
# The rows of one day or month, and how many records were looked at for them.
type Rows = Callable[[date], tuple[list[Row], int]]


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page begins: in the group of `group`, after `offset` of its rows. An `empty` page shows none."""

    group: date
    offset: int = 0
    empty: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, and where the next page begins."""

    rows: list[Row]
    following: Position | None


def in_order(groups: Iterable[date]) -> list[date]:
    """The groups as lists have them. Graph promises no order, so that this is not the order of time."""
    return sorted(groups, key=_rank)


def cut(groups: list[date], rows_of: Rows, start: Position | None, size: int, *, empty_pages: bool) -> Page:
    """One page of at most `size` rows. `groups` are in order; with `empty_pages` the second page has no rows."""
    if start is not None and start.empty:
        return Page([], Position(start.group, start.offset))
    rows: list[Row] = []
    scanned = 0
    for group in groups if start is None else [one for one in groups if _rank(one) >= _rank(start.group)]:
        offset = start.offset if start is not None and group == start.group else 0
        if len(rows) >= size or scanned >= MOST_SCANNED:
            return Page(rows, Position(group, offset, empty_pages and start is None))
        found, looked_at = rows_of(group)
        scanned += looked_at
        room = size - len(rows)
        rows += found[offset : offset + room]
        if offset + room < len(found):
            return Page(rows, Position(group, offset + room, empty_pages and start is None))
    return Page(rows, None)


class Tokens:
    """Writes positions as `$skiptoken`, and reads only those that it wrote for the same list."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def link(self, call: Call, position: Position) -> str:
        """The `@odata.nextLink` to a position in the list of the call."""
        content = json.dumps([position.group.isoformat(), position.offset, position.empty]).encode()
        token = base64.urlsafe_b64encode(self._mac(call, content) + content).decode().rstrip("=")
        query = "&".join(
            f"{name}={quote(value, safe='')}" for name, value in {**call.query, "$skiptoken": token}.items()
        )
        return f"{call.root}{quote(call.request.path, safe='/(),=')}?{query}"

    def position(self, call: Call) -> Position | None:
        """Where the asked page begins; None for the first. Raises GraphError 400."""
        token = call.query.get("$skiptoken")
        if token is None:
            return None
        try:
            decoded = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except ValueError:
            decoded = b""
        content = decoded[_MAC_BYTES:]
        if not hmac.compare_digest(decoded[:_MAC_BYTES], self._mac(call, content)):
            raise bad_request("The $skiptoken is not valid.")
        group, offset, empty = json.loads(content)
        return Position(date.fromisoformat(group), offset, empty)

    def _mac(self, call: Call, content: bytes) -> bytes:
        asked = "\n".join((call.request.path, call.query.get("$filter", ""))).encode()
        return hmac.digest(self._key, asked + b"\n" + content, hashlib.sha256)[:_MAC_BYTES]


def _rank(group: date) -> tuple[int, date]:
    return zlib.crc32(group.isoformat().encode()), group
