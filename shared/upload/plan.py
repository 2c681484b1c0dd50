"""Decides what an upload does next. No I/O: `prepare` says what to send, `process` takes in what came back.

The far side is the truth. Every answer that lists ranges says what was missing when it was written; what had been
acknowledged before that request left, and is listed nevertheless, was lost over there and is sent again. What was
acknowledged while the request was under way is not: answers of parallel requests overtake each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.bounds import Bounds
from shared.graph.translation import retry_after
from shared.upload.answers import read_document, read_error_code, read_state
from shared.upload.ranges import ALIGNMENT, ByteRange, ByteRanges, balanced_part_bytes
from shared.upload.session import CompletedDocument, UploadProgress, UploadSession

# Graph: upload-data-to-upload-session: a request is under 10 MB and at most 4 are under way.
PART_LIMIT_BYTES = 10_000_000 - 1
PARTS_IN_FLIGHT_LIMIT = 4
# Without a Retry-After, waits start here and double.
FIRST_WAIT_SECONDS = 0.25

_SESSION_ENDED = frozenset({401, 403, 404, 410})
_UNSURE = frozenset({409, 412, 416, 423})


@dataclass(frozen=True, slots=True)
class Part:
    """One PUT: `range`, sent for the `attempt`-th time. `known` is what was acknowledged before it left."""

    range: ByteRange
    attempt: int
    known: ByteRanges


@dataclass(frozen=True, slots=True)
class Question:
    """One GET of the session, `after` seconds from now. `settles` are the bytes whose fate it tells."""

    after: float
    known: ByteRanges
    settles: ByteRanges


@dataclass(frozen=True, slots=True)
class Stored:
    """The service holds the part."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Nobody knows whether the service holds the part: a Question comes next."""


