"""Who stands at a kiosk, for the requests after the tap, and whose jobs this person may collect."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from shared.audit import entry
from shared.catalog import Catalog, CatalogUnreadable
from shared.kiosk.badges import read_badge
from shared.kiosk.delegates import Delegation, owners_for, read_delegates
from shared.kiosk.devices import Device, authenticate
from shared.kiosk.records import Kiosk, KioskRecordUnreadable, Person, PersonRecord, decode_person
from shared.kiosk.services import KioskServices
from shared.kiosk.session import Session, SessionRefused, verify
from shared.names import person_path
from shared.storage.state import StateStore

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Admitted:
    """A person with a session at a kiosk."""

    kiosk: Kiosk
    person: Person
    session: Session


async def admit(device: Device, session_text: str, services: KioskServices, *, acts: bool = False) -> Admitted:
    """Who asks, to look or to act. Raises KioskRefused (`unknownDevice`, `sessionEnded`)."""
    verified = _verified(device, session_text, services)
    kiosk, person = await asyncio.gather(authenticate(device, services), _standing(verified, services))
    if isinstance(verified, Session) and person is not None:
        return Admitted(kiosk, person, verified)
    gone = SessionRefused("the badge or PIN of the session stands no more")
    if not session_text and not acts and not isinstance(verified, Session):
        # A page that asks whether its device is known has no session yet: that is nothing to audit.
        raise verified
    refused, by = (gone, verified.user_principal_name) if isinstance(verified, Session) else (verified, None)
    await services.audit.write(
        entry("sessionRefused", kiosk.id, kiosk.printer_id, person=by, outcome=refused.code, reason=refused.cause)
    )
    raise refused


async def load_person(user_principal_name: str, state: StateStore) -> PersonRecord | None:
    """The record of a person; None where there is none that can be read."""
    stored = await state.read(person_path(user_principal_name))
    if stored is None:
        return None
    try:
        return decode_person(stored.content)
    except KioskRecordUnreadable:
        logger.exception("the record of a person is broken")
        return None


async def owner_ids(person: Person, catalog: Catalog, services: KioskServices) -> tuple[str, ...]:
    """The user ids, in lower case, of those whose jobs the person may collect today besides his own."""
    try:
        delegations = read_delegates(catalog.document)
    except CatalogUnreadable:
        logger.exception("nobody collects for others until the catalog is mended")
        return ()
    found = owners_for(delegations, person.user_principal_name, services.now().date())
    if len(found) > services.bounds.kiosk_owners:
        logger.warning("%s collects for more people than are shown", person.user_principal_name)
    ids = await asyncio.gather(*(_owner_id(each, services) for each in found[: services.bounds.kiosk_owners]))
    own = person.user_id.lower()
    return tuple(dict.fromkeys(found_id for found_id in ids if found_id is not None and found_id != own))


async def _owner_id(delegation: Delegation, services: KioskServices) -> str | None:
    if delegation.owner_id is not None:
        return delegation.owner_id.lower()
    record = await load_person(delegation.owner, services.state)
    if record is None:
        logger.warning("%s has no record: give the catalog's delegate an ownerId", delegation.owner)
        return None
    return record.user_id.lower()


def _verified(device: Device, session_text: str, services: KioskServices) -> Session | SessionRefused:
    try:
        return verify(session_text, device.kiosk_id, services.keys, services.now())
    except SessionRefused as refused:
        return refused


async def _standing(verified: Session | SessionRefused, services: KioskServices) -> Person | None:
    """The person, where what let him in still stands."""
    if isinstance(verified, SessionRefused):
        return None
    if verified.badge is not None:
        person = await read_badge(verified.badge, services.state)
    else:
        record = await load_person(verified.user_principal_name, services.state)
        person = record.person if record is not None and record.pin is not None else None
    return person if person is not None and person.user_id.lower() == verified.user_id.lower() else None
