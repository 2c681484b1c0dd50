"""The IPP operations that passing on a job takes, over HTTP (RFC 8010, RFC 8011). Repeats nothing by itself."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from enum import IntEnum
from itertools import count
from pathlib import Path

import httpx

from emulator.universal_print.devices.ipp_message import (
    Attributes,
    IppFormatError,
    Message,
    Span,
    Tag,
    Value,
    decode_message,
    encode_message,
)

PIECE_BYTES = 256 * 1024
ANSWER_SECONDS = 30.0
MOST_ANSWER_BYTES = 4 * 1024 * 1024


class Operation(IntEnum):
    """Operation codes (RFC 8011 5.4.15)."""

    PRINT_JOB = 0x0002
    CANCEL_JOB = 0x0008
    GET_JOB_ATTRIBUTES = 0x0009
    GET_JOBS = 0x000A
    GET_PRINTER_ATTRIBUTES = 0x000B


class Status(IntEnum):
    """The status codes that make a difference here (RFC 8011 appendix B)."""

    VALUES_NOT_SUPPORTED = 0x040B
    NOT_ACCEPTING_JOBS = 0x0506
    BUSY = 0x0507


_LAST_SUCCESSFUL_STATUS = 0x00FF


class IppError(Exception):
    """The printer refused a request.

    `status` is the IPP status, or 0 when the answer was no IPP at all; `unsupported` names what it does not take.
    """

    def __init__(self, status: int, message: str, unsupported: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.unsupported = tuple(unsupported)


class PrinterUnreachableError(Exception):
    """The printer did not answer. `sent` tells whether it may have received the request."""

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


class IppClient:
    """Talks to one printer by its `ipp://` or `ipps://` URI. `verify` is the trust for ipps."""

    def __init__(self, uri: str, *, verify: ssl.SSLContext | bool = True) -> None:
        self._uri = uri
        url = httpx.URL(uri)
        secure = url.scheme == "ipps"
        if not secure and url.scheme != "ipp":
            raise ValueError(f"a printer's address begins with ipp:// or ipps://, not {url.scheme}://")
        self._url = url.copy_with(scheme="https" if secure else "http", port=url.port or 631)
        # A printer may take its time to draw in a large document; it may not be silent for long.
        # Each request has a connection of its own: on one that the printer has just closed, nobody could tell whether
        # a document arrived. It also lets a printer that was opened in one event loop print in another.
        self._http = httpx.AsyncClient(
            verify=verify,
            timeout=ANSWER_SECONDS,
            trust_env=False,
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        self._request_ids = count(1)

    async def close(self) -> None:
        """End the connections."""
        await self._http.aclose()

    async def printer_attributes(self) -> Attributes:
        """Everything the printer says of itself. Raises IppError, PrinterUnreachableError."""
        wanted = {"requested-attributes": [Value(Tag.KEYWORD, "all"), Value(Tag.KEYWORD, "media-col-database")]}
        return (await self._send(Operation.GET_PRINTER_ATTRIBUTES, wanted)).group(Tag.PRINTER)

    async def print_job(
        self, path: Path, *, name: str, user: str, content_type: str, attributes: Attributes
    ) -> tuple[int, list[str]]:
        """Send a document, read and sent in pieces. Gives the printer's job id and the settings that it ignored.

        Raises IppError, PrinterUnreachableError, OSError.
        """
        operation = {
            "requesting-user-name": [Value(Tag.NAME, user)],
            "job-name": [Value(Tag.NAME, name)],
            "document-name": [Value(Tag.NAME, name)],
            "ipp-attribute-fidelity": [Value(Tag.BOOLEAN, False)],
            "document-format": [Value(Tag.MIME_TYPE, content_type)],
        }
        answer = await self._send(Operation.PRINT_JOB, operation, job=attributes, document=path)
        for value in answer.group(Tag.JOB).get("job-id", ()):
            if isinstance(value.content, int):
                return value.content, list(answer.group(Tag.UNSUPPORTED))
        raise IppError(0, "The printer took the document and named no job.")

    async def job_attributes(self, job: int) -> Attributes:
        """What the printer says of a job. Raises IppError, PrinterUnreachableError."""
        return (await self._send(Operation.GET_JOB_ATTRIBUTES, {"job-id": [Value(Tag.INTEGER, job)]})).group(Tag.JOB)

    async def find_job(self, name: str) -> int | None:
        """The latest job of this name among those the printer remembers. Raises IppError, PrinterUnreachableError."""
        found: list[int] = []
        for which in ("not-completed", "completed"):
            wanted = [Value(Tag.KEYWORD, keyword) for keyword in ("job-id", "job-name")]
            operation = {"which-jobs": [Value(Tag.KEYWORD, which)], "requested-attributes": wanted}
            answer = await self._send(Operation.GET_JOBS, operation)
            for tag, job in answer.groups:
                if tag == Tag.JOB and [value.content for value in job.get("job-name", ())] == [name]:
                    found += [value.content for value in job.get("job-id", ()) if isinstance(value.content, int)]
        return max(found, default=None)

    async def cancel_job(self, job: int) -> None:
        """Ask the printer to give up a job. Raises IppError when it is over already, PrinterUnreachableError."""
        await self._send(Operation.CANCEL_JOB, {"job-id": [Value(Tag.INTEGER, job)]})

    async def _send(
        self,
        operation: Operation,
        attributes: Mapping[str, Sequence[Value]],
        *,
        job: Attributes | None = None,
        document: Path | None = None,
    ) -> Message:
        # The first three have this order in every request (RFC 8011 4.1.4 and 4.1.5).
        first: dict[str, Sequence[Value]] = {
            "attributes-charset": [Value(Tag.CHARSET, "utf-8")],
            "attributes-natural-language": [Value(Tag.LANGUAGE, "en")],
            "printer-uri": [Value(Tag.URI, self._uri)],
        }
        groups: list[tuple[int, Attributes]] = [(Tag.OPERATION, first | dict(attributes))]
        if job:
            groups.append((Tag.JOB, job))
        head = encode_message(Message(operation, next(self._request_ids), groups))
        body = head if document is None else _head_and_document(head, document)
        try:
            answer = await self._post(body)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise PrinterUnreachableError(f"The printer can't be reached ({error}).", sent=False) from error
        except httpx.HTTPError as error:
            raise PrinterUnreachableError(f"The printer broke off ({error!r}).", sent=True) from error
        if answer.code > _LAST_SUCCESSFUL_STATUS:
            words = " ".join(str(value.content) for value in answer.group(Tag.OPERATION).get("status-message", ()))
            message = f"The printer refused the request: {words or 'no reason given'} (0x{answer.code:04x})."
            raise IppError(answer.code, message, list(answer.group(Tag.UNSUPPORTED)))
        return answer

    async def _post(self, body: bytes | AsyncIterator[bytes]) -> Message:
        headers = {"content-type": "application/ipp", "accept": "application/ipp"}
        async with self._http.stream("POST", self._url, content=body, headers=headers) as response:
            content = bytearray()
            async for piece in response.aiter_bytes():
                content += piece
                if len(content) > MOST_ANSWER_BYTES:
                    raise IppError(0, "The printer's answer has no end.")
        if response.status_code != httpx.codes.OK:
            raise IppError(0, f"The printer answered with HTTP status {response.status_code}.")
        try:
            return decode_message(bytes(content))
        except IppFormatError as error:
            raise IppError(0, f"The printer's answer is not IPP: {error}.") from error


async def _head_and_document(head: bytes, document: Path) -> AsyncIterator[bytes]:
    yield head
    with document.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def page_counts(attributes: Attributes) -> tuple[int | None, int | None]:
    """Impressions and sheets that a job's attributes tell, each None when they do not."""

    def number(name: str) -> int | None:
        for value in attributes.get(name, ()):
            if isinstance(value.content, int) and not isinstance(value.content, (bool, Span)):
                return value.content
        return None

    return number("job-impressions-completed"), number("job-media-sheets-completed")
