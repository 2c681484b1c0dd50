"""A held job is redirected by the app: once, to a printer that takes it, with the changes that the app asks for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.emulated_service import PDF, said, until
from tests.support.emulated_tasks import Tap, running_tap


@pytest.fixture
async def tap(tmp_path: Path) -> AsyncIterator[Tap]:
    async with running_tap(tmp_path) as running:
        yield running


async def test_a_redirected_job_comes_out_at_the_destination(tap: Tap) -> None:
    held = (await tap.print_held(copies=2, colorMode="color")).job
    answer = await tap.redirect(held, copies=5, duplexMode="oneSided")
    assert answer.status_code == 200
    moved = answer.json()
    assert moved["id"] != held.id
    assert moved["status"]["state"] == "processing"
    assert moved["redirectedFrom"] == f"{tap.service.url}/v1.0{tap.job_path(held)}"
    assert said(moved["configuration"]) == {"copies": 5, "colorMode": "color", "duplexMode": "oneSided"}
    assert await tap.service.final_state(moved) == "completed"
    (document,) = tap.tenant.device.documents
    assert document.configuration["copies"] == 5
    assert document.size == len(PDF)
    assert document.user_principal_name == tap.tenant.anna.user_principal_name


async def test_the_source_of_a_redirect_ends_without_paper_and_names_where_it_went(tap: Tap) -> None:
    held = (await tap.print_held()).job
    moved = (await tap.redirect(held)).json()
    source = (await tap.as_app("GET", f"{tap.job_path(held)}?$expand=tasks,documents")).json()
    assert source["redirectedTo"] == f"{tap.service.url}/v1.0/print/printers/{tap.tenant.printer.id}/jobs/{moved['id']}"
    assert source["status"]["state"] == "completed"
    assert [task["status"]["state"] for task in source["tasks"]] == ["completed"]
    content = f"{tap.job_path(held)}/documents/{source['documents'][0]['id']}/$value"
    assert (await tap.as_app("GET", content)).status_code == 404


async def test_a_job_is_redirected_once(tap: Tap) -> None:
    held = (await tap.print_held()).job
    assert (await tap.redirect(held)).status_code == 200
    assert (await tap.redirect(held)).status_code == 409
    await until(lambda: len(tap.tenant.device.documents) == 1)


async def test_a_destination_must_exist_and_accept_jobs(tap: Tap) -> None:
    held = (await tap.print_held()).job
    unknown = {"destinationPrinterId": "00000000-0000-0000-0000-000000000000"}
    refused = await tap.as_app("POST", f"{tap.job_path(held)}/redirect", json=unknown)
    assert refused.status_code == 400
    await tap.tenant.device.set_condition("notAcceptingJobs", True)
    refused = await tap.redirect(held)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "notAllowed")
    assert held.is_held


async def test_a_redirect_ends_at_a_printer_that_does_not_take_the_document(tap: Tap) -> None:
    tap.tenant.device.capabilities = {"contentTypes": ["image/jpeg"]}
    held = (await tap.print_held()).job
    answer = await tap.redirect(held)
    assert answer.status_code == 200
    assert await tap.service.final_state(answer.json()) == "aborted"
    assert tap.tenant.device.documents == []


async def test_a_job_without_a_task_is_not_redirected(tmp_path: Path) -> None:
    async with running_tap(tmp_path, with_trigger=False) as tap:
        made = await tap.service.graph("POST", f"/print/shares/{tap.share.id}/jobs", json={"configuration": {}})
        answer = await tap.redirect(tap.service.emulator.job(made.json()["id"]))
        assert answer.status_code == 403


async def test_a_person_may_not_redirect(tap: Tap) -> None:
    held = (await tap.print_held()).job
    body = {"destinationPrinterId": tap.tenant.printer.id}
    refused = await tap.service.graph("POST", f"{tap.job_path(held)}/redirect", json=body)
    assert refused.status_code == 403
    assert refused.json()["error"]["innerError"]["code"] == "notSupported"


async def test_an_app_without_the_permission_to_manage_jobs_may_not_redirect(tmp_path: Path) -> None:
    async with running_tap(tmp_path) as tap:
        tap.tenant.app.application -= {"PrintJob.Manage.All"}
        held = (await tap.print_held()).job
        assert (await tap.redirect(held)).status_code == 403
        assert held.is_held


async def test_six_jobs_of_one_person_may_be_held_and_go_to_one_printer_at_once(tmp_path: Path) -> None:
    async with running_tap(tmp_path) as tap:
        tap.service.emulator.settings.limits.user_submissions_per_printer = 4
        jobs = [(await tap.print_held()).job for _ in range(6)]
        answers = [await tap.redirect(job) for job in jobs]
        assert {answer.status_code for answer in answers} == {200}
        await until(lambda: len(tap.tenant.device.documents) == 6)
