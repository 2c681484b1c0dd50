"""What was asked of the emulator, so that a test can count calls. Never a token, an upload address or a body."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from emulator.universal_print.clock import graph_time

MOST_ENTRIES = 100_000


@dataclass(slots=True)
class RequestEntry:
    """One request. `status` is None when no answer was sent; `faults` are the actions that were applied.

    Sizes are of bodies, in bytes; `seconds` is how long the emulator took. `detail` is the grant of a token request or
    the range of an upload part.
    """

    number: int
    moment: datetime
    method: str
    operation: str
    path: str
    account: str | None = None
    status: int | None = None
    error: str | None = None
    received: int = 0
    sent: int = 0
    seconds: float = 0.0
    detail: str | None = None
    faults: tuple[str, ...] = ()
    in_batch: bool = False
    worked: bool = False

    def view(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "number": self.number,
            "dateTime": graph_time(self.moment),
            "method": self.method,
            "operation": self.operation,
            "path": self.path,
            "account": self.account,
            "status": self.status,
            "error": self.error,
            "received": self.received,
            "sent": self.sent,
            "seconds": round(self.seconds, 6),
            "detail": self.detail,
            "faults": list(self.faults),
            "inBatch": self.in_batch,
            "worked": self.worked,
        }


class RequestLog:
    """The latest requests, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[RequestEntry] = deque(maxlen=MOST_ENTRIES)
        self._numbers = count(1)

    def __iter__(self) -> Iterator[RequestEntry]:
        return iter(list(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def begin(self, moment: datetime, method: str, operation: str, path: str) -> RequestEntry:
        """Note a request that has arrived."""
        entry = RequestEntry(next(self._numbers), moment, method, operation, path)
        self._entries.append(entry)
        return entry

    def of(self, *operations: str) -> list[RequestEntry]:
        """The requests of those operations."""
        return [entry for entry in self._entries if entry.operation in operations]

    def counts(self) -> Counter[str]:
        """How many requests there were of each operation."""
        return Counter(entry.operation for entry in self._entries)

    def clear(self) -> None:
        """Forget them all."""
        self._entries.clear()
