"""How the authority refuses: Entra's error bodies."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any


class TokenError(Exception):
    """A refusal. `error` is OAuth's code and `number` that of Entra's AADSTS message."""

    def __init__(
        self, error: str, number: int, message: str, *, status: int = 400, suberror: str | None = None
    ) -> None:
        super().__init__(message)
        self.error = error
        self.number = number
        self.message = message
        self.status = status
        self.suberror = suberror

    def body(self, now: datetime, correlation_id: str | None) -> dict[str, Any]:
        """The answer's JSON (Entra: authentication and authorization error codes)."""
        trace, correlation = str(uuid.uuid4()), correlation_id or str(uuid.uuid4())
        stamp = now.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        code = f"AADSTS{self.number}: " if self.number else ""
        body: dict[str, Any] = {
            "error": self.error,
            "error_description": f"{code}{self.message} Trace ID: {trace} Correlation ID: {correlation} "
            f"Timestamp: {stamp}",
            "error_codes": [self.number] if self.number else [],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
        }
        if self.suberror:
            body["suberror"] = self.suberror
        return body


def missing_parameter(name: str) -> TokenError:
    """A request without something it must have."""
    return TokenError("invalid_request", 900144, f"The request body must contain the following parameter: '{name}'.")


def unknown_app(client_id: str) -> TokenError:
    """No such app registration in the tenant."""
    return TokenError(
        "unauthorized_client", 700016, f"Application with identifier '{client_id}' was not found in the directory."
    )
