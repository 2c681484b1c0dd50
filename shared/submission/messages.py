"""The queue messages that carry a submission from step to step."""

from __future__ import annotations

import json
import re
from typing import Any

from shared.errors import PrintFunctionsError
from shared.telemetry.signals import traceparent_of

# What `submission_key` makes. Anything else could name another document of state.
_KEY = re.compile(r"[0-9a-f]{32}")


class MessageUnreadable(PrintFunctionsError):
    """A message that no function of this app wrote. It ends on the poison queue."""


def read_message(body: bytes) -> tuple[str, int]:
    """Key and sequence of a message. Raises MessageUnreadable."""
    try:
        message = json.loads(body)
        key, sequence = message["key"], message["sequence"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise MessageUnreadable(f"not a submission message: {error!r}") from error
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise MessageUnreadable("not a submission message: key is not that of a submission")
    if not isinstance(sequence, int) or isinstance(sequence, bool) or sequence < 0:
        raise MessageUnreadable("not a submission message: sequence must be a number from 0")
    return key, sequence


def submission_message(key: str, sequence: int) -> dict[str, Any]:
    """The message that brings the step `sequence` of a submission."""
    return {"key": key, "sequence": sequence, "traceparent": traceparent_of(key)}
