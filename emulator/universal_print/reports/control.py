"""What the control interface can do to reports: invent a past, take it back, correct a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from emulator.universal_print.clock import graph_time
from emulator.universal_print.reports.book import Reports
from emulator.universal_print.reports.history import History, plan_from_json


def add_history(reports: Reports, body: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Invent a past from the JSON of `plan_from_json`. Raises ValueError."""
    return _history_view(reports.add_history(plan_from_json(body, now.astimezone(UTC).date())))


def add_correction(reports: Reports, body: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Correct a day.

    The JSON has `date`, `userPrincipalName`, `printer` (id or name), `change` (amounts by Graph's names of counters),
    and `afterSeconds`, until when the reports do not know of it. Raises ValueError.
    """
    unknown = body.keys() - {"date", "userPrincipalName", "printer", "change", "afterSeconds"}
    if unknown:
        raise ValueError(f"A correction has no {min(unknown)}.")
    change, after = body.get("change"), body.get("afterSeconds", 0)
    if not isinstance(change, dict) or not all(type(amount) is int for amount in change.values()):
        raise ValueError("change must be an object of whole numbers.")
    if not isinstance(after, (int, float)) or isinstance(after, bool) or after < 0:
        raise ValueError("afterSeconds must be a number of seconds.")
    correction = reports.correct(
        date.fromisoformat(str(body.get("date"))),
        str(body.get("userPrincipalName", "")),
        str(body.get("printer", "")),
        change,
        now + timedelta(seconds=after),
    )
    return {"date": correction.day.isoformat(), "knownDateTime": graph_time(correction.known)}


def reports_view(reports: Reports) -> dict[str, Any]:
    """What was invented and corrected so far."""
    return {
        "histories": [_history_view(history) for history in reports.histories],
        "corrections": [
            {
                "date": correction.day.isoformat(),
                "userPrincipalName": correction.person.user_principal_name,
                "printerId": correction.printer.id,
                "change": correction.change,
                "knownDateTime": graph_time(correction.known),
            }
            for correction in reports.corrections
        ],
    }


def _history_view(history: History) -> dict[str, Any]:
    plan = history.plan
    return {
        "since": plan.since.isoformat(),
        "until": plan.until.isoformat() if plan.until is not None else None,
        "seed": plan.seed,
        "people": [person.user_principal_name for person in history.people],
        "printers": [{"id": printer.id, "displayName": printer.name} for printer in history.printers],
    }
