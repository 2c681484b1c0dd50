"""What the sender reads a document from."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol


class PartSource(Protocol):
    """A document that can be read from any byte, again and again."""

    @property
    def size(self) -> int:
        """The size in bytes."""
        ...

    def read(self, start: int, end: int) -> AsyncGenerator[bytes]:
        """The bytes from `start` to `end`, both inclusive, in pieces of bounded size.

        Raises Superseded where the document was replaced or is gone, and NoReply where reading broke off and may be
        tried again. Closing the generator frees what it holds.
        """
        ...
