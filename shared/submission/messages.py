"""The queue messages that carry a submission from step to step."""

from __future__ import annotations

import json

from shared.errors import PrintFunctionsError


class MessageUnreadable(PrintFunctionsError):
    """A message that no function of this app wrote. It ends on the poison queue."""


def read_message(body: bytes) -> tuple[str, int]:
    """Key and sequence of a message. Raises MessageUnreadable."""
    try:
        message = json.loads(body)
        key, sequence = message["key"], message["sequence"]
    except (ValueError, KeyError, TypeError) as error:
        raise MessageUnreadable(f"not a submission message: {error!r}") from error
    if not isinstance(key, str) or not isinstance(sequence, int) or isinstance(sequence, bool):
        raise MessageUnreadable("not a submission message: key must be a text and sequence a number")
    return key, sequence
