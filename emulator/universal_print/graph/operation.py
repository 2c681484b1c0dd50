"""A row of the table of operations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# The one type of an answer that is not in the schema's files: OData's own.
STRINGS = "Collection(Edm.String)"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of Graph.

    `delegated` and `application` list the permissions of which a token needs one; an empty one means that such tokens
    are refused. `delegated_also` and `application_also` list those of which it needs one more. `administrator` asks
    for a user who administers printers. `answers` is the CSDL type of a successful body, `Collection(…)` for lists.
    """

    name: str
    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    delegated: tuple[str, ...] = ()
    application: tuple[str, ...] = ()
    answers: str | None = None
    delegated_also: tuple[str, ...] = ()
    application_also: tuple[str, ...] = ()
    administrator: bool = False
    query: frozenset[str] = frozenset()

    @property
    def is_of_directory(self) -> bool:
        """Whether Entra's directory answers it, and not a service behind Graph."""
        return "/print" not in self.path and not self.path.startswith(("/reports", "/subscriptions"))


def query_options(*names: str) -> frozenset[str]:
    """Names of OData's options, as they stand in an address."""
    return frozenset(f"${name}" for name in names)
