"""Keeps the one subscription alive: made, renewed well before its end, replaced when something of it has changed.

A webhook is a hint: while there is no subscription the reconcile timer finds every task within a minute, so nothing
here is tried twice in a run, and each trouble waits for the next one.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from shared.catalog import CatalogUnreadable
from shared.errors import GraphConflict, GraphNotFound, PrintFunctionsError, StorageConflict
from shared.graph.subscription_client import Subscription
from shared.names import subscription_path
from shared.storage.state import StateStore
from shared.subscriptions.deciding import Decision, Existing, Move, Wanted, decide
from shared.subscriptions.record import (
    SubscriptionRecord,
    SubscriptionUnreadable,
    decode_record,
    encode_record,
    secret_mark,
)
from shared.subscriptions.services import SubscriptionServices

logger = logging.getLogger(__name__)

RECORD_PATH = subscription_path("task-started")
# So long one run has the subscription for itself; the calls of a run take a fraction of it.
CLAIM_SECONDS = 120.0
SALT_BYTES = 16
TROUBLE_CHARACTERS = 500


class NotMade(PrintFunctionsError):
    """There is no subscription, and none could be made; the message is Graph's reason."""


async def load_record(state: StateStore) -> tuple[SubscriptionRecord, str | None]:
    """The record and its ETag; an empty one where there is none, or none that can be read."""
    stored = await state.read(RECORD_PATH)
    if stored is None:
        return SubscriptionRecord(), None
    try:
        return decode_record(stored.content), stored.etag
    except SubscriptionUnreadable as error:
        logger.warning("%s: another one is made", error)
        return SubscriptionRecord(), stored.etag


async def maintain(services: SubscriptionServices, *, renew: bool = False) -> Move | None:
    """One run. What was done; None where none is wanted, another run is at it, or Graph refused (see `trouble`).

    `renew` makes the end later however far away it is, which reauthorizes too.
    """
    if not services.notification_url or not services.client_states:
        return None
    try:
        definition = (await services.load_catalog()).task_definition_id
    except CatalogUnreadable:
        return None
    if definition is None:
        await _forget(services)
        return None
    wanted = Wanted.of(definition, services.notification_url)
    claimed = await _claim(services)
    if claimed is None:
        return None
    record, etag = claimed
    try:
        decision, record = await _act(record, wanted, services, renew=renew)
    except NotMade as error:
        logger.exception("there is no subscription to print tasks")
        await _save(_in_trouble(SubscriptionRecord(troubled=record.troubled), error, services), etag, services)
        return None
    except PrintFunctionsError as error:
        logger.exception("the subscription to print tasks could not be looked after")
        await _save(_in_trouble(record, error, services), etag, services)
        return None
    if decision.move is not Move.KEEP:
        logger.info("the subscription to print tasks: %s, because %s", decision.move, decision.reason)
    await _save(replace(record, trouble=None, troubled=None), etag, services)
    return decision.move


async def _claim(services: SubscriptionServices) -> tuple[SubscriptionRecord, str] | None:
    record, etag = await load_record(services.state)
    now = services.now()
    if record.claimed is not None and record.claimed > now:
        return None
    record = replace(record, claimed=now + timedelta(seconds=CLAIM_SECONDS))
    try:
        if etag is None:
            return record, await services.state.create(RECORD_PATH, encode_record(record))
        return record, await services.state.replace(RECORD_PATH, encode_record(record), etag)
    except StorageConflict:
        return None


async def _forget(services: SubscriptionServices) -> None:
    """Nothing is held any more, so nothing needs to be told."""
    record, etag = await load_record(services.state)
    if etag is None:
        return
    try:
        if record.id:
            await services.graph.delete(record.id)
    except PrintFunctionsError as error:
        logger.warning("the subscription that is not needed any more is still there: %s", error)
        return
    await services.state.delete(RECORD_PATH)


def _in_trouble(
    record: SubscriptionRecord, error: PrintFunctionsError, services: SubscriptionServices
) -> SubscriptionRecord:
    return replace(record, trouble=str(error)[:TROUBLE_CHARACTERS], troubled=record.troubled or services.now())


async def _save(record: SubscriptionRecord, etag: str, services: SubscriptionServices) -> None:
    try:
        await services.state.replace(RECORD_PATH, encode_record(replace(record, claimed=None)), etag)
    except StorageConflict:
        logger.warning("the record of the subscription was changed by another run; the next one looks again")


async def _act(
    record: SubscriptionRecord, wanted: Wanted, services: SubscriptionServices, *, renew: bool
) -> tuple[Decision, SubscriptionRecord]:
    now, bounds = services.now(), services.bounds
    found = await services.graph.get(record.id) if record.id else None
    existing = Existing(found, _is_current(record, services), record.changed) if found is not None else None
    decision = decide(existing, wanted, now, bounds)
    if renew and decision.move is Move.KEEP:
        decision = Decision(Move.RENEW, "Graph asks for it")
    match decision.move:
        case Move.RENEW if found is not None:
            try:
                renewed = await services.graph.renew(found.id, _end(now, services))
                return decision, replace(record, expires=renewed.expires, changed=now)
            except GraphNotFound:
                decision = Decision(Move.CREATE, "it is gone")
        case Move.REPLACE if found is not None:
            # First, because Graph takes no second one for the same resource.
            await services.graph.delete(found.id)
        case Move.KEEP if found is not None:
            return decision, replace(record, expires=found.expires)
    try:
        return decision, await _create(wanted, services)
    except PrintFunctionsError as error:
        raise NotMade(str(error)) from error


async def _create(wanted: Wanted, services: SubscriptionServices) -> SubscriptionRecord:
    try:
        made = await _send(wanted, services)
    except GraphConflict:
        # One is there that the record does not know: a reply was lost, or the state. Its secret cannot be seen, so it
        # is not trusted.
        for other in await services.graph.list_own():
            if other.subject == wanted.resource.lower():
                await services.graph.delete(other.id)
        made = await _send(wanted, services)
    salt = services.token_hex(SALT_BYTES)
    mark = secret_mark(services.client_states[0], salt)
    return SubscriptionRecord(made.id, wanted.resource, salt, mark, made.expires, services.now())


async def _send(wanted: Wanted, services: SubscriptionServices) -> Subscription:
    return await services.graph.create(
        wanted.resource,
        wanted.notification_url,
        wanted.lifecycle_url,
        services.client_states[0],
        _end(services.now(), services),
    )


def _is_current(record: SubscriptionRecord, services: SubscriptionServices) -> bool:
    return bool(record.salt) and secret_mark(services.client_states[0], record.salt) == record.secret


def _end(now: datetime, services: SubscriptionServices) -> datetime:
    return now + timedelta(seconds=services.bounds.subscription_seconds)
