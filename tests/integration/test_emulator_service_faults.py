"""Faults by script: what was done and what was not, and what the client saw of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest

from emulator.universal_print.faults import Fault
from tests.support.emulated_service import PDF, Service, running_service, until

LOST = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with running_service(tmp_path) as running:
        yield running


async def create(service: Service) -> httpx.Response:
    return await service.graph("POST", service.jobs_path, json={"configuration": {}})


def jobs(service: Service) -> int:
    return len(list(service.emulator.jobs))


async def test_a_status_is_answered_before_the_work_or_after_it(service: Service) -> None:
    for after, made in ((False, 0), (True, 1)):
        service.emulator.faults.add(Fault("status", "createShareJob", status=503, retry_after=7, after=after))
        answer = await create(service)
        assert (answer.status_code, answer.headers["retry-after"], jobs(service)) == (503, "7", made)
        assert answer.json()["error"]["code"] == "serviceNotAvailable"
        assert answer.headers["request-id"]
    assert (await create(service)).status_code == 201


async def test_a_gateway_answers_with_a_page_in_place_of_graphs_words(service: Service) -> None:
    service.emulator.faults.add(Fault("status", "createShareJob", status=502, html=True, retry_after=3))
    answer = await create(service)
    assert (answer.status_code, answer.headers["retry-after"]) == (502, "3")
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.text.startswith("<!DOCTYPE html>")
    assert "request-id" not in answer.headers
    service.emulator.faults.add(Fault("status", "token", status=503, html=True))
    refused = await service.ask_token(grant_type="client_credentials")
    assert (refused.status_code, refused.text[:9]) == (503, "<!DOCTYPE")


async def test_retry_after_can_be_a_date(service: Service) -> None:
    service.emulator.faults.add(Fault("status", "createShareJob", status=429, retry_after=30, retry_after_as_date=True))
    wait = parsedate_to_datetime((await create(service)).headers["retry-after"]) - service.emulator.clock.now()
    assert 28 <= wait.total_seconds() <= 30


async def test_the_nth_call_fails_so_often_and_then_no_more(service: Service) -> None:
    service.emulator.faults.add(Fault("status", "create*Job", skip=1, count=2))
    assert [(await create(service)).status_code for _ in range(4)] == [201, 503, 503, 201]


async def test_a_reply_is_lost_before_the_work_or_after_it(service: Service) -> None:
    for action, made in (("dropBefore", 0), ("dropAfter", 1)):
        service.emulator.faults.add(Fault(action, "createShareJob"))  # type: ignore[arg-type] # one of the actions
        with pytest.raises(LOST):
            await create(service)
        assert jobs(service) == made
    entries = service.emulator.requests.of("createShareJob")
    assert [(entry.status, entry.worked) for entry in entries] == [(None, False), (None, True)]


async def test_a_reply_is_cut_in_its_middle(service: Service) -> None:
    await service.bearer()
    service.emulator.faults.add(Fault("cutReply", "createShareJob"))
    with pytest.raises(LOST):
        await create(service)
    entry = service.emulator.requests.of("createShareJob")[0]
    assert (entry.status, jobs(service)) == (201, 1)
    assert entry.sent > 0


async def test_a_part_that_is_cut_in_its_middle_does_not_count(service: Service) -> None:
    url = await service.open_session(await service.create_job(), len(PDF))
    service.emulator.faults.add(Fault("cutRequest", "uploadPart", at=0.5))
    with pytest.raises(LOST):
        await service.put(url, PDF, 0, len(PDF))
    assert (await service.http.get(url)).json()["nextExpectedRanges"] == [f"0-{len(PDF) - 1}"]
    assert service.emulator.requests.of("uploadPart")[0].worked is False
    assert (await service.put(url, PDF, 0, len(PDF))).status_code == 201


async def test_the_reply_to_the_last_part_is_lost_after_the_work(service: Service) -> None:
    job = await service.create_job()
    url = await service.open_session(job, len(PDF))
    service.emulator.faults.add(Fault("dropAfter", "uploadPart"))
    with pytest.raises(LOST):
        await service.put(url, PDF, 0, len(PDF))
    assert (await service.http.get(url)).status_code == 404
    assert (await service.start(job)).status_code == 200


async def test_a_delay_takes_its_time_and_leaves_the_rest_alone(service: Service) -> None:
    await service.bearer()
    service.emulator.faults.add(Fault("delay", "createShareJob", seconds=0.2))
    service.emulator.faults.add(Fault("delay", "createShareJob", seconds=0.1, after=True))
    began = time.monotonic()
    assert (await create(service)).status_code == 201
    assert time.monotonic() - began >= 0.3


async def test_faults_of_tokens_speak_as_entra(service: Service) -> None:
    service.emulator.faults.add(Fault("status", "token", status=503, code="temporarily_unavailable", count=None))
    answer = await service.ask_token(grant_type="refresh_token", refresh_token="x")
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")


async def test_a_restart_cuts_what_is_under_way_and_keeps_what_was_granted(service: Service) -> None:
    job = await service.create_job()
    url = await service.open_session(job, len(PDF))
    await service.put(url, PDF[:1000], 0, len(PDF))
    token = await service.sign_in(service.tenant.anna, "PrintJob.ReadWrite")
    service.emulator.faults.add(Fault("delay", "uploadStatus", seconds=30))
    hanging = asyncio.ensure_future(service.http.get(url))
    await until(lambda: bool(service.emulator.requests.of("uploadStatus")))
    service.emulator.restart()
    with pytest.raises(LOST):
        await hanging
    assert (await service.http.get(url)).json()["nextExpectedRanges"] == [f"1000-{len(PDF) - 1}"]
    renewed = await service.ask_token(
        grant_type="refresh_token", refresh_token=token["refresh_token"], scope="PrintJob.ReadWrite"
    )
    assert renewed.status_code == 200


async def test_a_restart_refuses_connections_while_the_service_is_down(service: Service) -> None:
    await service.bearer()
    service.emulator.faults.add(Fault("restart", "createShareJob", seconds=0.3, after=True))
    with pytest.raises(LOST):
        await create(service)
    with pytest.raises((*LOST, httpx.ConnectError)):
        await create(service)
    await until(lambda: not service.emulator.is_down)
    assert (await create(service)).status_code == 201
    assert jobs(service) == 2


async def test_faults_are_scripted_over_http(service: Service) -> None:
    script = [{"action": "status", "operation": "createShareJob", "status": 429, "retryAfter": 3}, {"action": "delay"}]
    added = (await service.http.post("/emulator/faults", json=script)).json()["value"]
    assert [entry["action"] for entry in added] == ["status", "delay"]
    assert (await service.http.delete(f"/emulator/faults/{added[1]['id']}")).status_code == 204
    assert (await create(service)).status_code == 429
    listed = (await service.http.get("/emulator/faults")).json()["value"]
    assert [(entry["operation"], entry["applied"]) for entry in listed] == [("createShareJob", 1)]
    assert (await service.http.delete("/emulator/faults")).status_code == 204
    assert (await service.http.get("/emulator/faults")).json() == {"value": []}


@pytest.mark.parametrize("script", [{"action": "explode"}, {"action": "delay", "minutes": 1}, {"path": "["}, "x", [3]])
async def test_a_fault_that_makes_no_sense_is_refused(service: Service, script: object) -> None:
    answer = await service.http.post("/emulator/faults", json=script)
    assert (answer.status_code, list(service.emulator.faults)) == (400, [])


async def test_the_log_counts_requests_and_holds_no_secret(service: Service) -> None:
    job = await service.uploaded_job()
    await service.start(job)
    await service.final_state(job)
    entries = (await service.http.get("/emulator/requests")).json()["value"]
    counts = service.emulator.requests.counts()
    assert (counts["createShareJob"], counts["uploadPart"], counts["startShareJob"]) == (1, 1, 1)
    upload = (await service.http.get("/emulator/requests", params={"operation": "uploadPart"})).json()["value"]
    assert [(entry["status"], entry["account"], entry["received"]) for entry in upload] == [
        (201, "anna@contoso.example", len(PDF))
    ]
    secrets = [(await service.bearer())["Authorization"].split()[1]]
    session = service.emulator.job(job["id"]).session
    assert session is not None
    secrets.append(session.token)
    assert not [entry for entry in entries for secret in secrets if secret in str(entry)]
