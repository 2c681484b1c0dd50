"""Upload sessions: what is announced, what arrives, what is refused (Graph: upload-data-to-upload-session)."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import AsyncIterator, Callable
from datetime import datetime

from emulator.universal_print.byte_ranges import Range, add, missing, overlaps
from emulator.universal_print.graph.errors import GraphError
from emulator.universal_print.jobs import Job, JobBook, UploadSession
from emulator.universal_print.settings import Settings

_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")
_DIGITS = re.compile(r"[0-9]{1,18}")


class IncompleteBodyError(Exception):
    """The connection ended before the part was complete; nothing of it counts."""


class Uploads:
    """The open upload sessions, by the opaque part of their URL."""

    def __init__(self, jobs: JobBook, settings: Settings, now: Callable[[], datetime]) -> None:
        self._jobs = jobs
        self._settings = settings
        self._now = now
        self._sessions: dict[str, UploadSession] = {}

    def open_session(
        self, job: Job, document_name: str, content_type: str, size: int, *, replace: bool = False
    ) -> UploadSession:
        """Open a session for the job's document. One that is open already ends, and its bytes are forgotten.

        With `replace` the job keeps the document that it has until the new one is complete.
        """
        if job.session is not None and job.session.open:
            self.cancel(job.session)
        session = UploadSession(
            secrets.token_urlsafe(32),
            job,
            document_name,
            content_type,
            size,
            self._now() + self._settings.upload_lifetime,
            job.payload.with_suffix(".replacement") if replace else job.payload,
        )
        with session.path.open("wb") as file:
            file.truncate(size)
        job.session = session
        self._sessions[session.token] = session
        return session

    def find(self, token: str) -> UploadSession:
        """The open session. Raises GraphError 404: it never was, is complete, was cancelled or has expired."""
        session = self._sessions.get(token)
        if session is None or not session.open or session.job.is_final:
            raise _no_session()
        if session.expires <= self._now():
            self.cancel(session)
            raise _no_session()
        return session

    def cancel(self, session: UploadSession) -> None:
        """End the session and forget its bytes."""
        self._close(session)
        if session.job.session is session:
            session.job.session = None
            session.path.unlink(missing_ok=True)

    async def receive(
        self, session: UploadSession, content_range: str | None, content_length: str | None, body: AsyncIterator[bytes]
    ) -> bool:
        """Take one part; True when it was the last that lacked. Raises GraphError, IncompleteBodyError."""
        part = self._accepted_range(session, content_range, content_length)
        session.in_flight.append(part)
        try:
            await _write(session, part, body)
        finally:
            session.in_flight.remove(part)
        # The session may have ended while the bytes came in.
        self.find(session.token)
        session.held = add(session.held, part)
        if missing(session.held, session.size):
            return False
        self._complete(session)
        return True

    def expected_ranges(self, session: UploadSession) -> list[str]:
        """What is missing, as `nextExpectedRanges` writes it."""
        return [f"{first}-{last}" for first, last in missing(session.held, session.size)]

    def _accepted_range(self, session: UploadSession, content_range: str | None, content_length: str | None) -> Range:
        limits = self._settings.limits
        if content_length is None or not _DIGITS.fullmatch(content_length):
            raise GraphError(411, "invalidRequest", "The Content-Length header is required.")
        found = _CONTENT_RANGE.fullmatch(content_range or "")
        if found is None:
            raise GraphError(400, "invalidRequest", "The Content-Range header must be 'bytes {start}-{end}/{total}'.")
        first, last, total = (int(group) for group in found.groups())
        if total != session.size:
            raise GraphError(
                400, "invalidRequest", f"The total of Content-Range is {total}, announced was {session.size}."
            )
        if last >= total or last < first:
            raise GraphError(416, "invalidRange", "The range lies outside of the document.")
        length = last - first + 1
        if int(content_length) != length:
            raise GraphError(
                400, "invalidRequest", f"Content-Length is {content_length}, the range has {length} bytes."
            )
        if length >= limits.part_bytes:
            raise GraphError(413, "invalidRequest", f"A request must be smaller than {limits.part_bytes} bytes.")
        if overlaps(session.held, (first, last)) or overlaps(session.in_flight, (first, last)):
            raise GraphError(
                416, "invalidRange", "The uploaded fragment has already been received.", inner_code="fragmentOverlap"
            )
        if len(session.in_flight) >= limits.parts_at_once:
            raise GraphError(
                429, "TooManyRequests", f"At most {limits.parts_at_once} requests at once may send to one session."
            )
        return first, last

    def _complete(self, session: UploadSession) -> None:
        document = session.job.document
        document.display_name = session.document_name
        document.content_type = session.content_type
        document.size = session.size
        document.uploaded = self._now()
        if session.path != session.job.payload:
            session.path.replace(session.job.payload)
            session.job.replaced = True
        self._close(session)

    def _close(self, session: UploadSession) -> None:
        session.open = False
        self._sessions.pop(session.token, None)


async def _write(session: UploadSession, part: Range, body: AsyncIterator[bytes]) -> None:
    """Write the bytes at their place as they come. Writing to the page cache is quicker than handing it to a thread."""
    position, end = part[0], part[1] + 1
    descriptor = os.open(session.path, os.O_WRONLY | getattr(os, "O_BINARY", 0))
    try:
        async for piece in body:
            if not session.open:
                raise _no_session()
            if position + len(piece) > end:
                raise GraphError(400, "invalidRequest", "The body is longer than its Content-Range.")
            os.lseek(descriptor, position, os.SEEK_SET)
            os.write(descriptor, piece)
            position += len(piece)
    finally:
        os.close(descriptor)
    if position != end:
        raise IncompleteBodyError


def _no_session() -> GraphError:
    return GraphError(404, "itemNotFound", "The upload session was not found.", inner_code="uploadSessionNotFound")
