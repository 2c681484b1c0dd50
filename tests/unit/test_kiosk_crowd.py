"""Ten kiosks, two hundred people, two thousand held jobs, everybody at two kiosks at once: each job comes out once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from shared.graph.task_client import User
from shared.held.store import HeldEntries
from shared.kiosk.keys import KioskKeys
from shared.kiosk.records import Person
from shared.kiosk.services import make_kiosk_services
from shared.storage.state import Stored, Summary
from tests.support.kiosk_world import KEY, KioskWorld, held_entry, kiosk_world
from tests.support.memory_state import MemoryStateStore
from tests.support.task_graph import FakeGraph
from tests.support.task_world import LASER, OFFICE, VIRTUAL

KIOSKS, PEOPLE, JOBS_EACH = 10, 200, 10


@dataclass
class SlowStore:
    """Memory where every call lets the others go on first, as storage far away does."""

    memory: MemoryStateStore
    calls: Counter[str] = field(default_factory=Counter)

    async def read(self, path: str) -> Stored | None:
        await self._turn("read")
        return await self.memory.read(path)

    async def create(self, path: str, content: bytes, summary: Mapping[str, Any] | None = None) -> str:
        await self._turn("create")
        return await self.memory.create(path, content, summary)

    async def replace(self, path: str, content: bytes, etag: str, summary: Mapping[str, Any] | None = None) -> str:
        await self._turn("replace")
        return await self.memory.replace(path, content, etag, summary)

    async def delete(self, path: str, etag: str | None = None) -> None:
        await self._turn("delete")
        await self.memory.delete(path, etag)

    async def list_paths(self, prefix: str) -> AsyncIterator[str]:
        await self._turn("list")
        async for path in self.memory.list_paths(prefix):
            yield path

    async def list_summaries(self, prefix: str) -> AsyncIterator[Summary]:
        await self._turn("list")
        async for found in self.memory.list_summaries(prefix):
            yield found

    async def _turn(self, call: str) -> None:
        self.calls[call] += 1
        await asyncio.sleep(0)


@dataclass
class SlowGraph(FakeGraph):
    """A Graph whose answers come after everybody else had a turn, too."""

    async def redirect(
        self, printer_id: str, job_id: str, destination_printer_id: str, configuration: Mapping[str, Any] | None
    ) -> str:
        await asyncio.sleep(0)
        new = await super().redirect(printer_id, job_id, destination_printer_id, configuration)
        await asyncio.sleep(0)
        return new


async def crowded() -> tuple[list[KioskWorld], list[tuple[str, Person]], SlowStore, SlowGraph]:
    """Two instances of the app over one state and one Graph, with everybody's badges and jobs."""
    first = await kiosk_world()
    store, graph = SlowStore(first.tasks.state), SlowGraph(first.tasks.clock.now)
    tasks = replace(first.tasks.services, state=store, entries=HeldEntries(store), graph=graph)
    first.services = make_kiosk_services(KioskKeys((KEY,)), tasks)
    second = replace(first, services=make_kiosk_services(KioskKeys((KEY,)), tasks))
    people = []
    for number in range(KIOSKS):
        await first.add_kiosk(f"kiosk-{number}", (OFFICE, LASER)[number % 2])
    for number in range(PEOPLE):
        name = f"person{number}@contoso.example"
        person = Person(f"{number:08}-0000-0000-0000-000000000000", name, f"Person {number}")
        badge = f"04{number:06X}C0FFEE80"[:14]
        await first.add_badge(badge, person)
        people.append((badge, person))
        for _ in range(JOBS_EACH):
            task = graph.printed(VIRTUAL, User(person.user_id, name, person.display_name))
            await first.put(held_entry(person, str(task.job_id), task.id, first.services))
    graph.calls.clear()
    store.calls.clear()
    return [first, second], people, store, graph


@dataclass
class Seen:
    """What the kiosks said."""

    listed: dict[str, set[str]] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    released: Counter[str] = field(default_factory=Counter)


async def kiosk(world: KioskWorld, name: str, queue: list[tuple[str, Person]], seen: Seen) -> None:
    """One after another the people show their badges, and each takes everything while the next one taps."""
    taking = []
    for badge, person in queue:
        answer = await world.tap(badge, kiosk=name)
        assert answer.status == 200, answer.body
        assert answer.body["person"]["userPrincipalName"] == person.user_principal_name
        jobs = [job["id"] for job in answer.body["jobs"] if job["state"] == "held"]
        seen.listed.setdefault(person.user_id, set()).update(job["id"] for job in answer.body["jobs"])
        if jobs:
            taking.append(asyncio.create_task(take(world, name, answer.body["session"], jobs, seen)))
    await asyncio.gather(*taking)


async def take(world: KioskWorld, name: str, session: str, jobs: list[str], seen: Seen) -> None:
    answer = await world.redirect(session, *jobs, kiosk=name)
    assert answer.status == 200, answer.body
    for outcome in answer.body["outcomes"]:
        seen.outcomes[outcome["outcome"]] += 1
        seen.released[outcome["id"]] += outcome["outcome"] == "released"


async def test_everybody_sees_exactly_the_own_jobs_and_nothing_is_released_twice() -> None:
    worlds, people, store, graph = await crowded()
    seen = Seen()
    listings = store.memory.listings
    # Each person stands at two kiosks at about the same time, so that the two race for each job.
    queues = {f"kiosk-{number}": people[number::KIOSKS] for number in range(0, KIOSKS, 2)} | {
        f"kiosk-{number + 1}": people[number::KIOSKS] for number in range(0, KIOSKS, 2)
    }
    others = {name: people[int(name[-1]) | 1 :: KIOSKS] for name in queues}
    await asyncio.gather(
        *(
            kiosk(worlds[number % 2], name, queue + others[name], seen)
            for number, (name, queue) in enumerate(queues.items())
        )
    )

    assert set(seen.listed) == {person.user_id for _, person in people}
    assert all(len(jobs) == JOBS_EACH for jobs in seen.listed.values())
    everything = [job for jobs in seen.listed.values() for job in jobs]
    assert len(everything) == len(set(everything)) == PEOPLE * JOBS_EACH

    assert set(seen.released.values()) == {1}
    assert sum(seen.released.values()) == PEOPLE * JOBS_EACH
    assert seen.outcomes["alreadyGone"] > 0
    assert set(seen.outcomes) == {"released", "alreadyGone"}

    on_paper = [job for job in graph.jobs.values() if job.printer_id != VIRTUAL]
    assert len(on_paper) == PEOPLE * JOBS_EACH
    assert graph.calls.count("redirect") == PEOPLE * JOBS_EACH
    assert store.memory.listings - listings == 2 * PEOPLE
    events = Counter((line["event"], line["outcome"]) for line in worlds[0].audit)
    assert events["session", "started"] == 2 * PEOPLE
    assert events["release", "released"] == PEOPLE * JOBS_EACH
