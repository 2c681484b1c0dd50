"""Takes files in: the record first, by condition, then the queue. No content is read here."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

from shared.at_once import each_at_once
from shared.errors import PrintFunctionsError, Superseded
from shared.names import INBOX
from shared.storage.documents import BlobFacts
from shared.submission.claims import overdue
from shared.submission.messages import submission_message
from shared.submission.places import is_document
from shared.submission.record import Document, Record, State, submission_key
from shared.submission.services import SubmissionServices
from shared.telemetry.names import shown
from shared.telemetry.signals import count, span, trace_of
from shared.times import timestamp

logger = logging.getLogger(__name__)

PRINT_STATES = frozenset({State.ACCEPTED, State.CREATING, State.CREATED, State.STARTING, State.CLOSING})
WATCH_STATES = frozenset({State.STARTED, State.CLOSING})
# Thousands of files may come within a minute, and print tasks are reconciled by the same timer.
SWEPT_AT_ONCE = 16


async def accept(container: str, name: str, services: SubmissionServices) -> str | None:
    """Register the newest version of a blob and queue it.

    The submission's key, or None where the blob is no document or is gone. The same version accepted again is queued
    again, which costs a look at the record and mends a death between record and queue.
    """
    facts = await services.documents.facts(container, name)
    if facts is None:
        logger.info("%s/%s was removed before it was accepted", container, shown(name))
        return None
    return await _accept(facts, services)


async def sweep(services: SubmissionServices) -> int:
    """Accept what no event announced, and queue open submissions whose message was lost. How many were queued.

    One file or record that cannot be handled is logged, and does not keep the others waiting.
    """
    queued = 0
    open_keys = {key async for key in services.records.open_keys()}
    unannounced = services.now() - timedelta(seconds=services.bounds.sweep_grace_seconds)

    async def accept_one(facts: BlobFacts) -> None:
        nonlocal queued
        try:
            accepted = await _accept(facts, services) is not None
        except PrintFunctionsError:
            logger.exception("%s/%s could not be accepted", facts.container, shown(facts.name))
        else:
            queued += accepted

    async def wake_one(key: str) -> None:
        nonlocal queued
        try:
            woken = await _wake(key, services)
        except PrintFunctionsError:
            logger.exception("submission %s could not be looked at", key)
        else:
            queued += woken

    await each_at_once(_unknown(open_keys, unannounced, services), accept_one, SWEPT_AT_ONCE)
    await each_at_once(sorted(open_keys), wake_one, SWEPT_AT_ONCE)
    return queued


async def _unknown(open_keys: set[str], before: datetime, services: SubmissionServices) -> AsyncIterator[BlobFacts]:
    """The files of the inbox that were there before and are no open submission."""
    async for facts in services.documents.list_facts(INBOX):
        if facts.modified <= before and submission_key(facts.container, facts.name, facts.etag) not in open_keys:
            yield facts


async def _accept(facts: BlobFacts, services: SubmissionServices) -> str | None:
    if facts.is_folder or facts.copying or not is_document(facts.name):
        return None
    now = services.now()
    key = submission_key(facts.container, facts.name, facts.etag)
    document = Document(
        container=facts.container,
        name=facts.name,
        etag=facts.etag,
        size=facts.size,
        created=timestamp(facts.created),
        content_type=facts.content_type,
        metadata=facts.metadata,
    )
    # An empty file may be one that a writer has only opened (SFTP, append); the rest comes as a newer version.
    age = (now - facts.modified).total_seconds()
    delay = max(0.0, services.bounds.empty_grace_seconds - age) if facts.size == 0 else 0.0
    record = Record(
        key=key, document=document, accepted=timestamp(now), next_at=timestamp(now + timedelta(seconds=delay))
    )
    record = record.with_event(timestamp(now), f"accepted from {facts.container}, {facts.size} bytes")
    with span("accept document", trace_of(key), **{"print.submission": key}):
        created = await services.records.create(record)
    if created:
        count("print.submitted")
    else:
        loaded = await services.records.load(key)
        if loaded is None or loaded[0].state is State.CLOSED:
            return None
        record = loaded[0]
        await services.records.mark_open(key)
    await _queue(record, delay, services)
    return key


async def _wake(key: str, services: SubmissionServices) -> int:
    loaded = await services.records.load(key)
    if loaded is None or loaded[0].state is State.CLOSED:
        await services.records.forget_open(key)
        return 0
    record, etag = loaded
    now = services.now()
    if not overdue(record, now, services.bounds):
        return 0
    await _queue(record, 0.0, services)
    # The sequence stays: the message that waits in a long queue must not lose its place to this one.
    later = now + timedelta(seconds=services.bounds.retry_longest_seconds)
    try:
        await services.records.save(replace(record, next_at=timestamp(later)), etag)
    except Superseded:
        return 0
    logger.warning("submission %s was overdue in state %s and is queued again", key, record.state.value)
    return 1


async def _queue(record: Record, delay: float, services: SubmissionServices) -> None:
    queue = services.jobs if record.state in WATCH_STATES else services.submissions
    await queue.send(submission_message(record.key, record.sequence), delay)
