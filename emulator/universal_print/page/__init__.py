"""The emulator's browser page: printers, jobs, paper and faults at a glance, and the switches of the printers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

_FILES = Path(__file__).parent
_ASSETS = {
    "dom.js": "text/javascript",
    "jobs.js": "text/javascript",
    "notifications.js": "text/javascript",
    "page.css": "text/css",
    "page.js": "text/javascript",
    "printers.js": "text/javascript",
}
_PAGE_HEADERS = {
    "cache-control": "no-cache",
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
# Anything else is offered for download, so that a document never acts as a page of the emulator.
_SHOWN_IN_THE_BROWSER = {
    ".pdf": "application/pdf",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".json": "application/json",
}


def routes(state: Callable[[], dict[str, Any]], paper: Path) -> list[BaseRoute]:
    """The page at `/`, its parts at `/page/…`, paper below `/paper/…`, and `state()` at `/emulator/state`.

    `state` gives printers, jobs, users and faults as the page shows them; `paper` is the folder that holds one folder
    per printer.
    """

    async def page(_: Request) -> Response:
        return FileResponse(_FILES / "index.html", media_type="text/html", headers=_PAGE_HEADERS)

    async def asset(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _ASSETS:
            raise HTTPException(404)
        return FileResponse(_FILES / name, media_type=_ASSETS[name], headers=_PAGE_HEADERS)

    async def present_state(_: Request) -> Response:
        return JSONResponse(state(), headers={"cache-control": "no-store"})

    async def printed(request: Request) -> Response:
        file = _paper_file(paper, request.path_params["place"])
        if file is None:
            raise HTTPException(404)
        media_type = _SHOWN_IN_THE_BROWSER.get(file.suffix.lower())
        return FileResponse(
            file,
            media_type=media_type or "application/octet-stream",
            filename=file.name,
            content_disposition_type="inline" if media_type else "attachment",
            headers={"x-content-type-options": "nosniff", "content-security-policy": "sandbox"},
        )

    return [
        Route("/", page),
        Route("/page/{name}", asset),
        Route("/emulator/state", present_state),
        Route("/paper/{place:path}", printed),
    ]


def _paper_file(paper: Path, place: str) -> Path | None:
    """The file at `{printer}/{name}`, unless there is none or the place lies outside the folder."""
    parts = place.split("/")
    if len(parts) != 2 or "\0" in place:
        return None
    root = paper.resolve()
    file = (root / parts[0] / parts[1]).resolve()
    return file if file.is_relative_to(root) and file.is_file() else None
