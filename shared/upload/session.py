"""What is known of an upload session and of a completed document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shared.upload.ranges import ByteRanges


@dataclass(frozen=True, slots=True)
class UploadSession:
    """An open upload session (Graph: uploadSession).

    `upload_url` is a secret that needs no token, so it never shows in a log or a message. `expires` is None where
    the service did not say; `missing` is what it lacked when it last answered.
    """

    upload_url: str = field(repr=False)
    expires: datetime | None
    missing: ByteRanges

    @classmethod
    def opened(
        cls, *, upload_url: str, expires: datetime | None, next_expected_ranges: Sequence[str], size: int
    ) -> UploadSession:
        """The answer to createUploadSession for `size` bytes. Raises ValueError for an unreadable range.

        A new session holds nothing, so an answer without ranges means all of them.
        """
        missing = ByteRanges.parse(next_expected_ranges, size) or ByteRanges.whole(size)
        return cls(upload_url=upload_url, expires=expires, missing=missing)


@dataclass(frozen=True, slots=True)
class CompletedDocument:
    """The document as the service describes it after the last byte (Graph: upload-data-to-upload-session, 201).

    A field is None where the answer does not hold it: the status alone says that the document is complete.
    """

    id: str | None = None
    name: str | None = None
    content_type: str | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class UploadProgress:
    """How far an upload is, in bytes: the service holds `stored`, and `in_flight` are under way.

    `session` counts the sessions used so far, from 1; a new session starts again from nothing.
    """

    size: int
    stored: int
    in_flight: int
    session: int
