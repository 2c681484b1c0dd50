"""What the code says of itself. Nothing happens, and nothing is imported, until a recorder is put in place.

A trace needs no context that is carried along: the id of a submission has 128 bits, as a trace's has, and so has that
of a print task. Whoever holds the key in a receipt holds the trace, across every queue, retry and crash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

type Attributes = Mapping[str, str | int | float | bool]

_TRACE_DIGITS = 32
_HEXADECIMAL = frozenset("0123456789abcdef")


class Recorder(Protocol):
    """Takes spans and measurements."""

    def span(self, name: str, trace_id: str | None, attributes: Attributes) -> AbstractContextManager[None]:
        """Record how long the block takes and how it ends, in the trace of that id, or in the current one."""
        ...

    def count(self, name: str, amount: int, attributes: Attributes) -> None:
        """Add to a counter."""
        ...

    def measure(self, name: str, value: float, unit: str, attributes: Attributes) -> None:
        """Add a value to a distribution."""
        ...


_recorder: Recorder | None = None


def use(recorder: Recorder | None) -> None:
    """Put a recorder in place, or none."""
    global _recorder
    _recorder = recorder


@contextmanager
def span(name: str, trace_id: str | None = None, **attributes: str | float | bool) -> Iterator[None]:
    """A step of the work, named as a person would name it."""
    if _recorder is None:
        yield
        return
    with _recorder.span(name, trace_id, attributes):
        yield


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
