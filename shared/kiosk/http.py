"""The kiosks' requests: reads headers and body, calls once, answers JSON or a problem."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import azure.functions as func

from shared.kiosk.admission import admit
from shared.kiosk.devices import Device
from shared.kiosk.requests import read_seen
from shared.kiosk.services import KioskServices, kiosk_services
from shared.kiosk.tapping import list_jobs, start_session
from shared.problems import answer_json, answering

KIOSK_ID_HEADER = "X-Kiosk-Id"
SESSION_HEADER = "X-Kiosk-Session"
_SCHEME = "bearer "

type Answer = Callable[[func.HttpRequest, KioskServices], Awaitable[func.HttpResponse]]


async def serve(
    answer: Answer, request: func.HttpRequest, opened: Callable[[], Awaitable[KioskServices]] = kiosk_services
) -> func.HttpResponse:
    """What `answer` says to the request, or the problem that it ran into."""

    async def work() -> func.HttpResponse:
        return await answer(request, await opened())

    return await answering(work)


async def answer_session(request: func.HttpRequest, services: KioskServices) -> func.HttpResponse:
    """A tap: a badge, or a user name with a PIN."""
    return answer_json(await start_session(_device(request), request.get_body(), services))


async def answer_jobs(request: func.HttpRequest, services: KioskServices) -> func.HttpResponse:
    """The jobs of the person whose session it is."""
    admitted = await admit(_device(request), _session(request), services)
    return answer_json(await list_jobs(admitted, services, read_seen(request.params.get("seen"))))


async def answer_redirect(request: func.HttpRequest, services: KioskServices) -> func.HttpResponse:
    """Release jobs to the kiosk's printer."""
    from shared.kiosk.acting import redirect_jobs

    return answer_json(await redirect_jobs(_device(request), _session(request), request.get_body(), services))


async def answer_discard(request: func.HttpRequest, services: KioskServices) -> func.HttpResponse:
    """Discard jobs."""
    from shared.kiosk.acting import discard_jobs

    return answer_json(await discard_jobs(_device(request), _session(request), request.get_body(), services))


def _device(request: func.HttpRequest) -> Device:
    authorization = request.headers.get("Authorization") or ""
    secret = authorization[len(_SCHEME) :].strip() if authorization[: len(_SCHEME)].lower() == _SCHEME else ""
    return Device((request.headers.get(KIOSK_ID_HEADER) or "").strip().lower(), secret)


def _session(request: func.HttpRequest) -> str:
    return (request.headers.get(SESSION_HEADER) or "").strip()
