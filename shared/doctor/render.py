"""What the doctor shows to people and to programs. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.doctor.finding import Finding, Line, Status, exit_code

MARKS = {Status.OK: "ok", Status.WARNING: "warning", Status.FAILED: "FAILED", Status.SKIPPED: "skipped"}
_COLOURS = {Status.OK: "green", Status.WARNING: "yellow", Status.FAILED: "red", Status.SKIPPED: "bright_black"}


@dataclass(frozen=True, slots=True)
class Shown:
    """A line of text with its colour."""

    text: str
    colour: str = ""


def render(lines: Sequence[Line]) -> Iterator[Shown]:
    """One line for each check below the name of its group, what mends it beneath, and a summary."""
    group = ""
    for line in lines:
        if line.group != group:
            group = line.group
            yield Shown("")
            yield Shown(group.capitalize())
        found = line.finding
        yield Shown(f"  {MARKS[found.status]:<8}{_name(line)}: {found.words}", _COLOURS[found.status])
        if found.status in (Status.FAILED, Status.WARNING):
            yield from (Shown(f"          {step}") for step in _steps(found))
    yield Shown("")
    yield Shown(summary(lines))


def summary(lines: Sequence[Line]) -> str:
    """How many checks ended how, in one sentence."""
    counts = {status: sum(line.finding.status is status for line in lines) for status in Status}
    parts = [f"{counts[Status.OK]} work"]
    parts += [f"{counts[status]} {status.value}" for status in (Status.WARNING, Status.FAILED, Status.SKIPPED)]
    return f"{len(lines)} checks: " + ", ".join(part for part in parts if not part.startswith("0 "))


def as_json(lines: Sequence[Line]) -> str:
    """`{"exitCode", "summary", "checks"}`, each check with its stable id."""
    counts = {status.value: sum(line.finding.status is status for line in lines) for status in Status}
    document = {"exitCode": exit_code(lines), "summary": counts, "checks": [line.values() for line in lines]}
    return json.dumps(document, indent=2, ensure_ascii=False)


def _name(line: Line) -> str:
    name = line.check.partition(".")[2]
    return f"{name} {line.subject}" if line.subject else name


def _steps(found: Finding) -> Iterator[str]:
    if found.command:
        yield f"$ {found.command}"
    if found.portal:
        yield f"> {found.portal}"
