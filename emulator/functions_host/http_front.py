"""The HTTP side of the host: routes to functions, keys, limits, the admin calls, the blob extension's webhook."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from emulator.functions_host.errors import HostError, StartError
from emulator.functions_host.functions import Function
from emulator.functions_host.http_values import (
    child_of,
    has_readable_body,
    headers_of,
    query_of,
    request_value,
    response_of,
)
from emulator.functions_host.invoking import Call, Invoker
from emulator.functions_host.keys import KeyRing, Keys, given_key
from emulator.functions_host.routes import Template, parse_template

ANSWER_SECONDS = 230.0
"""How long Azure's load balancer waits for an answer (Functions: HTTP trigger, limits)."""
BODY_LIMIT = 104_857_600
"""Default of FUNCTIONS_REQUEST_BODY_SIZE_LIMIT, in bytes."""
URL_LIMIT = 8192
QUERY_LIMIT = 4096

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Route:
    """An HTTP function where it is reached. No methods mean all."""

    template: Template
    methods: frozenset[str]
    level: str
    function: Function


class Webhook(Protocol):
    """The blob extension's webhook."""

    async def answer(self, request: Request) -> Response:
        """Answer a request that carried the right key."""


def routes_of(functions: Sequence[Function], prefix: str) -> list[Route]:
    """Give the routes in the order in which they are tried. Raises StartError for a route that the host refuses."""
    routes: list[Route] = []
    for function in functions:
        if function.kind != "httpTrigger":
            continue
        text = str(function.trigger.get("route") or function.name).strip("/")
        whole = f"{prefix}/{text}".strip("/")
        if whole.split("/")[0].lower() in ("admin", "runtime"):
            raise StartError(f"the route of {function.name} starts with {whole.split('/')[0]}, which is the host's own")
        methods = frozenset(str(method).upper() for method in function.trigger.get("methods") or ())
        for other in routes:
            overlap = not methods or not other.methods or methods & other.methods
            if overlap and other.template.text.lower() == whole.lower():
                raise StartError(f"the route of {function.name} is that of {other.function.name}: {whole}")
        level = str(function.trigger.get("authLevel") or "function").lower()
        routes.append(Route(parse_template(whole), methods, level, function))
    return sorted(routes, key=lambda route: route.template.rank)


