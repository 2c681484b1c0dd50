"""What became of a dropped document that was held: told by the held job to the submission. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass

from shared.camel import build, encode
from shared.submission.record import Outcome, Result


@dataclass(frozen=True, slots=True)
class Collected:
    """The end of the held job: the ledger's outcome, code and reason, who collected it where, and when."""

    outcome: str
    code: str
    reason: str
    person: str
    printer: str
    at: str


def encode_collected(collected: Collected) -> bytes:
    """The end as JSON."""
    return encode(collected)


def decode_collected(content: bytes) -> Collected:
    """Read it. What cannot be read is an end that is not known, because the job has ended all the same."""
    try:
        values = json.loads(content)
        return build(Collected, {name: str(value) for name, value in values.items()})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Collected("failed", "outcomeUnknown", "How the held job ended cannot be read.", "", "", "")


def submission_outcome(collected: Collected) -> Outcome:
    """How the submission ends by it; the code marks it as held, for the held job has its own row in the ledger."""
    if collected.outcome == "completed":
        place = f" at {collected.printer}" if collected.printer else ""
        return Outcome(Result.COMPLETED, COLLECTED, f"{collected.person} collected it{place}. {collected.reason}")
    return Outcome(Result.FAILED, f"{HELD_PREFIX}{collected.code}", collected.reason)


COLLECTED = "collected"
HELD_PREFIX = "held:"


def has_row_elsewhere(outcome: Outcome) -> bool:
    """Whether the held job's row in the ledger stands for this submission."""
    return outcome.code == COLLECTED or outcome.code.startswith(HELD_PREFIX)
