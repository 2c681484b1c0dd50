"""The submission record: what is known of one file, and how far it has come.

    accepted ──► creating ──► created ──► starting ──► started ──► closing ──► closed
        ▲            │            │            │
        └────────────┴────────────┘            └─ from here on no other job is ever made for this file

Up to `created` nothing can have been printed, because only a started job prints; so a job that was lost, or whose
account lapsed, is replaced. `starting` is written before the start is sent: from then on the only moves are to look
that job up and to start that same job.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from shared.camel import build, encode
from shared.claimed import Claim
from shared.errors import PrintFunctionsError
from shared.times import moment

# The story of a record is for people: this many of its newest lines are kept.
HISTORY_LINES = 100
# The keys below these are other people's names (settings, metadata) and are kept as they are.
_VERBATIM = frozenset({"metadata", "configuration", "origins", "waiting"})


class State(StrEnum):
    """How far a submission has come; see the module's picture."""

    ACCEPTED = "accepted"
    CREATING = "creating"
    CREATED = "created"
    STARTING = "starting"
    STARTED = "started"
    CLOSING = "closing"
    CLOSED = "closed"


class Result(StrEnum):
    """How a submission ended."""

    COMPLETED = "completed"
    FAILED = "failed"
    SUPERSEDED = "superseded"


class RecordUnreadable(PrintFunctionsError):
    """A stored record is not one that this release can read."""


@dataclass(frozen=True, slots=True)
class Document:
    """The file as it lay in the inbox when it was accepted."""

    container: str
    name: str
    etag: str
    size: int
    created: str
    content_type: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def share_name(self) -> str:
        """The first folder of the path, which names the share; empty where the file lies in no folder."""
        first, slash, _ = self.name.partition("/")
        return first if slash else ""

    @property
    def file_name(self) -> str:
        """The last part of the path."""
        return self.name.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended: a result, a stable word, and a sentence for a person."""

    result: Result
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Job:
    """The Graph job that prints the document.

    `upload` is the sealed URL of the upload session; `settled` says that the account's place in submission is free.
    """

    account: str
    share_id: str
    printer_id: str
    printer_name: str
    content_type: str
    configuration: Mapping[str, Any]
    origins: Mapping[str, str]
    owner: str | None = None
    id: str | None = None
    document_id: str | None = None
    upload: str | None = None
    creating_since: str | None = None
    started: str | None = None
    cancel_asked: str | None = None
    settled: bool = False


@dataclass(frozen=True, slots=True)
class JobSighting:
    """A state that Graph reported for the job, and when it was first seen."""

    state: str
    details: tuple[str, ...]
    description: str
    at: str


@dataclass(frozen=True, slots=True)
class Record:
    """One submission. `sequence` counts scheduled steps, so that messages from before the newest step are known.

    `uploaded` is how many bytes Graph held when the claim was last renewed; `ended` is when the outcome was known.
    """

    key: str
    document: Document
    accepted: str
    state: State = State.ACCEPTED
    sequence: int = 0
    attempts: int = 0
    deaths: int = 0
    uploaded: int = 0
    next_at: str = ""
    claim: Claim | None = None
    job: Job | None = None
    refused_accounts: tuple[str, ...] = ()
    sightings: tuple[JobSighting, ...] = ()
    waiting: Mapping[str, str] | None = None
    outcome: Outcome | None = None
    ended: str | None = None
    moved_to: str | None = None
    receipt: str | None = None
    closed: str | None = None
    history: tuple[tuple[str, str], ...] = ()

    def with_event(self, at: str, text: str) -> Record:
        """The record with one more line of its story."""
        return replace(self, history=(*self.history, (at, text))[-HISTORY_LINES:])


def submission_key(container: str, name: str, etag: str) -> str:
    """The key of a file's version: the same file announced twice has one key, the same name overwritten has two."""
    text = f"{container}/{name}\n{etag.strip(chr(34))}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def encode_record(record: Record) -> bytes:
    """The record as JSON, camel-cased as Graph is."""
    return encode(record, _VERBATIM)


def decode_record(content: bytes) -> Record:
    """Read a record. Raises RecordUnreadable."""
    try:
        values = json.loads(content)
        record = Record(
            key=values["key"],
            document=build(Document, values["document"]),
            accepted=values["accepted"],
            state=State(values["state"]),
            sequence=values["sequence"],
            attempts=values["attempts"],
            deaths=values["deaths"],
            uploaded=values.get("uploaded", 0),
            next_at=values["nextAt"],
            claim=build(Claim, values["claim"]),
            job=build(Job, values["job"]),
            refused_accounts=tuple(values["refusedAccounts"]),
            sightings=tuple(
                JobSighting(entry["state"], tuple(entry["details"]), entry["description"], entry["at"])
                for entry in values["sightings"]
            ),
            waiting=values["waiting"],
            outcome=_outcome(values["outcome"]),
            ended=values.get("ended"),
            moved_to=values["movedTo"],
            receipt=values["receipt"],
            closed=values["closed"],
            history=tuple((line[0], line[1]) for line in values["history"]),
        )
        _check_types(record)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError) as error:
        raise RecordUnreadable(f"a submission record cannot be read: {error!r}") from error
    return record


def _check_types(record: Record) -> None:
    """What decisions compare must be of its kind, or a delivery would fail in the middle. Raises ValueError."""
    document, job = record.document, record.job
    numbers = (record.sequence, record.attempts, record.deaths, record.uploaded, document.size)
    if not all(type(number) is int and number >= 0 for number in numbers):
        raise ValueError("a count is not a whole number")
    texts: list[object] = [record.key, document.container, document.name, document.etag, *record.refused_accounts]
    if job is not None:
        texts += [job.account, job.share_id, job.printer_id]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("a name is not a text")
    times = [record.accepted, *(sighting.at for sighting in record.sightings)]
    times += [record.claim.until] if record.claim else []
    may_lack = [
        record.next_at or None,
        record.ended,
        *((job.creating_since, job.started, job.cancel_asked) if job else ()),
    ]
    for time in (*times, *(time for time in may_lack if time is not None)):
        moment(time)


def _outcome(values: Mapping[str, str] | None) -> Outcome | None:
    return Outcome(Result(values["result"]), values["code"], values["reason"]) if values else None
