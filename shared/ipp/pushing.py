"""Gives a virtual printer its attributes (Graph: printer-update with application/ipp, as the application)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from shared.bounds import Bounds
from shared.errors import GraphDenied
from shared.graph.application_calls import ApplicationTokens, segment
from shared.graph.retry import call
from shared.graph.translation import refusal, translated
from shared.ipp.encoding import encode_group
from shared.ipp.values import Attribute

if TYPE_CHECKING:
    import httpx

_OPERATION = "update printer"


async def push(
    printer_id: str,
    attributes: Sequence[Attribute],
    *,
    base_url: str,
    http: httpx.AsyncClient,
    tokens: ApplicationTokens,
    bounds: Bounds,
    sleep: Callable[[float], Awaitable[None]],
    random: Callable[[], float],
) -> None:
    """Replace the values of these attributes of the printer; others stay as they are.

    `base_url` is Graph's with its version. Sending it twice says the same, so a lost reply is repeated. Raises
    IppEncodeError before anything is sent; GraphError's branches, NoReply, NotNow.
    """
    body = encode_group(attributes)
    address = f"{base_url.rstrip('/')}/print/printers/{segment(printer_id)}"

    async def once() -> None:
        try:
            return await _send(http, tokens, address, body)
        except GraphDenied as error:
            if error.status != 401:
                raise
        # 401 means that nothing was done. One fresh token tells an expired one from a refused app.
        tokens.invalidate()
        return await _send(http, tokens, address, body)

    await call(once, repeatable=True, bounds=bounds, sleep=sleep, random=random)


async def _send(http: httpx.AsyncClient, tokens: ApplicationTokens, address: str, body: bytes) -> None:
    token = await tokens.access_token()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/ipp", "Accept": "application/json"}
    with translated(_OPERATION):
        answer = await http.request("PATCH", address, headers=headers, content=body, follow_redirects=False)
        if not answer.is_success:
            raise refusal(_OPERATION, answer.status_code, dict(answer.headers), answer.content)
