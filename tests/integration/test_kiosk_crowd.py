"""Ten kiosks, two hundred people and two thousand held jobs on the real parts: Azurite, emulator, Azure's own worker.

Graph posts the tasks, the worker holds the jobs, and the kiosks are ten HTTP clients at once. Each person stands at two
of them at the same moment and takes the same half of the jobs at both, so that 1,000 jobs are raced for and 1,000 stay:
to race for all 2,000 through one worker takes some 100 s on two cores and tells no more. What storage and Graph may do
between two calls of a race is tried for all of them, without processes, in tests/unit/test_kiosk_crowd.py.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.azurite import StorageAccount
from tests.support.crowd_world import Badge, Crowd, crowd_world
from tests.support.emulated_service import RecordingPrinter
from tests.support.full_stack import poison_depths

KIOSKS, PEOPLE, JOBS_EACH = 10, 200, 10
JOBS = PEOPLE * JOBS_EACH
# More than a minute on two cores that do nothing else; in a whole run they do, and it takes longer.
pytestmark = pytest.mark.timeout(400)


@pytest.fixture
async def crowd(storage_account: StorageAccount, tmp_path: Path) -> AsyncIterator[Crowd]:
    async with crowd_world(storage_account, tmp_path, kiosks=KIOSKS, people=PEOPLE, jobs_each=JOBS_EACH) as built:
        yield built


@dataclass
class Told:
    """What the kiosks told: which kiosk released a document (by name), and which ones said that it was gone."""

    released: dict[str, list[int]] = field(default_factory=dict)
    gone: dict[str, list[int]] = field(default_factory=dict)


def wanted(badge: Badge) -> frozenset[str]:
    """The half of a person's documents that the person takes."""
    return frozenset(sorted(badge.documents)[::2])


async def take_wanted(crowd: Crowd, http: httpx.AsyncClient, badge: Badge, kiosks: tuple[int, int]) -> Told:
    """Tap at both kiosks at once, then print what is wanted at both of them at once."""
    told = Told()
    taps = [crowd.ask(http, kiosk, "session", {"badge": badge.reading}) for kiosk in kiosks]
    sessions = await asyncio.gather(*taps)
    for session in sessions:
        assert session["person"]["userPrincipalName"] == badge.person.user_principal_name
        assert Counter(job["document"] for job in session["jobs"]) == Counter(badge.documents)
        assert {job["state"] for job in session["jobs"]} == {"held"}

    async def print_wanted(kiosk: int, session: dict[str, Any]) -> None:
        names = {job["id"]: job["document"] for job in session["jobs"] if job["document"] in wanted(badge)}
        jobs = [{"id": job} for job in names]
        answer = await crowd.ask(http, kiosk, "redirect", {"jobs": jobs}, session["session"])
        for outcome in answer["outcomes"]:
            by_code = {"released": told.released, "alreadyGone": told.gone}
            by_code[outcome["outcome"]].setdefault(names[outcome["id"]], []).append(kiosk)

    await asyncio.gather(*(print_wanted(kiosk, session) for kiosk, session in zip(kiosks, sessions, strict=True)))
    return told


async def everybody_takes(crowd: Crowd) -> Told:
    """All kiosks at once, two and two, with a queue of people before each pair."""
    told = Told()
    limits = httpx.Limits(max_connections=2 * KIOSKS)

    async def pair(first: int, http: httpx.AsyncClient) -> None:
        for badge in crowd.badges[first // 2 :: KIOSKS // 2]:
            found = await take_wanted(crowd, http, badge, (first, first + 1))
            told.released |= found.released
            told.gone |= found.gone

    async with httpx.AsyncClient(base_url=crowd.host.url, timeout=60, limits=limits, trust_env=False) as http:
        await asyncio.gather(*(pair(first, http) for first in range(0, KIOSKS, 2)))
    return told


async def test_each_job_comes_out_once_where_it_was_released_and_nothing_else_does(crowd: Crowd) -> None:
    documents = {name for badge in crowd.badges for name in badge.documents}
    tasks = [task.id for task in crowd.tap.service.emulator.tasks.processing()]
    assert len(tasks) == len(documents) == JOBS
    await crowd.notify(tasks)
    await crowd.reaches({"held": JOBS})
    assert not any(device.documents for device in crowd.devices)

    told = await everybody_takes(crowd)
    await crowd.reaches({"held": JOBS // 2})
    await crowd.host.idle()

    assert told.released.keys() == told.gone.keys() == {name for badge in crowd.badges for name in wanted(badge)}
    for name, kiosks in told.released.items():
        # One wins, and the other one says "already gone".
        assert len(kiosks) == 1
        assert len(told.gone[name]) == 1
        assert kiosks != told.gone[name]

    papers = Counter((name, kiosk) for kiosk, device in enumerate(crowd.devices) for name in names(device))
    assert papers == Counter((name, kiosk) for name, (kiosk,) in told.released.items())

    lines = Counter((line["event"], line["outcome"]) for line in await crowd.audit())
    released, gone = ("release", "released"), ("release", "alreadyGone")
    assert lines == {("session", "started"): 2 * PEOPLE, released: JOBS // 2, gone: JOBS // 2}
    rows = {row["id"]: row for row in await crowd.ledger()}
    assert len(rows) == JOBS // 2
    assert Counter((row["document"], row["kiosk"], row["outcome"]) for row in rows.values()) == Counter(
        (name, f"kiosk-{kiosk}", "completed") for name, (kiosk,) in told.released.items()
    )
    assert not any(await poison_depths(crowd.storage))


def names(device: RecordingPrinter) -> list[str]:
    """The documents that came out."""
    return [document.document_name for document in device.documents]
