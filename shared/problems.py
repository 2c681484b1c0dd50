"""HTTP answers: JSON, and a problem (RFC 9457) where something went wrong. The one place that maps errors to HTTP."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import azure.functions as func

from shared.errors import (
    DocumentRejected,
    GraphError,
    GraphThrottled,
    KioskRefused,
    NoReply,
    NotNow,
    PrintFunctionsError,
    SettingsError,
    StorageConflict,
)

logger = logging.getLogger(__name__)

NO_STORE = {"Cache-Control": "no-store"}
# Title and HTTP status of each code of KioskRefused.
KIOSK_PROBLEMS: Mapping[str, tuple[str, int]] = {
    "badRequest": ("The request is not one that a kiosk sends", 400),
    "tooLarge": ("The request is too large", 413),
    "unknownDevice": ("This kiosk is not known", 401),
    "sessionEnded": ("The session has ended", 401),
    "unknownBadge": ("This badge is not known", 403),
    "wrongPin": ("User name or PIN is wrong", 403),
    "slowDown": ("Too many failed attempts", 429),
    "kioskOff": ("Kiosks are not set up", 503),
}


def answer_json(body: Any, status: int = 200) -> func.HttpResponse:
    """`body` as JSON that nobody caches."""
    return func.HttpResponse(
        json.dumps(body, ensure_ascii=False), status_code=status, mimetype="application/json", headers=NO_STORE
    )


def problem(error: PrintFunctionsError) -> dict[str, Any]:
    """The problem document of one of our errors, with `status` as its HTTP status."""
    more: dict[str, Any] = {}
    match error:
        case KioskRefused():
            title, status = KIOSK_PROBLEMS[error.code]
            more = {"code": error.code}
        case SettingsError():
            title, status = "The settings of this app need attention", 503
        case DocumentRejected():
            title, status = "The document cannot be printed as it is", 422
        case NotNow():
            title, status = "Try again later", 503
        case GraphThrottled():
            title, status = "Graph asks to wait", 503
        case GraphError() | NoReply():
            title, status = "Graph did not do what was asked", 502
        case StorageConflict():
            title, status = "Somebody else changed it at the same time", 409
        case _:
            title, status = "That did not work", 500
    return {"type": "about:blank", "title": title, "status": status, "detail": str(error), **more}


async def answering(work: Callable[[], Awaitable[func.HttpResponse]]) -> func.HttpResponse:
    """What `work` answers, or the problem that it ran into. A caller never sees a trace."""
    headers = dict(NO_STORE)
    try:
        return await work()
    except PrintFunctionsError as error:
        body = problem(error)
        delay = error.delay if isinstance(error, KioskRefused) else None
        if delay is not None:
            headers["Retry-After"] = str(max(1, math.ceil(delay)))
        logger.warning("answered %s: %s", body["status"], error)
    except Exception:
        logger.exception("an error that nobody foresaw")
        body = {"type": "about:blank", "title": "Internal error", "status": 500, "detail": "The log says more."}
    return func.HttpResponse(
        json.dumps(body), status_code=body["status"], mimetype="application/problem+json", headers=headers
    )