def find_route(routes: Sequence[Route], method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """Find the function for a request: the methods are part of the route, so a wrong one finds nothing."""
    for route in routes:
        if (not route.methods or method in route.methods) and (values := route.template.match(path)) is not None:
            return route, values
    return None


class HttpFront:
    """The ASGI application of the host."""

    def __init__(
        self,
        functions: Sequence[Function],
        prefix: str,
        invoker: Invoker,
        keys: KeyRing,
        webhook: Webhook | None,
        *,
        check_keys: bool = True,
        body_limit: int = BODY_LIMIT,
        answer_seconds: float = ANSWER_SECONDS,
        run_by_name: Callable[[Function, str], Awaitable[None]],
        status: Callable[[], dict[str, Any]],
    ) -> None:
        self._functions = {function.name.lower(): function for function in functions}
        self._routes = [route for route in routes_of(functions, prefix) if not route.function.disabled]
        self._invoker = invoker
        self._keys = keys
        self._webhook = webhook
        self._check_keys = check_keys
        self._body_limit = body_limit
        self._answer_seconds = answer_seconds
        self._run_by_name = run_by_name
        self._status = status
        self._running: set[asyncio.Task[Any]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        response = await self._answer(request, scope)
        await response(scope, receive, send)

    def cancel(self) -> None:
        """Give up what runs for requests."""
        for task in self._running:
            task.cancel()

    async def _answer(self, request: Request, scope: Scope) -> Response:
        raw = scope.get("raw_path") or scope["path"].encode()
        path = raw.split(b"?")[0].decode("ascii", errors="replace").lstrip("/")
        if len(request.url.query) > QUERY_LIMIT or len(path) + len(request.url.query) > URL_LIMIT:
            return Response(status_code=414)
        if path.split("/")[0].lower() in ("admin", "runtime"):
            return await self._own(request, path)
        if not path and request.method in ("GET", "HEAD"):
            return Response("The functions host is up and running.", media_type="text/plain")
        found = find_route(self._routes, request.method, path)
        if not found:
            return Response(status_code=404)
        route, values = found

        def allowed(keys: Keys, key: str | None) -> bool:
            return keys.opens(route.level, route.function.name, key)

        if not await self._is_allowed(request, allowed):
            return Response(status_code=401)
        body = await self._body(request)
        if body is None:
            return Response(status_code=413)
        return await self._invoke(request, route, values, body)

    async def _invoke(self, request: Request, route: Route, values: Mapping[str, str], body: bytes) -> Response:
        call = Call(
            inputs={str(route.function.trigger["name"]): request_value(request, values, body)},
            metadata={name: ("string", value) for name, value in values.items()},
            reason="This function was programmatically called via the host APIs.",
            traceparent=child_of(request.headers.get("traceparent", "")),
        )
        # A caller that gives up, or waits too long, does not end the function.
        task = self._start(self._invoker.invoke(route.function, call))
        try:
            async with asyncio.timeout(self._answer_seconds):
                value = await asyncio.shield(task)
        except TimeoutError:
            return Response(status_code=502)
        except HostError:
            return Response(status_code=500)
        except asyncio.CancelledError:
            if task.cancelled():
                return Response(status_code=503)
            raise
        try:
            return response_of(value)
        except (ValueError, UnicodeEncodeError) as error:
            logger.error("The response of %s cannot be sent: %s", route.function.name, error)  # noqa: TRY400 - the app's fault
            return Response(status_code=500)

    async def _body(self, request: Request) -> bytes | None:
        """Read the body; None when it is larger than the host takes."""
        if not has_readable_body(request):
            return b""
        if int(request.headers["content-length"]) > self._body_limit:
            return None
        return await request.body()

    async def _is_allowed(self, request: Request, allowed: Callable[[Keys, str | None], bool]) -> bool:
        if not self._check_keys:
            return True
        key = given_key(headers_of(request), query_of(request))
        if allowed(self._keys.keys, key):
            return True
        return key is not None and await self._keys.look_again() and allowed(self._keys.keys, key)

    async def _own(self, request: Request, path: str) -> Response:
        parts = [part for part in path.lower().split("/") if part]
        match request.method, parts:
            case "GET" | "POST", ["admin", "host", "ping"]:
                return Response(status_code=200)
            case "POST" | "OPTIONS" | "GET", ["runtime", "webhooks", "blobs"]:
                if not await self._is_allowed(request, Keys.opens_webhook):
                    return Response(status_code=401)
                return await self._webhook.answer(request) if self._webhook else Response(status_code=404)
            case _, ["admin", *_]:
                if not await self._is_allowed(request, lambda keys, key: keys.opens("admin", "", key)):
                    return Response(status_code=401)
                return await self._admin(request, parts)
        return Response(status_code=404)

    async def _admin(self, request: Request, parts: Sequence[str]) -> Response:
        match request.method, parts:
            case "GET", ["admin", "host", "status"]:
                return JSONResponse(self._status())
            case "GET", ["admin", "functions"]:
                return JSONResponse([_described(function) for function in self._functions.values()])
            case "POST", ["admin", "functions", name] if function := self._functions.get(name):
                return await self._run(request, function)
        return Response(status_code=404)

    async def _run(self, request: Request, function: Function) -> Response:
        try:
            content = json.loads(await request.body() or b"{}")
            text = content.get("input") or ""
        except (ValueError, AttributeError):
            return Response(status_code=400)
        if function.kind == "httpTrigger":
            return Response("An HTTP function is started at its route.", status_code=400)
        self._start(self._run_by_name(function, text if isinstance(text, str) else json.dumps(text)))
        return Response(status_code=202)

    def _start(self, work: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            # Already logged with its invocation; nobody may be left to ask for it.
            task.exception()


def _described(function: Function) -> dict[str, Any]:
    return {"name": function.name, "isDisabled": function.disabled, "config": {"bindings": [dict(function.trigger)]}}
