"""The ceilings of the service: 429, and the wait after which there is room again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from emulator.universal_print.settings import Limits, Settings
from tests.support.emulated_service import PDF, Service, quick_settings, running_service


def limited(**changes: object) -> Settings:
    limits = Limits.off()
    for name, value in changes.items():
        setattr(limits, name, value)
    return quick_settings(limits=limits)


async def create(service: Service) -> httpx.Response:
    return await service.graph("POST", service.jobs_path, json={"configuration": {}})


def assert_throttled(answer: httpx.Response, retry_after: str) -> None:
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "TooManyRequests")
    assert answer.headers["retry-after"] == retry_after


def test_the_ceilings_are_the_documented_ones() -> None:
    limits = Limits()
    assert limits.user_jobs == [(200, timedelta(minutes=10)), (10_000, timedelta(days=12))]
    assert limits.user_bytes == [(10**9, timedelta(minutes=15)), (50 * 10**9, timedelta(days=10))]
    assert limits.printer_jobs == [(100, timedelta(minutes=10))]
    assert (limits.user_submissions_per_printer, limits.printer_submissions) == (4, 50)
    assert (limits.document_bytes, limits.parts_at_once, limits.batch_requests) == (10**9, 4, 20)


async def test_a_user_has_so_many_jobs_in_submission_on_a_printer(tmp_path: Path) -> None:
    async with running_service(tmp_path, settings=limited(user_submissions_per_printer=2)) as service:
        jobs = [await service.create_job(), await service.uploaded_job()]
        assert_throttled(await create(service), "5")
        assert (await service.create_job(service.tenant.bruno))["id"]
        await service.start(jobs[1])
        await service.final_state(jobs[1])
        assert (await create(service)).status_code == 201
        assert_throttled(await create(service), "5")
        service.emulator.clock.advance(timedelta(hours=24))
        service._tokens.clear()
        assert (await create(service)).status_code == 201
        assert await service.final_state(jobs[0]) == "aborted"


async def test_a_printer_has_so_many_jobs_in_submission(tmp_path: Path) -> None:
    async with running_service(tmp_path, settings=limited(printer_submissions=2)) as service:
        await service.create_job()
        job = await service.create_job(service.tenant.bruno)
        assert_throttled(await create(service), "5")
        cancel = f"/print/printers/{service.tenant.printer.id}/jobs/{job['id']}/cancel"
        assert (await service.graph("POST", cancel, service.tenant.bruno)).status_code == 204
        assert (await create(service)).status_code == 201


@pytest.mark.parametrize("owner", ["user_jobs", "printer_jobs"])
async def test_so_many_jobs_fit_into_a_window_that_slides(tmp_path: Path, owner: str) -> None:
    settings = limited(**{owner: [(2, timedelta(minutes=10))]})
    async with running_service(tmp_path, settings=settings) as service:
        moment = service.emulator.clock.now()
        service.emulator.clock._source = lambda: moment
        await create(service)
        service.emulator.clock.advance(timedelta(minutes=4))
        await create(service)
        assert_throttled(await create(service), "360")
        service.emulator.clock.advance(timedelta(minutes=6))
        assert (await create(service)).status_code == 201
        assert_throttled(await create(service), "240")


async def test_a_users_bytes_count_when_they_are_announced(tmp_path: Path) -> None:
    settings = limited(user_bytes=[(1000, timedelta(minutes=15))])
    async with running_service(tmp_path, settings=settings) as service:
        moment = service.emulator.clock.now()
        service.emulator.clock._source = lambda: moment
        first, second = await service.create_job(), await service.create_job()
        assert (await service.ask_session(first, 700)).status_code == 200
        assert_throttled(await service.ask_session(second, 301), "900")
        assert (await service.ask_session(second, 300)).status_code == 200
        # The same document again is no further document.
        assert (await service.ask_session(first, 600)).status_code == 200
        theirs = await service.create_job(service.tenant.bruno)
        assert (await service.ask_session(theirs, 1000, user=service.tenant.bruno)).status_code == 200


async def test_a_refused_job_does_not_count(tmp_path: Path) -> None:
    async with running_service(tmp_path, settings=limited(user_jobs=[(1, timedelta(minutes=1))])) as service:
        moment = service.emulator.clock.now()
        service.emulator.clock._source = lambda: moment
        await create(service)
        for _ in range(3):
            assert_throttled(await create(service), "60")
        service.emulator.clock.advance(timedelta(minutes=1))
        assert (await create(service)).status_code == 201


async def test_bytes_of_jobs_that_are_final_are_dropped_from_disk(tmp_path: Path) -> None:
    async with running_service(tmp_path) as service:
        job = await service.uploaded_job()
        payload = service.emulator.job(job["id"]).payload
        assert payload.read_bytes() == PDF
        await service.start(job)
        await service.final_state(job)
        following = await service.uploaded_job()
        await service.start(following)
        await service.final_state(following)
        assert not payload.exists()
