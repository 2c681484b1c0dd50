"""Faults by script: what goes wrong with which request, and how often."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from email.utils import format_datetime
from fnmatch import fnmatchcase
from itertools import count
from typing import Any, Literal, get_args

type Action = Literal[
    "status",
    "delay",
    "dropBefore",
    "dropAfter",
    "cutRequest",
    "cutReply",
    "restart",
    "lose",
    "double",
    "late",
    "reorder",
]

ACTIONS: tuple[str, ...] = get_args(Action.__value__)
# The operation of what the emulator sends itself, and what can go wrong with that alone.
NOTIFICATION = "notification"
NOTIFICATION_ACTIONS = frozenset({"lose", "double", "late", "reorder"})
_ids = count(1)


@dataclass(slots=True)
class Fault:
    """One fault.

    `operation` is an operation name or a pattern with `*`; `path` a regular expression to find in the request's path.
    The first `skip` requests that match go well, then `count` of them fail (None: all from then on).

    - `status` answers `status`, `code` and `message`; with `after`, once the work is done. With `html` the answer is a
      page of the gateway in front of the service, without a code or the headers of Graph.
    - `delay` waits `seconds` of real time before the work, or with `after` before the answer.
    - `dropBefore` cuts the connection before any work, `dropAfter` once it is done and before the answer.
    - `cutRequest` and `cutReply` cut it when the part `at` (0 to 1) of that body has passed.
    - `restart` cuts every connection, forgets sign-ins under way, and refuses connections for `seconds`; with `after`,
      once the work is done.

    Of a change notification (the operation `notification`; its path is the resource's):

    - `lose` never sends it, `double` sends it twice, `late` sends it `seconds` later by the emulator's clock.
    - `reorder` sends it after the next one to the same address, or five minutes later.

    `retry_after` in seconds becomes the header, as an HTTP date where `retry_after_as_date` is set.
    """

    action: Action
    operation: str = "*"
    path: str = ""
    skip: int = 0
    count: int | None = 1
    status: int = 503
    code: str = "serviceNotAvailable"
    message: str = "The service is temporarily unavailable. Please retry."
    retry_after: float | None = None
    retry_after_as_date: bool = False
    seconds: float = 0.0
    at: float = 0.5
    after: bool = False
    html: bool = False
    id: int = field(default_factory=lambda: next(_ids))
    matched: int = 0
    applied: int = 0

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise ValueError(f"There is no fault {self.action!r}; there are: {', '.join(ACTIONS)}.")
        re.compile(self.path)

    def matches(self, operation: str, path: str) -> bool:
        """Whether the request is one that the fault is about."""
        return fnmatchcase(operation, self.operation) and re.search(self.path, path) is not None

    def retry_after_header(self, now: datetime) -> str | None:
        """The header's value (RFC 9110, 10.2.3)."""
        if self.retry_after is None:
            return None
        if self.retry_after_as_date:
            return format_datetime(now + timedelta(seconds=self.retry_after), usegmt=True)
        return str(round(self.retry_after))


class Faults:
    """The script."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def __iter__(self) -> Any:
        return iter(list(self._faults))

    def add(self, fault: Fault) -> Fault:
        """Add a fault to the script; it is returned so that a test can ask how often it was applied."""
        self._faults.append(fault)
        return fault

    def remove(self, fault_id: int) -> bool:
        """Take one out. False when there is none of that id."""
        kept = [fault for fault in self._faults if fault.id != fault_id]
        removed = len(kept) != len(self._faults)
        self._faults = kept
        return removed

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self._faults.clear()

    def take(self, operation: str, path: str, *, in_batch: bool = False) -> list[Fault]:
        """What goes wrong with this request or notification: every delay that is due, and the first other fault.

        A part of a batch has no connection of its own, so `in_batch` leaves out all that is done to one.
        """
        due: list[Fault] = []
        for fault in self._faults:
            if (fault.action in NOTIFICATION_ACTIONS) != (operation == NOTIFICATION):
                continue
            if not fault.matches(operation, path) or (in_batch and fault.action not in {"status", "delay"}):
                continue
            if fault.action != "delay" and any(other.action != "delay" for other in due):
                continue
            fault.matched += 1
            if fault.matched <= fault.skip or (fault.count is not None and fault.applied >= fault.count):
                continue
            fault.applied += 1
            due.append(fault)
        return due


def fault_from_json(body: dict[str, Any]) -> Fault:
    """A fault from its JSON form, whose names are in camel case. Raises ValueError naming what is wrong."""
    settable = {field.name for field in fields(Fault)} - {"id", "matched", "applied"}
    values = {_snake(name): value for name, value in body.items()}
    unknown = values.keys() - settable
    if unknown:
        raise ValueError(f"A fault has no {', '.join(sorted(unknown))}; it has: {', '.join(sorted(settable))}.")
    try:
        return Fault(**values)
    except (TypeError, re.error) as error:
        raise ValueError(str(error)) from None


def fault_view(fault: Fault) -> dict[str, Any]:
    """The JSON form."""
    return {_camel(field.name): getattr(fault, field.name) for field in fields(fault)}


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower()


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)
