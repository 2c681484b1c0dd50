"""The emulator on its own: as a process, in a thread, and several at once."""

from __future__ import annotations

import asyncio
import json
import signal
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from emulator.universal_print import demo
from emulator.universal_print.csdl.schema import graph_schema
from emulator.universal_print.graph.views import printer_view, share_view
from emulator.universal_print.seed import SeedError, build_world
from emulator.universal_print.server import Emulator, running, running_in_thread
from tests.support.emulated_service import running_service, small_tenant, until

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass
class Running:
    process: asyncio.subprocess.Process
    ready: dict[str, str]
    http: httpx.AsyncClient


@asynccontextmanager
async def emulator_process(directory: Path, *options: str) -> AsyncIterator[Running]:
    command = ["-m", "emulator.universal_print", "--directory", str(directory), *options]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        ready = json.loads(await process.stdout.readline())
        trust = ssl.create_default_context(cafile=ready["caBundle"])
        async with httpx.AsyncClient(verify=trust, base_url=ready["url"]) as http:
            yield Running(process, ready, http)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_it_says_when_it_is_ready_and_stops_cleanly(tmp_path: Path) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        async with emulator_process(tmp_path, "--seed", "demo") as emulator:
            state = (await emulator.http.get("/emulator/state")).json()
            assert {share["displayName"] for share in state["shares"]} == {
                "Office", "Finance", "Photo", "Archive", "Follow Me"
            }  # fmt: skip
            assert (await emulator.http.get("/")).headers["content-type"].startswith("text/html")
            assert len((await emulator.http.get("/emulator/reports")).json()["histories"]) == 1
            emulator.process.send_signal(number)
            assert await emulator.process.wait() == 0
            assert emulator.process.stderr is not None
            assert await emulator.process.stderr.read() == b""


async def test_a_second_run_in_the_directory_keeps_trust_and_ids(tmp_path: Path) -> None:
    seen = []
    for _ in range(2):
        async with emulator_process(tmp_path) as emulator:
            state = (await emulator.http.get("/emulator/state")).json()
            ids = [printer["id"] for printer in state["printers"]]
            authority = ssl.create_default_context(cafile=emulator.ready["caBundle"]).get_ca_certs(binary_form=True)
            seen.append((authority, ids))
    assert seen[0] == seen[1]


async def test_a_seed_of_ones_own_is_taken_from_a_file(tmp_path: Path) -> None:
    seed = {
        "tenant": {"id": "2f1c7a55-9d1e-4f0b-b6a3-8f4c9d0e7a11"},
        "apps": [{"clientId": "app"}],
        "users": [{"userPrincipalName": "one@fabrikam.example"}],
        "printers": [{"name": "Only", "model": "monoLaser", "share": {"users": ["one@fabrikam.example"]}}],
    }
    file = tmp_path / "seed.json"
    file.write_text(json.dumps(seed), encoding="utf-8")
    async with emulator_process(tmp_path / "run", "--seed", str(file)) as emulator:
        state = (await emulator.http.get("/emulator/state")).json()
    assert [share["users"] for share in state["shares"]] == [["one@fabrikam.example"]]


@pytest.mark.parametrize(
    "seed",
    [
        {},
        {"tenant": {"id": "t"}, "apps": [], "users": [], "printers": [{"name": "P", "model": "teleprinter"}]},
        {
            "tenant": {"id": "t"},
            "apps": [],
            "users": [],
            "printers": [{"name": "P", "model": "monoLaser", "share": {"users": ["nobody"]}}],
        },
    ],
)
async def test_a_wrong_seed_is_refused_with_its_reason(tmp_path: Path, seed: dict[str, object]) -> None:
    with pytest.raises(SeedError, match=r"lacks|names|no printer model"):
        await build_world(seed, tmp_path)


async def test_the_demo_has_what_the_demo_needs(tmp_path: Path) -> None:
    world = await demo.demo_world(tmp_path)
    administrator = world.user_named(demo.ADMINISTRATOR)
    assert administrator is not None
    assert administrator.is_printer_administrator
    for name in demo.PRINT_ACCOUNTS:
        account = world.user_named(name)
        assert account is not None
        assert all(share.admits(account) for share in world.shares.values())
    for printer in world.printers.values():
        assert graph_schema().check(printer_view(world, printer), "printer") == []
    for share in world.shares.values():
        assert graph_schema().check(share_view(share), "printerShare") == []
    assert len({tuple(one.device.capabilities["contentTypes"]) for one in world.printers.values()}) == 4


async def test_a_later_run_in_the_directory_uses_no_job_id_again(tmp_path: Path) -> None:
    seen = []
    for _ in range(2):
        async with running_service(tmp_path) as service:
            seen += [(await service.create_job())["id"] for _ in range(2)]
    assert seen == sorted(set(seen), key=int)


async def test_several_run_in_one_process_and_do_not_share_state(tmp_path: Path) -> None:
    async with running_service(tmp_path / "one") as one, running_service(tmp_path / "two") as two:
        await one.create_job()
        assert one.url != two.url
        assert (len(list(one.emulator.jobs)), len(list(two.emulator.jobs))) == (1, 0)


def test_a_synchronous_caller_runs_it_in_a_thread(tmp_path: Path) -> None:
    emulator = Emulator(small_tenant().world, tmp_path)
    with running_in_thread(emulator) as url:
        trust = ssl.create_default_context(cafile=str(emulator.ca_bundle))
        assert httpx.get(f"{url}/emulator/violations", verify=trust).json() == {"value": []}
    with pytest.raises(httpx.ConnectError):
        httpx.get(url, verify=trust)


async def test_it_stops_though_a_request_hangs_and_a_printer_prints(tmp_path: Path) -> None:
    tenant = small_tenant()
    tenant.device.gate.clear()
    async with asyncio.timeout(10):
        async with running_service(tmp_path, tenant) as service:
            job = await service.uploaded_job()
            await service.start(job)
            await until(lambda: service.emulator.job(job["id"]).acquired)
    assert tenant.device.cancelled == [job["id"]]


async def test_the_clock_moves_forward_only(tmp_path: Path) -> None:
    emulator = Emulator(small_tenant().world, tmp_path)
    async with running(emulator) as url:
        trust = ssl.create_default_context(cafile=str(emulator.ca_bundle))
        async with httpx.AsyncClient(verify=trust, base_url=url) as http:
            before = (await http.get("/emulator/clock")).json()["dateTime"]
            after = (await http.post("/emulator/clock", json={"advanceSeconds": 3600})).json()["dateTime"]
            assert after[11:13] != before[11:13]
            assert (await http.post("/emulator/clock", json={"advanceSeconds": -1})).status_code == 400
