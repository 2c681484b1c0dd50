"""Kiosks over held jobs, state, log and Graph in memory, asked as the host asks: by HTTP requests to the handlers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import azure.functions as func
from cryptography.fernet import Fernet

from shared.bounds import Bounds
from shared.held.entry import HeldEntry, HeldOutcome, HeldState
from shared.kiosk.badges import badge_hash
from shared.kiosk.devices import secret_hash
from shared.kiosk.http import answer_discard, answer_jobs, answer_redirect, answer_session, serve
from shared.kiosk.keys import KioskKeys, Purpose
from shared.kiosk.records import (
    DeviceSecret,
    Kiosk,
    Person,
    PersonRecord,
    PinHash,
    badge_summary,
    encode_badge,
    encode_kiosk,
    encode_person,
)
from shared.kiosk.services import KioskServices, make_kiosk_services
from shared.names import badge_path, kiosk_path, person_path
from shared.times import timestamp
from tests.support.memory_day_log import MemoryDayLog
from tests.support.task_graph import ANNA, BEN, DEFINITION
from tests.support.task_world import OFFICE, VIRTUAL, TaskWorld, task_world

KEY = Fernet.generate_key().decode()
ANNA_BADGE, BEN_BADGE = "04A2B3C4D5E680", "04DEADBEEF0080"
ANNA_PERSON = Person(ANNA.id, ANNA.user_principal_name, ANNA.display_name)
BEN_PERSON = Person(BEN.id, BEN.user_principal_name, BEN.display_name)
PEOPLE = {ANNA_BADGE: ANNA_PERSON, BEN_BADGE: BEN_PERSON}
_ANSWERS = {
    ("POST", "session"): answer_session,
    ("GET", "jobs"): answer_jobs,
    ("POST", "redirect"): answer_redirect,
    ("POST", "discard"): answer_discard,
}
# A PIN's hash takes long on purpose; tests keep one that is made cheaply.
CHEAP = PinHash("", "ab" * 16, 2, 8, 1)


@dataclass(frozen=True)
class Answered:
    """What a kiosk was told."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def code(self) -> str:
        """The problem's code."""
        return str(self.body["code"])


