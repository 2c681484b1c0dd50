"""The kiosk's page: its files, the language that a browser asks for, and the headers that keep it to itself."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# The languages by their BCP 47 tags; the first is for those whose own is not among them.
LANGUAGES = ("en", "de", "es", "fr", "it", "ja", "pt", "zh-Hans")
SCRIPTS = (
    "badge.js",
    "clock.js",
    "device.js",
    "dom.js",
    "icons.js",
    "job_row.js",
    "jobs.js",
    "keys.js",
    "messages.js",
    "reasons.js",
    "service.js",
    "session.js",
    "sign_in.js",
    "start.js",
    "words.js",
)
STYLES = ("page.css", "jobs.css", "sign_in.css")
# Every name that is served. Nothing that a request says ever becomes part of a path.
NAMES = frozenset({*SCRIPTS, *STYLES, "badge.svg", *(f"{tag}.json" for tag in LANGUAGES)})

_FILES = Path(__file__).parent / "assets"
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".svg": "image/svg+xml",
}
_SAFE = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), usb=(), serial=(), hid=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_RANGE = re.compile(r"([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)\s*(?:;\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?")
# A header longer than any browser's is cut, so that nobody makes us work for long.
_MOST_RANGES = 32
_MOST_HEADER = 1000


@dataclass(frozen=True, slots=True)
class PageAnswer:
    """What is sent: an HTTP status, headers and a body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class _Asset:
    content: bytes
    media_type: str
    etag: str


def page(accept_language: str) -> PageAnswer:
    """The page, in the language of the set that the `Accept-Language` header likes best."""
    headers = {
        **_SAFE,
        "Cache-Control": "no-store",
        "Content-Language": (tag := language_for(accept_language)),
        "Content-Type": "text/html; charset=utf-8",
        "Vary": "Accept-Language",
    }
    return PageAnswer(200, headers, _page(tag))


def asset(name: str, if_none_match: str) -> PageAnswer:
    """One of NAMES, or 304 where `if_none_match` (the header, empty when there is none) has it already; else 404.

    Browsers keep it and ask each time whether it is still the one, so that a page never mixes two releases.
    """
    if name not in NAMES:
        headers = {**_SAFE, "Cache-Control": "no-store", "Content-Type": "text/plain; charset=utf-8"}
        return PageAnswer(404, headers, b"The kiosk's page has no such part.")
    found = _asset(name)
    headers = {**_SAFE, "Cache-Control": "no-cache", "ETag": found.etag, "Content-Type": found.media_type}
    held = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    if found.etag in held or "*" in held:
        return PageAnswer(304, headers, b"")
    return PageAnswer(200, headers, found.content)


def language_for(accept_language: str) -> str:
    """The tag of LANGUAGES that suits an `Accept-Language` header best (RFC 4647, lookup; then by the first subtag)."""
    ranges: list[tuple[float, int, str]] = []
    for position, part in enumerate(accept_language[:_MOST_HEADER].split(",")[:_MOST_RANGES]):
        if match := _RANGE.fullmatch(part.strip()):
            weight = float(match[2]) if match[2] else 1.0
            if weight > 0:
                ranges.append((-weight, position, match[1].lower()))
    for _, _, wanted in sorted(ranges):
        if wanted == "*":
            break
        subtags = wanted.split("-")
        for length in range(len(subtags), 0, -1):
            prefix = "-".join(subtags[:length])
            for tag in LANGUAGES:
                if tag.lower() == prefix or (length == 1 and tag.lower().split("-")[0] == prefix):
                    return tag
    return LANGUAGES[0]


@cache
def _page(tag: str) -> bytes:
    words = json.loads(_asset(f"{tag}.json").content)
    text = (_FILES.parent / "index.html").read_text(encoding="utf-8")
    for name, value in (("language", tag), ("direction", words["direction"]), ("title", words["title"])):
        text = text.replace(f"{{{{{name}}}}}", value)
    preloads = "".join(f'<link rel="modulepreload" href="/api/kiosk/assets/{name}">' for name in SCRIPTS)
    return text.replace("{{preloads}}", preloads).encode()


@cache
def _asset(name: str) -> _Asset:
    content = (_FILES / name).read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:32]
    return _Asset(content, _TYPES[Path(name).suffix], f'"{digest}"')