@dataclass(frozen=True, slots=True)
class Again:
    """The service does not hold the part: it will be sent again."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing new is sent for `seconds`; what is under way goes on."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Completed:
    """The service holds the whole document."""

    document: CompletedDocument


@dataclass(frozen=True, slots=True)
class Gone:
    """The session has ended; `reason` says how that showed."""

    reason: str


@dataclass(frozen=True, slots=True)
class PutOff:
    """The upload goes on in `seconds`, in another run; `code` and `reason` say why."""

    code: str
    reason: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Refused:
    """The service will never take this upload; `reason` says why."""

    reason: str


type Ending = Completed | Gone | PutOff | Refused
type Decision = Stored | Ask | Again | Pause | Ending


class UploadPlan:
    """The state of one upload into one session."""

    def __init__(self, session: UploadSession, size: int, *, bounds: Bounds, random: Callable[[], float]) -> None:
        if size <= 0:
            raise ValueError("an empty document cannot be uploaded")
        self._size = size
        self._bounds = bounds
        self._random = random
        self._expires = session.expires
        self._whole = ByteRanges.whole(size)
        self._held = self._whole.difference(session.missing)
        self._doubtful = ByteRanges()
        self._question_after = 0.0
        self._asking: Question | None = None
        self._unanswered = 0
        self._trouble = ""
        self._flights: set[Part] = set()
        self._attempts: dict[int, int] = {}
        self._at_once = min(PARTS_IN_FLIGHT_LIMIT, max(1, bounds.upload_parts_in_flight))
        self._part_bytes = balanced_part_bytes(
            session.missing.total(),
            largest=max(ALIGNMENT, min(PART_LIMIT_BYTES, bounds.upload_part_bytes)),
            at_once=self._at_once,
        )
        self.pause = 0.0
        self.ending: Ending | None = None

    @property
    def missing(self) -> ByteRanges:
        """What the service is not known to hold."""
        return self._whole.difference(self._held)

    @property
    def expires(self) -> datetime | None:
        """When the session ends, as last heard."""
        return self._expires

    def progress(self, session_number: int) -> UploadProgress:
        """The bytes that are held and under way now."""
        in_flight = sum(len(part.range) for part in self._flights)
        return UploadProgress(self._size, self._held.total(), in_flight, session_number)

    def resumed(self, seconds: float) -> None:
        """`seconds` of the pause are over."""
        self.pause = max(0.0, self.pause - seconds)

    def prepare(self, now: datetime) -> Part | Question | None:
        """What to send now, or None: then something is under way, `pause` is not over, or `ending` is set."""
        if self.ending is not None or self.pause > 0:
            return None
        if self._expires is not None and now >= self._expires:
            self.ending = Gone("its time is over")
            return None
        under_way = len(self._flights) + (self._asking is not None)
        if under_way >= self._at_once:
            return None
        if self._doubtful and self._asking is None:
            return self._ask()
        if (part := self._todo().first_part(self._part_bytes)) is not None:
            return self._send(part)
        # Everything was acknowledged and nothing is under way, yet no answer said that the document is complete.
        return self._ask() if under_way == 0 else None

    def process(
        self, step: Part | Question, status: int, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> Decision:
        """Take in the answer to `step`. `headers` has lower-case names."""
        if isinstance(step, Question):
            return self._decide(self._process_answer(step, status, headers, body, now))
        self._flights.discard(step)
        if status in (200, 201) and (document := read_document(body, certain=status == 201)) is not None:
            return self._decide(Completed(document))
        if status in (200, 202):
            missing = self._missing(body)
            if missing is None:
                return self._doubt(step, 0.0)
            self._learn(missing, step.known, step.range)
            if ByteRanges((step.range,)).intersection(missing):
                return Again()
            self._attempts.pop(step.range.start, None)
            self._unanswered = 0
            return Stored()
        if status in _SESSION_ENDED:
            return self._decide(Gone(f"it answered {status}"))
        if status == 429:
            return self._decide(self._pause(step.attempt, "uploadThrottled", status, headers, now))
        if status == 408 or status >= 500:
            self._trouble = str(status)
            self._doubt(step, 0.0)
            return self._decide(self._pause(step.attempt, "uploadUnavailable", status, headers, now))
        if 400 <= status < 500 and status not in _UNSURE:
            return self._decide(Refused(f"the upload host refused a part: {status} {read_error_code(body)}".rstrip()))
        # The host may still be busy with an earlier send of the part: asking at once again would say nothing new.
        return self._doubt(step, self._wait(step.attempt) if step.attempt > 1 else 0.0)

    def process_loss(self, step: Part | Question, cause: str) -> Decision:
        """No answer came, for `cause`: the part may be stored or not, the question stays open."""
        self._trouble = cause
        if isinstance(step, Question):
            return self._decide(self._unheard(step))
        self._flights.discard(step)
        return self._doubt(step, self._wait(step.attempt))

    def process_unsent(self, part: Part, cause: str) -> Decision:
        """Reading the document broke off, for `cause`, so the service cannot hold the part: it is sent again."""
        self._trouble = cause
        self._flights.discard(part)
        return self._decide(Pause(self._wait(part.attempt)))

    def _process_answer(
        self, question: Question, status: int, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> Decision:
        if status in _SESSION_ENDED:
            self._asking = None
            return Gone(f"it answered {status}")
        if status in (408, 429) or status >= 500:
            self._trouble = str(status)
            tired = self._unheard(question)
            # The pause is the wait: the next question follows it at once.
            self._question_after = 0.0
            code = "uploadThrottled" if status == 429 else "uploadUnavailable"
            paused = self._pause(self._unanswered, code, status, headers, now)
            return tired if isinstance(tired, PutOff) and isinstance(paused, Pause) else paused
        missing = self._missing(body) if status == 200 else None
        if missing is None:
            return self._unheard(question)
        self._asking = None
        self._learn(missing, question.known, None)
        self._doubtful = self._doubtful.difference(question.settles)
        if missing:
            self._unanswered = 0
            return Again()
        # Complete, as it seems, but without the answer that says so: ask again, ever later, and in the end the job.
        tired = self._unheard(question)
        return Gone("it lacks nothing and never said that it is complete") if isinstance(tired, PutOff) else tired

    def _unheard(self, question: Question) -> Decision:
        self._asking = None
        self._unanswered += 1
        self._question_after = max(self._question_after, self._wait(self._unanswered))
        if self._unanswered >= self._bounds.upload_part_attempts:
            return self._tired(f"the upload session was asked {self._unanswered} times what it lacks", question.after)
        return Ask()

    def _send(self, part: ByteRange) -> Part | None:
        attempt = self._attempts.get(part.start, 0) + 1
        if attempt > self._bounds.upload_part_attempts:
            self.ending = self._tired(f"a part was sent {attempt - 1} times and is not held", 0.0)
            return None
        self._attempts[part.start] = attempt
        flight = Part(part, attempt, self._held)
        self._flights.add(flight)
        return flight

    def _tired(self, reason: str, waited: float) -> PutOff:
        trouble = f" (last trouble: {self._trouble})" if self._trouble else ""
        return PutOff("uploadUnavailable", reason + trouble, max(waited, self._bounds.retry_first_seconds))

    def _ask(self) -> Question:
        self._asking = Question(self._question_after, self._held, self._doubtful)
        self._question_after = 0.0
        return self._asking

    def _doubt(self, part: Part, after: float) -> Decision:
        # Another answer may have listed what is missing since, without this part.
        left = ByteRanges((part.range,)).difference(self._held)
        if not left:
            return Stored()
        self._doubtful = self._doubtful.union(left)
        self._question_after = max(self._question_after, after)
        return Ask()

    def _decide(self, decision: Decision) -> Decision:
        """Keep what the decision changes. A completed document outweighs whatever another part was told."""
        if isinstance(decision, Pause):
            self.pause = max(self.pause, decision.seconds)
        elif isinstance(decision, Completed):
            self.ending = decision
            self._held = self._whole
            self._doubtful = ByteRanges()
        elif isinstance(decision, (Gone, PutOff, Refused)) and not isinstance(self.ending, Completed):
            self.ending = self.ending or decision
        return decision

    def _pause(self, attempt: int, code: str, status: int, headers: Mapping[str, str], now: datetime) -> Decision:
        asked = retry_after(headers.get("retry-after"), now)
        seconds = asked if asked is not None else self._wait(attempt)
        if seconds > self._bounds.in_process_wait_seconds:
            return PutOff(code, f"the upload host asks to wait {seconds:.0f} s ({status})", seconds)
        return Pause(seconds)

    def _wait(self, attempt: int) -> float:
        doubled = FIRST_WAIT_SECONDS * 2.0 ** (attempt - 1) * (0.5 + self._random())
        return min(doubled, self._bounds.in_process_wait_seconds)

    def _todo(self) -> ByteRanges:
        taken = ByteRanges.of(part.range for part in self._flights)
        return self.missing.difference(self._doubtful).difference(taken)

    def _learn(self, missing: ByteRanges, known: ByteRanges, sent: ByteRange | None) -> None:
        lost = known.intersection(missing)
        self._held = self._held.difference(lost).union(self._whole.difference(missing))
        if sent is not None:
            self._held = self._held.difference(ByteRanges((sent,)).intersection(missing))

    def _missing(self, body: bytes) -> ByteRanges | None:
        """What an answer lists as missing, or None where it does not say so readably."""
        missing, expires = read_state(body, self._size)
        self._expires = expires or self._expires
        return missing
