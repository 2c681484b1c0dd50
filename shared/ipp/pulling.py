"""Asks a live IPP printer for its attributes (RFC 8011 4.2.5, over HTTP as in RFC 8010 3 and 4)."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shared.ipp.decoding import decode_printers_answer
from shared.ipp.encoding import encode_message
from shared.ipp.making import keywords, strings
from shared.ipp.values import (
    LARGEST_MESSAGE_BYTES,
    Attribute,
    Group,
    GroupTag,
    IppDecodeError,
    IppError,
    Localized,
    Message,
    Tag,
)

if TYPE_CHECKING:
    import httpx

# RFC 8010 4.1 and RFC 7472: one port for both.
DEFAULT_PORT = 631
ALL_SECONDS = 60.0
ANSWER_SECONDS = 20.0
VERSIONS = ((2, 0), (1, 1))
_GET_PRINTER_ATTRIBUTES = 0x000B
_LAST_SUCCESSFUL_STATUS = 0x00FF
_VERSION_NOT_SUPPORTED = 0x0503
# Printers that know 1.1 alone answer with client-error-bad-request as well.
_OTHER_VERSION = frozenset({_VERSION_NOT_SUPPORTED, 0x0400})
_MEDIA = "media-col-database"


class IppUnreachable(IppError):
    """The printer did not answer, or not with IPP."""


class IppRefused(IppError):
    """The printer answered with `status`, an IPP status that is no success (RFC 8011 appendix B)."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(f"the printer refuses to tell its attributes: {status:#06x} {message}".rstrip())


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a printer says of itself, and the version of IPP that it said it in.

    `repeated` names the attributes that it said more than once; the first counts.
    """

    attributes: tuple[Attribute, ...]
    version: tuple[int, int]
    repeated: tuple[str, ...] = ()


async def pull(uri: str, *, trust: ssl.SSLContext | bool = True) -> Pulled:
    """All attributes of the printer at `uri`, `ipp://…` or `ipps://…`, with its media-col-database.

    `trust` is what vouches for the certificate at ipps. IPP/2.0 is tried first, then 1.1. Takes a minute and 8 MiB at
    most. Raises IppUnreachable, IppRefused, IppDecodeError; ValueError for an address of another kind.
    """
    import httpx

    address = http_address(uri)
    try:
        async with (
            asyncio.timeout(ALL_SECONDS),
            httpx.AsyncClient(verify=trust, timeout=ANSWER_SECONDS, trust_env=False) as http,
        ):
            pulled = await _newest(http, address, uri)
            if any(attribute.name == _MEDIA for attribute in pulled.attributes):
                return pulled
            # Some printers leave it out, or fail, unless it is asked for alone (OpenPrinting/cups issue 599).
            return await _with_media(http, address, uri, pulled)
    except TimeoutError as error:
        raise IppUnreachable(f"{uri} took longer than {ALL_SECONDS:.0f} seconds") from error
    except httpx.HTTPError as error:
        raise IppUnreachable(f"{uri} did not answer: {str(error) or type(error).__name__}") from error


def http_address(uri: str) -> str:
    """Where the HTTP requests for an IPP address go. Raises ValueError for an address of another kind."""
    parts = urlsplit(uri)
    if parts.scheme not in ("ipp", "ipps") or not parts.hostname:
        raise ValueError(f"{uri} is no printer's address as in ipp://printer.example/ipp/print")
    scheme = "https" if parts.scheme == "ipps" else "http"
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    query = f"?{parts.query}" if parts.query else ""
    return f"{scheme}://{host}:{parts.port or DEFAULT_PORT}{parts.path or '/'}{query}"


async def _newest(http: httpx.AsyncClient, address: str, uri: str) -> Pulled:
    newest, older = VERSIONS
    try:
        return await _everything(http, address, uri, newest)
    except IppRefused as error:
        if error.status not in _OTHER_VERSION:
            raise
    return await _everything(http, address, uri, older)


async def _everything(http: httpx.AsyncClient, address: str, uri: str, version: tuple[int, int]) -> Pulled:
    try:
        return await _ask(http, address, uri, version, ("all", _MEDIA))
    except IppRefused as error:
        if error.status == _VERSION_NOT_SUPPORTED:
            raise
    return await _ask(http, address, uri, version, ("all",))


async def _with_media(http: httpx.AsyncClient, address: str, uri: str, pulled: Pulled) -> Pulled:
    try:
        media = await _ask(http, address, uri, pulled.version, (_MEDIA,))
    except (IppRefused, IppDecodeError):
        return pulled
    known = {attribute.name for attribute in pulled.attributes}
    added = tuple(attribute for attribute in media.attributes if attribute.name not in known)
    return Pulled(pulled.attributes + added, pulled.version, pulled.repeated)


async def _ask(
    http: httpx.AsyncClient, address: str, uri: str, version: tuple[int, int], wanted: tuple[str, ...]
) -> Pulled:
    # The first two have this order in every request (RFC 8011 4.1.4).
    operation = (
        strings("attributes-charset", Tag.CHARSET, ["utf-8"]),
        strings("attributes-natural-language", Tag.NATURAL_LANGUAGE, ["en"]),
        strings("printer-uri", Tag.URI, [uri]),
        keywords("requested-attributes", *wanted),
    )
    request = Message(version, _GET_PRINTER_ATTRIBUTES, 1, (Group(GroupTag.OPERATION, operation),))
    answer, repeated = decode_printers_answer(await _post(http, address, encode_message(request)))
    if answer.code > _LAST_SUCCESSFUL_STATUS:
        raise IppRefused(answer.code, _message(answer))
    return Pulled(answer.group(GroupTag.PRINTER), version, repeated)


async def _post(http: httpx.AsyncClient, address: str, body: bytes) -> bytes:
    headers = {"content-type": "application/ipp", "accept": "application/ipp"}
    content = bytearray()
    async with http.stream("POST", address, content=body, headers=headers) as response:
        if response.status_code != 200:
            raise IppUnreachable(f"{address} answered with HTTP status {response.status_code}, not with IPP")
        async for piece in response.aiter_bytes():
            content += piece
            if len(content) > LARGEST_MESSAGE_BYTES:
                raise IppUnreachable(f"the answer of {address} is longer than {LARGEST_MESSAGE_BYTES} bytes")
    return bytes(content)


def _message(answer: Message) -> str:
    """The printer's own words, or nothing."""
    for attribute in answer.group(GroupTag.OPERATION):
        if attribute.name in ("status-message", "detailed-status-message"):
            content = attribute.values[0].content
            return content.text if isinstance(content, Localized) else str(content)
    return ""
