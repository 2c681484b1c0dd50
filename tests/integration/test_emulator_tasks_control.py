"""Scripts print as a person in one call, make many held jobs, and see what is held."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.emulated_service import PDF, said, until
from tests.support.emulated_tasks import Tap, running_tap

ANNA = "anna@contoso.example"


@pytest.fixture
async def tap(tmp_path: Path) -> AsyncIterator[Tap]:
    async with running_tap(tmp_path) as running:
        yield running


async def send(tap: Tap, **body: Any) -> httpx.Response:
    document = {"contentBase64": base64.b64encode(PDF).decode()} if "path" not in body else {}
    return await tap.service.http.post("/emulator/print", json={"user": ANNA, **document, **body})


async def test_many_jobs_are_held_by_one_call(tap: Tap) -> None:
    answer = await send(tap, share="Follow Me", documentName="letter.pdf", configuration={"copies": 2}, count=500)
    jobs = answer.json()["value"]
    assert len({job["id"] for job in jobs}) == 500
    await until(lambda: len(tap.service.emulator.tasks.processing()) == 500)
    state = (await tap.service.http.get("/emulator/state")).json()
    assert [task["jobId"] for task in state["tasks"]] == [job["id"] for job in jobs]
    [definition] = state["taskDefinitions"]
    assert definition["printerIds"] == [tap.follow_me.id]
    held = state["jobs"][0]
    assert (held["isHeld"], held["state"], held["documentName"]) == (True, "paused", "letter.pdf")
    printers = {printer["displayName"]: printer for printer in state["printers"]}
    assert (printers["Follow Me"]["holdsJobs"], printers["Follow Me"]["hasPhysicalDevice"]) == (True, False)
    read = (await tap.as_app("GET", f"/print/printers/{tap.follow_me.id}/jobs/{jobs[0]['id']}")).json()
    assert read["createdBy"]["userPrincipalName"] == ANNA
    assert said(read["configuration"]) == {"copies": 2}


async def test_a_file_of_this_machine_goes_to_a_printer(tap: Tap, tmp_path: Path) -> None:
    file = tmp_path / "letter.pdf"
    file.write_bytes(PDF)
    answer = await send(tap, printer="Recorder", path=str(file))
    [job] = answer.json()["value"]
    assert await tap.service.final_state(job) == "completed"
    assert file.exists()


async def test_the_place_of_a_redirected_job_is_told(tap: Tap) -> None:
    [job] = (await send(tap, share="Follow Me")).json()["value"]
    kept = tap.service.emulator.job(job["id"])
    await until(lambda: kept.is_held)
    moved = (await tap.redirect(kept)).json()
    await tap.service.final_state(moved)
    state = {one["id"]: one for one in (await tap.service.http.get("/emulator/state")).json()["jobs"]}
    assert state[job["id"]]["redirectedTo"].endswith(f"/{tap.tenant.printer.id}/jobs/{moved['id']}")
    assert state[moved["id"]]["redirectedFrom"].endswith(f"/{tap.follow_me.id}/jobs/{job['id']}")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"share": "Nowhere"}, 404),
        ({"printer": "Nowhere"}, 404),
        ({"share": "Follow Me", "user": "nobody"}, 404),
        ({"share": "Follow Me", "user": "stranger@contoso.example"}, 400),
        ({"share": "Follow Me", "contentType": "application/zip"}, 400),
        ({"share": "Follow Me", "contentBase64": "&"}, 400),
        ({"share": "Follow Me", "contentBase64": None}, 400),
        ({"share": "Follow Me", "path": "/nowhere/at/all"}, 404),
        ({"share": "Follow Me", "count": 0}, 400),
        ({"share": "Follow Me", "configuration": {"copies": "two"}}, 400),
        ({"share": "Follow Me", "configuration": []}, 400),
    ],
)
async def test_what_makes_no_sense_is_refused(tap: Tap, body: dict[str, Any], status: int) -> None:
    assert (await send(tap, **body)).status_code == status
    assert list(tap.service.emulator.jobs) == []
