"""Carries out an upload plan: reads parts by range straight into PUTs, a few at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING

from shared.bounds import Bounds
from shared.errors import NoReply, NotNow, Superseded, UploadFailed, UploadSessionGone
from shared.upload.plan import Completed, Ending, Gone, Part, PutOff, Question, Refused, UploadPlan
from shared.upload.ranges import ByteRanges
from shared.upload.session import CompletedDocument, UploadProgress, UploadSession
from shared.upload.source import PartSource

if TYPE_CHECKING:
    import aiohttp

    from shared.upload.http import UploadHttp

CANCEL_ATTEMPTS = 3


async def upload_document(
    source: PartSource,
    session: UploadSession,
    *,
    http: aiohttp.ClientSession,
    renew: Callable[[], Awaitable[UploadSession | CompletedDocument]],
    bounds: Bounds,
    now: Callable[[], datetime],
    sleep: Callable[[float], Awaitable[None]],
    random: Callable[[], float],
    progress: Callable[[UploadProgress], None] | None = None,
) -> CompletedDocument:
    """Send what `session` lacks of the document (Graph: upload-data-to-upload-session).

    `renew` is called when the session has ended, at most `bounds.upload_sessions - 1` times. A session also ends by
    completing, and that answer may have been lost: so `renew` first looks at the document, and returns it where it is
    complete already, else a new session. `progress` is called after each part. `http` sends no credentials.

    Raises NotNow when the wait is longer than a running function may spend, after the parts under way have ended;
    UploadSessionGone when sessions keep ending; UploadFailed when the service refuses; Superseded and anything else
    that the source raises, at once. A caller that tries again passes what `ask_missing` tells.
    """
    from shared.upload.http import UploadHttp

    client = UploadHttp(http, bounds)
    for number in range(1, bounds.upload_sessions + 1):
        if number > 1:
            renewed = await renew()
            if isinstance(renewed, CompletedDocument):
                return renewed
            session = renewed
        plan = UploadPlan(session, source.size, bounds=bounds, random=random)
        run = _Run(plan, client, session.upload_url, source, number, now, sleep, progress)
        ending = await run.to_its_end()
        if isinstance(ending, Completed):
            return ending.document
        if not isinstance(ending, Gone):
            raise _error(ending)
    raise _error(ending)


async def ask_missing(
    upload_url: str,
    *,
    size: int,
    http: aiohttp.ClientSession,
    bounds: Bounds,
    now: Callable[[], datetime],
    sleep: Callable[[float], Awaitable[None]],
    random: Callable[[], float],
) -> UploadSession:
    """The session at `upload_url` as the service sees it now, for a document of `size` bytes.

    Raises UploadSessionGone where it has ended, by expiry or by completing, and NotNow where no answer can be had.
    """
    from shared.upload.http import UploadHttp

    client = UploadHttp(http, bounds)
    plan = UploadPlan(UploadSession(upload_url, None, ByteRanges()), size, bounds=bounds, random=random)
    while isinstance(step := plan.prepare(now()), Question):
        await _ask(client, plan, upload_url, step, now, sleep)
        if plan.pause > 0:
            await sleep(plan.pause)
            plan.resumed(plan.pause)
    if plan.ending is not None:
        raise _error(plan.ending)
    return UploadSession(upload_url, plan.expires, plan.missing)


async def cancel(upload_url: str, *, http: aiohttp.ClientSession, bounds: Bounds) -> bool:
    """End a session that is given up (Graph: DELETE of the upload URL). False where no answer says that it is gone.

    A session that is left behind ends by itself when its time is over, so this is tried a few times and not more.
    """
    from shared.upload.http import Lost, UploadHttp

    client = UploadHttp(http, bounds)
    for _ in range(CANCEL_ATTEMPTS):
        try:
            answer = await client.delete(upload_url)
        except Lost:
            continue
        if answer.status in (200, 202, 204, 401, 403, 404, 410):
            return True
    return False


class _Run:
    """One session, from the first part to the ending."""

    def __init__(
        self,
        plan: UploadPlan,
        client: UploadHttp,
        upload_url: str,
        source: PartSource,
        number: int,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]],
        progress: Callable[[UploadProgress], None] | None,
    ) -> None:
        self._plan = plan
        self._client = client
        self._upload_url = upload_url
        self._source = source
        self._number = number
        self._now = now
        self._sleep = sleep
        self._progress = progress
        self._under_way: set[asyncio.Task[None]] = set()
        self._pausing: asyncio.Task[None] | None = None

    async def to_its_end(self) -> Ending:
        """Send and ask until the plan has ended. The first error of the source stops everything else."""
        try:
            async with asyncio.TaskGroup() as group:
                await self._coordinate(group)
        except BaseExceptionGroup as failures:
            raise _first(failures) from None
        if self._plan.ending is None:
            raise UploadFailed("nothing is under way and nothing is left to do")
        return self._plan.ending

    async def _coordinate(self, group: asyncio.TaskGroup) -> None:
        plan = self._plan
        while not isinstance(plan.ending, (Completed, Refused)):
            while (step := plan.prepare(self._now())) is not None:
                self._under_way.add(group.create_task(self._carry_out(step)))
            if plan.pause > 0 and plan.ending is None and self._pausing is None:
                self._pausing = group.create_task(self._sleep_through(plan.pause))
            waiting = self._under_way | ({self._pausing} if self._pausing and plan.ending is None else set())
            if not waiting:
                break
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            self._under_way -= done
            if self._progress is not None:
                self._progress(plan.progress(self._number))
        for task in (*self._under_way, *([self._pausing] if self._pausing else [])):
            task.cancel()

    async def _carry_out(self, step: Part | Question) -> None:
        if isinstance(step, Question):
            await _ask(self._client, self._plan, self._upload_url, step, self._now, self._sleep)
        else:
            await self._send(step)

    async def _send(self, part: Part) -> None:
        from shared.upload.http import Lost

        try:
            answer = await self._client.put(self._upload_url, self._source, part.range)
        except NoReply as error:
            self._plan.process_unsent(part, str(error))
        except Lost as error:
            self._plan.process_loss(part, str(error))
        else:
            self._plan.process(part, answer.status, answer.headers, answer.body, self._now())

    async def _sleep_through(self, seconds: float) -> None:
        await self._sleep(seconds)
        self._plan.resumed(seconds)
        self._pausing = None


async def _ask(
    client: UploadHttp,
    plan: UploadPlan,
    upload_url: str,
    question: Question,
    now: Callable[[], datetime],
    sleep: Callable[[float], Awaitable[None]],
) -> None:
    from shared.upload.http import Lost

    if question.after > 0:
        await sleep(question.after)
    try:
        answer = await client.get(upload_url)
    except Lost as error:
        plan.process_loss(question, str(error))
    else:
        plan.process(question, answer.status, answer.headers, answer.body, now())


def _error(ending: Gone | PutOff | Refused | Completed) -> NotNow | UploadFailed:
    match ending:
        case PutOff():
            return NotNow(ending.code, ending.reason, ending.seconds)
        case Gone():
            return UploadSessionGone(f"the upload session has ended: {ending.reason}")
        case Refused():
            return UploadFailed(ending.reason)
        case Completed():
            return UploadFailed("the document is complete")


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error to show: of several at once, that the document was replaced says most."""
    leaves = [
        _first(failure) if isinstance(failure, BaseExceptionGroup) else failure for failure in failures.exceptions
    ]
    return next((leaf for leaf in leaves if isinstance(leaf, Superseded)), leaves[0])
