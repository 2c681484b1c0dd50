"""Sends requests to Graph with one bearer's token, the app's own mostly, by the one retry rule."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from shared.bounds import Bounds
from shared.errors import GraphError, NoReply
from shared.graph.retry import Retry
from shared.graph.translation import check_origin, origin, refusal, translated

if TYPE_CHECKING:
    import httpx

# Graph: best-practices-concept, evolvable enums. Without it most finishings that a printer can offer, and most reasons
# of its state, come as the one word unknownFutureValue.
ALL_MEMBERS = "include-unknown-enum-members"


class ApplicationTokens(Protocol):
    """Tokens of the app itself."""

    async def access_token(self) -> str:
        """A token that is valid now. Raises NotNow."""
        ...

    def invalidate(self) -> None:
        """Forget the token at hand: Graph refused it."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """A success: the object of its body, empty where there is none, and its headers by names in lower case."""

    values: Mapping[str, Any]
    headers: Mapping[str, str]


class ApplicationCalls:
    """Calls Graph as the application. Raises GraphError's branches, NoReply and NotNow."""

    def __init__(
        self,
        base_url: str,
        http: httpx.AsyncClient,
        tokens: ApplicationTokens,
        *,
        bounds: Bounds,
        sleep: Callable[[float], Awaitable[None]],
        random: Callable[[], float],
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.http = http
        self._origin = origin(base_url)
        self._tokens = tokens
        self._retry = Retry(bounds, sleep, random)

    async def run(
        self, operation: str, method: str, address: str, body: Mapping[str, Any] | None = None, *, repeatable: bool
    ) -> Mapping[str, Any]:
        """The answer's object, `{"location": …}` for a 302, and an empty one where the answer has no content.

        `address` is a whole URL, and `repeatable` says whether the call may be sent again after a lost reply.
        """
        return (await self.exchange(operation, method, address, body, repeatable=repeatable)).values

    async def exchange(
        self,
        operation: str,
        method: str,
        address: str,
        body: Mapping[str, Any] | bytes | None = None,
        *,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
        repeatable: bool,
    ) -> Answer:
        """As `run`, with the answer's headers. A body of bytes goes as it is, under its content type.

        `headers` are sent beside the usual ones.
        """
        check_origin(operation, address, self._origin)
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        sent = {**(headers or {}), **({"Content-Type": content_type} if content is not None else {})}
        return await self._retry.call(
            lambda: self._send(operation, method, address, content, sent),
            repeatable=repeatable,
            renew_token=self._tokens.invalidate,
        )

    async def entries(
        self, operation: str, address: str, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[Mapping[str, Any]]:
        """Every entry of a list, over all of its pages."""
        seen: set[str] = set()
        while address:
            if address in seen:
                raise GraphError(operation, 200, "pagesInCircle", "a nextLink leads back to a page before it")
            seen.add(address)
            page = (await self.exchange(operation, "GET", address, headers=headers, repeatable=True)).values
            found = page.get("value") or []
            if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
                raise NoReply(operation, "the answer has no list of objects")
            for entry in found:
                yield entry
            address = str(page.get("@odata.nextLink") or "")

    async def _send(
        self, operation: str, method: str, address: str, content: bytes | None, sent: Mapping[str, str]
    ) -> Answer:
        token = await self._tokens.access_token()
        headers = {"Prefer": ALL_MEMBERS, **sent, "Authorization": f"Bearer {token}", "Accept": "application/json"}
        with translated(operation):
            answer = await self.http.request(method, address, headers=headers, content=content, follow_redirects=False)
            if answer.status_code == 302:
                return Answer({"location": answer.headers.get("location")}, answer.headers)
            if not answer.is_success:
                raise refusal(operation, answer.status_code, dict(answer.headers), answer.content)
            values = json.loads(answer.content) if answer.content else {}
            if not isinstance(values, dict):
                raise ValueError("the answer is not an object")
            return Answer(values, answer.headers)


def segment(value: str) -> str:
    """`value` as one segment of an address."""
    return quote(value, safe="@")
