"""What the code says of itself. Nothing happens, and nothing is imported, until a recorder is put in place.

The id of a submission has 128 bits, as a trace's has, and so has that of a print task: each is the id of its trace.
Whoever holds the key in a receipt holds the trace, across every queue, retry and crash. Messages carry it as a
traceparent (W3C Trace Context), so that whoever looks at a queue sees the trace too.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Protocol

type Attributes = Mapping[str, str | int | float | bool]

_TRACE_DIGITS = 32
_HEXADECIMAL = frozenset("0123456789abcdef")
TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


class Recorder(Protocol):
    """Takes spans and measurements."""

    def span(
        self, name: str, parent: str | None, links: Sequence[str], attributes: Attributes, *, fallback: str | None
    ) -> AbstractContextManager[None]:
        """Record how long the block takes and how it ends: below `parent`, or below the step that it is within.

        `parent` and `links`, the other traces that led to it, are traceparents; `fallback` is what it is below where
        it is within none.
        """
        ...

    def count(self, name: str, amount: int, attributes: Attributes) -> None:
        """Add to a counter."""
        ...

    def measure(self, name: str, value: float, unit: str, attributes: Attributes) -> None:
        """Add a value to a distribution."""
        ...


_recorder: Recorder | None = None
# Each invocation runs in a context of its own, also where many share a worker.
_invocation: ContextVar[str | None] = ContextVar("invocation", default=None)


def use(recorder: Recorder | None) -> None:
    """Put a recorder in place, or none."""
    global _recorder
    _recorder = recorder


def invoked(traceparent: str | None) -> None:
    """Join what follows in this invocation to what the host records of it (Functions: trace context).

    A step of a document's own trace is linked to it; a call that belongs to no document is a part of it.
    """
    _invocation.set(traceparent if traceparent and TRACEPARENT.fullmatch(traceparent) else None)


@contextmanager
def span(
    name: str, trace_id: str | None = None, *, carried: str | None = None, **attributes: str | float | bool
) -> Iterator[None]:
    """A step of the work, named as a person would name it, in the trace `trace_id`.

    `carried` is the traceparent of the message that brought the work: of the same trace, or of another that is linked.
    """
    if _recorder is None:
        yield
        return
    parent = _traceparent(trace_id) if trace_id else carried
    with _recorder.span(name, parent, _links(parent, carried), attributes, fallback=_invocation.get()):
        yield


def _links(parent: str | None, carried: str | None) -> list[str]:
    """The other traces that led to a step. A step within a step needs none: its parent has them."""
    if parent is None:
        return []
    others = {found[3:35]: found for found in (_invocation.get(), carried) if found}
    return [found for trace_id, found in others.items() if trace_id != parent[3:35]]


def count(name: str, amount: int = 1, **attributes: str | float | bool) -> None:
    """Something happened."""
    if _recorder is not None:
        _recorder.count(name, amount, attributes)


def measure(name: str, value: float, unit: str, **attributes: str | float | bool) -> None:
    """Something took or was so much. `unit` is that of UCUM: s, By, {message}."""
    if _recorder is not None:
        _recorder.measure(name, value, unit, attributes)


def trace_of(key: str) -> str:
    """The id of the trace of a submission's key or a print task's id: 32 hexadecimal digits, not all zero."""
    digits = key.replace("-", "").lower()
    if len(digits) == _TRACE_DIGITS and set(digits) <= _HEXADECIMAL and set(digits) != {"0"}:
        return digits
    return hashlib.sha256(key.encode(errors="backslashreplace")).hexdigest()[:_TRACE_DIGITS]


def traceparent_of(key: str) -> str:
    """The trace of a submission's key or a print task's id, as messages about it carry it."""
    return _traceparent(trace_of(key))


def traceparent_in(message: Mapping[str, object]) -> str | None:
    """The traceparent that a message carries; None where it carries none that is one."""
    value = message.get("traceparent")
    return value if isinstance(value, str) and TRACEPARENT.fullmatch(value) else None


def _traceparent(trace_id: str) -> str:
    """The parent stands for the whole trace: its id is the first half of the trace's."""
    return f"00-{trace_id}-{int(trace_id[:16], 16) or 1:016x}-01"