@dataclass
class KioskWorld:
    """`tasks` is the world of held jobs; `secrets` those of the kiosks; `devices` the log of refused devices."""

    tasks: TaskWorld
    services: KioskServices
    devices: MemoryDayLog = field(default_factory=MemoryDayLog)
    secrets: dict[str, str] = field(default_factory=dict)
    numbers: int = 0

    @property
    def audit(self) -> list[dict[str, Any]]:
        return self.tasks.audited

    @property
    def refused_devices(self) -> list[dict[str, Any]]:
        return [dict(line) for lines in self.devices.lines.values() for line in lines]

    def use_keys(self, *keys: str) -> None:
        """Another KIOSK_KEY, and previous ones."""
        self.services = make_kiosk_services(KioskKeys(keys), self.tasks.services, self.devices)

    async def add_kiosk(self, kiosk_id: str, printer_id: str = OFFICE, *, enabled: bool = True) -> None:
        secret = self.secrets.setdefault(kiosk_id, f"secret of {kiosk_id}")
        kept = DeviceSecret(secret_hash(kiosk_id, secret, self.services.keys))
        kiosk = Kiosk(kiosk_id, f"Kiosk {kiosk_id}", printer_id, (kept,), timestamp(self.services.now()), enabled)
        await self.services.state.delete(kiosk_path(kiosk_id))
        await self.services.state.create(kiosk_path(kiosk_id), encode_kiosk(kiosk))

    async def remove_kiosk(self, kiosk_id: str) -> None:
        await self.services.state.delete(kiosk_path(kiosk_id))

    async def add_badge(self, reading: str, person: Person) -> None:
        path = badge_path(badge_hash(reading, self.services.keys))
        await self.services.state.create(path, encode_badge(person), badge_summary(person))

    async def remove_badge(self, reading: str) -> None:
        await self.services.state.delete(badge_path(badge_hash(reading, self.services.keys)))

    async def add_person(self, person: Person, pin: str | None = None) -> None:
        kept = cheap_hash(pin, self.services.keys) if pin else None
        record = PersonRecord(person.user_id, person.user_principal_name, person.display_name, kept)
        await self.services.state.create(person_path(person.user_principal_name), encode_person(record))

    async def hold(self, person: Person = ANNA_PERSON, **changes: Any) -> HeldEntry:
        """A held job with its job and task at Graph."""
        graph = self.tasks.graph
        user = next(known for known in (ANNA, BEN) if known.id == person.user_id)
        task = graph.printed(VIRTUAL, user, configuration=changes.pop("configuration", None))
        job = graph.jobs[VIRTUAL, str(task.job_id)]
        return await self.put(held_entry(person, job.id, task.id, self.services, **changes))

    async def put(self, entry: HeldEntry) -> HeldEntry:
        assert await self.services.tasks.entries.hold(entry)
        return entry

    async def ask(
        self,
        method: str,
        name: str,
        body: Any = None,
        *,
        kiosk: str = "lobby",
        session: str | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Answered:
        """Send a request as the kiosk `kiosk`; `headers` replace what it would send."""
        sent = {"X-Kiosk-Id": kiosk, "Authorization": f"Bearer {self.secrets.get(kiosk, '')}"}
        if session is not None:
            sent["X-Kiosk-Session"] = session
        content = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        request = func.HttpRequest(
            method=method,
            url=f"https://print.example/api/kiosk/{name}",
            headers=sent | dict(headers or {}),
            params=dict(query or {}),
            body=content,
        )

        async def opened() -> KioskServices:
            return self.services

        answer = await serve(_ANSWERS[method, name], request, opened)
        return Answered(answer.status_code, answer.headers, json.loads(answer.get_body()))

    async def tap(self, badge: str = ANNA_BADGE, *, kiosk: str = "lobby") -> Answered:
        return await self.ask("POST", "session", {"badge": badge}, kiosk=kiosk)

    async def session(self, badge: str = ANNA_BADGE, *, kiosk: str = "lobby") -> str:
        answer = await self.tap(badge, kiosk=kiosk)
        assert answer.status == 200, answer.body
        return str(answer.body["session"])

    async def redirect(self, session: str, *jobs: str, kiosk: str = "lobby") -> Answered:
        return await self.ask("POST", "redirect", {"jobs": [{"id": job} for job in jobs]}, kiosk=kiosk, session=session)


def held_entry(person: Person, job_id: str, task_id: str, services: KioskServices, **changes: Any) -> HeldEntry:
    """An entry as the policy writes it."""
    now = timestamp(services.now())
    entry = HeldEntry(
        user_id=person.user_id,
        user_principal_name=person.user_principal_name,
        user_name=person.display_name,
        printer_id=VIRTUAL,
        job_id=job_id,
        document_id="1",
        definition_id=DEFINITION,
        task_id=task_id,
        document_name=f"letter {job_id}.pdf",
        content_type="application/pdf",
        size=8,
        configuration={"copies": 1},
        created=now,
        held=now,
        expires="2026-03-03T08:00:00.000Z",
    )
    return replace(entry, **changes)


def ended(state: HeldState, code: str, reason: str, at: str) -> dict[str, Any]:
    """Changes of an entry whose job did not print."""
    return {"state": state, "outcome": HeldOutcome(code, reason, at)}


def cheap_hash(pin: str, keys: KioskKeys) -> PinHash:
    """A PIN's hash of little cost."""
    digest = keys.digest(Purpose.PIN, pin.encode())
    made = hashlib.scrypt(digest, salt=bytes.fromhex(CHEAP.salt), n=CHEAP.n, r=CHEAP.r, p=CHEAP.p, dklen=32)
    return replace(CHEAP, hash=made.hex())


async def kiosk_world(*, bounds: Bounds | None = None) -> KioskWorld:
    """The kiosk `lobby` at the office printer, Anna and Ben with badges."""
    tasks, devices = task_world(bounds=bounds), MemoryDayLog()
    services = make_kiosk_services(KioskKeys((KEY,)), tasks.services, devices)
    world = KioskWorld(tasks, services, devices)
    await world.add_kiosk("lobby")
    for badge, person in PEOPLE.items():
        await world.add_badge(badge, person)
    return world
