"""Every request passes here: it is named and logged, faults are applied, and it goes to whom it concerns."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Callable
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Match, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from emulator.universal_print.exchange import Exchange
from emulator.universal_print.faults import Fault
from emulator.universal_print.graph.api import UNKNOWN
from emulator.universal_print.graph.call import GraphAnswer, GraphRequest
from emulator.universal_print.graph.errors import GraphError
from emulator.universal_print.graph.views import document_view, upload_session_view
from emulator.universal_print.request_log import RequestEntry
from emulator.universal_print.service import Service
from emulator.universal_print.tokens import endpoints
from emulator.universal_print.tokens.errors import TokenError
from emulator.universal_print.uploads import IncompleteBodyError

_LOG = logging.getLogger(__name__)
_GRAPH = "/v1.0"
# What stands in front of a service says in its own form that it cannot be reached.
_PAGE = (
    "<!DOCTYPE html>\r\n<html><head><title>{status}</title></head><body>"
    "<h2>Our services aren't available right now</h2>"
    "<p>We're working to restore all services as soon as possible.</p></body></html>"
)
_OPAQUE = re.compile(r"^/(uploads|downloads)/[^/]+")
_UPLOADS = {"PUT": "uploadPart", "GET": "uploadStatus", "DELETE": "cancelUpload"}


class Front:
    """The ASGI application. `restart` cuts every connection and keeps new ones out for that many seconds."""

    def __init__(self, service: Service, control: Router, restart: Callable[[float], None]) -> None:
        self._service = service
        self._control = control
        self._restart = restart
        self._tokens = endpoints.routes(service.authority)
        self._token_router = Router(list(self._tokens))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            return
        path = scope["path"]
        name, application = self._resolve(scope, path)
        if application is None:
            await self._control(scope, receive, send)
            return
        shown = _OPAQUE.sub(r"/\1/…", path)
        entry = self._service.requests.begin(self._service.clock.now(), scope["method"], name, shown)
        exchange = Exchange(scope, receive, send, entry)
        faults = self._service.faults.take(name, path)
        entry.faults = tuple(fault.action for fault in faults)
        began = time.perf_counter()
        try:
            await self._run(application, exchange, faults, entry)
        except ClientDisconnect:
            entry.error = "the client went away"
        except Exception as error:
            # Nothing that a client sends may do this: the emulator is at fault, and a test must notice.
            self._service.violations.record(name, [f"the emulator failed: {error!r}"])
            _LOG.exception("%s failed", name)
            raise
        finally:
            entry.seconds = time.perf_counter() - began
            entry.account = scope.get("emulator.account")
            entry.detail = scope.get("emulator.detail")
            entry.error = entry.error or scope.get("emulator.error")

    def _resolve(self, scope: Scope, path: str) -> tuple[str, ASGIApp | None]:
        """The operation's name and who answers; None for what is the emulator's own, without faults or log."""
        if path.startswith(f"{_GRAPH}/"):
            return self._service.graph.operation_name(scope["method"], path.removeprefix(_GRAPH)), self._graph
        if path.startswith("/uploads/"):
            return _UPLOADS.get(scope["method"], UNKNOWN), self._upload
        if path.startswith("/downloads/"):
            return "download", self._download
        if not path.startswith("/emulator/"):
            for route in self._tokens:
                if route.matches(scope)[0] is Match.FULL:
                    return str(route.name), self._token_router
        return "", None

    async def _run(self, application: ASGIApp, exchange: Exchange, faults: list[Fault], entry: RequestEntry) -> None:
        for delay in faults:
            if delay.action == "delay" and not delay.after:
                await asyncio.sleep(delay.seconds)
        fault = next((fault for fault in faults if fault.action != "delay"), None)
        if fault is not None and not fault.after and fault.action in {"status", "dropBefore", "restart"}:
            await self._fail(fault, exchange)
            return
        late = [other.seconds for other in faults if other.action == "delay" and other.after]
        exchange.delay_before_reply = sum(late)
        if fault is not None and fault.action == "cutRequest":
            exchange.cut_request_at = fault.at
        elif fault is not None and fault.action == "cutReply":
            exchange.cut_reply_at = fault.at
        elif fault is not None:
            exchange.withhold_reply = True
        entry.worked = True
        try:
            await application(exchange.scope, exchange.receive, exchange.send)
        except ClientDisconnect:
            entry.worked = False
            if not exchange.was_cut:
                raise
        if exchange.was_cut:
            await exchange.cut()
        elif fault is not None and exchange.withhold_reply:
            exchange.withhold_reply = False
            await self._fail(fault, exchange)

    async def _fail(self, fault: Fault, exchange: Exchange) -> None:
        if fault.action == "restart":
            self._restart(fault.seconds)
        if fault.action != "status":
            await exchange.cut()
            return
        headers = {name.decode(): value.decode() for name, value in exchange.scope["headers"]}
        error = GraphError(fault.status, fault.code, fault.message)
        retry_after = fault.retry_after_header(self._service.clock.now())
        if retry_after is not None:
            error.headers["Retry-After"] = retry_after
        if fault.html:
            page = _PAGE.format(status=fault.status)
            response: Response = HTMLResponse(page, status_code=fault.status, headers=error.headers)
        elif exchange.scope["path"].startswith((_GRAPH, "/uploads", "/downloads")):
            response = _response(self._service.graph.refusal(headers, error, ""))
        else:
            refusal = TokenError(fault.code, 90033, fault.message, status=fault.status)
            body = refusal.body(self._service.clock.now(), headers.get("client-request-id"))
            response = JSONResponse(body, status_code=fault.status, headers=error.headers)
        await response(exchange.scope, exchange.receive, exchange.send)

    async def _graph(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        headers = dict(request.headers)
        body = bytearray()
        most = self._service.settings.limits.request_bytes
        async for piece in request.stream():
            body += piece
            if len(body) > most:
                error = GraphError(413, "RequestEntityTooLarge", f"A request has at most {most} bytes.")
                await _response(self._service.graph.refusal(headers, error, ""))(scope, receive, send)
                return
        asked = GraphRequest(
            scope["method"],
            scope["path"].removeprefix(_GRAPH),
            scope["query_string"].decode("ascii", errors="replace"),
            headers,
            bytes(body),
        )
        answer = await self._service.graph.handle(asked)
        _note(scope, answer)
        await _response(answer)(scope, receive, send)

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._upload_answer(scope, request)
        except GraphError as error:
            answer = self._service.graph.refusal(dict(request.headers), error, "")
            scope["emulator.error"] = error.code
            response = _response(answer)
        except IncompleteBodyError:
            raise ClientDisconnect from None
        await response(scope, receive, send)

    async def _upload_answer(self, scope: Scope, request: Request) -> Response:
        uploads = self._service.uploads
        if "authorization" in request.headers:
            raise GraphError(401, "unauthenticated", "The upload address carries its own token: send no other.")
        session = uploads.find(scope["path"].removeprefix("/uploads/"))
        scope["emulator.account"] = session.job.created_by.user_principal_name
        if request.method == "GET":
            return JSONResponse(upload_session_view(session, uploads.expected_ranges(session)))
        if request.method == "DELETE":
            uploads.cancel(session)
            return Response(status_code=204)
        if request.method != "PUT":
            raise GraphError(405, "notAllowed", "An upload session takes PUT, GET and DELETE.")
        scope["emulator.detail"] = request.headers.get("content-range")
        complete = await uploads.receive(
            session,
            request.headers.get("content-range"),
            request.headers.get("content-length"),
            request.stream(),
        )
        if complete:
            with_times = self._service.settings.undocumented_members
            return JSONResponse(document_view(session.job.document, with_times=with_times), status_code=201)
        return JSONResponse(upload_session_view(session, uploads.expected_ranges(session)), status_code=202)

    async def _download(self, scope: Scope, receive: Receive, send: Send) -> None:
        if any(name == b"authorization" for name, _ in scope["headers"]):
            error = GraphError(401, "unauthenticated", "The download address carries its own token: send no other.")
            await _response(self._service.graph.refusal({}, error, ""))(scope, receive, send)
            return
        download = self._service.downloads.find(scope["path"].removeprefix("/downloads/"), self._service.clock.now())
        response: Response
        if download is None:
            error = GraphError(404, "itemNotFound", "The download address is not valid any more.")
            response = _response(self._service.graph.refusal({}, error, ""))
        else:
            response = FileResponse(download.path, media_type=download.content_type)
        await response(scope, receive, send)


def _note(scope: Scope, answer: GraphAnswer) -> None:
    scope["emulator.account"] = answer.account
    if answer.status >= 400 and answer.body is not None:
        scope["emulator.error"] = answer.body["error"]["code"]


def _response(answer: GraphAnswer) -> Response:
    headers = dict(answer.headers)
    if answer.body is None:
        headers.pop("Content-Type", None)
        return Response(status_code=answer.status, headers=headers)
    content: dict[str, Any] = answer.body
    return Response(json.dumps(content, separators=(",", ":")), status_code=answer.status, headers=headers)
