"""A held job: what a kiosk shows of it, what a release needs, and how far it has come.

    held ──► releasing ──► released ──► (printed: removed)
     │  ◄────────┘ not done     └─────► failed   (told at the next tap, then removed)
     └─────► ending ──► (discarded, aborted or gone: removed)
                   └──► expired                  (told at the next tap, then removed)

`releasing` and `ending` are claims with an end. They are written before Graph is asked, so two kiosks cannot both ask.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from shared.camel import build, encode
from shared.errors import PrintFunctionsError
from shared.names import held_path
from shared.submission.record import JobSighting
from shared.times import moment

# A listing shows this much of a name and of a reason, in characters.
_SHOWN_NAME = 200
_SHOWN_REASON = 300
_VERBATIM = frozenset({"configuration"})


class HeldState(StrEnum):
    """How far a held job has come; see the module's picture."""

    HELD = "held"
    RELEASING = "releasing"
    RELEASED = "released"
    FAILED = "failed"
    ENDING = "ending"
    EXPIRED = "expired"


class HeldEntryUnreadable(PrintFunctionsError):
    """A stored entry is not one that this release can read."""


@dataclass(frozen=True, slots=True)
class HeldOutcome:
    """How it ended, or is to end: a stable word, a sentence for a person, and when (ISO 8601, UTC)."""

    code: str
    reason: str
    at: str


@dataclass(frozen=True, slots=True)
class HeldRelease:
    """A release: who asked for it where, what was asked, and until when the claim stands (ISO 8601, UTC).

    `kiosk_id` is None for an operator. `configuration` is the printJobConfiguration for the destination. `run` names
    one call alone: two claims of one moment must not look the same to a store that is asked whose it keeps.
    """

    kiosk_id: str | None
    printer_id: str
    printer_name: str
    by: str
    configuration: Mapping[str, Any]
    at: str
    until: str
    run: str
    destination_job_id: str | None = None


@dataclass(frozen=True, slots=True)
class HeldEnding:
    """A job that is being aborted, and what its end will be called. `by` None: nobody asked, its time was over."""

    outcome: HeldOutcome
    until: str
    run: str
    by: str | None = None
    kiosk_id: str | None = None


@dataclass(frozen=True, slots=True)
class HeldEntry:
    """One job of a virtual printer, held for the person `user_id`. Times are ISO 8601 in UTC.

    `due` is when the next look should have happened, for an entry that somebody is to go on with. `owner_of` is the
    print account that printed the document for this person, None where the person did; `submission` is then the key of
    the dropped file. `told` says that the person has been shown the outcome. `sequence` counts scheduled looks, so that
    messages from before the newest one are known.
    """

    user_id: str
    user_principal_name: str
    user_name: str
    printer_id: str
    job_id: str
    document_id: str | None
    definition_id: str
    task_id: str
    document_name: str
    content_type: str
    size: int
    configuration: Mapping[str, Any]
    created: str
    held: str
    expires: str
    pages: int | None = None
    owner_of: str | None = None
    submission: str | None = None
    state: HeldState = HeldState.HELD
    sequence: int = 0
    due: str | None = None
    release: HeldRelease | None = None
    ending: HeldEnding | None = None
    outcome: HeldOutcome | None = None
    told: bool = False
    sightings: tuple[JobSighting, ...] = field(default=())

    @property
    def path(self) -> str:
        """Where the entry lies in the state container."""
        return held_path(self.user_id, self.printer_id, self.job_id)

    @property
    def run(self) -> str | None:
        """The call whose claim or release this is; None for a job that is only held."""
        whose = self.ending or self.release
        return whose.run if whose else None


@dataclass(frozen=True, slots=True)
class HeldView:
    """What a listing shows of an entry, without reading it. Names and reasons are cut to what a screen shows.

    `until` is the end of a claim, for an entry that is `releasing` or `ending`; `due` is when somebody should have gone
    on with it.
    """

    path: str
    user_principal_name: str
    user_name: str
    document_name: str
    content_type: str
    size: int
    pages: int | None
    created: str
    held: str
    expires: str
    state: HeldState
    copies: int
    color_mode: str | None
    duplex_mode: str | None
    owner_of: str | None
    task_id: str
    outcome: HeldOutcome | None
    until: str | None
    due: str | None
    told: bool


