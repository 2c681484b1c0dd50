"""A task holds its job: nothing prints before the app lets it, and nothing is held for ever."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from emulator.universal_print.world import AppRegistration
from tests.support.emulated_service import PDF, quick_settings, said, until
from tests.support.emulated_tasks import Tap, running_tap, tap_tenant

OTHER_PDF = b"%PDF-1.7\n" + b"another" * 1000


@pytest.fixture
async def tap(tmp_path: Path) -> AsyncIterator[Tap]:
    async with running_tap(tmp_path) as running:
        yield running


def trigger_on_device(tap: Tap) -> None:
    """Hold what is printed to the printer that has a device, too."""
    tap.service.emulator.tasks.add_trigger(tap.tenant.printer, tap.definition)


async def held_on_device(tap: Tap, **configuration: Any) -> dict[str, Any]:
    trigger_on_device(tap)
    job = await tap.service.create_job(**configuration)
    session = await tap.service.open_session(job, len(PDF))
    assert (await tap.service.put(session, PDF, 0, len(PDF))).status_code == 201
    assert (await tap.service.start(job)).json()["state"] == "processing"
    kept = tap.service.emulator.job(job["id"])
    await until(lambda: kept.is_held)
    return job


async def complete(tap: Tap, task_id: str, **status: Any) -> Any:
    body = {"status": {"state": "completed", **status}}
    return await tap.as_app("PATCH", f"{tap.tasks_path}/{task_id}", json=body)


async def test_a_started_job_is_paused_by_a_task_in_processing(tap: Tap) -> None:
    task = await tap.print_held()
    job = (await tap.as_app("GET", f"{tap.job_path(task.job)}?$expand=tasks,documents")).json()
    assert job["status"]["state"] == "paused"
    assert job["isFetchable"] is False
    assert job["documents"][0]["displayName"] == "letter.pdf"
    expected = {
        "id": task.id,
        "parentUrl": f"{tap.service.url}/v1.0{tap.job_path(task.job)}",
        "status": {"state": "processing", "description": "The task is being processed."},
    }
    assert job["tasks"] == [expected]
    listed = (await tap.as_app("GET", tap.tasks_path)).json()["value"]
    assert listed == [expected]


async def test_a_completed_task_lets_the_job_print_on_its_own_printer(tap: Tap) -> None:
    job = await held_on_device(tap)
    assert tap.tenant.device.documents == []
    [task] = tap.service.emulator.tasks.processing()
    answer = await complete(tap, task.id)
    assert answer.json()["status"] == {"state": "completed", "description": "Task execution is completed."}
    assert await tap.service.final_state(job) == "completed"
    assert len(tap.tenant.device.documents) == 1
    assert (await complete(tap, task.id)).status_code == 409


async def test_a_job_without_a_device_waits_for_ever_and_never_becomes_paper(tap: Tap) -> None:
    task = await tap.print_held()
    assert (await complete(tap, task.id)).status_code == 200
    await until(lambda: task.job.state == "pending")
    assert task.job.fetchable
    assert (await tap.redirect(task.job)).status_code == 403
    tap.service.emulator.clock.advance(timedelta(days=30))
    assert (await tap.as_app("GET", tap.job_path(task.job))).json()["status"]["state"] == "pending"


async def test_an_aborted_task_keeps_its_job_from_printing(tap: Tap) -> None:
    task = await tap.print_held()
    assert (await complete(tap, task.id, state="aborted", description="No.")).json()["status"]["description"] == "No."
    assert task.job.is_held
    assert (await tap.redirect(task.job)).status_code == 403
    tap.service.emulator.clock.advance(timedelta(days=3))
    assert (await tap.as_app("GET", tap.job_path(task.job))).status_code == 404


async def test_a_task_that_nobody_completes_is_given_up_with_its_job(tap: Tap) -> None:
    task = await tap.print_held()
    tap.service.emulator.clock.advance(timedelta(days=3))
    assert (await tap.as_app("GET", tap.job_path(task.job))).status_code == 404
    assert (await tap.as_app("GET", f"/print/printers/{tap.follow_me.id}/jobs")).json()["value"] == []
    assert (await tap.as_app("GET", f"{tap.tasks_path}/{task.id}")).json()["status"]["state"] == "aborted"
    assert (task.job.state, task.job.payload.exists()) == ("aborted", False)


async def test_a_task_that_ended_is_listed_for_an_hour(tap: Tap) -> None:
    task = await tap.print_held()
    await tap.redirect(task.job)
    listed = (await tap.as_app("GET", tap.tasks_path)).json()["value"]
    assert [(one["id"], one["status"]["state"]) for one in listed] == [(task.id, "completed")]
    tap.service.emulator.clock.advance(timedelta(hours=1))
    assert (await tap.as_app("GET", tap.tasks_path)).json()["value"] == []
    assert (await tap.as_app("GET", f"{tap.tasks_path}/{task.id}")).status_code == 404


async def test_many_tasks_come_in_pages(tmp_path: Path) -> None:
    async with running_tap(tmp_path, settings=quick_settings(page_size=2)) as tap:
        tasks = [await tap.print_held() for _ in range(3)]
        first = (await tap.as_app("GET", tap.tasks_path)).json()
        empty = (await tap.as_app("GET", first["@odata.nextLink"].partition("/v1.0")[2])).json()
        assert empty["value"] == []
        last = (await tap.as_app("GET", empty["@odata.nextLink"].partition("/v1.0")[2])).json()
        assert {one["id"] for one in first["value"] + last["value"]} == {task.id for task in tasks}


async def test_the_app_changes_what_it_names_of_a_held_jobs_settings(tap: Tap) -> None:
    job = (await tap.print_held(copies=3, colorMode="color")).job
    answer = await tap.as_app("PATCH", tap.job_path(job), json={"configuration": {"duplexMode": "flipOnLongEdge"}})
    assert answer.status_code == 200
    assert said(answer.json()["configuration"]) == {"copies": 3, "colorMode": "color", "duplexMode": "flipOnLongEdge"}
    assert answer.json()["status"]["state"] == "paused"
    other = await tap.as_app("PATCH", tap.job_path(job), json={"status": {"state": "completed"}})
    wrong = await tap.as_app("PATCH", tap.job_path(job), json={"configuration": {"copies": "three"}})
    assert (other.status_code, wrong.status_code) == (400, 400)


async def test_an_abort_says_why_and_leaves_the_task_to_the_app(tap: Tap) -> None:
    task = await tap.print_held()
    answer = await tap.as_app("POST", f"{tap.job_path(task.job)}/abort", json={"reason": "Too many pages."})
    assert answer.status_code == 204
    status = (await tap.service.graph("GET", tap.job_path(task.job))).json()["status"]
    assert (status["state"], status["description"]) == ("aborted", "Too many pages.")
    assert (await tap.as_app("POST", f"{tap.job_path(task.job)}/abort")).status_code == 409
    assert (await complete(tap, task.id)).status_code == 200
    assert (await tap.as_app("GET", tap.job_path(task.job))).json()["status"]["state"] == "aborted"


async def test_a_person_may_cancel_a_held_job(tap: Tap) -> None:
    task = await tap.print_held()
    assert (await tap.service.graph("POST", f"{tap.job_path(task.job)}/cancel")).status_code == 204
    assert (await tap.redirect(task.job)).status_code == 409
    assert task.is_processing


async def test_the_app_reads_the_document_of_a_held_job(tap: Tap) -> None:
    job = (await tap.print_held(OTHER_PDF)).job
    answer = await tap.as_app("GET", f"{tap.job_path(job)}/documents/{job.document.id}/$value")
    assert answer.status_code == 302
    assert (await tap.service.http.get(answer.headers["Location"])).content == OTHER_PDF


async def test_the_app_puts_another_document_in_its_place_once(tap: Tap) -> None:
    job = (await tap.print_held()).job
    ask = f"{tap.job_path(job)}/documents/{job.document.id}/createUploadSession"
    properties = {"documentName": "stamped.pdf", "contentType": "application/pdf", "size": len(OTHER_PDF)}
    lost = await tap.as_app("POST", ask, json={"properties": properties})
    assert (await tap.service.put(lost.json()["uploadUrl"], OTHER_PDF[:10], 0, len(OTHER_PDF))).status_code == 202
    assert job.payload.read_bytes() == PDF
    session = await tap.as_app("POST", ask, json={"properties": properties})
    assert (await tap.service.put(session.json()["uploadUrl"], OTHER_PDF, 0, len(OTHER_PDF))).status_code == 201
    assert (await tap.as_app("POST", ask, json={"properties": properties})).status_code == 409
    moved = (await tap.redirect(job)).json()
    assert await tap.service.final_state(moved) == "completed"
    [document] = tap.tenant.device.documents
    assert (document.document_name, document.size) == ("stamped.pdf", len(OTHER_PDF))


async def test_the_app_uploads_to_no_job_without_a_task(tap: Tap) -> None:
    job = await tap.service.uploaded_job()
    path = f"/print/printers/{tap.tenant.printer.id}/jobs/{job['id']}"
    ask = f"{path}/documents/{job['documents'][0]['id']}/createUploadSession"
    properties = {"documentName": "x.pdf", "contentType": "application/pdf", "size": 3}
    assert (await tap.as_app("POST", ask, json={"properties": properties})).status_code == 403
    for action in ("PATCH", "POST"):
        answer = await tap.as_app(action, path + ("/abort" if action == "POST" else ""), json={})
        assert answer.status_code == 403


async def test_a_task_is_its_own_apps_alone(tmp_path: Path) -> None:
    tenant = tap_tenant()
    async with running_tap(tmp_path, tenant, with_trigger=False) as tap:
        other = tenant.world.add_app(AppRegistration("11111111-0000-0000-0000-000000000001", "Other"))
        definition = tap.service.emulator.tasks.define(other, "Of another app")
        tap.service.emulator.tasks.add_trigger(tap.follow_me, definition)
        task = await tap.print_held()
        assert (await tap.redirect(task.job)).status_code == 403
        assert (await tap.as_app("GET", f"/print/taskDefinitions/{definition.id}/tasks")).status_code == 404
        assert (await tap.as_app("PATCH", tap.job_path(task.job), json={"configuration": {}})).status_code == 403


async def test_the_app_lists_a_persons_held_jobs_on_the_virtual_printer(tap: Tap) -> None:
    mine = (await tap.print_held()).job
    await tap.print_held(user=tap.tenant.bruno)
    jobs = f"/print/printers/{tap.follow_me.id}/jobs"
    listed = await tap.as_app("GET", f"{jobs}?$filter=createdBy/userPrincipalName eq 'anna@contoso.example'")
    assert [job["id"] for job in listed.json()["value"]] == [mine.id]
    tap.tenant.app.application -= {"Printer.Read.All"}
    assert (await tap.as_app("GET", jobs)).status_code == 403
