"""A tap: who is it, and what may this person collect here. Small reads and one listing, no call of Graph."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from shared.audit import entry
from shared.errors import KioskRefused, StorageConflict
from shared.held.entry import HeldView
from shared.kiosk.admission import Admitted, load_person, owner_ids
from shared.kiosk.badges import FoundBadge, find_badge, keep_current
from shared.kiosk.devices import Device, authenticate
from shared.kiosk.pins import hash_pin, verify_pin
from shared.kiosk.records import Kiosk, Person, PersonRecord, encode_person
from shared.kiosk.requests import MOST_NOTICES, BadgeShown, PinTyped, read_tap
from shared.kiosk.services import KioskServices
from shared.kiosk.session import Session, sign
from shared.kiosk.shown import Listed, jobs_shown, kiosk_shown, notice_id, notices_shown, untold
from shared.kiosk.throttle import Counted
from shared.names import person_path
from shared.storage.state import Stored
from shared.times import timestamp

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Known:
    """Who was recognised by what, and what remains to be stored for that."""

    person: Person
    badge: str | None
    after: tuple[Awaitable[None], ...]


async def start_session(device: Device, body: bytes, services: KioskServices) -> dict[str, Any]:
    """The answer to a tap. Raises KioskRefused.

    Three rounds to storage: device and earlier failures; the attempt's count, the badge or person, and the catalog; the
    listing, the audit and the count taken back.
    """
    kiosk, tap, failures = await _look(device, body, services)
    try:
        counted = await _count(kiosk, tap, failures, services)
        known = await _recognise(tap, services) if isinstance(tap, PinTyped) else counted.known
        if known is None:
            raise _not_known(tap)
    except KioskRefused as refused:
        by = tap.user_principal_name if isinstance(tap, PinTyped) else None
        line = entry("tapRefused", kiosk.id, kiosk.printer_id, person=by, outcome=refused.code)
        await services.audit.write(line)
        raise
    expires = services.now() + timedelta(seconds=services.bounds.kiosk_session_seconds)
    person = known.person
    session = Session(kiosk.id, person.user_id, person.user_principal_name, known.badge, expires)
    credential = "badge" if known.badge else "pin"
    line = entry(
        "session",
        kiosk.id,
        kiosk.printer_id,
        person=person.user_principal_name,
        outcome="started",
        credential=credential,
    )
    listed, *_ = await asyncio.gather(
        list_jobs(Admitted(kiosk, person, session), services),
        services.audit.write(line),
        *(services.throttle.take_back(each) for each in counted.attempts),
        *known.after,
    )
    catalog = await services.tasks.load_catalog()
    return {
        "session": sign(session, services.keys),
        "expiresAt": timestamp(expires),
        "person": {"displayName": person.display_name, "userPrincipalName": person.user_principal_name},
        "kiosk": kiosk_shown(kiosk, catalog),
        "jobs": listed["jobs"],
        "notices": listed["notices"],
    }


async def list_jobs(admitted: Admitted, services: KioskServices, seen: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The person's jobs and notices, and those of people who delegated: one listing each, at once.

    `seen` are ids of notices that the kiosk has shown. An answer may be lost, so a notice stays until then.
    """
    person = admitted.person
    owners = await owner_ids(person, await services.tasks.load_catalog(), services)
    ids = (person.user_id, *owners)
    found = await asyncio.gather(*(services.tasks.entries.list_of(user_id) for user_id in ids))
    listed = [Listed(view, own=index == 0) for index, views in enumerate(found) for view, _ in views]
    notices = untold(listed)
    await asyncio.gather(*(_mark_told(view, services) for view in notices if notice_id(view) in seen))
    return {
        "jobs": jobs_shown(listed, services.now(), services.bounds.kiosk_jobs_listed),
        "notices": notices_shown([view for view in notices if notice_id(view) not in seen][:MOST_NOTICES]),
        "expiresAt": timestamp(admitted.session.expires),
    }


@dataclass(frozen=True, slots=True)
class _Failures:
    """The failures so far: of the kiosk, and of the person where a PIN was typed."""

    kiosk: Stored | None
    person: Stored | None


@dataclass(frozen=True, slots=True)
class _Count:
    attempts: tuple[Counted, ...]
    known: _Known | None


