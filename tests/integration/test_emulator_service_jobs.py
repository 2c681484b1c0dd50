"""The life of a job on the emulator, and every refusal on its way."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from emulator.universal_print.devices.capabilities import OFFICE_COLOR
from emulator.universal_print.devices.virtual import VirtualPrinter
from emulator.universal_print.sample_documents import write_oxps
from tests.support.emulated_service import PDF, Service, quick_settings, running_service, small_tenant, until


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with running_service(tmp_path) as running:
        yield running


def status_of(job: dict[str, Any]) -> tuple[str, list[str], bool, bool]:
    status = job["status"]
    return status["state"], status["details"], status["isAcquiredByPrinter"], job["isFetchable"]


async def test_a_job_lives_as_documented(service: Service) -> None:
    service.tenant.device.gate.clear()
    job = await service.create_job(copies=3)
    assert status_of(job) == ("paused", ["uploadPending"], False, False)
    document = job["documents"][0]
    assert (document["displayName"], document["contentType"], document["size"]) == ("", "", 0)
    upload_url = await service.open_session(job, len(PDF))
    completed = await service.put(upload_url, PDF, 0, len(PDF))
    assert (completed.status_code, completed.json()["displayName"]) == (201, "invoice.pdf")
    started = await service.start(job)
    assert (started.status_code, started.json()["state"], started.json()["details"]) == (
        200, "processing", ["interpreting"]
    )  # fmt: skip
    service.tenant.device.gate.set()
    assert await service.final_state(job) == "completed"
    seen = (await service.graph("GET", f"{service.jobs_path}/{job['id']}?$expand=documents")).json()
    assert status_of(seen) == ("completed", ["completedSuccessfully"], True, True)
    states = [state for _, state, _ in service.emulator.job(job["id"]).history]
    assert states == ["paused", "processing", "pending", "processing", "completed"]
    assert service.tenant.device.digests == [hashlib.sha256(PDF).hexdigest()]
    assert service.tenant.device.documents[0].configuration == {"copies": 3}


async def test_every_member_of_a_job_is_shown_and_those_that_no_page_names_are_null(service: Service) -> None:
    job = await service.uploaded_job()
    assert list(job["configuration"].values()) == [None] * 19
    for undocumented in (False, True):
        service.emulator.settings.undocumented_members = undocumented
        seen = await service.graph("GET", f"{service.jobs_path}/{job['id']}?$expand=documents")
        [document] = seen.json()["documents"]
        assert document["size"] == len(PDF)
        assert (document["uploadedDateTime"] is not None) is undocumented


async def test_times_of_jobs_come_in_utc_and_with_an_offset(service: Service) -> None:
    texts = [(await service.create_job())["createdDateTime"] for _ in range(2)]
    assert sorted(text[-6:] for text in texts) == ["-07:00", texts[1][-6:]]
    assert texts[1].endswith("Z")
    created = [job.created for job in service.emulator.jobs]
    assert [datetime.fromisoformat(text) for text in texts] == [created[0].replace(microsecond=0), created[1]]


async def test_what_takes_no_body_or_no_further_member_refuses_it(service: Service) -> None:
    job = await service.uploaded_job()
    path = f"{service.jobs_path}/{job['id']}/start"
    assert (await service.graph("POST", path, json={"documentName": "invoice.pdf"})).status_code == 400
    assert (await service.start(job)).status_code == 200
    other = await service.create_job()
    session = f"{service.jobs_path}/{other['id']}/documents/{other['documents'][0]['id']}/createUploadSession"
    properties = {"documentName": "invoice.pdf", "contentType": "application/pdf", "size": 1}
    body = {"properties": properties, "conflictBehavior": "replace"}
    assert (await service.graph("POST", session, json=body)).status_code == 400
    assert (await service.graph("POST", session, json={"properties": properties})).status_code == 200


async def test_jobs_come_out_in_the_order_of_their_start(service: Service) -> None:
    service.tenant.device.gate.clear()
    jobs = [await service.uploaded_job() for _ in range(3)]
    for job in (jobs[2], jobs[0], jobs[1]):
        await service.start(job)
    service.tenant.device.gate.set()
    for job in jobs:
        await service.final_state(job)
    assert [document.job_id for document in service.tenant.device.documents] == [
        jobs[2]["id"], jobs[0]["id"], jobs[1]["id"]
    ]  # fmt: skip


async def test_start_before_the_upload_is_complete_is_refused(service: Service) -> None:
    job = await service.create_job()
    upload_url = await service.open_session(job, len(PDF))
    await service.put(upload_url, PDF[:1000], 0, len(PDF))
    assert (await service.start(job)).status_code == 409
    assert service.tenant.device.documents == []


async def test_a_second_start_is_refused_and_prints_nothing_more(service: Service) -> None:
    job = await service.uploaded_job()
    assert [(await service.start(job)).status_code for _ in range(2)] == [200, 409]
    await service.final_state(job)
    assert (await service.start(job)).status_code == 409
    assert len(service.tenant.device.documents) == 1


async def test_a_cancelled_job_never_comes_out_and_stays_cancelled(service: Service) -> None:
    service.tenant.device.gate.clear()
    job = await service.uploaded_job()
    await service.start(job)
    path = f"/print/printers/{service.tenant.printer.id}/jobs/{job['id']}/cancel"
    assert (await service.graph("POST", path)).status_code == 204
    assert await service.final_state(job) == "canceled"
    assert (await service.graph("POST", path)).status_code == 409
    service.tenant.device.gate.set()
    following = await service.uploaded_job()
    await service.start(following)
    await service.final_state(following)
    assert [document.job_id for document in service.tenant.device.documents] == [following["id"]]


async def test_paper_that_is_on_its_way_out_comes_out_and_the_job_says_so(service: Service) -> None:
    device = service.tenant.device
    device.gate.clear()
    device.stops_when_told = False
    job = await service.uploaded_job()
    await service.start(job)
    await until(lambda: service.emulator.job(job["id"]).acquired)
    path = f"/print/printers/{service.tenant.printer.id}/jobs/{job['id']}/cancel"
    assert (await service.graph("POST", path)).status_code == 204
    assert await service.final_state(job) == "completed"
    assert (device.cancelled, len(device.documents)) == ([job["id"]], 1)


async def test_a_printer_that_breaks_aborts_the_job_with_its_reason(service: Service) -> None:
    service.tenant.device.failure = RuntimeError("the fuser is on fire")
    job = await service.uploaded_job()
    await service.start(job)
    assert await service.final_state(job) == "aborted"
    assert "the fuser is on fire" in service.emulator.job(job["id"]).description


async def test_a_type_that_the_printer_does_not_take_is_refused_before_any_byte(service: Service) -> None:
    job = await service.create_job()
    for content_type in ("image/jpeg", "application/oxps2", "APPLICATION/PDF", "application/pdf; version=1"):
        answer = await service.ask_session(job, 10, content_type)
        assert answer.status_code == 400, content_type
    assert (await service.ask_session(job, 10)).status_code == 200


@pytest.mark.parametrize(
    ("taken", "enabled", "status"),
    [
        (("application/pdf",), True, 200),
        (("application/pdf",), False, 400),
        (("image/pwg-raster",), True, 400),
        (("application/pdf", "application/oxps"), False, 200),
    ],
)
async def test_oxps_is_converted_only_by_the_documented_rule(
    tmp_path: Path, taken: tuple[str, ...], enabled: bool, status: int
) -> None:
    async with running_service(tmp_path) as service:
        service.tenant.device.capabilities["contentTypes"] = list(taken)
        service.tenant.world.document_conversion_enabled = enabled
        job = await service.create_job()
        assert (await service.ask_session(job, 10, "application/oxps")).status_code == status


async def test_a_converted_document_reaches_the_printer_as_pdf_with_as_many_pages(tmp_path: Path) -> None:
    tenant = small_tenant()
    async with running_service(tmp_path / "service", tenant, quick_settings(keep_payloads=True)) as service:
        write_oxps(tmp_path / "minutes.oxps")
        content = (tmp_path / "minutes.oxps").read_bytes()
        job = await service.create_job()
        asked = await service.ask_session(job, len(content), "application/oxps")
        await service.put(asked.json()["uploadUrl"], content, 0, len(content))
        await service.start(job)
        assert await service.final_state(job) == "completed"
        delivered = tenant.device.documents[0]
        assert (delivered.content_type, delivered.path.read_bytes()[:5]) == ("application/pdf", b"%PDF-")
        details = [entry[2] for entry in service.emulator.job(job["id"]).history]
        assert ("transforming",) in details


async def test_a_printer_that_accepts_no_jobs_gets_none(service: Service) -> None:
    path = f"/emulator/printers/{service.tenant.printer.id}/conditions"
    await service.http.post(path, json={"name": "notAcceptingJobs", "on": True})
    answer = await service.graph("POST", service.jobs_path, json={"configuration": {}})
    assert (answer.status_code, list(service.emulator.jobs)) == (409, [])


@pytest.mark.parametrize(
    "body",
    [
        {"configuration": {"copies": "two"}},
        {"configuration": {"duplexMode": "bothSides"}},
        {"configuration": {"paperSize": "A4"}},
        {"configuration": {}, "displayName": "mine"},
        [],
    ],
)
async def test_a_job_that_the_schema_does_not_know_is_refused(service: Service, body: object) -> None:
    answer = await service.graph("POST", service.jobs_path, json=body)
    assert (answer.status_code, list(service.emulator.jobs)) == (400, [])


async def test_people_see_and_touch_their_own_jobs_only(service: Service) -> None:
    mine, theirs = await service.create_job(), await service.create_job(service.tenant.bruno)
    listed = (await service.graph("GET", service.jobs_path)).json()["value"]
    assert [job["id"] for job in listed] == [mine["id"]]
    assert (await service.graph("GET", f"{service.jobs_path}/{theirs['id']}")).status_code == 403
    assert (await service.start(theirs)).status_code == 403
    wanted = {"$filter": "createdBy/userPrincipalName eq 'bruno@contoso.example'"}
    assert (await service.graph("GET", service.jobs_path, params=wanted)).status_code == 403


async def test_an_administrator_needs_a_permission_for_all_to_see_the_jobs_of_others(service: Service) -> None:
    job = await service.create_job()
    path = f"/v1.0/print/printers/{service.tenant.printer.id}/jobs"
    for scope, seen in (("PrintJob.ReadWrite", []), ("PrintJob.ReadWrite.All", [job["id"]])):
        headers = await service.bearer(service.tenant.administrator, scope)
        answer = await service.http.get(path, headers=headers)
        assert [entry["id"] for entry in answer.json()["value"]] == seen


async def test_who_is_not_on_the_share_prints_nothing_there(service: Service) -> None:
    for user in (service.tenant.stranger, service.tenant.administrator):
        answer = await service.graph("POST", service.jobs_path, user, json={"configuration": {}})
        assert answer.status_code == 403
    assert list(service.emulator.jobs) == []


async def test_a_list_is_filtered_by_creator_and_comes_in_pages(tmp_path: Path) -> None:
    async with running_service(tmp_path, small_tenant(), quick_settings(page_size=2)) as service:
        own = [(await service.create_job())["id"] for _ in range(5)]
        await service.create_job(service.tenant.bruno)
        query = {"$filter": "createdBy/userPrincipalName eq 'anna@contoso.example'", "$expand": "documents"}
        page = (await service.graph("GET", service.jobs_path, params=query)).json()
        seen = page["value"]
        while "@odata.nextLink" in page:
            assert len(page["value"]) <= 2
            page = (await service.http.get(page["@odata.nextLink"], headers=await service.bearer())).json()
            seen += page["value"]
        assert sorted(job["id"] for job in seen) == own
        assert all(len(job["documents"]) == 1 for job in seen)


@pytest.mark.parametrize(
    "query",
    [
        "$top=2",
        "$count=true",
        "$orderby=id",
        "$filter=id eq '1'",
        "$expand=printer",
        "x=1",
        "$expand=tasks&$expand=a",
        "$skiptoken=%C3%A4",
    ],
)
async def test_query_options_that_are_not_documented_are_refused(service: Service, query: str) -> None:
    assert (await service.graph("GET", f"{service.jobs_path}?{query}")).status_code == 400


async def test_a_document_is_downloaded_from_an_address_of_its_own(service: Service) -> None:
    job = await service.uploaded_job()
    path = f"/print/printers/{service.tenant.printer.id}/jobs/{job['id']}/documents/{job['documents'][0]['id']}/$value"
    answer = await service.graph("GET", path)
    assert answer.status_code == 302
    fetched = await service.http.get(answer.headers["location"])
    assert (fetched.content, fetched.headers["content-type"]) == (PDF, "application/pdf")
    with_token = await service.http.get(answer.headers["location"], headers=await service.bearer())
    assert (with_token.status_code, with_token.json()["error"]["code"]) == (401, "unauthenticated")


async def test_a_virtual_printer_puts_the_document_into_its_folder(tmp_path: Path) -> None:
    tenant = small_tenant()
    printer = tenant.world.add_printer(VirtualPrinter("Lobby", OFFICE_COLOR, tmp_path / "paper"))
    tenant.share = tenant.world.add_share(printer, users=[tenant.anna])
    write_oxps(tmp_path / "minutes.oxps")
    content = (tmp_path / "minutes.oxps").read_bytes()
    async with running_service(tmp_path, tenant) as service:
        job = await service.create_job(copies=2)
        asked = await service.ask_session(job, len(content), "application/oxps")
        await service.put(asked.json()["uploadUrl"], content, 0, len(content))
        await service.start(job)
        assert await service.final_state(job) == "completed"
        kept = service.emulator.job(job["id"])
        assert kept.paper is not None
        assert (tmp_path / "paper" / kept.paper).read_bytes() == content
        async with asyncio.timeout(10):
            while kept.payload.exists():
                await asyncio.sleep(0.01)
