"""Stands for what is made at its first use: a client that a request does not use costs that request nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast


class _Deferred:
    """Makes what it stands for when the first attribute of it is asked for."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._made: Any = None

    def __getattr__(self, name: str) -> Any:
        if self._made is None:
            self._made = self._make()
        return getattr(self._made, name)


def deferred[T](make: Callable[[], T]) -> T:
    """What `make` makes, as far as its methods and attributes go, made once and not before one of them is used.

    What `make` raises is raised there, at every use until it succeeds. Operators and `async with` do not reach it.
    """
    return cast("T", _Deferred(make))
