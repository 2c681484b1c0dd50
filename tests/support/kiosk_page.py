"""A stand-in for the kiosk's HTTP interface, with the real page: its outcomes are what a test sets."""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.kiosk_page import PageAnswer, asset, page

KIOSK, SECRET = "office-mfp", "the-secret-of-the-kiosk"
BADGES = {"04A2B3C4": "Anna Andersson", "04D5E6F7": "Ben Berg"}
PINS = {("anna@contoso.example", "4321"): "Anna Andersson"}
PRINTER: dict[str, Any] = {
    "id": "p-office",
    "displayName": "Office MFP",
    "colorModes": ["color", "grayscale", "auto"],
    "duplexModes": ["oneSided", "flipOnLongEdge", "flipOnShortEdge"],
    "copies": {"start": 1, "end": 20},
}

type Answer = tuple[int, Mapping[str, Any]]


def job(number: int, document: str, **values: Any) -> dict[str, Any]:
    """A held job as the service shows it."""
    now = datetime.now(UTC)
    return {
        "id": f"job{number}",
        "document": document,
        "contentType": "application/pdf",
        "size": 482_300,
        "pages": 3,
        "printedAt": (now - timedelta(minutes=7 * number)).isoformat(),
        "expiresAt": (now + timedelta(hours=20)).isoformat(),
        "copies": 1,
        "colorMode": "color",
        "duplexMode": "flipOnLongEdge",
        "owner": None,
        "state": "held",
        **values,
    }


@dataclass
class KioskService:
    """What the page talks to. `lose` names requests whose next reply is lost, before or after the work.

    `outcomes` are of jobs by id: code, reason, reason code and printer, the last ones as far as they are given.
    """

    jobs: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    notices: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    outcomes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    printer: dict[str, Any] = field(default_factory=lambda: dict(PRINTER))
    session_seconds: float = 600.0
    refusals: list[tuple[str, int, dict[str, Any], dict[str, str]]] = field(default_factory=list)
    lose: list[tuple[str, str]] = field(default_factory=list)
    hold: dict[str, asyncio.Event] = field(default_factory=dict)
    asked: list[tuple[str, Any, Mapping[str, str]]] = field(default_factory=list)
    sessions: dict[str, str] = field(default_factory=dict)
    url: str = ""

    def refuse(self, name: str, status: int, code: str, **headers: str) -> None:
        """The next request `name` is answered with this problem."""
        body = {"type": "about:blank", "title": "No", "status": status, "detail": "No.", "code": code}
        self.refusals.append((name, status, body, {key.replace("_", "-"): value for key, value in headers.items()}))

    def requests(self, name: str) -> list[Any]:
        """The bodies of the requests `name` that came."""
        return [body for asked, body, _ in self.asked if asked == name]

    def _session(self, body: Mapping[str, Any]) -> Answer:
        if "badge" in body:
            person, code = BADGES.get(body["badge"]), "unknownBadge"
        else:
            person, code = PINS.get((body["userName"], body["pin"])), "wrongPin"
        if person is None:
            return 403, {"code": code}
        token = f"session-{len(self.sessions)}-{person}"
        self.sessions[token] = person
        kiosk = {"id": KIOSK, "displayName": "Second floor, west", "printer": self.printer}
        shown = {"displayName": person, "userPrincipalName": f"{person.split()[0].lower()}@contoso.example"}
        return 200, {"session": token, "person": shown, "kiosk": kiosk, **self._listing(person)}

    def _listing(self, person: str, seen: str = "") -> dict[str, Any]:
        expires = datetime.now(UTC) + timedelta(seconds=self.session_seconds)
        told = [{"id": _notice_id(notice), **notice} for notice in self.notices.get(person, [])]
        self.notices[person] = left = [notice for notice in told if notice["id"] not in seen.split(",")]
        return {"jobs": self.jobs.get(person, []), "notices": left, "expiresAt": expires.isoformat()}

    def _act(self, person: str, body: Mapping[str, Any], usual: str) -> Answer:
        held = {each["id"]: each for each in self.jobs.get(person, [])}
        outcomes = []
        for wanted in body["jobs"]:
            code, reason, why, printer, *_ = (*self.outcomes.get(wanted["id"], (usual,)), "", "", "")
            known = held.get(wanted["id"])
            if known is None:
                code, reason, why = "alreadyGone", "", ""
            elif code in {"released", "discarded", "alreadyGone"}:
                self.jobs[person].remove(known)
            told = {"outcome": code, "reason": reason, "reasonCode": why, "printer": printer}
            outcomes.append({"id": wanted["id"], "document": "", **told})
        return 200, {"outcomes": outcomes}

    def _answer(self, name: str, request: Request, body: Any) -> Answer:
        given = request.headers
        if (given.get("x-kiosk-id"), given.get("authorization")) != (KIOSK, f"Bearer {SECRET}"):
            return 401, {"code": "unknownDevice"}
        if name == "session":
            return self._session(body)
        person = self.sessions.get(given.get("x-kiosk-session", ""))
        if person is None:
            return 401, {"code": "sessionEnded"}
        if name == "jobs":
            return 200, self._listing(person, request.query_params.get("seen", ""))
        return self._act(person, body, "released" if name == "redirect" else "discarded")

    def _handler(self, name: str) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            body = await request.json() if request.method == "POST" else None
            self.asked.append((name, body, dict(request.headers)))
            if name in self.hold:
                await self.hold[name].wait()
            for refusal in self.refusals:
                if refusal[0] == name:
                    self.refusals.remove(refusal)
                    return JSONResponse(refusal[2], refusal[1], refusal[3])
            if (name, "before") in self.lose:
                self.lose.remove((name, "before"))
                return _lost()
            status, content = self._answer(name, request, body)
            if (name, "after") in self.lose:
                self.lose.remove((name, "after"))
                return _lost()
            return JSONResponse(content, status, {"Cache-Control": "no-store"})

        return handle

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[KioskService]:
        """The service and the page on a free port of this machine; `url` is where."""
        names = {"session": "POST", "jobs": "GET", "redirect": "POST", "discard": "POST"}
        routes = [Route(f"/api/kiosk/{name}", self._handler(name), methods=[verb]) for name, verb in names.items()]
        routes += [Route("/api/kiosk", _page), Route("/api/kiosk/assets/{name}", _asset)]
        listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), log_level="critical", lifespan="off"))
        task = asyncio.ensure_future(server.serve([listening]))
        try:
            yield self
        finally:
            server.should_exit = True
            for event in self.hold.values():
                event.set()
            await task


def _notice_id(notice: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(notice, sort_keys=True).encode()).hexdigest()[:16]


def _lost() -> Response:
    """A reply that the browser takes for a cut connection: shorter than it says."""
    return Response(b"", 200, {"Content-Length": "10000", "Connection": "close"})


async def _page(request: Request) -> Response:
    return _response(page(request.headers.get("accept-language", "")))


async def _asset(request: Request) -> Response:
    return _response(asset(request.path_params["name"], request.headers.get("if-none-match", "")))


def _response(answer: PageAnswer) -> Response:
    return Response(answer.body, answer.status, dict(answer.headers))
