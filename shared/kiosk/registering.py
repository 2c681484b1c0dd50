"""Writes badges and PINs of people: what `printops badge` does."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from shared.errors import GraphNotFound, PrintFunctionsError, StorageConflict
from shared.graph.task_client import User
from shared.kiosk.badge_file import BadgeRow, BadgesRefused
from shared.kiosk.badges import badge_hashes
from shared.kiosk.keys import KioskKeys
from shared.kiosk.pins import SALT_BYTES, hash_pin, verify_pin
from shared.kiosk.records import Person, PersonRecord, badge_summary, decode_person, encode_badge, encode_person
from shared.names import BADGES_PREFIX, badge_path, person_path
from shared.storage.state import StateStore, Stored

# People that are looked up or written at the same time.
AT_ONCE = 16


class PersonUnknown(PrintFunctionsError):
    """Nobody is registered by this name or badge."""


@dataclass(frozen=True, slots=True)
class Registrar:
    """Writes who has which badge. `get_user` asks Graph (user-get), `salt` gives random bytes."""

    state: StateStore
    keys: KioskKeys
    get_user: Callable[[str], Awaitable[User]]
    salt: Callable[[int], bytes]

    async def register(self, rows: Sequence[BadgeRow]) -> Mapping[str, int]:
        """Write the rows; how many badges and PINs were added, and how many were there already.

        Everything is checked before anything is written, so a refusal leaves all as it was; to run it again is free.
        Raises BadgesRefused, and what Graph's client raises.
        """
        people = await self._people(rows)
        known = {
            path.removeprefix(BADGES_PREFIX).removesuffix(".json"): values async for path, values in self._badges()
        }
        problems = [
            (row.line, f"its badge is, or reads like, that of {known[kept]['upn']}")
            for row in rows
            if row.badge is not None
            for kept in list(badge_hashes(row.badge, self.keys))
            if kept in known and str(known[kept].get("userId")).lower() != people[row.line].user_id.lower()
        ]
        if problems:
            raise BadgesRefused(problems)
        done: Counter[str] = Counter()
        by_person: dict[str, list[BadgeRow]] = {}
        for row in rows:
            by_person.setdefault(row.user_principal_name, []).append(row)
        gate = asyncio.Semaphore(AT_ONCE)

        async def write(mine: Sequence[BadgeRow]) -> None:
            async with gate:
                done.update(await self._write(mine, people[mine[0].line], known))

        await asyncio.gather(*(write(mine) for mine in by_person.values()))
        return done

    async def remove_badge(self, reading: str) -> int:
        """Remove a badge, however it is kept; how many records that were. Raises BadgeUnreadable."""
        paths = [badge_path(kept) for kept in badge_hashes(reading, self.keys)]
        found = [path for path in paths if await self.state.read(path) is not None]
        await asyncio.gather(*(self.state.delete(path) for path in found))
        return len(found)

    async def remove_person(self, user_principal_name: str) -> int:
        """Remove all badges and the PIN of a person; how many badges that were. Raises PersonUnknown."""
        name = user_principal_name.lower()
        paths = [path async for path, values in self._badges() if str(values.get("upn")).lower() == name]
        record = await self.state.read(person_path(name))
        if record is None and not paths:
            raise PersonUnknown(f"{name} has neither badge nor PIN.")
        await asyncio.gather(*(self.state.delete(path) for path in (*paths, person_path(name))))
        return len(paths)

    async def remove_pin(self, user_principal_name: str) -> None:
        """Take a person's PIN away; badges stay. Raises PersonUnknown."""
        path = person_path(user_principal_name)
        stored = await self.state.read(path)
        if stored is None:
            raise PersonUnknown(f"{user_principal_name} has no PIN.")
        record = decode_person(stored.content)
        await self.state.replace(path, encode_person(replace(record, pin=None)), stored.etag)

    async def _badges(self) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
        async for found in self.state.list_summaries(BADGES_PREFIX):
            yield found.path, found.values

    async def _people(self, rows: Sequence[BadgeRow]) -> dict[int, Person]:
        """Who each line means. Raises BadgesRefused for people whom Graph does not know."""
        gate = asyncio.Semaphore(AT_ONCE)
        asked: dict[str, User | None] = {}

        async def ask(name: str) -> None:
            async with gate:
                try:
                    asked[name] = await self.get_user(name)
                except GraphNotFound:
                    asked[name] = None

        names = {row.user_principal_name for row in rows if row.user_id is None}
        await asyncio.gather(*(ask(name) for name in names))
        problems = _unknown(rows, asked)
        ids: dict[str, str] = {}
        for row in rows:
            if row.user_id and ids.setdefault(row.user_principal_name, row.user_id).lower() != row.user_id.lower():
                problems.append((row.line, "another line gives this person another user id"))
        if problems:
            raise BadgesRefused(problems)
        return {row.line: _person(row, asked.get(row.user_principal_name)) for row in rows}

    async def _write(
        self, rows: Sequence[BadgeRow], person: Person, known: Mapping[str, Mapping[str, Any]]
    ) -> Counter[str]:
        done: Counter[str] = Counter()
        for badge in (row.badge for row in rows if row.badge is not None):
            hashes = badge_hashes(badge, self.keys)
            added = not any(kept in known for kept in hashes) and await self._add(next(iter(hashes.values())), person)
            done["badges added" if added else "badges known"] += 1
        pins = [row.pin for row in rows if row.pin is not None]
        changed = await self._keep_person(person, pins[-1] if pins else None)
        if pins:
            done["PINs set" if changed else "PINs known"] += 1
        return done

    async def _add(self, kept_as: str, person: Person) -> bool:
        try:
            await self.state.create(badge_path(kept_as), encode_badge(person), badge_summary(person))
        except StorageConflict:
            return False
        return True

    async def _keep_person(self, person: Person, pin: str | None) -> bool:
        """Write the person's record where it differs; whether the PIN did. Raises StorageConflict."""
        path = person_path(person.user_principal_name)
        stored: Stored | None = await self.state.read(path)
        before = decode_person(stored.content) if stored else None
        kept = before.pin if before else None
        changed = pin is not None and (
            kept is None or await asyncio.to_thread(verify_pin, pin, kept, self.keys) is None
        )
        if pin is not None and changed:
            kept = await asyncio.to_thread(hash_pin, pin, self.salt(SALT_BYTES), self.keys)
        record = PersonRecord(person.user_id, person.user_principal_name, person.display_name, kept)
        if record == before:
            return False
        if stored is None:
            await self.state.create(path, encode_person(record))
        else:
            await self.state.replace(path, encode_person(record), stored.etag)
        return changed


def _unknown(rows: Iterable[BadgeRow], asked: Mapping[str, User | None]) -> list[tuple[int, str]]:
    return [
        (row.line, f"the directory knows nobody named {row.user_principal_name}")
        for row in rows
        if row.user_id is None and asked[row.user_principal_name] is None
    ]


def _person(row: BadgeRow, user: User | None) -> Person:
    name = row.user_principal_name
    if user is not None:
        return Person(
            user.id, (user.user_principal_name or name).lower(), row.display_name or user.display_name or name
        )
    return Person(row.user_id or "", name, row.display_name or name)
