"""HTTP requests and responses in the shapes that the host and the worker exchange (azure-functions-host, gRPC)."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from emulator.functions_host.worker_protocol import TypedValue

_MADE_BY_THE_SERVER = {"content-length", "transfer-encoding", "connection", "set-cookie"}
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_SAME_SITE = {1: "Lax", 2: "Strict", 3: "None"}


def query_of(request: Request) -> dict[str, str]:
    """The query, with repeated names joined by commas and empty values left out."""
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(request.url.query, keep_blank_values=True):
        values.setdefault(name, []).append(value)
    joined = {name: ",".join(several) for name, several in values.items()}
    return {name: value for name, value in joined.items() if value}


def child_of(traceparent: str) -> str:
    """The span that the host opens for a request: in the caller's trace, and not the caller's span itself.

    Empty where the header is none (W3C Trace Context, 3.2), which begins a trace of its own.
    """
    found = _TRACEPARENT.fullmatch(traceparent.strip())
    if found is None or not int(found[1], 16) or not int(found[2], 16):
        return ""
    return f"00-{found[1]}-{os.urandom(8).hex()}-{found[3]}"


def headers_of(request: Request) -> dict[str, str]:
    """The headers, lower-cased, with repeated names joined by commas."""
    values: dict[str, list[str]] = {}
    for name, value in request.headers.items():
        values.setdefault(name.lower(), []).append(value)
    return {name: ("; " if name == "cookie" else ",").join(several) for name, several in values.items()}


def url_of(request: Request) -> str:
    """The URL as it was asked for, still quoted."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    query = f"?{request.url.query}" if request.url.query else ""
    host = request.headers.get("host") or request.url.netloc
    return f"{request.url.scheme}://{host}{raw.partition(b'?')[0].decode('ascii', errors='replace')}{query}"


def has_readable_body(request: Request) -> bool:
    """Whether the host reads the body: only when its length is declared.

    A chunked request reaches Python with an empty body (azure-functions-host #4926).
    """
    length = request.headers.get("content-length", "")
    return length.isdecimal() and int(length) > 0


def request_value(request: Request, route: Mapping[str, str], body: bytes) -> TypedValue:
    """Make the value that an HTTP function gets."""
    return "http", {
        "method": request.method,
        "url": url_of(request),
        "headers": headers_of(request),
        "params": dict(route),
        "query": query_of(request),
        "body": ("bytes", body),
    }


def response_of(value: TypedValue | None) -> Response:
    """Make the response of what an HTTP function returned. Raises ValueError when it is not one."""
    if value is None:
        return Response(status_code=200)
    kind, content = value
    if kind != "http":
        media_type = "application/json" if kind == "json" else "text/plain"
        return Response(_body(value), media_type=media_type)
    response = Response(_body(content["body"]), status_code=_status(content["status_code"]))
    for name, header in content["headers"].items():
        if name.lower() not in _MADE_BY_THE_SERVER:
            response.headers[name] = header
    for cookie in content["cookies"]:
        response.headers.append("set-cookie", _cookie(cookie))
    return response


def _status(text: str) -> int:
    status = int(text)
    if not 100 <= status <= 999:
        raise ValueError(f"{status} is not an HTTP status")
    return status


def _body(value: TypedValue | list[Any] | None) -> bytes:
    content = value[1] if value else b""
    return content if isinstance(content, bytes) else str(content).encode()


def _cookie(cookie: Mapping[str, Any]) -> str:
    parts = [f"{cookie['name']}={cookie['value']}"]
    if cookie.get("expires") is not None:
        parts.append(f"expires={format_datetime(datetime.fromtimestamp(cookie['expires'], UTC), usegmt=True)}")
    if cookie.get("max_age") is not None:
        parts.append(f"max-age={int(cookie['max_age'])}")
    parts += [f"{attribute}={cookie[attribute]}" for attribute in ("domain", "path") if cookie.get(attribute)]
    if cookie.get("secure"):
        parts.append("secure")
    if same_site := _SAME_SITE.get(cookie.get("same_site") or 0):
        parts.append(f"samesite={same_site}")
    if cookie.get("http_only"):
        parts.append("httponly")
    return "; ".join(parts)
