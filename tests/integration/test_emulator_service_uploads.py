"""Upload sessions: any order, at most four at once, and everything else refused."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from tests.support.emulated_service import Service, quick_settings, running_service, small_tenant, until

SIZE = 1_000_000
CONTENT = b"".join(number.to_bytes(4) for number in range(SIZE // 4))


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with running_service(tmp_path, settings=quick_settings(keep_payloads=True)) as running:
        yield running


@pytest.fixture
async def upload_url(service: Service) -> str:
    return await service.open_session(await service.create_job(), SIZE)


async def part(service: Service, url: str, start: int, end: int) -> httpx.Response:
    return await service.put(url, CONTENT[start:end], start, SIZE)


async def test_parts_arrive_in_any_order_and_make_the_document(service: Service, upload_url: str) -> None:
    cuts = [0, 1, 250_000, 250_001, 600_000, SIZE]
    parts = list(pairwise(cuts))
    answers = [await part(service, upload_url, *parts[place]) for place in (3, 0, 4, 2, 1)]
    assert [answer.status_code for answer in answers] == [202] * 4 + [201]
    job = next(iter(service.emulator.jobs))
    assert job.document.uploaded is not None
    assert hashlib.sha256(job.payload.read_bytes()).digest() == hashlib.sha256(CONTENT).digest()


async def test_status_says_what_is_missing_and_changes_nothing(service: Service, upload_url: str) -> None:
    await part(service, upload_url, 100, 200)
    answer = await part(service, upload_url, 500, 600)
    status = await service.http.get(upload_url)
    assert (status.status_code, status.json()) == (200, answer.json())
    assert status.json()["nextExpectedRanges"] == ["0-99", "200-499", f"600-{SIZE - 1}"]


@pytest.mark.parametrize(("start", "end"), [(100, 200), (150, 250), (0, 101), (120, 130), (0, 300)])
async def test_a_part_that_overlaps_one_already_held_gets_416(
    service: Service, upload_url: str, start: int, end: int
) -> None:
    await part(service, upload_url, 100, 200)
    answer = await part(service, upload_url, start, end)
    assert answer.status_code == 416
    assert answer.json()["error"]["innerError"]["code"] == "fragmentOverlap"
    assert (await service.http.get(upload_url)).json()["nextExpectedRanges"] == ["0-99", f"200-{SIZE - 1}"]


@pytest.mark.parametrize(
    ("span", "length", "status"),
    [
        (None, 10, 400),
        ("bytes=0-9/1000000", 10, 400),
        ("bytes 0-9/*", 10, 400),
        (f"bytes 0-9/{'9' * 5000}", 10, 400),
        ("bytes 0-9/1000001", 10, 400),
        ("bytes 0-9/1000000", 11, 400),
        ("bytes 9-0/1000000", 10, 416),
        ("bytes 999999-1000000/1000000", 2, 416),
    ],
)
async def test_headers_are_taken_at_their_word(
    service: Service, upload_url: str, span: str | None, length: int, status: int
) -> None:
    headers = {} if span is None else {"Content-Range": span}
    answer = await service.http.put(upload_url, content=bytes(length), headers=headers)
    assert answer.status_code == status
    assert (await service.http.get(upload_url)).json()["nextExpectedRanges"] == [f"0-{SIZE - 1}"]


async def test_a_part_without_a_length_is_refused(service: Service, upload_url: str) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield CONTENT[:10]

    headers = {"Content-Range": f"bytes 0-9/{SIZE}"}
    assert (await service.http.put(upload_url, content=pieces(), headers=headers)).status_code == 411


async def test_ten_megabytes_are_too_much_for_one_request(service: Service) -> None:
    url = await service.open_session(await service.create_job(), 20_000_000)
    answers = [await service.put(url, bytes(size), 0, 20_000_000) for size in (10_000_000, 9_999_999)]
    assert [answer.status_code for answer in answers] == [413, 202]


async def test_a_bearer_token_is_refused_by_the_upload_address(service: Service, upload_url: str) -> None:
    answer = await service.http.get(upload_url, headers=await service.bearer())
    assert answer.status_code == 401


async def test_a_complete_session_is_gone(service: Service, upload_url: str) -> None:
    assert (await part(service, upload_url, 0, SIZE)).status_code == 201
    for method in ("GET", "DELETE", "PUT"):
        answer = await service.http.request(method, upload_url)
        assert answer.status_code == 404
        assert answer.json()["error"]["innerError"]["code"] == "uploadSessionNotFound"


async def test_a_cancelled_session_is_gone_and_the_job_takes_another(service: Service) -> None:
    job = await service.create_job()
    url = await service.open_session(job, SIZE)
    assert (await service.http.delete(url)).status_code == 204
    assert (await service.http.get(url)).status_code == 404
    assert (await part(service, await service.open_session(job, SIZE), 0, SIZE)).status_code == 201


async def test_an_expired_session_is_gone_with_what_it_held(service: Service) -> None:
    job = await service.create_job()
    url = await service.open_session(job, SIZE)
    await part(service, url, 0, 100)
    service.emulator.clock.advance(timedelta(minutes=59))
    assert (await service.http.get(url)).status_code == 200
    service.emulator.clock.advance(timedelta(minutes=1))
    assert (await part(service, url, 100, SIZE)).status_code == 404
    assert service.emulator.job(job["id"]).session is None


async def test_a_new_session_ends_the_former_and_forgets_its_bytes(service: Service) -> None:
    job = await service.create_job()
    former = await service.open_session(job, SIZE)
    await part(service, former, 0, 100)
    following = await service.open_session(job, SIZE)
    assert (await service.http.get(former)).status_code == 404
    assert (await service.http.get(following)).json()["nextExpectedRanges"] == [f"0-{SIZE - 1}"]


async def test_a_document_that_is_complete_takes_no_other_content(service: Service) -> None:
    job = await service.uploaded_job()
    assert (await service.ask_session(job, 10)).status_code == 409


async def test_a_document_over_the_service_limit_is_refused(service: Service) -> None:
    job = await service.create_job()
    assert (await service.ask_session(job, 10**9 + 1)).status_code == 413
    assert (await service.ask_session(job, 0)).status_code == 400
    assert (await service.ask_session(job, 10**9)).status_code == 200


class SlowPart:
    """A part whose last byte is held back until it is let go."""

    def __init__(self, service: Service, url: str, start: int, end: int) -> None:
        self._let_go = asyncio.Event()
        headers = {"Content-Range": f"bytes {start}-{end - 1}/{SIZE}", "Content-Length": str(end - start)}
        content = self._content(CONTENT[start:end])
        self._answer = asyncio.ensure_future(service.http.put(url, content=content, headers=headers))

    async def _content(self, content: bytes) -> AsyncIterator[bytes]:
        yield content[:-1]
        await self._let_go.wait()
        yield content[-1:]

    async def finish(self) -> int:
        self._let_go.set()
        return (await self._answer).status_code

    async def cancel(self) -> None:
        self._answer.cancel()
        await asyncio.gather(self._answer, return_exceptions=True)


async def until_in_flight(service: Service, count: int) -> None:
    session = next(iter(service.emulator.jobs)).session
    assert session is not None
    await until(lambda: len(session.in_flight) == count)


async def test_a_fifth_request_at_once_is_refused(service: Service, upload_url: str) -> None:
    slow = [SlowPart(service, upload_url, start, start + 1000) for start in range(0, 4000, 1000)]
    await until_in_flight(service, 4)
    assert (await part(service, upload_url, 4000, 5000)).status_code == 429
    assert [await one.finish() for one in slow] == [202] * 4
    assert (await part(service, upload_url, 4000, 5000)).status_code == 202


async def test_a_part_on_its_way_keeps_its_range(service: Service, upload_url: str) -> None:
    slow = SlowPart(service, upload_url, 0, 1000)
    await until_in_flight(service, 1)
    assert (await part(service, upload_url, 0, 1000)).status_code == 416
    assert (await service.http.get(upload_url)).json()["nextExpectedRanges"] == [f"0-{SIZE - 1}"]
    assert await slow.finish() == 202


async def test_a_part_whose_sender_went_away_does_not_count(service: Service, upload_url: str) -> None:
    slow = SlowPart(service, upload_url, 0, 1000)
    await until_in_flight(service, 1)
    await slow.cancel()
    await until_in_flight(service, 0)
    assert (await service.http.get(upload_url)).json()["nextExpectedRanges"] == [f"0-{SIZE - 1}"]
    assert (await part(service, upload_url, 0, 1000)).status_code == 202


async def test_cancelling_the_job_ends_its_upload(tmp_path: Path) -> None:
    async with running_service(tmp_path, small_tenant()) as service:
        job = await service.create_job()
        url = await service.open_session(job, SIZE)
        await part(service, url, 0, 1000)
        cancel = f"/print/printers/{service.tenant.printer.id}/jobs/{job['id']}/cancel"
        assert (await service.graph("POST", cancel)).status_code == 204
        assert (await part(service, url, 1000, 2000)).status_code == 404
        assert not service.emulator.job(job["id"]).payload.exists()
