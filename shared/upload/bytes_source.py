"""A document in memory, for the upload engine."""

from __future__ import annotations

from collections.abc import AsyncGenerator


class BytesSource:
    """Bytes as a PartSource, in pieces of at most `piece_bytes`."""

    def __init__(self, content: bytes, *, piece_bytes: int) -> None:
        self._content = content
        self._piece_bytes = piece_bytes

    @property
    def size(self) -> int:
        """The size in bytes."""
        return len(self._content)

    async def read(self, start: int, end: int) -> AsyncGenerator[bytes]:
        """See PartSource.read."""
        for offset in range(start, end + 1, self._piece_bytes):
            yield self._content[offset : min(end + 1, offset + self._piece_bytes)]
