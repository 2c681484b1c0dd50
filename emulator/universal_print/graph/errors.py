"""How Graph refuses (Graph: errors)."""

from __future__ import annotations

from typing import Any


class GraphError(Exception):
    """A refusal. `code` and `message` go into the body; `retry_after` is in seconds."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        inner_code: str | None = None,
        retry_after: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.inner_code = inner_code
        self.headers = dict(headers or {})
        if retry_after is not None:
            self.headers["Retry-After"] = str(retry_after)


def error_body(
    code: str, message: str, request_id: str, client_request_id: str, date: str, inner_code: str | None = None
) -> dict[str, Any]:
    """The JSON of a refusal."""
    inner = {"date": date, "request-id": request_id, "client-request-id": client_request_id}
    if inner_code is not None:
        inner["code"] = inner_code
    return {"error": {"code": code, "message": message, "innerError": inner}}


def bad_request(message: str, *, code: str = "BadRequest") -> GraphError:
    """400: the request itself is wrong."""
    return GraphError(400, code, message)


def access_denied(message: str) -> GraphError:
    """403: known, but not allowed."""
    return GraphError(403, "accessDenied", message)


def not_found(what: str) -> GraphError:
    """404."""
    return GraphError(404, "itemNotFound", f"{what} was not found.")


def conflict(message: str) -> GraphError:
    """409: not in this state."""
    return GraphError(409, "conflict", message)


def throttled(message: str, retry_after: int) -> GraphError:
    """429 with the seconds to wait (Graph: throttling)."""
    return GraphError(429, "TooManyRequests", message, inner_code="429", retry_after=max(1, retry_after))
