"""Asks an endpoint whether it wants notifications (Graph: change-notifications-delivery-webhooks)."""

from __future__ import annotations

import uuid
from urllib.parse import urlencode, urlsplit, urlunsplit

import httpx

from emulator.universal_print.graph.errors import GraphError

# Graph: change-notifications-delivery-webhooks. Real time.
ANSWER_SECONDS = 10.0
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def check_address(url: object, what: str, *, allow_http: bool) -> str:
    """The URL where it may be notified: https, or plain http on the loopback where that is allowed. Raises 400."""
    parts = urlsplit(url) if isinstance(url, str) else None
    allowed = parts is not None and (
        parts.scheme == "https" or (allow_http and parts.scheme == "http" and parts.hostname in _LOOPBACK)
    )
    if parts is None or not allowed or not parts.hostname or not isinstance(url, str):
        raise GraphError(400, "InvalidRequest", f"{what} must be an absolute https URL.")
    return url


async def validate(url: str, http: httpx.AsyncClient) -> None:
    """Send the token that must come back as it is, in plain text. Raises GraphError 400."""
    token = f"Validation: Testing client application reachability for subscription Request-Id: {uuid.uuid4()} +&%2B"
    parts = urlsplit(url)
    query = "&".join(piece for piece in (parts.query, urlencode({"validationToken": token})) if piece)
    try:
        answer = await http.post(
            urlunsplit(parts._replace(query=query)),
            headers={"Content-Type": "text/plain; charset=utf-8"},
            timeout=ANSWER_SECONDS,
        )
    except httpx.HTTPError as error:
        raise _failed(f"The request failed: {type(error).__name__}.") from None
    kind = answer.headers.get("content-type", "").split(";")[0].strip().lower()
    if answer.status_code != 200:
        raise _failed(f"HTTP status code is {answer.status_code}.")
    if kind != "text/plain" or answer.content != token.encode():
        raise _failed("The answer is not the validation token in plain text.")


def _failed(reason: str) -> GraphError:
    message = "Subscription validation request failed. Notification endpoint must respond with 200 OK. "
    return GraphError(400, "ValidationError", message + reason)