def encode_entry(entry: HeldEntry) -> bytes:
    """The entry as JSON, camel-cased as Graph is."""
    return encode(entry, _VERBATIM)


def decode_entry(content: bytes) -> HeldEntry:
    """Read an entry. Raises HeldEntryUnreadable."""
    try:
        values = dict(json.loads(content))
        ending = values.pop("ending", None)
        parts: dict[str, Any] = {
            "state": HeldState(values.pop("state")),
            "release": build(HeldRelease, values.pop("release", None)),
            "ending": build(HeldEnding, {**ending, "outcome": build(HeldOutcome, ending["outcome"])})
            if ending
            else None,
            "outcome": build(HeldOutcome, values.pop("outcome", None)),
            "sightings": tuple(
                JobSighting(seen["state"], tuple(seen["details"]), seen["description"], seen["at"])
                for seen in values.pop("sightings", ())
            ),
        }
        entry = build(HeldEntry, {**values, **parts})
        _check(entry)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError) as error:
        raise HeldEntryUnreadable(f"a held entry cannot be read: {error!r}") from error
    return entry


def summary(entry: HeldEntry) -> dict[str, Any]:
    """What a listing shows of the entry; small enough for a blob's metadata."""
    configuration, outcome = entry.configuration, entry.outcome
    claim = entry.release if entry.state is HeldState.RELEASING else entry.ending
    return {
        "upn": entry.user_principal_name,
        "name": entry.user_name[:_SHOWN_NAME],
        "document": entry.document_name[:_SHOWN_NAME],
        "type": entry.content_type[:_SHOWN_NAME],
        "size": entry.size,
        "pages": entry.pages,
        "created": entry.created,
        "held": entry.held,
        "expires": entry.expires,
        "state": entry.state.value,
        "copies": configuration.get("copies") or 1,
        "color": configuration.get("colorMode"),
        "duplex": configuration.get("duplexMode"),
        "ownerOf": entry.owner_of,
        "task": entry.task_id,
        "outcome": [outcome.code, outcome.reason[:_SHOWN_REASON], outcome.at] if outcome else None,
        "until": claim.until if claim else None,
        "due": entry.due,
        "told": entry.told,
    }


def read_view(path: str, values: Mapping[str, Any]) -> HeldView:
    """What `summary` wrote. Raises HeldEntryUnreadable."""
    try:
        outcome = values["outcome"]
        view = HeldView(
            path=path,
            user_principal_name=values["upn"],
            user_name=values["name"],
            document_name=values["document"],
            content_type=values["type"],
            size=int(values["size"]),
            pages=values["pages"],
            created=values["created"],
            held=values["held"],
            expires=values["expires"],
            state=HeldState(values["state"]),
            copies=int(values["copies"]),
            color_mode=values["color"],
            duplex_mode=values["duplex"],
            owner_of=values["ownerOf"],
            task_id=values["task"],
            outcome=HeldOutcome(outcome[0], outcome[1], outcome[2]) if outcome else None,
            until=values["until"],
            due=values["due"],
            told=values["told"] is True,
        )
        for time in (view.created, view.held, view.expires, *(text for text in (view.until, view.due) if text)):
            moment(time)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise HeldEntryUnreadable(f"the summary of {path} cannot be read: {error!r}") from error
    return view


def _check(entry: HeldEntry) -> None:
    """What decisions compare must be of its kind. Raises ValueError."""
    if not all(type(number) is int and number >= 0 for number in (entry.size, entry.sequence)):
        raise ValueError("a count is not a whole number")
    names = (entry.user_id, entry.user_principal_name, entry.printer_id, entry.job_id, entry.task_id)
    if not all(isinstance(name, str) for name in (*names, entry.definition_id, entry.document_name)):
        raise ValueError("a name is not a text")
    if not isinstance(entry.configuration, dict):
        raise ValueError("the configuration is not an object")
    times = [entry.created, entry.held, entry.expires]
    times += [entry.release.until, entry.release.at] if entry.release else []
    times += [entry.ending.until] if entry.ending else []
    times += [entry.due] if entry.due else []
    for time in (*times, *(seen.at for seen in entry.sightings)):
        moment(time)
