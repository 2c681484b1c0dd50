"""Writes where a next page begins as `$skiptoken`, which tells nothing to whoever reads it (Graph: paging)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from typing import Any
from urllib.parse import quote

from emulator.universal_print.graph.call import Call
from emulator.universal_print.graph.errors import bad_request

_MAC_BYTES = 12


class SkipTokens:
    """Reads only what it wrote, for the same list and filter, while the process runs."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def link(self, call: Call, place: list[Any]) -> str:
        """The `@odata.nextLink` to a place in the list of the call. `place` is what JSON can hold."""
        content = json.dumps(place).encode()
        token = base64.urlsafe_b64encode(self._mac(call, content) + content).decode().rstrip("=")
        query = "&".join(
            f"{name}={quote(value, safe='')}" for name, value in {**call.query, "$skiptoken": token}.items()
        )
        return f"{call.root}{quote(call.request.path, safe='/(),=')}?{query}"

    def place(self, call: Call) -> list[Any] | None:
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
        place: list[Any] = json.loads(content)
        return place

    def _mac(self, call: Call, content: bytes) -> bytes:
        asked = "\n".join((call.request.path, call.query.get("$filter", ""))).encode()
        return hmac.digest(self._key, asked + b"\n" + content, hashlib.sha256)[:_MAC_BYTES]
