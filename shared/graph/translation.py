"""Turns what the SDK and the network raise into the error tree. Nothing foreign leaves the Graph client."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import SimpleNamespace
from urllib.parse import urlsplit

from shared.errors import (
    GraphConflict,
    GraphDenied,
    GraphError,
    GraphNotFound,
    GraphThrottled,
    GraphUnavailable,
    NoReply,
    NotNow,
)
from shared.telemetry.signals import span

# How long to stay away from a service whose address does not answer at all.
UNREACHABLE_SECONDS = 15.0
# A longer wait than this is not believed: after it the service is asked again, and may repeat it.
LONGEST_WAIT_SECONDS = 24 * 60 * 60.0
# What code raises that meets a value of another kind than it was told of.
_SURPRISES = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError)


@contextmanager
def translated(operation: str) -> Iterator[None]:
    """Raise our errors for those of kiota and httpx inside the block, which is one call to Graph."""
    with span(f"Graph: {operation}"), _translated(operation):
        yield


@contextmanager
def _translated(operation: str) -> Iterator[None]:
    import httpx
    from kiota_abstractions.api_error import APIError

    try:
        yield
    except APIError as error:
        raise graph_error(operation, error) from error
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        # The connection was never made, so nothing was sent: this is not a lost reply.
        raise NotNow(
            "graphUnreachable", f"{operation}: the service cannot be reached ({error!r})", UNREACHABLE_SECONDS
        ) from error
    except (httpx.RequestError, httpx.InvalidURL, ValueError, RecursionError) as error:
        # An answer that cannot be read tells as little as none: the work may have been done.
        raise NoReply(operation, _words(error)) from error
    except Exception as error:
        # kiota raises the bare class for an answer of a content type that it cannot parse.
        if type(error) is not Exception and not _from_parsing(error):
            raise
        raise NoReply(operation, _words(error)) from error


def _words(error: Exception) -> str:
    """The error as it may be logged: this one shows all of the answer, which may hold the address of an upload."""
    return f"UnicodeDecodeError({error})" if isinstance(error, UnicodeDecodeError) else repr(error)


def _from_parsing(error: Exception) -> bool:
    """Whether kiota raised it over an answer of another shape than its model: it lets Python's own errors through."""
    frame = error.__traceback__
    while frame is not None:
        if str(frame.tb_frame.f_globals.get("__name__")).startswith("kiota_serialization_json."):
            return isinstance(error, _SURPRISES)
        frame = frame.tb_next
    return False


@contextmanager
def reading(operation: str) -> Iterator[None]:
    """Raise NoReply where an answer has not the shape that Graph documents: it tells as little as none."""
    try:
        yield
    except _SURPRISES as error:
        raise NoReply(operation, f"the answer cannot be read: {_words(error)}") from error


def origin(address: str) -> tuple[str, str]:
    """Scheme and authority: to another pair than Graph's no token goes. Raises ValueError."""
    parts = urlsplit(address)
    return parts.scheme, parts.netloc.lower()


def check_origin(operation: str, address: str, graph: tuple[str, str]) -> None:
    """Raises GraphError for an address elsewhere, whatever answer it came from, and NoReply for what is none."""
    with reading(operation):
        foreign = origin(address) != graph
    if foreign:
        raise GraphError(operation, 200, "foreignLink", "a nextLink leads to another host")


def refusal(operation: str, status: int, headers: Mapping[str, str], content: bytes) -> GraphError:
    """The branch of the tree for an error answer that was read without the SDK."""
    try:
        body = json.loads(content)["error"]
        code, message = str(body["code"]), str(body.get("message") or "")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        code, message = "unknownError", ""
    return graph_error(operation, _Refusal(status, headers, code, message))


class _Refusal(Exception):
    """An error answer in the form in which the SDK raises it."""

    def __init__(self, status: int, headers: Mapping[str, str], code: str, message: str) -> None:
        self.response_status_code = status
        self.response_headers = dict(headers)
        self.error = SimpleNamespace(code=code, message=message)
        super().__init__(message)


def graph_error(operation: str, error: Exception) -> GraphError:
    """The branch of the tree for an error answer (Graph: errors, throttling)."""
    status = int(getattr(error, "response_status_code", None) or 0)
    headers: Mapping[str, object] = {
        str(name).lower(): value for name, value in dict(getattr(error, "response_headers", None) or {}).items()
    }
    body = getattr(error, "error", None)
    code = str(getattr(body, "code", None) or "unknownError")
    message = str(getattr(body, "message", None) or getattr(error, "message", None) or "")
    request_id = _first(headers.get("request-id"))
    kind: type[GraphError]
    if status == 429:
        kind = GraphThrottled
    elif status >= 500 or status == 408:
        kind = GraphUnavailable
    else:
        branches: dict[int, type[GraphError]] = {
            401: GraphDenied,
            403: GraphDenied,
            404: GraphNotFound,
            410: GraphNotFound,
            409: GraphConflict,
        }
        kind = branches.get(status, GraphError)
    translated_error = kind(operation, status, code, message, request_id)
    if isinstance(translated_error, (GraphThrottled, GraphUnavailable)):
        # A date is meant by the service's clock, which its Date header shows; ours may differ.
        said = _http_date(_first(headers.get("date"))) or datetime.now(UTC)
        translated_error.retry_after = retry_after(_first(headers.get("retry-after")), said)
    return translated_error


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After header in either form (RFC 9110, 10.2.3); None where it says nothing.

    `now` is aware. The answer lies between 0 and LONGEST_WAIT_SECONDS.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdecimal():
        return min(float(text), LONGEST_WAIT_SECONDS)
    until = _http_date(text)
    return min(max(0.0, (until - now).total_seconds()), LONGEST_WAIT_SECONDS) if until else None


def _http_date(value: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value) if value else None
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def _first(value: object) -> str | None:
    # kiota hands headers over as texts or as sets of texts.
    if value is None or isinstance(value, str):
        return value
    return next((str(entry) for entry in value), None) if isinstance(value, (set, list, tuple)) else str(value)
