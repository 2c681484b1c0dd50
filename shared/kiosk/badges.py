"""Whose badge it is: badges are kept by keyed hashes of their numbers."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from shared.errors import StorageConflict
from shared.kiosk.badge_forms import BadgeUnreadable, forms, kept_form
from shared.kiosk.keys import KioskKeys, Purpose
from shared.kiosk.records import KioskRecordUnreadable, Person, badge_summary, decode_badge, encode_badge
from shared.names import badge_path
from shared.storage.state import StateStore

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FoundBadge:
    """A badge that is known. `hash` is that under the current key, `kept_as` that under which it was found."""

    person: Person
    hash: str
    kept_as: str


def badge_hash(reading: str, keys: KioskKeys) -> str:
    """The hash under which a badge is kept. Raises BadgeUnreadable."""
    return keys.digest(Purpose.BADGE, kept_form(reading).encode()).hex()


def badge_hashes(reading: str, keys: KioskKeys) -> dict[str, str]:
    """Every hash under which a badge with this reading may be kept, with the one under the current key that it means.

    Raises BadgeUnreadable.
    """
    found: dict[str, str] = {}
    for form in forms(reading):
        digests = [digest.hex() for digest in keys.digests(Purpose.BADGE, form.encode())]
        found |= dict.fromkeys(digests, digests[0])
    return found


async def find_badge(reading: str, state: StateStore, keys: KioskKeys) -> FoundBadge | None:
    """Whose badge has this reading; None where nobody's, or where it may be that of more than one person."""
    try:
        hashes = badge_hashes(reading, keys)
    except BadgeUnreadable:
        return None
    people = await asyncio.gather(*(read_badge(kept_as, state) for kept_as in hashes))
    found = [
        FoundBadge(person, current, kept_as)
        for (kept_as, current), person in zip(hashes.items(), people, strict=True)
        if person is not None
    ]
    if len({badge.person.user_id.lower() for badge in found}) > 1:
        logger.error("a badge is that of more than one person, by the readings of different readers: it is refused")
        return None
    return found[0] if found else None


async def read_badge(kept_as: str, state: StateStore) -> Person | None:
    """Whose badge has this hash."""
    stored = await state.read(badge_path(kept_as))
    if stored is None:
        return None
    try:
        return decode_badge(stored.content)
    except KioskRecordUnreadable:
        logger.exception("the record of a badge is broken")
        return None


async def keep_current(badge: FoundBadge, state: StateStore) -> None:
    """Keep a badge that was found under a previous key under the current one."""
    if badge.hash == badge.kept_as:
        return
    try:
        await state.create(badge_path(badge.hash), encode_badge(badge.person), badge_summary(badge.person))
    except StorageConflict:
        logger.info("a badge was rehashed by another tap")
    await state.delete(badge_path(badge.kept_as))
