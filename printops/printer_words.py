"""How a printer stands, in words (Graph: printerStatus)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_STATES = {
    "unknown": "has not reported yet",
    "idle": "ready",
    "processing": "printing",
    "stopped": "stopped",
}
# Of the 826 details those that read badly when only split into words.
_DETAILS = {
    "none": "",
    "other": "",
    "mediaJam": "paper jam",
    "mediaNeeded": "needs paper",
    "mediaLow": "paper is low",
    "mediaEmpty": "out of paper",
    "coverOpen": "a cover is open",
    "doorOpen": "a door is open",
    "interlockOpen": "an interlock is open",
    "inputTrayMissing": "an input tray is missing",
    "outputTrayMissing": "an output tray is missing",
    "outputAreaFull": "the output tray is full",
    "outputAreaAlmostFull": "the output tray is almost full",
    "markerSupplyLow": "toner or ink is low",
    "markerSupplyEmpty": "out of toner or ink",
    "tonerLow": "toner is low",
    "tonerEmpty": "out of toner",
    "markerWasteFull": "the waste container is full",
    "markerWasteAlmostFull": "the waste container is almost full",
    "fuserOverTemp": "the fuser is too hot",
    "fuserUnderTemp": "the fuser is too cold",
    "spoolAreaFull": "its memory is full",
    "connectingToDevice": "connecting to the device",
    "disconnected": "not connected",
    "timedOut": "the device does not answer",
    "stoppedPartially": "stopped in part",
    "movingToPaused": "going to pause",
}
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def state_in_words(printer: Mapping[str, Any]) -> str:
    """What state it is in."""
    state = str((printer.get("status") or {}).get("state") or "unknown")
    return _STATES.get(state, _split(state))


def details_in_words(printer: Mapping[str, Any]) -> str:
    """What there is to tell about the state; the service's own description where there are no details."""
    status = printer.get("status") or {}
    details = [_DETAILS.get(str(detail), _split(str(detail))) for detail in status.get("details") or ()]
    told = ", ".join(dict.fromkeys(detail for detail in details if detail))
    return told or str(status.get("description") or "")


def accepting_in_words(printer: Mapping[str, Any]) -> str:
    """Whether it takes jobs; the service does not know of one that has never reported."""
    accepting = printer.get("isAcceptingJobs")
    return "not reported" if accepting is None else ("yes" if accepting else "no")


def minutes(value: object) -> str:
    """A time of Graph to the minute, in UTC."""
    return str(value)[:16].replace("T", " ") if value else "never"


def _split(name: str) -> str:
    return _WORD.sub(" ", name).lower()
