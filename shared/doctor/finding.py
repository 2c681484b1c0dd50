"""What a check found out, as programs and people read it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

ALL_WELL, NOT_TOLD, TO_MEND = 0, 1, 2


class Status(StrEnum):
    """How a check ended. What is skipped depends on something that failed, or is not in use."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


def mending(portal: str, command: str) -> str:
    """The step that mends it, in one sentence; empty where there is none."""
    if portal and command:
        return f"run `{command}`, or in the portal: {portal}"
    return f"run `{command}`" if command else portal


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. `words` is a sentence without a full stop.

    `portal` is the way through the portal in its words, `command` a line for a shell, either may be empty. `cause` is
    the stable name of an explained error. `told` is False where the check could not find out.
    """

    status: Status
    words: str
    portal: str = ""
    command: str = ""
    cause: str = ""
    told: bool = True

    @property
    def remedy(self) -> str:
        """The step that mends it."""
        return mending(self.portal, self.command)


@dataclass(frozen=True, slots=True)
class Line:
    """A finding under the stable id of its check, such as `storage.queue`, and what it is about: a queue's name."""

    check: str
    subject: str
    finding: Finding

    @property
    def group(self) -> str:
        """The first part of the id."""
        return self.check.partition(".")[0]

    def values(self) -> dict[str, Any]:
        """The line for programs."""
        found = self.finding
        return {
            "id": self.check,
            "subject": self.subject,
            "status": found.status.value,
            "words": found.words,
            "cause": found.cause,
            "remedy": found.remedy,
            "portal": found.portal,
            "command": found.command,
        }


def works(words: str) -> Finding:
    """It works."""
    return Finding(Status.OK, words)


def skipped(words: str) -> Finding:
    """It was not tried."""
    return Finding(Status.SKIPPED, words)


def warning(words: str, *, portal: str = "", command: str = "", cause: str = "") -> Finding:
    """It works, and will not for long, or not all of it."""
    return Finding(Status.WARNING, words, portal, command, cause)


def failed(words: str, *, portal: str = "", command: str = "", cause: str = "") -> Finding:
    """It does not work."""
    return Finding(Status.FAILED, words, portal, command, cause)


def exit_code(lines: Sequence[Line]) -> int:
    """0 where nothing failed (warnings do not count), 2 where something is to mend, 1 where it could not be told."""
    broken = [line.finding for line in lines if line.finding.status is Status.FAILED]
    if any(found.told for found in broken):
        return TO_MEND
    return NOT_TOLD if broken else ALL_WELL