async def _look(device: Device, body: bytes, services: KioskServices) -> tuple[Kiosk, BadgeShown | PinTyped, _Failures]:
    """The kiosk, the tap and earlier failures. The device's refusal goes before every other."""
    throttle = services.throttle
    parsed: BadgeShown | PinTyped | KioskRefused
    try:
        parsed = read_tap(body, services.bounds)
    except KioskRefused as refused:
        parsed = refused
    looks = [throttle.look(throttle.kiosk(device.known_id))]
    if isinstance(parsed, PinTyped):
        looks.append(throttle.look(throttle.person(parsed.user_principal_name)))
    kiosk, seen = await asyncio.gather(authenticate(device, services), asyncio.gather(*looks, return_exceptions=True))
    if isinstance(parsed, KioskRefused):
        await services.audit.write(entry("tapRefused", kiosk.id, kiosk.printer_id, outcome=parsed.code))
        raise parsed
    stored: list[Stored | None] = []
    for each in seen:
        if isinstance(each, KioskRefused):
            by = parsed.user_principal_name if isinstance(parsed, PinTyped) else None
            line = entry("tapRefused", kiosk.id, kiosk.printer_id, person=by, outcome=each.code)
            await services.audit.write(line)
        if isinstance(each, BaseException):
            raise each
        stored.append(each)
    return kiosk, parsed, _Failures(stored[0], stored[1] if len(stored) > 1 else None)


async def _count(kiosk: Kiosk, tap: BadgeShown | PinTyped, failures: _Failures, services: KioskServices) -> _Count:
    """Count the attempt, and look a badge up meanwhile: what is found counts only once the attempt does."""
    throttle, bounds = services.throttle, services.bounds
    counting = [throttle.count(throttle.kiosk(kiosk.id), failures.kiosk, bounds.kiosk_wait_seconds)]
    if isinstance(tap, PinTyped):
        path = throttle.person(tap.user_principal_name)
        counting.append(throttle.count(path, failures.person, bounds.pin_wait_seconds))
        return _Count(tuple(await asyncio.gather(*counting)), None)
    counted, badge = await asyncio.gather(counting[0], find_badge(tap.reading, services.state, services.keys))
    return _Count((counted,), _by_badge(badge, services))


def _by_badge(badge: FoundBadge | None, services: KioskServices) -> _Known | None:
    if badge is None:
        return None
    after = (keep_current(badge, services.state),) if badge.hash != badge.kept_as else ()
    return _Known(badge.person, badge.hash, after)


async def _recognise(tap: PinTyped, services: KioskServices) -> _Known | None:
    """Who has this user name and PIN. The PIN is computed with also where nobody has the name."""
    record = await load_person(tap.user_principal_name, services.state)
    pin = record.pin if record else None
    key = await asyncio.to_thread(verify_pin, tap.pin, pin, services.keys)
    if record is None or key is None:
        return None
    after = (_keep_pin(record, tap.pin, services),) if key > 0 else ()
    return _Known(record.person, None, after)


async def _keep_pin(record: PersonRecord, pin: str, services: KioskServices) -> None:
    """Keep a PIN that was found under a previous key under the current one."""
    path = person_path(record.user_principal_name)
    stored = await services.state.read(path)
    if stored is None or record.pin is None or stored.content != encode_person(record):
        return
    renewed = await asyncio.to_thread(hash_pin, pin, bytes.fromhex(record.pin.salt), services.keys)
    try:
        await services.state.replace(path, encode_person(replace(record, pin=renewed)), stored.etag)
    except StorageConflict:
        logger.info("a person's record changed while the PIN was rehashed")


async def _mark_told(view: HeldView, services: KioskServices) -> None:
    """A notice that could not be marked is told again; that must not cost the person the list."""
    try:
        await services.tasks.entries.mark_told(view)
    except Exception:
        logger.exception("%s was told and could not be marked", view.path)


def _not_known(tap: BadgeShown | PinTyped) -> KioskRefused:
    if isinstance(tap, PinTyped):
        return KioskRefused("wrongPin", "User name or PIN is wrong.")
    return KioskRefused("unknownBadge", "This badge is not known. Sign in with your PIN, or ask the operator.")
